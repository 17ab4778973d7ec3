/* SPDX-License-Identifier: MIT */
/*
 * The transport port's contract (phx/transport.h), in clear text: whatever implements it passes this.
 */
#include "client.h"
#include "testing.h"
#include "websocket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef struct test_world {
    test_client client;
    test_server *server;
    /* What the script is told, and what it saw. */
    const char *text;
    int code;
    atomic_int seen_code;
    size_t size;
    char request[REQUEST_BYTES];
} test_world;

static make_transport_fn make_transport = phx_transport_lws;

static void begin(test_world *world, server_script script)
{
    memset(world, 0, sizeof *world);
    client_init(&world->client, make_transport, NULL);
    world->server = script != NULL ? server_start(AF_INET, NULL, script, world) : NULL;
}

static void connect_client(test_world *world)
{
    assert_int_equal(
        client_open_port(&world->client, "ws", "127.0.0.1", server_port(world->server)), PHX_OK);
}

static void end(test_world *world)
{
    client_free(&world->client);
    if (world->server != NULL) {
        server_stop(world->server);
    }
}

static void wait_closed(test_world *world, phx_status status)
{
    client_wait(&world->client, &world->client.closed, 1);
    if (world->client.error.status != status) {
        fail_msg("%s instead of %s: %s", phx_status_name(world->client.error.status),
                 phx_status_name(status), world->client.error_text);
    }
    assert_null(strstr(world->client.error_text, "s3cret"));
}

/* Scripts. */

static void echo(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    test_frame one;
    (void)index;
    if (!ws_accept(stream, world->request, world->text != NULL ? world->text : "")) {
        return;
    }
    while (ws_receive(stream, &one)) {
        bool is_close = one.opcode == OP_CLOSE;
        if (is_close) {
            world->seen_code = one.length >= 2 ? one.bytes[0] << 8 | one.bytes[1] : 1005;
        }
        if (one.opcode == OP_TEXT || one.opcode == OP_BINARY || one.opcode == OP_CONTINUATION ||
            is_close) {
            (void)ws_send(stream, one.is_final, one.opcode, one.bytes, one.length);
        }
        free(one.bytes);
        if (is_close) {
            return;
        }
    }
}

static void answer_text(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    (void)index;
    if (stream_read_head(stream, world->request, REQUEST_BYTES)) {
        (void)stream_print(stream, "%s", world->text);
    }
}

static void never_answer(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    stream_drain(stream);
}

static void close_with_code(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    (void)index;
    if (ws_accept(stream, NULL, "") && ws_send_close(stream, world->code, world->text)) {
        stream_drain(stream);
    }
}

static void close_without_code(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    if (ws_accept(stream, NULL, "") && ws_send(stream, true, OP_CLOSE, "", 0)) {
        stream_drain(stream);
    }
}

static void reset(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    (void)ws_accept(stream, NULL, "");
    stream_reset_at_end(stream);
}

static void hang_up(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    (void)ws_accept(stream, NULL, "");
}

static void hang_up_before_answer(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    (void)index;
    (void)stream_read_head(stream, world->request, REQUEST_BYTES);
}

static void fragments_with_pings(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    if (ws_accept(stream, NULL, "") && ws_send(stream, false, OP_TEXT, "one ", 4) &&
        ws_send(stream, true, OP_PING, "p", 1) && ws_send(stream, false, OP_CONTINUATION, "", 0) &&
        ws_send(stream, true, OP_PING, "", 0) && ws_send(stream, true, OP_CONTINUATION, "two", 3) &&
        ws_send_text(stream, "three") && ws_send(stream, false, OP_TEXT, "", 0) &&
        ws_send(stream, true, OP_CONTINUATION, "", 0)) {
        (void)ws_finish(stream);
    }
}

