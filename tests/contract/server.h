/* SPDX-License-Identifier: MIT */
/*
 * A server on loopback whose every connection is played by a script: a function on a thread of its
 * own, with blocking sockets. Nothing in it waits longer than SERVER_PATIENCE_S.
 */
#ifndef CONTRACT_SERVER_H
#define CONTRACT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SERVER_PATIENCE_S = 10
};

typedef struct test_stream test_stream;

/* `index`: 0 for the first connection that the server accepted, and so on. */
typedef void (*server_script)(test_stream *stream, int index, void *argument);

typedef struct test_certificate test_certificate;

typedef struct test_server test_server;

/* family: AF_INET or AF_INET6. identity: NULL: without TLS. */
test_server *server_start(int family, const test_certificate *identity, server_script script,
                          void *argument);
uint16_t server_port(const test_server *server);
/* Connections accepted so far. */
int server_connections(test_server *server);
/* Waits for all scripts to end. */
void server_stop(test_server *server);

/* A port on which nothing listens. */
uint16_t free_port(void);

/* Reads at most `length` bytes. 0: the end. Negative: an error, or out of patience. */
long stream_read(test_stream *stream, void *bytes, size_t length);
bool stream_read_all(test_stream *stream, void *bytes, size_t length);
bool stream_write(test_stream *stream, const void *bytes, size_t length);
bool stream_print(test_stream *stream, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The socket, for a script that goes on by itself. */
int stream_descriptor(const test_stream *stream);
/* Reads and forgets until the peer is gone. */
void stream_drain(test_stream *stream);
/* Makes the end of the script a reset and not an orderly end. */
void stream_reset_at_end(test_stream *stream);
/* Reads a head up to the empty line, and terminates it. */
bool stream_read_head(test_stream *stream, char *head, size_t capacity);

#endif
