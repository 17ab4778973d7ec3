/* SPDX-License-Identifier: MIT */
/*
 * The transport port's contract (phx/transport.h), in clear text: connecting: the request, the
 * addresses, the answers to the upgrade.
 */
#include "transport_world.h"

#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answer_text(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    (void)index;
    if (stream_read_head(stream, world->request, REQUEST_BYTES)) {
        (void)stream_print(stream, "%s", world->text);
    }
}

static void hang_up_before_answer(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    (void)index;
    (void)stream_read_head(stream, world->request, REQUEST_BYTES);
}

static void test_request_line_and_headers(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, play_echo);
    const phx_header headers[] = {{"X-One", "1"}, {"X-Two", "two words"}};
    world.client.request.headers = headers;
    world.client.request.header_count = 2;
    world_connect(&world);
    client_wait(&world.client, &world.client.opened, 1);
    char host[64];
    (void)snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%u\r\n", server_port(world.server));
    assert_memory_equal(world.request, "GET /socket/websocket?token=s3cret&vsn=2.0.0 HTTP/1.1\r\n",
                        55);
    assert_non_null(strstr(world.request, host));
    assert_non_null(strstr(world.request, "\r\nX-One: 1\r\n"));
    assert_non_null(strstr(world.request, "\r\nX-Two: two words\r\n"));
    assert_non_null(strstr(world.request, "\r\nSec-WebSocket-Version: 13\r\n"));
    assert_null(strstr(world.request, "Sec-WebSocket-Protocol"));
    assert_null(strstr(world.request, "Sec-WebSocket-Extensions"));
    assert_null(strstr(world.request, "Origin"));
    world_end(&world);
}

static void test_url_without_path(void **state)
{
    (void)state;
    test_world world;
    char url[64];
    world_begin(&world, play_echo);
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u?a=b", server_port(world.server));
    assert_int_equal(client_open(&world.client, url), PHX_OK);
    client_wait(&world.client, &world.client.opened, 1);
    assert_memory_equal(world.request, "GET /?a=b HTTP/1.1\r\n", 20);
    world_end(&world);
}

static void test_subprotocol_chosen(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, play_echo);
    world.text = "sec-websocket-protocol: phoenix\r\n";
    world.client.request.subprotocols = "phoenix, base64url.bearer.phx.c2VjcmV0";
    world_connect(&world);
    client_wait(&world.client, &world.client.opened, 1);
    assert_string_equal(world.client.subprotocol, "phoenix");
    assert_non_null(strstr(world.request, "\r\nSec-WebSocket-Protocol: phoenix, "
                                          "base64url.bearer.phx.c2VjcmV0\r\n"));
    world_end(&world);
}

static void test_subprotocol_not_chosen(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, play_echo);
    world.client.request.subprotocols = "phoenix";
    world_connect(&world);
    client_wait(&world.client, &world.client.opened, 1);
    assert_string_equal(world.client.subprotocol, "");
    world_end(&world);
}

static void test_large_subprotocols(void **state)
{
    (void)state;
    test_world world;
    char text[11000];
    world_begin(&world, play_echo);
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    world.client.request.subprotocols = text;
    world_connect(&world);
    client_wait(&world.client, &world.client.opened, 1);
    assert_non_null(strstr(world.request, text));
    world_end(&world);
}

static void test_bad_requests(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "", "ws://", "http://127.0.0.1/", "ws://127.0.0.1:99999/", "ws://a b/", "127.0.0.1"};
    test_world world;
    world_begin(&world, NULL);
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        assert_int_equal(client_open(&world.client, urls[i]), PHX_ERROR_INVALID_URL);
    }
    char url[4096] = "ws://127.0.0.1/";
    memset(url + 15, 'x', 3000);
    assert_int_equal(client_open(&world.client, url), PHX_ERROR_INVALID_URL);
    const phx_header bad[] = {{"X", "a\r\nInjected: 1"}};
    world.client.request.headers = bad;
    world.client.request.header_count = 1;
    assert_int_equal(client_open(&world.client, "ws://127.0.0.1/"), PHX_ERROR_INVALID_ARGUMENT);
    world_end(&world);
}

static void test_nothing_listens(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, NULL);
    assert_int_equal(client_open_port(&world.client, "ws", "127.0.0.1", free_port()), PHX_OK);
    world_wait_closed(&world, PHX_ERROR_CONNECTION_REFUSED);
    assert_int_equal(world.client.error.os_code, ECONNREFUSED);
    assert_int_equal(world.client.opened, 0);
    world_end(&world);
}

static void test_second_address_is_tried(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, play_echo); /* localhost is ::1 too, where nothing listens on that port */
    assert_int_equal(client_open_port(&world.client, "ws", "localhost", server_port(world.server)),
                     PHX_OK);
    client_wait(&world.client, &world.client.opened, 1);
    assert_non_null(strstr(world.request, "\r\nHost: localhost:"));
    world_end(&world);
}

