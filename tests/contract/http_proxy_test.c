/* SPDX-License-Identifier: MIT */
/*
 * The http port through an HTTP proxy. What libcurl does by itself is libcurl's to test; here:
 * that it is told of the proxy, when it must not use it, and what its refusals become.
 */
#include "http_world.h"

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certificates.h"
#include "proxy.h"

#define ANSWER "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"

static void begin(test_world *world, const test_proxy *proxy, const phx_tls *tls)
{
    const phx_network network = {.struct_size = (uint32_t)sizeof network, .proxy = proxy->url};
    world->network = &network;
    world->times = 1;
    world->text = ANSWER;
    world_begin_on(world, tls, NULL);
    world->network = NULL;
}

static void get(test_world *world, const char *url, test_answer *answer)
{
    assert_int_equal(world_send_to(world, url, "GET", NULL, answer, NULL), PHX_OK);
    world_wait(world, &answer->done);
    assert_null(strstr(answer->message, "user"));
}

static void test_plain(void **state)
{
    (void)state;
    static test_world world;
    test_answer answer = {0};
    test_proxy proxy;
    proxy_start(&proxy, ANSWER, 0);
    begin(&world, &proxy, NULL);
    assert_int_equal(setenv("no_proxy", "*", 1), 0); /* of another proxy */
    get(&world, "http://feed.test/api", &answer);
    assert_int_equal(unsetenv("no_proxy"), 0);
    world_expect(&answer, PHX_OK, 200, "hello");
    assert_non_null(strstr(proxy.head, "GET http://feed.test/api HTTP/1.1\r\n"));
    assert_non_null(strstr(proxy.head, PROXY_AUTHORIZATION));
    world_end(&world);
    proxy_stop(&proxy);
}

static void expect_tunnel(const test_certificate *authority, const test_certificate *identity,
                          phx_status status)
{
    static test_world world;
    test_answer answer = {0};
    test_proxy proxy;
    memset(&world, 0, sizeof world);
    const phx_tls tls = {.struct_size = (uint32_t)sizeof tls, .ca_pem = certificate_pem(authority)};
    test_server *origin = server_start(AF_INET, identity, play_answer_text, &world);
    proxy_start(&proxy, PROXY_CONNECTED, server_port(origin));
    begin(&world, &proxy, &tls);
    get(&world, "https://feed.test/api", &answer);
    assert_non_null(strstr(proxy.head, "CONNECT feed.test:443 HTTP/1.1\r\n"));
    assert_non_null(strstr(proxy.head, PROXY_AUTHORIZATION));
    assert_null(strstr(proxy.head, "s3cret"));
    if (status == PHX_OK) {
        world_expect(&answer, PHX_OK, 200, "hello");
        assert_null(strstr(world.head, "Proxy-"));
    } else {
        world_expect(&answer, status, 0, "");
        assert_false(answer.was_sent);
    }
    world_end(&world);
    proxy_stop(&proxy);
    server_stop(origin);
}

static void test_tunnel(void **state)
{
    (void)state;
    test_certificate *authority = certificate_new(NULL, NULL, false, false);
    test_certificate *good = certificate_new(authority, "feed.test", false, false);
    test_certificate *other = certificate_new(authority, "localhost", true, false);
    expect_tunnel(authority, good, PHX_OK);
    expect_tunnel(authority, other, PHX_ERROR_TLS_CERTIFICATE);
    certificate_free(other);
    certificate_free(good);
    certificate_free(authority);
}

static void test_refused(void **state)
{
    (void)state;
    static test_world world;
    test_answer answer = {0};
    test_proxy proxy;
    proxy_start(&proxy, "HTTP/1.1 407 Who are you?\r\ncontent-length: 0\r\n\r\n", 0);
    begin(&world, &proxy, NULL);
    assert_int_equal(world_send_to(&world, "https://feed.test/api", "POST", "{}", &answer, NULL),
                     PHX_OK);
    world_wait(&world, &answer.done);
    assert_non_null(strstr(answer.message, "the proxy localhost:"));
    assert_false(answer.was_sent);
    world_expect(&answer, PHX_ERROR_PROXY, 407, "");
    world_end(&world);
    proxy_stop(&proxy);
}

static void test_never_for_loopback(void **state)
{
    (void)state;
    static test_world world;
    test_answer answer = {0};
    test_proxy proxy;
    proxy_start(&proxy, "HTTP/1.1 502 Bad gateway\r\n\r\n", 0);
    world.server = server_start(AF_INET, NULL, play_answer_text, &world);
    begin(&world, &proxy, NULL);
    get(&world, world_url(&world, "http"), &answer);
    world_expect(&answer, PHX_OK, 200, "hello");
    assert_null(strstr(world.head, "Proxy-"));
    assert_int_equal(server_connections(proxy.server), 0);
    world_end(&world);
    proxy_stop(&proxy);
}

static void test_bad_url(void **state)
{
    (void)state;
    phx_loop *loop = NULL;
    const phx_http *http = NULL;
    const phx_network network = {.struct_size = (uint32_t)sizeof network,
                                 .proxy = "socks5://proxy:1080"};
    assert_int_equal(phx_loop_new(NULL, &loop), PHX_OK);
    assert_int_equal(phx_http_curl(loop, NULL, &network, &http), PHX_ERROR_INVALID_URL);
    assert_null(http);
    phx_loop_release(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),   cmocka_unit_test(test_tunnel),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_never_for_loopback),
        cmocka_unit_test(test_bad_url),
    };
    phx_platform_set_lws_log_level(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