static void byte_by_byte(test_stream *stream, int index, void *argument)
{
    unsigned char bytes[256];
    size_t length = 0;
    (void)index;
    (void)argument;
    length += ws_compose(bytes, true, OP_TEXT, "split", 5);
    length += ws_compose(bytes + length, true, OP_BINARY, "\0\1\2", 3);
    length += ws_compose(bytes + length, true, OP_TEXT, "", 0);
    bool is_sent = ws_accept(stream, NULL, "");
    for (size_t i = 0; i < length && is_sent; i++) {
        is_sent = stream_write(stream, bytes + i, 1);
    }
    (void)ws_finish(stream);
}

static void message_with_answer(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    char answer[2048];
    (void)index;
    if (!stream_read_head(stream, world->request, REQUEST_BYTES)) {
        return;
    }
    size_t length = ws_compose_answer(world->request, "", answer, sizeof answer / 2);
    length += ws_compose((unsigned char *)answer + length, true, OP_TEXT, "first", 5);
    length += ws_compose((unsigned char *)answer + length, true, OP_TEXT, "second", 6);
    if (stream_write(stream, answer, length)) {
        (void)ws_finish(stream);
    }
}

static void send_large(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    char *bytes = malloc(world->size);
    (void)index;
    for (size_t i = 0; i < world->size; i++) {
        bytes[i] = (char)('a' + i % 26);
    }
    if (ws_accept(stream, NULL, "") && ws_send(stream, true, OP_TEXT, bytes, world->size)) {
        world->seen_code = ws_finish(stream);
    } else {
        world->seen_code = 1006;
    }
    free(bytes);
}

static void endless_fragments(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    char bytes[1000] = {0};
    (void)index;
    bool is_sent = ws_accept(stream, NULL, "") && ws_send(stream, false, OP_TEXT, bytes, sizeof bytes);
    for (int i = 0; i < 20 && is_sent; i++) {
        is_sent = ws_send(stream, false, OP_CONTINUATION, bytes, sizeof bytes);
    }
    world->seen_code = ws_finish(stream);
}

static void count_reassembled(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    test_frame one;
    size_t total = 0;
    bool is_final = false;
    (void)index;
    if (!ws_accept(stream, NULL, "")) {
        return;
    }
    for (int i = 0; !is_final && ws_receive(stream, &one); i++) {
        bool is_right = one.is_masked && one.opcode == (i == 0 ? OP_BINARY : OP_CONTINUATION);
        for (size_t at = 0; at < one.length && is_right; at++) {
            is_right = one.bytes[at] == (unsigned char)((total + at) * 7);
        }
        total += is_right ? one.length : 0;
        is_final = one.is_final;
        free(one.bytes);
    }
    char text[32];
    (void)snprintf(text, sizeof text, "%zu", total);
    (void)ws_send_text(stream, text);
    world->seen_code = ws_finish(stream);
}

static void pong_back(test_stream *stream, int index, void *argument)
{
    test_frame one;
    (void)index;
    (void)argument;
    if (ws_accept(stream, NULL, "") && ws_send(stream, true, OP_PING, "are you there", 13) &&
        ws_receive(stream, &one)) {
        if (one.opcode == OP_PONG && one.is_masked) {
            (void)ws_send_text(stream, (const char *)one.bytes);
        }
        free(one.bytes);
        (void)ws_finish(stream);
    }
}

static void ignore_close(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    if (ws_accept(stream, NULL, "")) {
        stream_drain(stream);
    }
}

static void bad_frame(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    (void)index;
    if (ws_accept(stream, NULL, "") && stream_write(stream, world->text, world->size)) {
        stream_drain(stream);
    }
}

/* Tests. */