static void test_ipv6(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, NULL);
    world.server = server_start(AF_INET6, NULL, play_echo, &world);
    assert_int_equal(client_open_port(&world.client, "ws", "[::1]", server_port(world.server)),
                     PHX_OK);
    client_wait(&world.client, &world.client.opened, 1);
    assert_non_null(strstr(world.request, "\r\nHost: [::1]:"));
    world_end(&world);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        phx_status status;
        int http_status;
        uint32_t retry_after_ms;
    } cases[] = {
        {"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", PHX_ERROR_UNAUTHORIZED, 403, 0},
        {"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno", PHX_ERROR_UNAUTHORIZED, 401,
         0},
        {"HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n",
         PHX_ERROR_UPGRADE_REFUSED, 429, 7000},
        {"HTTP/1.1 503 Busy\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
         PHX_ERROR_UPGRADE_REFUSED, 503, 0},
        {"HTTP/1.1 503 Busy\r\nRetry-After: Thu, 01 Jan 2099 00:00:00 GMT\r\n\r\n",
         PHX_ERROR_UPGRADE_REFUSED, 503, 86400000},
        {"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", PHX_ERROR_UPGRADE_REFUSED, 200, 0},
        {"HTTP/1.1 302 Found\r\nlocation: ws://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
         PHX_ERROR_UPGRADE_REFUSED, 302, 0},
        {"HTTP/1.0 500 Oops\r\n\r\n", PHX_ERROR_UPGRADE_REFUSED, 500, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_world world;
        world_begin(&world, answer_text);
        world.text = cases[i].answer;
        world_connect(&world);
        world_wait_closed(&world, cases[i].status);
        assert_int_equal(world.client.error.http_status, cases[i].http_status);
        assert_int_equal(world.client.error.retry_after_ms, cases[i].retry_after_ms);
        assert_int_equal(world.client.opened, 0);
        world_end(&world);
    }
}

static void test_wrong_answers(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n",
        ("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
         "sec-websocket-accept: d3Jvbmc=\r\n\r\n"),
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        test_world world;
        world_begin(&world, answer_text);
        world.text = answers[i];
        world_connect(&world);
        world_wait_closed(&world, PHX_ERROR_PROTOCOL);
        world_end(&world);
    }
}

static void test_garbage_answer(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, answer_text);
    world.text = "\x01\x02 this is no HTTP at all\r\n\r\n";
    world_connect(&world);
    client_wait(&world.client, &world.client.closed, 1);
    assert_true(world.client.error.status == PHX_ERROR_PROTOCOL ||
                world.client.error.status == PHX_ERROR_CONNECTION_LOST ||
                world.client.error.status == PHX_ERROR_UPGRADE_REFUSED);
    world_end(&world);
}

static void test_hang_up_before_answer(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, hang_up_before_answer);
    world_connect(&world);
    world_wait_closed(&world, PHX_ERROR_CONNECTION_LOST);
    assert_int_equal(world.client.error.close_code, 1006);
    world_end(&world);
}

static void test_upgrade_never_answered(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, play_never_answer);
    world.client.request.connect_timeout_ms = 150;
    uint64_t start_ms = phx_loop_now_ms(world.client.loop);
    world_connect(&world);
    world_wait_closed(&world, PHX_ERROR_TIMEOUT);
    uint64_t took_ms = phx_loop_now_ms(world.client.loop) - start_ms;
    assert_in_range(took_ms, 150, 1500);
    world_end(&world);
}

static void test_proxy_of_the_environment_is_not_for_loopback(void **state)
{
    (void)state;
    test_world world;
    char proxy[64];
    (void)snprintf(proxy, sizeof proxy, "127.0.0.1:%u", (unsigned)free_port());
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    world_begin(&world, play_echo);
    world_connect(&world);
    client_wait(&world.client, &world.client.opened, 1);
    world_end(&world);
    assert_int_equal(unsetenv("http_proxy"), 0);
}

static void test_name_that_does_not_resolve(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, NULL);
    assert_int_equal(client_open(&world.client, "ws://no-such-host.invalid/"), PHX_OK);
    world_wait_closed(&world, PHX_ERROR_NAME_NOT_FOUND);
    assert_non_null(strstr(world.client.error_text, "no-such-host.invalid"));
    world_end(&world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_line_and_headers),
        cmocka_unit_test(test_url_without_path),
        cmocka_unit_test(test_subprotocol_chosen),
        cmocka_unit_test(test_subprotocol_not_chosen),
        cmocka_unit_test(test_large_subprotocols),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_nothing_listens),
        cmocka_unit_test(test_second_address_is_tried),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_wrong_answers),
        cmocka_unit_test(test_garbage_answer),
        cmocka_unit_test(test_hang_up_before_answer),
        cmocka_unit_test(test_upgrade_never_answered),
        cmocka_unit_test(test_proxy_of_the_environment_is_not_for_loopback),
        cmocka_unit_test(test_name_that_does_not_resolve),
    };
    phx_platform_set_lws_log_level(0);
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
