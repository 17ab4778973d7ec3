/* SPDX-License-Identifier: MIT */
/*
 * The world of the transport's tests.
 */
#include "transport_world.h"

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void world_begin(test_world *world, server_script script)
{
    memset(world, 0, sizeof *world);
    client_init(&world->client, transport_under_test(), NULL);
    world->server = script != NULL ? server_start(AF_INET, NULL, script, world) : NULL;
}

void world_connect(test_world *world)
{
    assert_int_equal(
        client_open_port(&world->client, "ws", "127.0.0.1", server_port(world->server)), PHX_OK);
}

void world_end(test_world *world)
{
    client_free(&world->client);
    if (world->server != NULL) {
        server_stop(world->server);
    }
}

void world_wait_closed(test_world *world, phx_status status)
{
    client_wait(&world->client, &world->client.closed, 1);
    if (world->client.error.status != status) {
        fail_msg("%s instead of %s: %s", phx_status_name(world->client.error.status),
                 phx_status_name(status), world->client.error_text);
    }
    assert_null(strstr(world->client.error_text, "s3cret"));
}

void play_echo(test_stream *stream, int index, void *argument)
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

void play_never_answer(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    stream_drain(stream);
}

void play_count_reassembled(test_stream *stream, int index, void *argument)
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