static void test_round_trip(void **state)
{
    (void)state;
    test_world world;
    begin(&world, echo);
    connect_client(&world);
    client_wait(&world.client, &world.client.opened, 1);
    assert_string_equal(world.client.subprotocol, "");
    assert_int_equal(client_send_text(&world.client, "hello"), PHX_OK);
    assert_int_equal(client_send_text(&world.client, ""), PHX_OK);
    assert_int_equal(world.client.transport->send(world.client.transport->user_data,
                                                  world.client.connection, PHX_FRAME_BINARY,
                                                  (const uint8_t *)"\0\xff", 2),
                     PHX_OK);
    client_wait(&world.client, &world.client.messages, 3);
    assert_string_equal((char *)world.client.received[0].bytes, "hello");
    assert_int_equal(world.client.received[0].kind, PHX_FRAME_TEXT);
    assert_int_equal(world.client.received[1].length, 0);
    assert_int_equal(world.client.received[2].kind, PHX_FRAME_BINARY);
    assert_memory_equal(world.client.received[2].bytes, "\0\xff", 2);
    assert_int_equal(world.client.written, 7);
    client_close(&world.client, 1000, "bye");
    wait_closed(&world, PHX_OK);
    assert_int_equal(world.seen_code, 1000);
    end(&world);
}

static void test_request_line_and_headers(void **state)
{
    (void)state;
    test_world world;
    begin(&world, echo);
    const phx_header headers[] = {{"X-One", "1"}, {"X-Two", "two words"}};
    world.client.request.headers = headers;
    world.client.request.header_count = 2;
    connect_client(&world);
    client_wait(&world.client, &world.client.opened, 1);
    char host[64];
    (void)snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%u\r\n", server_port(world.server));
    assert_memory_equal(world.request, "GET /socket/websocket?token=s3cret&vsn=2.0.0 HTTP/1.1\r\n", 55);
    assert_non_null(strstr(world.request, host));
    assert_non_null(strstr(world.request, "\r\nX-One: 1\r\n"));
    assert_non_null(strstr(world.request, "\r\nX-Two: two words\r\n"));
    assert_non_null(strstr(world.request, "\r\nSec-WebSocket-Version: 13\r\n"));
    assert_null(strstr(world.request, "Sec-WebSocket-Protocol"));
    assert_null(strstr(world.request, "Sec-WebSocket-Extensions"));
    assert_null(strstr(world.request, "Origin"));
    end(&world);
}

static void test_url_without_path(void **state)
{
    (void)state;
    test_world world;
    char url[64];
    begin(&world, echo);
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u?a=b", server_port(world.server));
    assert_int_equal(client_open(&world.client, url), PHX_OK);
    client_wait(&world.client, &world.client.opened, 1);
    assert_memory_equal(world.request, "GET /?a=b HTTP/1.1\r\n", 20);
    end(&world);
}

static void test_subprotocol_chosen(void **state)
{
    (void)state;
    test_world world;
    begin(&world, echo);
    world.text = "sec-websocket-protocol: phoenix\r\n";
    world.client.request.subprotocols = "phoenix, base64url.bearer.phx.c2VjcmV0";
    connect_client(&world);
    client_wait(&world.client, &world.client.opened, 1);
    assert_string_equal(world.client.subprotocol, "phoenix");
    assert_non_null(strstr(world.request, "\r\nSec-WebSocket-Protocol: phoenix, "
                                          "base64url.bearer.phx.c2VjcmV0\r\n"));
    end(&world);
}

static void test_subprotocol_not_chosen(void **state)
{
    (void)state;
    test_world world;
    begin(&world, echo);
    world.client.request.subprotocols = "phoenix";
    connect_client(&world);
    client_wait(&world.client, &world.client.opened, 1);
    assert_string_equal(world.client.subprotocol, "");
    end(&world);
}

static void test_large_subprotocols(void **state)
{
    (void)state;
    test_world world;
    char text[11000];
    begin(&world, echo);
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    world.client.request.subprotocols = text;
    connect_client(&world);
    client_wait(&world.client, &world.client.opened, 1);
    assert_non_null(strstr(world.request, text));
    end(&world);
}

