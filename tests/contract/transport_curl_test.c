/* SPDX-License-Identifier: MIT */
/*
 * What the transport on libcurl does beyond what every transport must: the server's words with a
 * refusal, rules of RFC 6455 that libwebsockets lets pass, pongs between the fragments of a
 * message, floods, and a program that does not ignore SIGPIPE.
 */
#include "transport_world.h"

#include "testing.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "certificates.h"

static void answer_text(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    (void)index;
    if (stream_read_head(stream, world->request, REQUEST_BYTES)) {
        (void)stream_print(stream, "%s", world->text);
    }
}

/* And then neither says more nor hangs up. */
static void answer_text_and_wait(test_stream *stream, int index, void *argument)
{
    answer_text(stream, index, argument);
    stream_drain(stream);
}

static void send_bytes(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    (void)index;
    if (ws_accept(stream, NULL, "") && stream_write(stream, world->text, world->size)) {
        world->seen_code = ws_finish(stream);
    }
}

static void ping_ten_times(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    bool is_right = ws_accept(stream, NULL, "");
    (void)index;
    for (char i = '0'; i <= '9' && is_right; i++) {
        is_right = ws_send(stream, true, OP_PING, &i, 1);
    }
    for (char i = '0'; i <= '9' && is_right; i++) {
        test_frame one;
        is_right = ws_receive(stream, &one);
        if (is_right) {
            is_right =
                one.opcode == OP_PONG && one.is_masked && one.length == 1 && one.bytes[0] == i;
            free(one.bytes);
        }
    }
    (void)ws_send_text(stream, is_right ? "ten" : "not ten");
    world->seen_code = ws_finish(stream);
}

static void expect_message(test_world *world, const char *text)
{
    client_wait(&world->client, &world->client.messages, 1);
    assert_string_equal((char *)world->client.received[0].bytes, text);
}

static void test_words_of_a_refusal(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        const char *says; /* at the message's end */
    } rows[] = {
        {"HTTP/1.1 403 No\r\ncontent-length: 11\r\n\r\nmembers \x01"
         "ly",
         "status 403: members  ly"},
        {"HTTP/1.1 503 No\r\n\r\ndown for now", "status 503: down for now"},
        {"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", "status 503"},
        /* What could be the token is not repeated. */
        {"HTTP/1.1 400 No\r\n\r\nbad token s3cret", "status 400"},
        {"HTTP/1.1 400 No\r\n\r\nbad token=s3c", "status 400"},
    };
    for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
        test_world world;
        world_begin(&world, i % 2 == 0 ? answer_text : answer_text_and_wait);
        world.text = rows[i / 2].answer;
        uint64_t start_ms = phx_loop_now_ms(world.client.loop);
        world_connect(&world);
        client_wait(&world.client, &world.client.closed, 1);
        const char *text = world.client.error_text;
        size_t length = strlen(rows[i / 2].says);
        if (strlen(text) < length || strcmp(text + strlen(text) - length, rows[i / 2].says) != 0) {
            fail_msg("%s instead of %s", text, rows[i / 2].says);
        }
        assert_null(strstr(text, "s3c"));
        assert_true(phx_loop_now_ms(world.client.loop) - start_ms < 2000);
        world_end(&world);
    }
}

static void test_long_words_of_a_refusal(void **state)
{
    (void)state;
    static char answer[4000] = "HTTP/1.1 500 No\r\ncontent-length: 100000\r\n\r\n";
    test_world world;
    memset(answer + strlen(answer), 'x', 3000);
    world_begin(&world, answer_text_and_wait);
    world.text = answer;
    world_connect(&world);
    world_wait_closed(&world, PHX_ERROR_UPGRADE_REFUSED);
    assert_in_range(strlen(world.client.error_text), 200, 300);
    world_end(&world);
}

