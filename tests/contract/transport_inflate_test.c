/* SPDX-License-Identifier: MIT */
/*
 * The transport port and permessage-deflate: what is agreed on and what may not be, messages of
 * every shape, and servers that mean harm.
 */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "client.h"
#include "deflate.h"

enum {
    LIMIT_BYTES = 1024 * 1024,
    BOMB_BYTES = 64 * LIMIT_BYTES,
};

#define PLAIN_TEXT "not compressed"

/* What the server does, and what it saw. */
typedef struct test_run {
    test_client client;
    test_server *server;
    const char *headers; /* of its answer */
    int window_bits;
    bool has_memory;
    size_t frame_bytes;
    const void *bytes; /* of a frame that it sends as it is */
    size_t length;
    int opcode;        /* of that frame */
    int second_opcode; /* of an empty one behind it; 0: none */
    char request[REQUEST_BYTES];
    int seen_code;
    bool saw_reserved;
} test_run;

/* Messages that differ in everything that matters: lengths around every buffer, from one that zlib
 * can do nothing with to one of which a byte becomes a thousand. */
static const size_t sizes[] = {0,    1,     2,     100,   950,    4095,       4096,
                               4097, 16383, 16384, 16385, 100000, LIMIT_BYTES};

static unsigned char *message_new(size_t size, bool is_noise)
{
    unsigned char *bytes = malloc(size + 1);
    assert_non_null(bytes);
    uint32_t state = 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525 + 1013904223;
        bytes[i] = is_noise ? (unsigned char)(state >> 24) : 'a';
    }
    return bytes;
}

static void begin(test_run *run, server_script script, const char *headers, bool compress)
{
    const phx_network network = {.struct_size = (uint32_t)sizeof network, .compress = compress};
    memset(run, 0, sizeof *run);
    run->headers = headers;
    run->window_bits = 15;
    run->has_memory = true;
    run->frame_bytes = SIZE_MAX;
    client_init_over(&run->client, phx_transport_lws, NULL, &network);
    run->client.request.max_message_bytes = LIMIT_BYTES;
    run->server = server_start(AF_INET, NULL, script, run);
}

static void open_connection(test_run *run)
{
    assert_int_equal(client_open_port(&run->client, "ws", "127.0.0.1", server_port(run->server)),
                     PHX_OK);
}

static void end(test_run *run)
{
    client_free(&run->client);
    server_stop(run->server);
}

/* --- what is agreed on --- */

/* Every size as noise and as 'a', with a message between that is not compressed. */
static void play_all_sizes(test_stream *stream, int index, void *argument)
{
    test_run *run = argument;
    (void)index;
    if (!ws_accept(stream, run->request, run->headers)) {
        return;
    }
    test_deflater *deflater = deflater_new(run->window_bits, run->has_memory);
    bool is_sent = true;
    for (size_t i = 0; i < 2 * COUNT_OF(sizes) && is_sent; i++) {
        size_t size = sizes[i / 2];
        unsigned char *bytes = message_new(size, i % 2 == 0);
        is_sent = ws_send_deflated(stream, deflater, bytes, size, run->frame_bytes);
        free(bytes);
    }
    if (is_sent && ws_send_text(stream, PLAIN_TEXT)) {
        run->seen_code = ws_finish(stream);
    }
    deflater_free(deflater);
}

static void expect_all_sizes(test_run *run)
{
    open_connection(run);
    client_wait(&run->client, &run->client.messages, 2 * (int)COUNT_OF(sizes) + 1);
    for (size_t i = 0; i < 2 * COUNT_OF(sizes); i++) {
        size_t size = sizes[i / 2];
        const test_received *one = &run->client.received[i];
        unsigned char *bytes = message_new(size, i % 2 == 0);
        assert_int_equal(one->length, size);
        assert_memory_equal(one->bytes, bytes, size);
        free(bytes);
    }
    assert_string_equal((char *)run->client.received[2 * COUNT_OF(sizes)].bytes, PLAIN_TEXT);
    assert_non_null(strstr(run->request, "\r\nSec-WebSocket-Extensions: permessage-deflate; "
                                         "client_no_context_takeover\r\n"));
    client_close(&run->client, 1000, "");
    client_wait(&run->client, &run->client.closed, 1);
    assert_int_equal(run->client.error.status, PHX_OK);
    end(run);
    assert_int_equal(run->seen_code, 1000);
}

