/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the WebSocket reader share: cases as tables, run in pieces of several sizes.
 */
#ifndef WEBSOCKET_PIECES_H
#define WEBSOCKET_PIECES_H

#include "wire/websocket_reader.h"

enum {
    MAX_FRAMES = 8,
    SHOWN_BYTES = 24,
    LIMIT_BYTES = 16 * 1024 * 1024,
    SMALL_BYTES = 300 * 1024, /* input up to which every size of piece is tried */
    FILL = '*',
};

/* One frame: its first byte, and its payload: text, or `length` times FILL. */
typedef struct test_frame {
    int first;
    const char *text;
    size_t length;
} test_frame;

/* Opcodes with and without the final bit. */
enum {
    TEXT = 0x81,
    BINARY = 0x82,
    CLOSE = 0x88,
    PING = 0x89,
    PONG = 0x8a,
    LAST = 0x80,
    TEXT_ON = 0x01,
    BINARY_ON = 0x02,
    MORE = 0x00,
};

/*
 * What is to come of it, an event a word: T(ext), B(inary), P(ing), O (pong) with the payload or
 * its length; C(lose) with code and reason; F(ailure) with the code to close with.
 */
typedef struct test_case {
    const char *id;
    test_frame frames[MAX_FRAMES];
    const char *expected;
} test_case;

typedef struct test_bytes {
    uint8_t *data;
    size_t length;
    size_t capacity;
} test_bytes;

void append_bytes(test_bytes *bytes, const void *data, size_t length);
/* A server's frame, unmasked; data NULL: FILL. Written apart from the code under test. */
void append_frame(test_bytes *bytes, int first, const void *data, size_t length);
/* Reads it all in pieces, and appends what came of it to the log. */
void read_in_pieces(const test_bytes *input, size_t piece_bytes, size_t limit, test_bytes *log);
/* Expects it at every size of piece. */
void expect_events(const char *id, const test_bytes *input, const char *expected);
void run_cases(const test_case *rows, size_t count);

#define RUN(rows) run_cases(rows, COUNT_OF(rows))

#endif