static void test_bad_requests(void **state)
{
    (void)state;
    static const char *const urls[] = {"", "ws://", "http://127.0.0.1/", "ws://127.0.0.1:99999/",
                                       "ws://a b/", "127.0.0.1"};
    test_world world;
    begin(&world, NULL);
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
    end(&world);
}

static void test_nothing_listens(void **state)
{
    (void)state;
    test_world world;
    begin(&world, NULL);
    assert_int_equal(client_open_port(&world.client, "ws", "127.0.0.1", free_port()), PHX_OK);
    wait_closed(&world, PHX_ERROR_CONNECTION_REFUSED);
    assert_int_equal(world.client.error.os_code, ECONNREFUSED);
    assert_int_equal(world.client.opened, 0);
    end(&world);
}

static void test_second_address_is_tried(void **state)
{
    (void)state;
    test_world world;
    begin(&world, echo); /* localhost is ::1 too, where nothing listens on that port */
    assert_int_equal(client_open_port(&world.client, "ws", "localhost", server_port(world.server)),
                     PHX_OK);
    client_wait(&world.client, &world.client.opened, 1);
    assert_non_null(strstr(world.request, "\r\nHost: localhost:"));
    end(&world);
}

static void test_ipv6(void **state)
{
    (void)state;
    test_world world;
    begin(&world, NULL);
    world.server = server_start(AF_INET6, NULL, echo, &world);
    assert_int_equal(client_open_port(&world.client, "ws", "[::1]", server_port(world.server)), PHX_OK);
    client_wait(&world.client, &world.client.opened, 1);
    assert_non_null(strstr(world.request, "\r\nHost: [::1]:"));
    end(&world);
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
        {"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno", PHX_ERROR_UNAUTHORIZED, 401, 0},
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
        begin(&world, answer_text);
        world.text = cases[i].answer;
        connect_client(&world);
        wait_closed(&world, cases[i].status);
        assert_int_equal(world.client.error.http_status, cases[i].http_status);
        assert_int_equal(world.client.error.retry_after_ms, cases[i].retry_after_ms);
        assert_int_equal(world.client.opened, 0);
        end(&world);
    }
}

static void test_wrong_answers(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        "sec-websocket-accept: d3Jvbmc=\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        test_world world;
        begin(&world, answer_text);
        world.text = answers[i];
        connect_client(&world);
        wait_closed(&world, PHX_ERROR_PROTOCOL);
        end(&world);
    }
}

static void test_garbage_answer(void **state)
{
    (void)state;
    test_world world;
    begin(&world, answer_text);
    world.text = "\x01\x02 this is no HTTP at all\r\n\r\n";
    connect_client(&world);
    client_wait(&world.client, &world.client.closed, 1);
    assert_true(world.client.error.status == PHX_ERROR_PROTOCOL ||
                world.client.error.status == PHX_ERROR_CONNECTION_LOST ||
                world.client.error.status == PHX_ERROR_UPGRADE_REFUSED);
    end(&world);
}

static void test_hang_up_before_answer(void **state)
{
    (void)state;
    test_world world;
    begin(&world, hang_up_before_answer);
    connect_client(&world);
    wait_closed(&world, PHX_ERROR_CONNECTION_LOST);
    assert_int_equal(world.client.error.close_code, 1006);
    end(&world);
}

static void test_upgrade_never_answered(void **state)
{
    (void)state;
    test_world world;
    begin(&world, never_answer);
    world.client.request.connect_timeout_ms = 150;
    uint64_t start_ms = phx_loop_now_ms(world.client.loop);
    connect_client(&world);
    wait_closed(&world, PHX_ERROR_TIMEOUT);
    uint64_t took_ms = phx_loop_now_ms(world.client.loop) - start_ms;
    assert_in_range(took_ms, 150, 1500);
    end(&world);
}

