/* SPDX-License-Identifier: MIT */
/*
 * How a phx_client connects: the URL that it composes, the token that it reads, and the
 * configurations that it refuses.
 */
#include "client_world.h"

static void connect_with(client_world *w, const char *url)
{
    w->config.url = url;
    world_restart(w);
    phx_client_connect(w->client);
    world_run(w, 50);
}

static void composes_the_url(void **state)
{
    client_world *w = *state;
    static const char *const urls[][2] = {
        {"ws://localhost/socket", "ws://localhost/socket/websocket?vsn=2.0.0"},
        {"ws://localhost/socket/", "ws://localhost/socket/websocket?vsn=2.0.0"},
        {"ws://localhost", "ws://localhost/websocket?vsn=2.0.0"},
        {"wss://example.org:4001/a/b//", "wss://example.org:4001/a/b/websocket?vsn=2.0.0"},
        {"ws://localhost/socket?a=1", "ws://localhost/socket/websocket?a=1&vsn=2.0.0"},
        {"ws://localhost/socket/?a=/", "ws://localhost/socket/websocket?a=/&vsn=2.0.0"},
        {"ws://localhost?a=1&b=", "ws://localhost/websocket?a=1&b=&vsn=2.0.0"},
        {"ws://[::1]:4000/s", "ws://[::1]:4000/s/websocket?vsn=2.0.0"},
    };
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        connect_with(w, urls[i][0]);
        assert_string_equal(w->url, urls[i][1]);
        assert_string_equal(w->subprotocols, "");
    }
}

static void adds_parameters_in_their_order(void **state)
{
    client_world *w = *state;
    static const phx_param params[] = {{"device[kind]", "kiosk 1"}, {"ü", "a&b=c"}};
    w->config.params = params;
    w->config.param_count = COUNT_OF(params);
    w->config.keychain = &w->keychain.port;
    w->url_param[0] = "session";
    w->url_param[1] = "1+1";
    connect_with(w, "ws://localhost/socket?x=y");
    assert_string_equal(w->url, "ws://localhost/socket/websocket?x=y&device[kind]=kiosk%201&"
                                "%C3%BC=a%26b%3Dc&session=1%2B1&token=secret&vsn=2.0.0");
    w->url_param[1] = "2";
    (void)strcpy(w->keychain.token, "fresh & new");
    fake_connection_drop(w->connection, 1006);
    world_run(w, 100);
    assert_string_equal(w->url, "ws://localhost/socket/websocket?x=y&device[kind]=kiosk%201&"
                                "%C3%BC=a%26b%3Dc&session=2&token=fresh%20%26%20new&vsn=2.0.0");
    w->url_param[0] = NULL;
    w->config.token_parameter = "api_token";
    w->config.params = NULL;
    w->config.param_count = 0;
    connect_with(w, "ws://localhost/socket");
    assert_string_equal(w->url, "ws://localhost/socket/websocket?api_token=secret&vsn=2.0.0");
}

static void keeps_the_token_out_of_the_url_if_asked(void **state)
{
    client_world *w = *state;
    w->config.keychain = &w->keychain.port;
    w->config.token_place = PHX_TOKEN_IN_SUBPROTOCOL;
    connect_with(w, "ws://localhost/socket");
    assert_string_equal(w->url, "ws://localhost/socket/websocket?vsn=2.0.0");
    assert_string_equal(w->subprotocols, "phoenix, base64url.bearer.phx.c2VjcmV0");
    (void)strcpy(w->keychain.token, "\xfb\xff?");
    fake_connection_drop(w->connection, 1006);
    world_run(w, 100);
    assert_string_equal(w->subprotocols, "phoenix, base64url.bearer.phx.+/8/");
}

