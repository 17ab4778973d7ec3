/* SPDX-License-Identifier: MIT */
/*
 * The transport port's contract (phx/transport.h), in clear text: messages in both directions.
 */
#include "transport_world.h"

#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    bool is_sent =
        ws_accept(stream, NULL, "") && ws_send(stream, false, OP_TEXT, bytes, sizeof bytes);
    for (int i = 0; i < 20 && is_sent; i++) {
        is_sent = ws_send(stream, false, OP_CONTINUATION, bytes, sizeof bytes);
    }
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

static void bad_frame(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    (void)index;
    if (ws_accept(stream, NULL, "") && stream_write(stream, world->text, world->size)) {
        stream_drain(stream);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, play_echo);
    world_connect(&world);
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
    world_wait_closed(&world, PHX_OK);
    assert_int_equal(world.seen_code, 1000);
    world_end(&world);
}

static void test_fragments(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, fragments_with_pings);
    world_connect(&world);
    client_wait(&world.client, &world.client.messages, 3);
    assert_string_equal((char *)world.client.received[0].bytes, "one two");
    assert_string_equal((char *)world.client.received[1].bytes, "three");
    assert_int_equal(world.client.received[2].length, 0);
    world_end(&world);
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, byte_by_byte);
    world_connect(&world);
    client_wait(&world.client, &world.client.messages, 3);
    assert_string_equal((char *)world.client.received[0].bytes, "split");
    assert_int_equal(world.client.received[1].length, 3);
    assert_int_equal(world.client.received[2].length, 0);
    world_end(&world);
}

static void test_messages_behind_the_answer(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, message_with_answer);
    world_connect(&world);
    client_wait(&world.client, &world.client.messages, 2);
    assert_int_equal(world.client.opened, 1);
    assert_string_equal((char *)world.client.received[0].bytes, "first");
    assert_string_equal((char *)world.client.received[1].bytes, "second");
    world_end(&world);
}

static void test_large_messages(void **state)
{
    (void)state;
    static const size_t sizes[] = {125,   126,   127,   16383,  16384,  16385,
                                   32768, 65535, 65536, 100000, 4194304};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        test_world world;
        world_begin(&world, send_large);
        world.size = sizes[i];
        world_connect(&world);
        client_wait(&world.client, &world.client.messages, 1);
        assert_int_equal(world.client.received[0].length, sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++) {
            if (world.client.received[0].bytes[at] != 'a' + at % 26) {
                fail_msg("byte %zu of %zu is wrong", at, sizes[i]);
            }
        }
        world_end(&world);
    }
}

static void test_message_too_large(void **state)
{
    (void)state;
    static const server_script scripts[] = {send_large, endless_fragments};
    for (size_t i = 0; i < 2; i++) {
        test_world world;
        world_begin(&world, scripts[i]);
        world.size = 10001;
        world.client.request.max_message_bytes = 10000;
        world_connect(&world);
        world_wait_closed(&world, PHX_ERROR_FRAME_TOO_LARGE);
        assert_int_equal(world.client.messages, 0);
        server_stop(world.server);
        world.server = NULL;
        assert_int_equal(world.seen_code, 1009);
        world_end(&world);
    }
}

static void test_largest_allowed_message(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, send_large);
    world.size = 10000;
    world.client.request.max_message_bytes = 10000;
    world_connect(&world);
    client_wait(&world.client, &world.client.messages, 1);
    world_end(&world);
}

static void test_send_large(void **state)
{
    (void)state;
    static const size_t sizes[] = {65535, 65536, 65537, 200000, 8000000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        test_world world;
        char expected[32];
        world_begin(&world, play_count_reassembled);
        uint8_t *bytes = malloc(sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++) {
            bytes[at] = (uint8_t)(at * 7);
        }
        world_connect(&world);
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
        world_end(&world);
    }
}

static void test_ping_is_answered(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, pong_back);
    world_connect(&world);
    client_wait(&world.client, &world.client.messages, 1);
    assert_string_equal((char *)world.client.received[0].bytes, "are you there");
    world_end(&world);
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
        world_begin(&world, bad_frame);
        world.text = cases[i].bytes;
        world.size = cases[i].length;
        world_connect(&world);
        client_wait(&world.client, &world.client.closed, 1);
        assert_int_not_equal(world.client.error.status, PHX_OK);
        assert_int_equal(world.client.messages, 0);
        world_end(&world);
    }
}

static void test_two_connections_of_one_transport(void **state)
{
    (void)state;
    test_world world;
    test_client second;
    world_begin(&world, play_echo);
    client_init_on(&second, world.client.loop, world.client.transport);
    world_connect(&world);
    assert_int_equal(client_open_port(&second, "ws", "127.0.0.1", server_port(world.server)),
                     PHX_OK);
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
    world_end(&world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_messages_behind_the_answer),
        cmocka_unit_test(test_large_messages),
        cmocka_unit_test(test_message_too_large),
        cmocka_unit_test(test_largest_allowed_message),
        cmocka_unit_test(test_send_large),
        cmocka_unit_test(test_ping_is_answered),
        cmocka_unit_test(test_broken_frames),
        cmocka_unit_test(test_two_connections_of_one_transport),
    };
    phx_platform_set_lws_log_level(0);
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