static void test_close_codes(void **state)
{
    (void)state;
    static const int codes[] = {1000, 1001, 1002, 1007, 1008, 1009, 1010, 1011, 3000, 3410, 4000, 4999};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        test_world world;
        begin(&world, close_with_code);
        world.code = codes[i];
        world.text = "because";
        connect_client(&world);
        wait_closed(&world, PHX_ERROR_CONNECTION_LOST);
        assert_int_equal(world.client.error.close_code, codes[i]);
        assert_non_null(strstr(world.client.error_text, "because"));
        end(&world);
    }
}

static void test_close_without_code(void **state)
{
    (void)state;
    test_world world;
    begin(&world, close_without_code);
    connect_client(&world);
    wait_closed(&world, PHX_ERROR_CONNECTION_LOST);
    assert_int_equal(world.client.error.close_code, 1005);
    end(&world);
}

static void test_lost(void **state)
{
    (void)state;
    static const server_script scripts[] = {reset, hang_up};
    for (size_t i = 0; i < 2; i++) {
        test_world world;
        begin(&world, scripts[i]);
        connect_client(&world);
        wait_closed(&world, PHX_ERROR_CONNECTION_LOST);
        assert_int_equal(world.client.error.close_code, 1006);
        assert_int_equal(world.client.opened, 1);
        end(&world);
    }
}

static void test_our_close_codes(void **state)
{
    (void)state;
    static const uint16_t codes[] = {1000, 1001, 1011, 3000, 4999};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        test_world world;
        begin(&world, echo);
        connect_client(&world);
        client_wait(&world.client, &world.client.opened, 1);
        client_close(&world.client, codes[i], "");
        wait_closed(&world, PHX_OK);
        assert_int_equal(world.seen_code, codes[i]);
        end(&world);
    }
}

static void test_close_is_behind_what_is_queued(void **state)
{
    (void)state;
    test_world world;
    begin(&world, count_reassembled);
    size_t size = 3 * 1024 * 1024;
    uint8_t *bytes = malloc(size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    connect_client(&world);
    client_wait(&world.client, &world.client.opened, 1);
    assert_int_equal(world.client.transport->send(world.client.transport->user_data,
                                                  world.client.connection, PHX_FRAME_BINARY, bytes,
                                                  size),
                     PHX_OK);
    free(bytes);
    client_close(&world.client, 1000, "");
    wait_closed(&world, PHX_OK);
    assert_int_equal(world.client.written, size);
    server_stop(world.server);
    world.server = NULL;
    assert_int_equal(world.seen_code, 1000);
    end(&world);
}

static void test_close_not_answered(void **state)
{
    (void)state;
    test_world world;
    begin(&world, ignore_close);
    world.client.request.close_timeout_ms = 150;
    connect_client(&world);
    client_wait(&world.client, &world.client.opened, 1);
    client_close(&world.client, 1000, "");
    uint64_t start_ms = phx_loop_now_ms(world.client.loop);
    wait_closed(&world, PHX_ERROR_TIMEOUT);
    assert_in_range(phx_loop_now_ms(world.client.loop) - start_ms, 100, 1500);
    end(&world);
}

static void test_close_while_connecting(void **state)
{
    (void)state;
    test_world world;
    begin(&world, never_answer);
    connect_client(&world);
    client_turn(&world.client);
    client_close(&world.client, 1000, "");
    wait_closed(&world, PHX_ERROR_CANCELLED);
    end(&world);
}

static void test_close_twice_and_send_after(void **state)
{
    (void)state;
    test_world world;
    begin(&world, echo);
    connect_client(&world);
    assert_int_equal(client_send_text(&world.client, "too early"), PHX_ERROR_INVALID_STATE);
    client_wait(&world.client, &world.client.opened, 1);
    client_close(&world.client, 1000, "");
    client_close(&world.client, 1001, "");
    assert_int_equal(client_send_text(&world.client, "too late"), PHX_ERROR_INVALID_STATE);
    wait_closed(&world, PHX_OK);
    client_close(&world.client, 1000, "");
    client_turn(&world.client);
    assert_int_equal(world.client.closed, 1);
    end(&world);
}

static void test_fragments(void **state)
{
    (void)state;
    test_world world;
    begin(&world, fragments_with_pings);
    connect_client(&world);
    client_wait(&world.client, &world.client.messages, 3);
    assert_string_equal((char *)world.client.received[0].bytes, "one two");
    assert_string_equal((char *)world.client.received[1].bytes, "three");
    assert_int_equal(world.client.received[2].length, 0);
    end(&world);
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    test_world world;
    begin(&world, byte_by_byte);
    connect_client(&world);
    client_wait(&world.client, &world.client.messages, 3);
    assert_string_equal((char *)world.client.received[0].bytes, "split");
    assert_int_equal(world.client.received[1].length, 3);
    assert_int_equal(world.client.received[2].length, 0);
    end(&world);
}

static void test_messages_behind_the_answer(void **state)
{
    (void)state;
    test_world world;
    begin(&world, message_with_answer);
    connect_client(&world);
    client_wait(&world.client, &world.client.messages, 2);
    assert_int_equal(world.client.opened, 1);
    assert_string_equal((char *)world.client.received[0].bytes, "first");
    assert_string_equal((char *)world.client.received[1].bytes, "second");
    end(&world);
}

static void test_large_messages(void **state)
{
    (void)state;
    static const size_t sizes[] = {125,   126,   127,    16383,  16384,   16385,
                                   32768, 65535, 65536, 100000, 4194304};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        test_world world;
        begin(&world, send_large);
        world.size = sizes[i];
        connect_client(&world);
        client_wait(&world.client, &world.client.messages, 1);
        assert_int_equal(world.client.received[0].length, sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++) {
            if (world.client.received[0].bytes[at] != 'a' + at % 26) {
                fail_msg("byte %zu of %zu is wrong", at, sizes[i]);
            }
        }
        end(&world);
    }
}