static void stops_without_a_token(void **state)
{
    client_world *w = *state;
    static const phx_status statuses[] = {PHX_ERROR_NO_TOKEN, PHX_ERROR_KEYCHAIN,
                                          PHX_ERROR_KEYCHAIN_PERMISSIONS};
    w->config.keychain = &w->keychain.port;
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        world_restart(w);
        w->keychain.read_status = statuses[i];
        phx_client_connect(w->client);
        world_run(w, 60000);
        world_expect(w, "status unauthorized;");
        phx_client_status status = {.struct_size = (uint32_t)sizeof status};
        phx_client_read_status(w->client, &status);
        assert_int_equal(status.error.status, statuses[i]);
        assert_int_equal(w->transport.attempts, 0);
        assert_int_equal(w->keychain.reads, 1);
        w->keychain.read_status = PHX_OK;
        phx_client_token_changed(w->client);
        world_run(w, 100);
        world_expect(w, "status connecting;status connected;");
    }
    world_restart(w);
    w->keychain.token[0] = '\0';
    phx_client_connect(w->client);
    world_run(w, 100);
    world_expect(w, "status unauthorized;");
}

static phx_status read_nothing(void *user_data, bool is_refresh, char *buffer, size_t capacity,
                               size_t *out_length)
{
    (void)user_data;
    (void)is_refresh;
    (void)buffer;
    (void)capacity;
    *out_length = 0;
    return PHX_OK;
}

static phx_status read_too_much(void *user_data, bool is_refresh, char *buffer, size_t capacity,
                                size_t *out_length)
{
    (void)user_data;
    (void)is_refresh;
    memset(buffer, 'x', capacity);
    *out_length = capacity + 1;
    return PHX_OK;
}

/* What a keychain must not say counts as no token. */
static void takes_no_token_without_length_or_end(void **state)
{
    client_world *w = *state;
    w->config.keychain = &w->keychain.port;
    for (int i = 0; i < 2; i++) {
        world_restart(w);
        w->keychain.port.read = i == 0 ? read_nothing : read_too_much;
        phx_client_connect(w->client);
        world_run(w, 60000);
        world_expect(w, "status unauthorized;");
        phx_client_status status = {.struct_size = (uint32_t)sizeof status};
        phx_client_read_status(w->client, &status);
        assert_int_equal(status.error.status, PHX_ERROR_NO_TOKEN);
        assert_int_equal(w->transport.attempts, 0);
    }
}

static void connect_without_token(client_world *w, phx_status read_status)
{
    w->config.keychain = &w->keychain.port;
    world_restart(w);
    w->keychain.read_status = read_status;
    phx_client_connect(w->client);
    world_run(w, 100);
}

/* It is said once, and tried once. */
static void a_new_token_is_tried_once(void **state)
{
    client_world *w = *state;
    connect_without_token(w, PHX_ERROR_NO_TOKEN);
    phx_client_token_changed(w->client);
    world_run(w, 100);
    assert_int_equal(w->keychain.reads, 2);
    phx_client_probe(w->client);
    world_run(w, 60000);
    assert_int_equal(w->keychain.reads, 2);
    w->lines[0] = '\0';
}

static void waits_for_a_token_that_is_on_its_way(void **state)
{
    client_world *w = *state;
    connect_without_token(w, PHX_ERROR_TOKEN_PENDING);
    world_run(w, 5000);
    world_expect(w, "status connecting;");
    assert_int_equal(w->keychain.reads, 1);
    w->keychain.read_status = PHX_OK;
    phx_client_token_changed(w->client);
    world_run(w, 100);
    world_expect(w, "status connecting;status connected;");
}