static void test_messages(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        int window_bits;
        bool has_memory;
        size_t frame_bytes;
    } rows[] = {
        {ACCEPT_DEFLATE "\r\n", 15, true, SIZE_MAX},
        {ACCEPT_DEFLATE "\r\n", 15, true, 5000},
        {ACCEPT_DEFLATE "; client_no_context_takeover\r\n", 15, true, 70000},
        {ACCEPT_DEFLATE ";server_no_context_takeover\r\n", 15, false, SIZE_MAX},
        {ACCEPT_DEFLATE "; server_max_window_bits=9 ;server_no_context_takeover\r\n", 9, false,
         1000},
        {ACCEPT_DEFLATE "; server_max_window_bits=\"10\"\r\n", 10, true, SIZE_MAX},
        {ACCEPT_DEFLATE "; server_max_window_bits=8\r\n", 9, true, SIZE_MAX},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        static test_run run;
        begin(&run, play_all_sizes, rows[i].headers, true);
        run.window_bits = rows[i].window_bits;
        run.has_memory = rows[i].has_memory;
        run.frame_bytes = rows[i].frame_bytes;
        expect_all_sizes(&run);
    }
}

/* Our own messages go out as they are. */
static void play_look(test_stream *stream, int index, void *argument)
{
    test_run *run = argument;
    test_frame one;
    (void)index;
    if (ws_accept(stream, run->request, run->headers) && ws_receive(stream, &one)) {
        run->saw_reserved = one.is_reserved;
        (void)ws_send(stream, true, OP_TEXT, one.bytes, one.length);
        free(one.bytes);
        run->seen_code = ws_finish(stream);
    }
}

static void test_what_is_sent(void **state)
{
    (void)state;
    /* Agreed on, declined, not offered. */
    for (int i = 0; i < 3; i++) {
        static test_run run;
        begin(&run, play_look, i == 0 ? ACCEPT_DEFLATE "\r\n" : "", i < 2);
        open_connection(&run);
        client_wait(&run.client, &run.client.opened, 1);
        assert_int_equal(client_send_text(&run.client, PLAIN_TEXT), PHX_OK);
        client_wait(&run.client, &run.client.messages, 1);
        assert_string_equal((char *)run.client.received[0].bytes, PLAIN_TEXT);
        assert_int_equal(strstr(run.request, "Sec-WebSocket-Extensions") != NULL, i < 2);
        end(&run);
        assert_false(run.saw_reserved);
    }
}

static void test_bad_agreements(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "permessage-bzip2",
        "permessage-deflate, permessage-deflate",
        "permessage-deflate\r\nsec-websocket-extensions: permessage-deflate",
        "permessage-deflate,",
        "permessage-deflate;",
        "permessage-deflate; unknown",
        "permessage-deflate; client_max_window_bits=12", /* not offered */
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=015",
        "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
    };
    for (size_t i = 0; i <= COUNT_OF(bad); i++) {
        static test_run run;
        char headers[256];
        bool is_offered = i < COUNT_OF(bad);
        (void)snprintf(headers, sizeof headers, "sec-websocket-extensions: %s\r\n",
                       is_offered ? bad[i] : "permessage-deflate");
        begin(&run, play_look, headers, is_offered);
        open_connection(&run);
        client_wait(&run.client, &run.client.closed, 1);
        assert_int_equal(run.client.opened, 0);
        if (run.client.error.status != PHX_ERROR_PROTOCOL ||
            strstr(run.client.error_text, "extension") == NULL) {
            fail_msg("%s: %s", headers, run.client.error_text);
        }
        end(&run);
    }
}

/* --- harm --- */

static void play_frame(test_stream *stream, int index, void *argument)
{
    test_run *run = argument;
    (void)index;
    if (ws_accept(stream, run->request, run->headers) &&
        ws_send(stream, run->second_opcode == 0, run->opcode, run->bytes, run->length) &&
        (run->second_opcode == 0 || ws_send(stream, true, run->second_opcode & 0xff, "", 0))) {
        run->seen_code = ws_finish(stream);
    }
}

