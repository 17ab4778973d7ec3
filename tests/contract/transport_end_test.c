/* SPDX-License-Identifier: MIT */
/*
 * The transport port's contract (phx/transport.h), in clear text: how connections end, and what one
 * costs that does nothing.
 */
#include "transport_world.h"

#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message and the close frame in one piece. */
static void close_with_code(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    unsigned char bytes[1024];
    unsigned char payload[125] = {0};
    size_t length = ws_compose(bytes, true, OP_TEXT, payload, world->size);
    size_t reason = strlen(world->text);
    (void)index;
    payload[0] = (unsigned char)(world->code >> 8);
    payload[1] = (unsigned char)world->code;
    memcpy(payload + 2, world->text, reason);
    length += ws_compose(bytes + length, true, OP_CLOSE, payload, reason + 2);
    if (ws_accept(stream, NULL, "") && stream_write(stream, bytes, length)) {
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

static void ignore_close(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    if (ws_accept(stream, NULL, "")) {
        stream_drain(stream);
    }
}

static void test_close_codes(void **state)
{
    (void)state;
    static const int codes[] = {1000, 1001, 1002, 1007, 1008, 1009, 1010, 1011,
                                1012, 1013, 1014, 1002, 3000, 3410, 4000, 4999};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        test_world world;
        world_begin(&world, close_with_code);
        world.code = codes[i];
        world.text = "because";
        world_connect(&world);
        world_wait_closed(&world, PHX_ERROR_CONNECTION_LOST);
        assert_int_equal(world.client.error.close_code, codes[i]);
        assert_non_null(strstr(world.client.error_text, "because"));
        world_end(&world);
    }
}

/* One after the other on one transport: none may be taken for the one before. */
static void test_close_codes_in_turn(void **state)
{
    (void)state;
    static const int codes[] = {1012, 1002, 1013, 1012, 1002, 1002, 1014, 1000};
    test_world world;
    world_begin(&world, close_with_code);
    world.text = "";
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        client_release(&world.client);
        client_init_on(&world.client, world.client.loop, world.client.transport);
        world.code = codes[i];
        world.size = 120 - 10 * i; /* so that what was read last time is still there behind it */
        world_connect(&world);
        world_wait_closed(&world, PHX_ERROR_CONNECTION_LOST);
        assert_int_equal(world.client.error.close_code, codes[i]);
    }
    world_end(&world);
}

static void test_close_without_code(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, close_without_code);
    world_connect(&world);
    world_wait_closed(&world, PHX_ERROR_CONNECTION_LOST);
    assert_int_equal(world.client.error.close_code, 1005);
    world_end(&world);
}

static void test_lost(void **state)
{
    (void)state;
    static const server_script scripts[] = {reset, hang_up};
    for (size_t i = 0; i < 2; i++) {
        test_world world;
        world_begin(&world, scripts[i]);
        world_connect(&world);
        world_wait_closed(&world, PHX_ERROR_CONNECTION_LOST);
        assert_int_equal(world.client.error.close_code, 1006);
        assert_int_equal(world.client.opened, 1);
        world_end(&world);
    }
}

static void test_our_close_codes(void **state)
{
    (void)state;
    static const uint16_t codes[] = {1000, 1001, 1011, 3000, 4999};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        test_world world;
        world_begin(&world, play_echo);
        world_connect(&world);
        client_wait(&world.client, &world.client.opened, 1);
        client_close(&world.client, codes[i], "");
        world_wait_closed(&world, PHX_OK);
        assert_int_equal(world.seen_code, codes[i]);
        world_end(&world);
    }
}

static void test_close_is_behind_what_is_queued(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, play_count_reassembled);
    size_t size = 3 * 1024 * 1024;
    uint8_t *bytes = malloc(size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    world_connect(&world);
    client_wait(&world.client, &world.client.opened, 1);
    assert_int_equal(world.client.transport->send(world.client.transport->user_data,
                                                  world.client.connection, PHX_FRAME_BINARY, bytes,
                                                  size),
                     PHX_OK);
    free(bytes);
    client_close(&world.client, 1000, "");
    world_wait_closed(&world, PHX_OK);
    assert_int_equal(world.client.written, size);
    server_stop(world.server);
    world.server = NULL;
    assert_int_equal(world.seen_code, 1000);
    world_end(&world);
}