static void test_message_too_large(void **state)
{
    (void)state;
    static const server_script scripts[] = {send_large, endless_fragments};
    for (size_t i = 0; i < 2; i++) {
        test_world world;
        begin(&world, scripts[i]);
        world.size = 10001;
        world.client.request.max_message_bytes = 10000;
        connect_client(&world);
        wait_closed(&world, PHX_ERROR_FRAME_TOO_LARGE);
        assert_int_equal(world.client.messages, 0);
        server_stop(world.server);
        world.server = NULL;
        assert_int_equal(world.seen_code, 1009);
        end(&world);
    }
}

static void test_largest_allowed_message(void **state)
{
    (void)state;
    test_world world;
    begin(&world, send_large);
    world.size = 10000;
    world.client.request.max_message_bytes = 10000;
    connect_client(&world);
    client_wait(&world.client, &world.client.messages, 1);
    end(&world);
}

static void test_send_large(void **state)
{
    (void)state;
    static const size_t sizes[] = {65535, 65536, 65537, 200000, 8000000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        test_world world;
        char expected[32];
        begin(&world, count_reassembled);
        uint8_t *bytes = malloc(sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++) {
            bytes[at] = (uint8_t)(at * 7);
        }
        connect_client(&world);
        client_wait(&world.client, &world.client.opened, 1);
        assert_int_equal(world.client.transport->send(world.client.transport->user_data,
                                                      world.client.connection, PHX_FRAME_BINARY,
                                                      bytes, sizes[i]),
                         PHX_OK);
        free(bytes);
        client_wait(&world.client, &world.client.messages, 1);
        (void)snprintf(expected, sizeof expected, "%zu", sizes[i]);
        assert_string_equal((char *)world.client.received[0].bytes, expected);
        client_wait_size(&world.client, &world.client.written, sizes[i]);
        assert_int_equal(world.client.written, sizes[i]);
        end(&world);
    }
}