static void expect_end(test_run *run, phx_status status, int code)
{
    open_connection(run);
    client_wait(&run->client, &run->client.closed, 1);
    if (run->client.error.status != status) {
        fail_msg("%s: %s", phx_status_name(run->client.error.status), run->client.error_text);
    }
    assert_int_equal(run->client.messages, 0);
    assert_int_equal(run->client.error.close_code, code);
    end(run);
}

static void expect_bad_frame(const char *headers, bool compress, int opcode, int second_opcode,
                             phx_status status, int code)
{
    static test_run run;
    begin(&run, play_frame, headers, compress);
    run.bytes = "\xff\xff\xff\xff"; /* no deflate block begins so */
    run.length = 4;
    run.opcode = opcode;
    run.second_opcode = second_opcode;
    expect_end(&run, status, code);
    if (code != 1006) {
        assert_int_equal(run.seen_code, code);
    }
}

static void test_bad_frames(void **state)
{
    (void)state;
    const char *agreed = ACCEPT_DEFLATE "\r\n";
    expect_bad_frame(agreed, true, OP_TEXT | RSV1, 0, PHX_ERROR_MALFORMED_FRAME, 1007);
    expect_bad_frame(agreed, true, OP_TEXT | RSV2, 0, PHX_ERROR_PROTOCOL, 1002);
    expect_bad_frame(agreed, true, OP_TEXT | RSV1 | RSV2, 0, PHX_ERROR_PROTOCOL, 1002);
    expect_bad_frame(agreed, true, OP_BINARY, 0x100 | OP_CONTINUATION | RSV1, PHX_ERROR_PROTOCOL,
                     1002);
    /* Not agreed on: libwebsockets hangs up. */
    expect_bad_frame("", true, OP_TEXT | RSV1, 0, PHX_ERROR_CONNECTION_LOST, 1006);
    expect_bad_frame("", false, OP_TEXT | RSV1, 0, PHX_ERROR_CONNECTION_LOST, 1006);
}

static void test_bomb(void **state)
{
    (void)state;
    static const size_t too_large[] = {LIMIT_BYTES + 1, BOMB_BYTES};
    for (size_t i = 0; i < COUNT_OF(too_large); i++) {
        static test_run run;
        test_deflater *deflater = deflater_new(15, true);
        unsigned char *zeros = calloc(1, too_large[i]);
        assert_non_null(zeros);
        begin(&run, play_frame, ACCEPT_DEFLATE "\r\n", true);
        unsigned char *bomb = deflate_message(deflater, zeros, too_large[i], false, &run.length);
        run.bytes = bomb;
        run.opcode = OP_TEXT | RSV1;
        assert_true(run.length < LIMIT_BYTES);
        expect_end(&run, PHX_ERROR_FRAME_TOO_LARGE, 1009);
        assert_int_equal(run.seen_code, 1009);
        free(bomb);
        free(zeros);
        deflater_free(deflater);
    }
}

/* RFC 7692, 7.2.3.4: a message may end with a final block. */
static void test_final_block(void **state)
{
    (void)state;
    static test_run run;
    test_deflater *deflater = deflater_new(15, true);
    begin(&run, play_frame, ACCEPT_DEFLATE "\r\n", true);
    unsigned char *bytes =
        deflate_message(deflater, PLAIN_TEXT, strlen(PLAIN_TEXT), true, &run.length);
    run.bytes = bytes;
    run.opcode = OP_TEXT | RSV1;
    open_connection(&run);
    client_wait(&run.client, &run.client.messages, 1);
    assert_string_equal((char *)run.client.received[0].bytes, PLAIN_TEXT);
    end(&run);
    free(bytes);
    deflater_free(deflater);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),       cmocka_unit_test(test_what_is_sent),
        cmocka_unit_test(test_bad_agreements), cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_bomb),           cmocka_unit_test(test_final_block),
    };
    phx_platform_set_lws_log_level(0);
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
