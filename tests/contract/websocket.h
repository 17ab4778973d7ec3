/* SPDX-License-Identifier: MIT */
/*
 * The server's side of RFC 6455, as plain as a script needs it; nothing stops it from breaking the
 * rules.
 */
#ifndef CONTRACT_WEBSOCKET_H
#define CONTRACT_WEBSOCKET_H

#include "server.h"

enum {
    OP_CONTINUATION = 0,
    OP_TEXT = 1,
    OP_BINARY = 2,
    OP_CLOSE = 8,
    OP_PING = 9,
    OP_PONG = 10
};

enum {
    REQUEST_BYTES = 32 * 1024
};

typedef struct test_frame {
    bool is_final;
    bool is_masked;
    bool is_reserved; /* a reserved bit is set */
    int opcode;
    size_t length;
    unsigned char *bytes; /* free with free(3) */
} test_frame;

/* Reads the upgrade request, keeps it in `request` if that is not NULL, and answers 101 with
 * `headers`
 * ("Name: value\r\n" each) added. */
bool ws_accept(test_stream *stream, char *request, const char *headers);
/* The 101 alone, to a request that was read before, into `answer`. Returns its length. */
size_t ws_compose_answer(const char *request, const char *headers, char *answer, size_t capacity);

/* Composes one frame; returns its length. bytes[length + 10] must fit. Reserved bits may be added
 * to the opcode. */
size_t ws_compose(unsigned char *out, bool is_final, int opcode, const void *bytes, size_t length);
bool ws_send(test_stream *stream, bool is_final, int opcode, const void *bytes, size_t length);
bool ws_send_text(test_stream *stream, const char *text);
bool ws_send_close(test_stream *stream, int code, const char *reason);

/* False: the stream ended. */
bool ws_receive(test_stream *stream, test_frame *out);
/* Reads frames until a close frame, answers it and returns its code: 1005 without one in it, 1006:
 * none came. */
int ws_finish(test_stream *stream);

#endif
