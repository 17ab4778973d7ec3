/* SPDX-License-Identifier: MIT */
/*
 * The resolver, and that nothing which needs a name blocks the loop. This program's own getaddrinfo
 * stands before the system's, for libcurl too: names in ".blocked.invalid" hang until the test lets
 * them go.
 */
#include "testing.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <phx/platform.h>
#include <pthread.h>

#include "posix/resolver.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_blocked;
static int inside; /* threads that hang */

typedef int (*getaddrinfo_fn)(const char *, const char *, const struct addrinfo *,
                              struct addrinfo **);

/* Asks the system about nothing but numbers and localhost, so that the test needs no network. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    if (node != NULL && strstr(node, ".blocked.invalid") != NULL) {
        pthread_mutex_lock(&lock);
        inside++;
        pthread_cond_broadcast(&changed);
        while (is_blocked) {
            pthread_cond_wait(&changed, &lock);
        }
        inside--;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
        return EAI_AGAIN;
    }
    if (node != NULL && strstr(node, ".invalid") != NULL) {
        return EAI_NONAME;
    }
    getaddrinfo_fn real = __extension__(getaddrinfo_fn) dlsym(RTLD_NEXT, "getaddrinfo");
    return real(node, service, hints, out);
}

static void wait_inside(int count)
{
    pthread_mutex_lock(&lock);
    while (inside != count) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static void set_blocked(bool blocked)
{
    pthread_mutex_lock(&lock);
    is_blocked = blocked;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

typedef struct test_answer {
    int calls;
    phx_status status;
    phxi_addresses addresses;
    char reason[128];
} test_answer;

static void on_resolved(void *user_data, phx_status status, const phxi_addresses *addresses,
                        const char *reason)
{
    test_answer *answer = user_data;
    answer->calls++;
    answer->status = status;
    answer->addresses = *addresses;
    strncpy(answer->reason, reason, sizeof answer->reason - 1);
}

static void pump(phx_loop *loop, const int *value)
{
    uint64_t start_ms = phx_loop_now_ms(loop);
    while (*value == 0) {
        assert_true(phx_loop_now_ms(loop) - start_ms < 10000);
        assert_int_equal(phx_loop_poll(loop, 50), PHX_OK);
    }
}

static phx_loop *new_loop(void)
{
    phx_loop *loop = NULL;
    assert_int_equal(phx_loop_new(NULL, &loop), PHX_OK);
    return loop;
}

static void test_found(void **state)
{
    (void)state;
    phx_loop *loop = new_loop();
    phxi_resolver *resolver = phxi_resolver_new(loop);
    phxi_lookup *lookup = NULL;
    test_answer answer = {0};
    assert_int_equal(phxi_resolve(resolver, "localhost", on_resolved, &answer, &lookup), PHX_OK);
    assert_int_equal(answer.calls, 0);
    pump(loop, &answer.calls);
    assert_int_equal(answer.status, PHX_OK);
    assert_in_range(answer.addresses.count, 1, PHXI_MAX_ADDRESSES);
    for (size_t i = 0; i < answer.addresses.count; i++) {
        assert_true(phxi_is_numeric_address(answer.addresses.text[i]));
    }
    phxi_resolver_free(resolver);
    phx_loop_release(loop);
}

static void test_not_found(void **state)
{
    (void)state;
    phx_loop *loop = new_loop();
    phxi_resolver *resolver = phxi_resolver_new(loop);
    phxi_lookup *lookup = NULL;
    test_answer answer = {0};
    assert_int_equal(phxi_resolve(resolver, "nothing.invalid", on_resolved, &answer, &lookup),
                     PHX_OK);
    pump(loop, &answer.calls);
    assert_int_equal(answer.status, PHX_ERROR_NAME_NOT_FOUND);
    assert_string_equal(answer.reason, gai_strerror(EAI_NONAME));
    phxi_resolver_free(resolver);
    phx_loop_release(loop);
}

/* Cancelled ones count until their threads end; and loop and resolver may go before them. */
static void test_bounded_and_cancelled(void **state)
{
    (void)state;
    phx_loop *loop = new_loop();
    phxi_resolver *resolver = phxi_resolver_new(loop);
    phxi_lookup *lookups[PHXI_MAX_LOOKUPS];
    phxi_lookup *more = NULL;
    test_answer answer = {0};
    set_blocked(true);
    for (int i = 0; i < PHXI_MAX_LOOKUPS; i++) {
        assert_int_equal(
            phxi_resolve(resolver, "a.blocked.invalid", on_resolved, &answer, &lookups[i]), PHX_OK);
    }
    wait_inside(PHXI_MAX_LOOKUPS);
    assert_int_equal(phxi_resolve(resolver, "localhost", on_resolved, &answer, &more),
                     PHX_ERROR_QUEUE_FULL);
    assert_null(more);
    for (int i = 0; i < PHXI_MAX_LOOKUPS; i++) {
        phxi_lookup_cancel(lookups[i]);
    }
    assert_int_equal(phxi_resolve(resolver, "localhost", on_resolved, &answer, &more),
                     PHX_ERROR_QUEUE_FULL);
    phxi_resolver_free(resolver);
    phx_loop_release(loop);
    set_blocked(false);
    wait_inside(0);
    assert_int_equal(answer.calls, 0);
}

