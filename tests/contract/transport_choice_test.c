/* SPDX-License-Identifier: MIT */
/*
 * Which of the stock transports is taken, what is said of it, and that a client's own loop fits it.
 */
#include <phx/phx.h>

#include "testing.h"

#include <libwebsockets.h>
#include <stdio.h>

typedef struct test_log {
    phx_log port;
    char last[256];
} test_log;

static void keep_line(void *user_data, phx_log_level level, const char *component,
                      const char *message)
{
    test_log *log = user_data;
    (void)component;
    if (level == PHX_LOG_INFO) {
        (void)snprintf(log->last, sizeof log->last, "%s", message);
    }
}

static phx_network network_with(phx_transport_kind kind)
{
    return (phx_network){.struct_size = (uint32_t)sizeof(phx_network), .transport = kind};
}

/* Reads the version in another way than the code does. */
static phx_transport_kind expected_kind(void)
{
    int major = 0;
    int minor = 0;
    int patch = 0;
    assert_int_equal(sscanf(lws_get_library_version(), "%d.%d.%d", &major, &minor, &patch), 3);
    bool is_fast = major > 4 || (major == 4 && (minor > 4 || (minor == 4 && patch >= 5)));
    return is_fast ? PHX_TRANSPORT_LWS : PHX_TRANSPORT_CURL;
}

static void the_better_one_is_taken(void **state)
{
    (void)state;
    phx_network network = network_with(PHX_TRANSPORT_AUTO);
    assert_int_equal(phx_platform_transport_kind(NULL), expected_kind());
    assert_int_equal(phx_platform_transport_kind(&network), expected_kind());
    network.compress = true;
    assert_int_equal(phx_platform_transport_kind(&network), PHX_TRANSPORT_LWS);
    network.transport = PHX_TRANSPORT_CURL;
    assert_int_equal(phx_platform_transport_kind(&network), PHX_TRANSPORT_CURL);
    network = network_with(PHX_TRANSPORT_LWS);
    assert_int_equal(phx_platform_transport_kind(&network), PHX_TRANSPORT_LWS);
    /* From a program that knew of no choice yet. */
    network.struct_size = (uint32_t)offsetof(phx_network, transport);
    assert_int_equal(phx_platform_transport_kind(&network), expected_kind());
}

static void names(void **state)
{
    (void)state;
    char name[64];
    phx_platform_transport_name(PHX_TRANSPORT_LWS, name, sizeof name);
    assert_memory_equal(name, "libwebsockets 4", 15);
    assert_null(strchr(name, '-'));
    phx_platform_transport_name(PHX_TRANSPORT_CURL, name, sizeof name);
    assert_memory_equal(name, "libcurl ", 8);
    phx_platform_transport_name(PHX_TRANSPORT_AUTO, name, sizeof name);
    assert_string_equal(name, "none");
    phx_platform_transport_name((phx_transport_kind)77, name, sizeof name);
    assert_string_equal(name, "none");
    phx_platform_transport_name(PHX_TRANSPORT_CURL, name, 4);
    assert_string_equal(name, "lib");
}

/* On a loop that is made for it, each kind is made, and said. */
static void is_made_and_said(void **state)
{
    (void)state;
    static const struct {
        phx_transport_kind kind;
        phx_status status;
        const char *says;
    } rows[] = {
        {PHX_TRANSPORT_AUTO, PHX_OK, "WebSockets go over lib"},
        {PHX_TRANSPORT_LWS, PHX_OK, "WebSockets go over libwebsockets "},
        {PHX_TRANSPORT_CURL, PHX_OK, "WebSockets go over libcurl "},
        {(phx_transport_kind)77, PHX_ERROR_INVALID_ARGUMENT, ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        test_log log = {.port = {.struct_size = (uint32_t)sizeof(phx_log),
                                 .user_data = &log,
                                 .level = PHX_LOG_INFO,
                                 .write = keep_line}};
        phx_network network = network_with(rows[i].kind);
        phx_loop_config config;
        phx_loop *loop = NULL;
        const phx_transport *transport = NULL;
        phx_loop_config_init(&config);
        config.log = &log.port;
        assert_int_equal(phx_platform_loop_new(&config, &network, &loop), PHX_OK);
        assert_int_equal(phx_platform_transport(loop, NULL, &network, &transport), rows[i].status);
        assert_memory_equal(log.last, rows[i].says, strlen(rows[i].says));
        if (transport != NULL) {
            transport->release(transport->user_data);
        }
        phx_loop_release(loop);
    }
}

/* A loop of the program's own: what cannot live on it is refused, and not taken by itself. */
static void on_a_given_loop(void **state)
{
    (void)state;
    const phx_transport *transport = NULL;
    phx_network lws = network_with(PHX_TRANSPORT_LWS);
    phx_loop_config config;
    phx_loop *loop = NULL;
    phx_loop_config_init(&config);
    assert_int_equal(phx_platform_epoll_poller(NULL, &config.poller), PHX_OK);
    assert_int_equal(phx_loop_new(&config, &loop), PHX_OK);
    assert_int_equal(phx_platform_transport(loop, NULL, &lws, &transport), PHX_ERROR_UNSUPPORTED);
    assert_null(transport);
    assert_int_equal(phx_platform_transport(loop, NULL, NULL, &transport), PHX_OK);
    transport->release(transport->user_data);
    phx_loop_release(loop);
    /* libcurl does not compress, and says so rather than not to do it. */
    phx_network curl = network_with(PHX_TRANSPORT_CURL);
    curl.compress = true;
    assert_int_equal(phx_loop_new(NULL, &loop), PHX_OK);
    assert_int_equal(phx_platform_transport(loop, NULL, &curl, &transport), PHX_ERROR_UNSUPPORTED);
    phx_loop_release(loop);
}

static void a_poller_that_is_given_is_kept(void **state)
{
    (void)state;
    phx_network lws = network_with(PHX_TRANSPORT_LWS);
    phx_loop_config config;
    phx_loop *loop = NULL;
    phx_loop_config_init(&config);
    assert_int_equal(phx_platform_epoll_poller(NULL, &config.poller), PHX_OK);
    assert_int_equal(phx_platform_loop_new(&config, &lws, &loop), PHX_OK);
    assert_ptr_equal(phx_loop_poller(loop), config.poller);
    phx_loop_release(loop);
    const phx_allocator useless = {.struct_size = (uint32_t)sizeof useless};
    config.poller = NULL;
    config.allocator = &useless;
    assert_int_equal(phx_platform_loop_new(&config, &lws, &loop), PHX_ERROR_INVALID_ARGUMENT);
    assert_null(loop);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_better_one_is_taken),
        cmocka_unit_test(names),
        cmocka_unit_test(is_made_and_said),
        cmocka_unit_test(on_a_given_loop),
        cmocka_unit_test(a_poller_that_is_given_is_kept),
    };
    phx_platform_set_lws_log_level(0);
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
