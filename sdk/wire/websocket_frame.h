/* SPDX-License-Identifier: MIT */
/*
 * What a WebSocket frame is made of (RFC 6455, 5 and 7.4): opcodes, close codes, the head of one
 * that a client sends, and its mask. Reading is in websocket_reader.h.
 */
#ifndef PHXI_WEBSOCKET_FRAME_H
#define PHXI_WEBSOCKET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum phxi_websocket_opcode {
    PHXI_WEBSOCKET_CONTINUATION = 0,
    PHXI_WEBSOCKET_TEXT = 1,
    PHXI_WEBSOCKET_BINARY = 2,
    PHXI_WEBSOCKET_CLOSE = 8,
    PHXI_WEBSOCKET_PING = 9,
    PHXI_WEBSOCKET_PONG = 10,
} phxi_websocket_opcode;

enum {
    PHXI_WEBSOCKET_MAX_HEAD_BYTES = 14, /* two, eight of length, four of mask */
    PHXI_WEBSOCKET_MASK_BYTES = 4,
    PHXI_WEBSOCKET_MAX_CONTROL_BYTES = 125,
};

/* Close codes that are not only passed on. */
enum {
    PHXI_WEBSOCKET_PROTOCOL_ERROR = 1002,
    PHXI_WEBSOCKET_NO_CODE = 1005, /* never sent */
    PHXI_WEBSOCKET_LOST = 1006,    /* never sent */
    PHXI_WEBSOCKET_BAD_DATA = 1007,
    PHXI_WEBSOCKET_TOO_LARGE = 1009,
    PHXI_WEBSOCKET_INTERNAL_ERROR = 1011,
};

/* Whether a close frame may hold this code: those of RFC 6455 that go over the wire, 1012 to 1014,
 * which IANA added, and 3000 to 4999. */
bool phxi_websocket_is_close_code(uint32_t code);

/* Writes the head of a client's frame with `length` bytes of payload to `out` and returns how long
 * it is. mask: random, and another one for each frame. */
size_t phxi_websocket_write_head(uint8_t out[PHXI_WEBSOCKET_MAX_HEAD_BYTES],
                                 phxi_websocket_opcode opcode, bool is_final, uint64_t length,
                                 const uint8_t mask[PHXI_WEBSOCKET_MASK_BYTES]);

/* Masks a frame's whole payload in place; the same again unmasks it. */
void phxi_websocket_mask(uint8_t *payload, size_t length,
                         const uint8_t mask[PHXI_WEBSOCKET_MASK_BYTES]);

#endif
