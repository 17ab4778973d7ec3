/* SPDX-License-Identifier: MIT */
/*
 * WebSocket frames (RFC 6455) as a pure parser and composer, for the server's side: masked frames
 * in, plain ones out. Knows nothing of messages, connections or Phoenix.
 */
#ifndef BACKEND_WS_FRAME_H
#define BACKEND_WS_FRAME_H

#include "bytes.h"

#include <stdint.h>

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
};

struct ws_frame {
    bool is_final;
    enum ws_opcode opcode;
    struct slice payload; /* unmasked in place */
};

enum ws_progress {
    WS_MORE,
    WS_FRAME, /* *out_consumed bytes were a frame */
    WS_BAD,   /* *out_code is the close code that it costs */
};

/* `payload_max` bounds a frame by its header already. The payload is unmasked in `in` itself. */
enum ws_progress ws_frame_parse(char *in, size_t len, uint64_t payload_max, struct ws_frame *out,
                                size_t *out_consumed, uint16_t *out_code);

void ws_frame_compose(struct bytes *out, enum ws_opcode opcode, struct slice payload);
void ws_frame_compose_close(struct bytes *out, uint16_t code);

/* The code to answer a client's close frame with, as Bandit does: 1000 for every valid one. */
uint16_t ws_close_answer(struct slice payload);

#endif