static void test_close_not_answered(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, ignore_close);
    world.client.request.close_timeout_ms = 150;
    world_connect(&world);
    client_wait(&world.client, &world.client.opened, 1);
    client_close(&world.client, 1000, "");
    uint64_t start_ms = phx_loop_now_ms(world.client.loop);
    world_wait_closed(&world, PHX_ERROR_TIMEOUT);
    assert_in_range(phx_loop_now_ms(world.client.loop) - start_ms, 100, 1500);
    world_end(&world);
}

static void test_close_while_connecting(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, play_never_answer);
    world_connect(&world);
    client_turn(&world.client);
    client_close(&world.client, 1000, "");
    world_wait_closed(&world, PHX_ERROR_CANCELLED);
    world_end(&world);
}

static void test_close_twice_and_send_after(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, play_echo);
    world_connect(&world);
    assert_int_equal(client_send_text(&world.client, "too early"), PHX_ERROR_INVALID_STATE);
    client_wait(&world.client, &world.client.opened, 1);
    client_close(&world.client, 1000, "");
    client_close(&world.client, 1001, "");
    assert_int_equal(client_send_text(&world.client, "too late"), PHX_ERROR_INVALID_STATE);
    world_wait_closed(&world, PHX_OK);
    client_close(&world.client, 1000, "");
    client_turn(&world.client);
    assert_int_equal(world.client.closed, 1);
    world_end(&world);
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
        world_begin(&world, play_echo);
        test_client *client = &world.client;
        *(which == 0   ? &client->on_opened
          : which == 1 ? &client->on_message
          : which == 2 ? &client->on_written
                       : &client->on_closed) = release_inside;
        world_connect(&world);
        client_wait(client, &client->opened, 1);
        if (which == 0) {
            client_turn(client);
            assert_int_equal(client->closed, 0);
            world_end(&world);
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
        world_end(&world);
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
    world_begin(&world, play_echo);
    world.client.on_opened = send_and_close;
    world_connect(&world);
    world_wait_closed(&world, PHX_OK);
    assert_int_equal(world.client.written, 4);
    assert_int_equal(world.seen_code, 4001);
    world_end(&world);
}

static void test_release_at_any_step(void **state)
{
    (void)state;
    for (int turns = 0; turns < 6; turns++) {
        test_world world;
        world_begin(&world, play_echo);
        assert_int_equal(client_open_port(&world.client, "ws",
                                          turns % 2 == 0 ? "127.0.0.1" : "localhost",
                                          server_port(world.server)),
                         PHX_OK);
        for (int i = 0; i < turns; i++) {
            client_turn(&world.client);
        }
        client_release(&world.client);
        client_turn(&world.client);
        assert_int_equal(world.client.closed, 0);
        world_end(&world);
    }
}

static void stop_loop(void *user_data)
{
    phx_loop_stop(user_data);
}

/* An open connection on which nothing happens costs nothing: the poller returns only at the limit.
 */
static void test_idle_connection_does_not_wake(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, play_echo);
    world_connect(&world);
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
    world_end(&world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_codes),
        cmocka_unit_test(test_close_codes_in_turn),
        cmocka_unit_test(test_close_without_code),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_our_close_codes),
        cmocka_unit_test(test_close_is_behind_what_is_queued),
        cmocka_unit_test(test_close_not_answered),
        cmocka_unit_test(test_close_while_connecting),
        cmocka_unit_test(test_close_twice_and_send_after),
        cmocka_unit_test(test_release_inside_events),
        cmocka_unit_test(test_send_and_close_inside_opened),
        cmocka_unit_test(test_release_at_any_step),
        cmocka_unit_test(test_idle_connection_does_not_wake),
    };
    phx_platform_set_lws_log_level(0);
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