static void test_broken_rules(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        phx_status status;
        int code;
    } rows[] = {
        {"\x81\x02\xc3\x28", 4, PHX_ERROR_MALFORMED_FRAME, 1007},
        {"\x01\x01\xc3\x80\x01\x28", 6, PHX_ERROR_MALFORMED_FRAME, 1007},
        {"\x81\x81\x00\x00\x00\x00x", 7, PHX_ERROR_PROTOCOL, 1002}, /* masked */
        {"\x81\x7e\x00\x01x", 5, PHX_ERROR_PROTOCOL, 1002},         /* a length too long */
        {"\x88\x02\x03\xee", 4, PHX_ERROR_PROTOCOL, 1002},          /* 1006 on the wire */
        {"\x88\x01\x03", 3, PHX_ERROR_PROTOCOL, 1002},
        {"\x88\x04\x03\xe8\xff\xff", 6, PHX_ERROR_MALFORMED_FRAME, 1007},
        {"\x91\x01x", 3, PHX_ERROR_PROTOCOL, 1002},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        test_world world;
        world_begin(&world, send_bytes);
        world.text = rows[i].bytes;
        world.size = rows[i].length;
        world_connect(&world);
        world_wait_closed(&world, rows[i].status);
        assert_int_equal(world.client.error.close_code, rows[i].code);
        assert_int_equal(world.client.messages, 0);
        server_stop(world.server);
        world.server = NULL;
        assert_int_equal(world.seen_code, rows[i].code);
        world_end(&world);
    }
}

static void test_every_ping_is_answered(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, ping_ten_times);
    world_connect(&world);
    expect_message(&world, "ten");
    world_end(&world);
}

/* Sends a ping once the client's large message has filled every buffer, and reads on until the
 * pong: says how much of the message was before it. */
static void ping_into_a_message(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    test_frame one;
    size_t before = 0;
    char text[32] = "no pong";
    (void)index;
    bool is_up = ws_accept(stream, NULL, "") && ws_receive(stream, &one);
    if (is_up) {
        before = one.length;
        free(one.bytes);
        is_up = ws_send(stream, true, OP_PING, "?", 1);
    }
    for (bool is_over = false; is_up && !is_over;) {
        is_up = ws_receive(stream, &one);
        if (is_up) {
            is_over = one.is_final && one.opcode != OP_PONG;
            if (one.opcode == OP_PONG) {
                (void)snprintf(text, sizeof text, "%s",
                               before < world->size ? "between" : "behind");
            }
            before += one.opcode == OP_PONG ? 0 : one.length;
            free(one.bytes);
        }
    }
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), " %zu", before);
    (void)ws_send_text(stream, text);
    world->seen_code = ws_finish(stream);
}

static void test_pong_between_fragments(void **state)
{
    (void)state;
    const size_t size = 32 * 1024 * 1024;
    test_world world;
    world_begin(&world, ping_into_a_message);
    world.size = size;
    uint8_t *bytes = calloc(1, size);
    world_connect(&world);
    client_wait(&world.client, &world.client.opened, 1);
    assert_int_equal(world.client.transport->send(world.client.transport->user_data,
                                                  world.client.connection, PHX_FRAME_BINARY, bytes,
                                                  size),
                     PHX_OK);
    free(bytes);
    expect_message(&world, "between 33554432");
    assert_int_equal(world.client.written, size);
    world_end(&world);
}

/* As fast as it can, until the client is gone: pings, because the client has more to do with each
 * than the server, so that what is to be read never ends. */
static void flood(test_stream *stream, int index, void *argument)
{
    static unsigned char bytes[64 * 1024];
    size_t length = 0;
    (void)index;
    (void)argument;
    while (length + 16 < sizeof bytes) {
        length += ws_compose(bytes + length, true, OP_PING, "flood", 5);
    }
    bool is_up = ws_accept(stream, NULL, "");
    while (is_up) {
        is_up = stream_write(stream, bytes, length);
    }
}