static void test_ping_is_answered(void **state)
{
    (void)state;
    test_world world;
    begin(&world, pong_back);
    connect_client(&world);
    client_wait(&world.client, &world.client.messages, 1);
    assert_string_equal((char *)world.client.received[0].bytes, "are you there");
    end(&world);
}

static void test_broken_frames(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
    } cases[] = {
        {"\x83\x00", 2},                                 /* reserved opcode */
        {"\xc1\x01x", 3},                                /* reserved bit */
        {"\x80\x01x", 3},                                /* continuation of nothing */
        {"\x01\x01x\x81\x01y", 6},                       /* a message inside another */
        {"\x09\x01x", 3},                                /* a ping in fragments */
        {"\x89\x7e\x00\x80", 4},                         /* a ping that is too long */
        {"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10} /* more bytes than there are */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_world world;
        begin(&world, bad_frame);
        world.text = cases[i].bytes;
        world.size = cases[i].length;
        connect_client(&world);
        client_wait(&world.client, &world.client.closed, 1);
        assert_int_not_equal(world.client.error.status, PHX_OK);
        assert_int_equal(world.client.messages, 0);
        end(&world);
    }
}

static void release_inside(test_client *client)
{
    phx_connection *connection = client->connection;
    client->connection = NULL;
    client->transport->release_connection(client->transport->user_data, connection);
}

static void test_release_inside_events(void **state)
{
    (void)state;
    for (int which = 0; which < 4; which++) {
        test_world world;
        begin(&world, echo);
        test_client *client = &world.client;
        *(which == 0   ? &client->on_opened
          : which == 1 ? &client->on_message
          : which == 2 ? &client->on_written
                       : &client->on_closed) = release_inside;
        connect_client(&world);
        client_wait(client, &client->opened, 1);
        if (which == 0) {
            client_turn(client);
            assert_int_equal(client->closed, 0);
            end(&world);
            continue;
        }
        assert_int_equal(client_send_text(client, "x"), PHX_OK);
        if (which == 1) {
            client_wait(client, &client->messages, 1);
        } else if (which == 2) {
            client_wait_size(client, &client->written, 1);
        } else {
            client_close(client, 1000, "");
            client_wait(client, &client->closed, 1);
        }
        client_turn(client);
        client_turn(client);
        assert_null(client->connection);
        assert_int_equal(client->closed, which == 3 ? 1 : 0);
        end(&world);
    }
}

static void send_and_close(test_client *client)
{
    (void)client->transport->send(client->transport->user_data, client->connection, PHX_FRAME_TEXT,
                                  (const uint8_t *)"last", 4);
    client->transport->close(client->transport->user_data, client->connection, 4001, "inside");
}

static void test_send_and_close_inside_opened(void **state)
{
    (void)state;
    test_world world;
    begin(&world, echo);
    world.client.on_opened = send_and_close;
    connect_client(&world);
    wait_closed(&world, PHX_OK);
    assert_int_equal(world.client.written, 4);
    assert_int_equal(world.seen_code, 4001);
    end(&world);
}

static void test_release_at_any_step(void **state)
{
    (void)state;
    for (int turns = 0; turns < 6; turns++) {
        test_world world;
        begin(&world, echo);
        assert_int_equal(
            client_open_port(&world.client, "ws", turns % 2 == 0 ? "127.0.0.1" : "localhost",
                             server_port(world.server)),
            PHX_OK);
        for (int i = 0; i < turns; i++) {
            client_turn(&world.client);
        }
        client_release(&world.client);
        client_turn(&world.client);
        assert_int_equal(world.client.closed, 0);
        end(&world);
    }
}