static void asks_for_a_fresh_token_once(void **state)
{
    client_world *w = *state;
    w->config.keychain = &w->keychain.port;
    world_restart(w);
    (void)strcpy(w->keychain.refreshed, "renewed");
    w->refuse = (phx_error){.status = PHX_ERROR_UNAUTHORIZED, .http_status = 403};
    phx_client_connect(w->client);
    world_run(w, 60000);
    world_expect(w, "status connecting;status connecting;status unauthorized;");
    assert_int_equal(w->keychain.refreshes, 1);
    assert_int_equal(w->transport.attempts, 2);
    assert_non_null(strstr(w->url, "token=renewed"));
    phx_client_probe(w->client); /* does not bring back what was wished before */
    world_run(w, 100);
    world_expect(w, "");
    w->refuse = (phx_error){.status = PHX_OK};
    phx_client_connect(w->client); /* a login begins again */
    world_run(w, 100);
    world_expect(w, "status connecting;status connected;");
}

static void parameters_that_fail_fail_the_attempt(void **state)
{
    client_world *w = *state;
    w->url_params_status = PHX_ERROR_IO;
    world_restart(w);
    phx_client_connect(w->client);
    world_run(w, 5);
    world_expect(w, "status waiting;");
    phx_client_status status = {.struct_size = (uint32_t)sizeof status};
    phx_client_read_status(w->client, &status);
    assert_int_equal(status.error.status, PHX_ERROR_IO);
    assert_int_equal(w->transport.attempts, 0);
    w->url_params_status = PHX_OK;
    world_run(w, 100);
    world_expect(w, "status connecting;status connected;");
}

static phx_status fail_new(client_world *w)
{
    phx_client_config config = w->config;
    fake_poller poller;
    fake_transport transport;
    fake_keychain keychain;
    fake_server_events none = {.user_data = NULL};
    fake_poller_init(&poller, 1);
    fake_transport_init(&transport, &poller, &none);
    fake_keychain_init(&keychain, "secret");
    phx_loop_config loop = w->loop_config;
    loop.poller = &poller.port;
    config.loop_config = &loop;
    config.keychain = w->config.keychain != NULL ? &keychain.port : NULL;
    config.transport = &transport.port;
    phx_client *client = (phx_client *)w;
    phx_status status = phx_client_new(&config, &client);
    assert_null(client);
    assert_true(transport.is_released); /* consumed */
    assert_int_equal(keychain.is_released, config.keychain != NULL);
    assert_int_equal(w->released, 0);
    return status;
}

static void sends_a_copy_of_the_headers(void **state)
{
    client_world *w = *state;
    char name[] = "X-Device";
    char value[] = "kiosk 1";
    phx_header headers[] = {{name, value}, {"X-Empty", ""}};
    w->config.headers = headers;
    w->config.header_count = COUNT_OF(headers);
    world_restart(w);
    memset(name, 'n', strlen(name));
    memset(value, 'v', strlen(value));
    headers[1] = (phx_header){"X-Other", "x"};
    phx_client_connect(w->client);
    world_run(w, 50);
    assert_string_equal(w->headers, "X-Device: kiosk 1;X-Empty: ;");
    w->config.headers = NULL;
    assert_int_equal(fail_new(w), PHX_ERROR_INVALID_ARGUMENT);
    w->config.header_count = 0;
    connect_with(w, "ws://localhost/socket");
    assert_string_equal(w->headers, "");
}

static void refuses_urls_that_it_cannot_use(void **state)
{
    client_world *w = *state;
    static const char *const urls[] = {"",
                                       "localhost",
                                       "http://localhost/socket",
                                       "https://localhost/socket",
                                       "ws://",
                                       "ws://user:secret@localhost/",
                                       "ws://localhost:99999/",
                                       "ws://localhost/#fragment",
                                       "ws://local host/"};
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        w->config.url = urls[i];
        assert_int_equal(fail_new(w), PHX_ERROR_INVALID_URL);
    }
    w->config.url = NULL;
    assert_int_equal(fail_new(w), PHX_ERROR_INVALID_ARGUMENT);
}