/* The other connection of the transport is served all the while, and so is the loop's owner. */
static void test_a_flood_starves_nobody(void **state)
{
    (void)state;
    test_world world;
    test_world other = {0};
    world_begin(&world, flood);
    world_connect(&world);
    client_wait(&world.client, &world.client.opened, 1);
    client_init_on(&other.client, world.client.loop, world.client.transport);
    other.server = server_start(AF_INET, NULL, play_echo, &other);
    world_connect(&other);
    client_wait(&other.client, &other.client.opened, 1);
    for (int i = 1; i <= 20; i++) {
        uint64_t start_ms = phx_loop_now_ms(world.client.loop);
        assert_int_equal(client_send_text(&other.client, "hello"), PHX_OK);
        client_wait(&other.client, &other.client.messages, i);
        assert_true(phx_loop_now_ms(world.client.loop) - start_ms < 5000);
    }
    assert_int_equal(world.client.closed, 0);
    client_release(&other.client);
    server_stop(other.server);
    world_end(&world);
}

static void many_in_one_record(test_stream *stream, int index, void *argument)
{
    static unsigned char bytes[16 * 1024];
    size_t length = 0;
    (void)index;
    (void)argument;
    for (int i = 0; i < 60; i++) {
        length += ws_compose(bytes + length, true, OP_TEXT, "0123456789abcdef0123456789", 26);
    }
    if (ws_accept(stream, NULL, "") && stream_write(stream, bytes, length)) {
        stream_drain(stream);
    }
}

static void accept_and_reset(test_stream *stream, int index, void *argument)
{
    test_frame one;
    (void)index;
    (void)argument;
    if (ws_accept(stream, NULL, "") && ws_receive(stream, &one)) {
        free(one.bytes);
    }
    stream_reset_at_end(stream);
}

/* TLS: what is decrypted and not yet read is not on the socket any more. */
static void test_tls_holds_nothing_back(void **state)
{
    test_world world = {0};
    const test_certificate *const *certificates = *state;
    phx_tls tls = {.struct_size = (uint32_t)sizeof tls, .ca_pem = certificate_pem(certificates[0])};
    client_init(&world.client, phx_transport_curl, &tls);
    world.server = server_start(AF_INET, certificates[1], many_in_one_record, &world);
    assert_int_equal(client_open_port(&world.client, "wss", "localhost", server_port(world.server)),
                     PHX_OK);
    client_wait(&world.client, &world.client.messages, 60);
    world_end(&world);
}

/* A program that leaves SIGPIPE as it is does not die of a server that has gone. */
static void test_sigpipe(void **state)
{
    const test_certificate *const *certificates = *state;
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    for (int i = 0; i < 20; i++) {
        bool is_tls = i % 2 != 0;
        test_world world = {0};
        phx_tls tls = {.struct_size = (uint32_t)sizeof tls,
                       .ca_pem = certificate_pem(certificates[0])};
        client_init(&world.client, phx_transport_curl, &tls);
        world.server =
            server_start(AF_INET, is_tls ? certificates[1] : NULL, accept_and_reset, &world);
        assert_int_equal(client_open_port(&world.client, is_tls ? "wss" : "ws", "localhost",
                                          server_port(world.server)),
                         PHX_OK);
        client_wait(&world.client, &world.client.opened, 1);
        while (world.client.closed == 0) {
            (void)client_send_text(&world.client, "is anybody there?");
            assert_int_equal(phx_loop_poll(world.client.loop, 1), PHX_OK);
        }
        assert_int_equal(world.client.error.status, PHX_ERROR_CONNECTION_LOST);
        world_end(&world);
    }
}

static int set_up(void **state)
{
    static test_certificate *certificates[2];
    certificates[0] = certificate_new(NULL, NULL, false, false);
    certificates[1] = certificate_new(certificates[0], "localhost", true, false);
    *state = certificates;
    return 0;
}

static int tear_down(void **state)
{
    test_certificate **certificates = *state;
    certificate_free(certificates[0]);
    certificate_free(certificates[1]);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_of_a_refusal),
        cmocka_unit_test(test_long_words_of_a_refusal),
        cmocka_unit_test(test_broken_rules),
        cmocka_unit_test(test_every_ping_is_answered),
        cmocka_unit_test(test_pong_between_fragments),
        cmocka_unit_test(test_a_flood_starves_nobody),
        cmocka_unit_test(test_tls_holds_nothing_back),
        cmocka_unit_test(test_sigpipe),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
