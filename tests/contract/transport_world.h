/* SPDX-License-Identifier: MIT */
/*
 * What the transport's tests share: a client, a server, and what its script is told and has seen.
 */
#ifndef CONTRACT_TRANSPORT_WORLD_H
#define CONTRACT_TRANSPORT_WORLD_H

#include <stdatomic.h>
#include <sys/socket.h>

#include "client.h"
#include "websocket.h"

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

/* script NULL: no server. */
void world_begin(test_world *world, server_script script);
void world_connect(test_world *world);
void world_end(test_world *world);
void world_wait_closed(test_world *world, phx_status status);

/* Scripts for server_start. */
void play_echo(test_stream *stream, int index, void *argument);
void play_never_answer(test_stream *stream, int index, void *argument);
void play_count_reassembled(test_stream *stream, int index, void *argument);

#endif