static void refuses_to_expose_a_token(void **state)
{
    client_world *w = *state;
    w->config.keychain = &w->keychain.port;
    static const char *const exposed[] = {"ws://example.org/socket", "WS://10.0.0.1/",
                                          "ws://localhost.example.org/"};
    for (size_t i = 0; i < COUNT_OF(exposed); i++) {
        w->config.url = exposed[i];
        assert_int_equal(fail_new(w), PHX_ERROR_INSECURE);
    }
    w->config.allow_insecure = true;
    connect_with(w, "ws://example.org/socket");
    w->config.allow_insecure = false;
    connect_with(w, "wss://example.org/socket");
    connect_with(w, "ws://127.0.0.1/socket");
    w->config.keychain = NULL;
    connect_with(w, "ws://example.org/socket"); /* nothing to expose */
}

static void refuses_ports_without_their_functions(void **state)
{
    client_world *w = *state;
    world_release(w);
    world_assert_gone(w);
    for (int i = 0; i < 6; i++) {
        fake_poller poller;
        fake_transport transport;
        fake_keychain keychain;
        fake_server_events none = {.user_data = NULL};
        fake_poller_init(&poller, 1);
        fake_transport_init(&transport, &poller, &none);
        fake_keychain_init(&keychain, "secret");
        transport.port.open = i == 0 ? NULL : transport.port.open;
        transport.port.send = i == 1 ? NULL : transport.port.send;
        transport.port.close = i == 2 ? NULL : transport.port.close;
        transport.port.release_connection = i == 3 ? NULL : transport.port.release_connection;
        keychain.port.read = i == 4 ? NULL : keychain.port.read;
        poller.port.wait = i == 5 ? NULL : poller.port.wait;
        phx_loop_config loop = w->loop_config;
        loop.poller = &poller.port;
        phx_client_config config = w->config;
        config.loop_config = &loop;
        config.transport = &transport.port;
        config.keychain = &keychain.port;
        phx_client *client = NULL;
        assert_int_equal(phx_client_new(&config, &client), PHX_ERROR_INVALID_ARGUMENT);
        assert_true(transport.is_released && keychain.is_released);
        assert_int_equal(atomic_load(&w->allocator.live_blocks), 0);
    }
}

/* A config of a program that was built with a shorter struct: what it does not know is a default.
 */
static void takes_an_older_config(void **state)
{
    client_world *w = *state;
    phx_client_config known = w->config;
    known.struct_size = (uint32_t)offsetof(phx_client_config, max_channels);
    known.keychain = NULL; /* it and the user data are the other client's */
    known.release_user_data = NULL;
    uint8_t older[sizeof(phx_client_config)];
    memset(older, 0xff, sizeof older);
    memcpy(older, &known, known.struct_size);
    phx_client *client = NULL;
    /* No transport, no loop in what it knows, and this build may have none of its own. */
    phx_status status = phx_client_new((const phx_client_config *)(void *)older, &client);
    assert_true(status == PHX_OK || status == PHX_ERROR_UNSUPPORTED);
    phx_client_release(client);
    phx_client_config small;
    memset(&small, 0xff, sizeof small);
    phx_client_config_init_sized(&small, 16);
    assert_int_equal(small.struct_size, 16);
    assert_int_equal(((const uint8_t *)&small)[15], 0);
    assert_int_equal(((const uint8_t *)&small)[16], 0xff);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(composes_the_url),
        TEST(adds_parameters_in_their_order),
        TEST(sends_a_copy_of_the_headers),
        TEST(keeps_the_token_out_of_the_url_if_asked),
        TEST(stops_without_a_token),
        TEST(takes_no_token_without_length_or_end),
        TEST(a_new_token_is_tried_once),
        TEST(waits_for_a_token_that_is_on_its_way),
        TEST(asks_for_a_fresh_token_once),
        TEST(parameters_that_fail_fail_the_attempt),
        TEST(refuses_urls_that_it_cannot_use),
        TEST(refuses_to_expose_a_token),
        TEST(refuses_ports_without_their_functions),
        TEST(takes_an_older_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