static void test_cancelled_when_answered(void **state)
{
    (void)state;
    phx_loop *loop = new_loop();
    phxi_resolver *resolver = phxi_resolver_new(loop);
    test_answer answer = {0};
    for (int i = 0; i < 50; i++) { /* the answer may be on its way to the loop or not */
        phxi_lookup *lookup = NULL;
        phx_status status;
        do { /* threads of the rounds before may not have ended yet */
            assert_int_equal(phx_loop_poll(loop, 0), PHX_OK);
            status = phxi_resolve(resolver, "127.0.0.1", on_resolved, &answer, &lookup);
        } while (status == PHX_ERROR_QUEUE_FULL);
        assert_int_equal(status, PHX_OK);
        assert_int_equal(phx_loop_poll(loop, 0), PHX_OK);
        if (answer.calls == 0) {
            phxi_lookup_cancel(lookup);
        }
        answer.calls = 0;
        assert_int_equal(phx_loop_poll(loop, 0), PHX_OK);
        assert_int_equal(answer.calls, 0);
    }
    phxi_resolver_free(resolver);
    phx_loop_release(loop);
}

static void test_numeric(void **state)
{
    (void)state;
    assert_true(phxi_is_numeric_address("127.0.0.1"));
    assert_true(phxi_is_numeric_address("::1"));
    assert_false(phxi_is_numeric_address("localhost"));
    assert_false(phxi_is_numeric_address("[::1]"));
    assert_false(phxi_is_numeric_address(""));
}

typedef struct test_end {
    int calls;
    phx_status status;
} test_end;

static void on_closed(void *user_data, const phx_error *error)
{
    test_end *end = user_data;
    end->calls++;
    end->status = error->status;
}

/* The time-out comes while the look-up hangs: the loop was never blocked by it. */
static void expect_no_block(phx_transport_kind kind)
{
    const phx_network network = {.struct_size = (uint32_t)sizeof network, .transport = kind};
    phx_loop *loop = NULL;
    const phx_transport *transport = NULL;
    phx_connection *connection = NULL;
    test_end end = {0};
    assert_int_equal(phx_platform_loop_new(NULL, &network, &loop), PHX_OK);
    assert_int_equal(phx_platform_transport(loop, NULL, &network, &transport), PHX_OK);
    const phx_transport_request request = {.struct_size = (uint32_t)sizeof request,
                                           .url = "ws://name.blocked.invalid/",
                                           .connect_timeout_ms = 100,
                                           .max_message_bytes = 1000};
    const phx_transport_events events = {.user_data = &end, .closed = on_closed};
    set_blocked(true);
    assert_int_equal(transport->open(transport->user_data, &request, &events, &connection), PHX_OK);
    pump(loop, &end.calls);
    assert_int_equal(end.status, PHX_ERROR_TIMEOUT);
    transport->release_connection(transport->user_data, connection);
    transport->release(transport->user_data);
    phx_loop_release(loop);
    wait_inside(1);
    set_blocked(false);
    wait_inside(0);
}

static void test_transport_does_not_block(void **state)
{
    (void)state;
    expect_no_block(PHX_TRANSPORT_LWS);
    expect_no_block(PHX_TRANSPORT_CURL);
}

static void on_done(void *user_data, const phx_http_response *response)
{
    on_closed(user_data, &response->error);
    assert_false(response->was_sent);
}

static void test_http_does_not_block(void **state)
{
    (void)state;
    for (int is_cancelled = 0; is_cancelled < 2; is_cancelled++) {
        phx_loop *loop = new_loop();
        const phx_http *http = NULL;
        test_end end = {0};
        uint64_t id = 0;
        assert_int_equal(phx_http_curl(loop, NULL, NULL, &http), PHX_OK);
        const phx_http_request request = {.struct_size = (uint32_t)sizeof request,
                                          .method = "GET",
                                          .url = "http://name.blocked.invalid/",
                                          .timeout_ms = 100,
                                          .max_response_bytes = 100};
        set_blocked(true);
        assert_int_equal(http->send(http->user_data, &request, on_done, &end, &id), PHX_OK);
        if (is_cancelled != 0) {
            assert_int_equal(phx_loop_poll(loop, 0), PHX_OK);
            http->cancel(http->user_data, id);
        } else {
            pump(loop, &end.calls);
            assert_int_equal(end.status, PHX_ERROR_TIMEOUT);
        }
        wait_inside(1);
        http->release(http->user_data);
        phx_loop_release(loop);
        set_blocked(false);
        wait_inside(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_bounded_and_cancelled),
        cmocka_unit_test(test_cancelled_when_answered),
        cmocka_unit_test(test_numeric),
        cmocka_unit_test(test_transport_does_not_block),
        cmocka_unit_test(test_http_does_not_block),
    };
    phx_platform_set_lws_log_level(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