static void test_two_connections_of_one_transport(void **state)
{
    (void)state;
    test_world world;
    test_client second;
    begin(&world, echo);
    client_init_on(&second, world.client.loop, world.client.transport);
    connect_client(&world);
    assert_int_equal(client_open_port(&second, "ws", "127.0.0.1", server_port(world.server)), PHX_OK);
    client_wait(&world.client, &world.client.opened, 1);
    client_wait(&second, &second.opened, 1);
    assert_int_equal(client_send_text(&world.client, "a"), PHX_OK);
    assert_int_equal(client_send_text(&second, "b"), PHX_OK);
    client_wait(&world.client, &world.client.messages, 1);
    client_wait(&second, &second.messages, 1);
    assert_string_equal((char *)world.client.received[0].bytes, "a");
    assert_string_equal((char *)second.received[0].bytes, "b");
    client_release(&second);
    assert_int_equal(client_send_text(&world.client, "c"), PHX_OK);
    client_wait(&world.client, &world.client.messages, 2);
    end(&world);
}

static void test_proxy_of_the_environment_is_not_for_loopback(void **state)
{
    (void)state;
    test_world world;
    char proxy[64];
    (void)snprintf(proxy, sizeof proxy, "127.0.0.1:%u", (unsigned)free_port());
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    begin(&world, echo);
    connect_client(&world);
    client_wait(&world.client, &world.client.opened, 1);
    end(&world);
    assert_int_equal(unsetenv("http_proxy"), 0);
}

static void test_name_that_does_not_resolve(void **state)
{
    (void)state;
    test_world world;
    begin(&world, NULL);
    assert_int_equal(client_open(&world.client, "ws://no-such-host.invalid/"), PHX_OK);
    wait_closed(&world, PHX_ERROR_NAME_NOT_FOUND);
    assert_non_null(strstr(world.client.error_text, "no-such-host.invalid"));
    end(&world);
}

static void stop_loop(void *user_data)
{
    phx_loop_stop(user_data);
}

/* An open connection on which nothing happens costs nothing: the poller returns only at the limit. */
static void test_idle_connection_does_not_wake(void **state)
{
    (void)state;
    test_world world;
    begin(&world, echo);
    connect_client(&world);
    client_wait(&world.client, &world.client.opened, 1);
    for (int i = 0; i < 10; i++) {
        client_turn(&world.client);
    }
    int turns = 0;
    uint64_t start_ms = phx_loop_now_ms(world.client.loop);
    while (phx_loop_now_ms(world.client.loop) - start_ms < 2000) {
        assert_int_equal(phx_loop_poll(world.client.loop, 2000), PHX_OK);
        turns++;
    }
    assert_in_range(turns, 1, 2);
    phx_loop_task task = {.user_data = world.client.loop, .run = stop_loop};
    assert_int_equal(phx_loop_post(world.client.loop, &task), PHX_OK);
    assert_int_equal(phx_loop_run(world.client.loop), PHX_OK);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
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
        cmocka_unit_test(test_close_codes),
        cmocka_unit_test(test_close_without_code),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_our_close_codes),
        cmocka_unit_test(test_close_is_behind_what_is_queued),
        cmocka_unit_test(test_close_not_answered),
        cmocka_unit_test(test_close_while_connecting),
        cmocka_unit_test(test_close_twice_and_send_after),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_messages_behind_the_answer),
        cmocka_unit_test(test_large_messages),
        cmocka_unit_test(test_message_too_large),
        cmocka_unit_test(test_largest_allowed_message),
        cmocka_unit_test(test_send_large),
        cmocka_unit_test(test_ping_is_answered),
        cmocka_unit_test(test_broken_frames),
        cmocka_unit_test(test_release_inside_events),
        cmocka_unit_test(test_send_and_close_inside_opened),
        cmocka_unit_test(test_release_at_any_step),
        cmocka_unit_test(test_two_connections_of_one_transport),
        cmocka_unit_test(test_proxy_of_the_environment_is_not_for_loopback),
        cmocka_unit_test(test_name_that_does_not_resolve),
        cmocka_unit_test(test_idle_connection_does_not_wake),
    };
    phx_platform_set_lws_log_level(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
