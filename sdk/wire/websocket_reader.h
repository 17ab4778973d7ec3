/* SPDX-License-Identifier: MIT */
/*
 * Reading what a WebSocket server sends (RFC 6455, 5 to 8, without extensions): bytes in, however
 * they are split, messages and control frames out. A message that lies whole and unfragmented in
 * the bytes that are given is handed out where it lies; only what comes in pieces is copied. Says
 * what has to be answered and answers nothing; knows no socket and no time.
 */
#ifndef PHXI_WEBSOCKET_READER_H
#define PHXI_WEBSOCKET_READER_H

#include <phx/transport.h>

#include "support/buffer.h"
#include "wire/utf8.h"
#include "wire/websocket_frame.h"

enum {
    PHXI_WEBSOCKET_MAX_SERVER_HEAD_BYTES = 10
};

typedef enum phxi_websocket_event_kind {
    PHXI_WEBSOCKET_ON_NOTHING = 0, /* all bytes are taken: more are needed */
    PHXI_WEBSOCKET_ON_MESSAGE,
    PHXI_WEBSOCKET_ON_PING, /* to be answered with a pong of the same payload */
    PHXI_WEBSOCKET_ON_PONG,
    PHXI_WEBSOCKET_ON_CLOSE,   /* the last: what follows is ignored */
    PHXI_WEBSOCKET_ON_FAILURE, /* the server broke a rule or a limit: the last, too */
} phxi_websocket_event_kind;

typedef struct phxi_websocket_event {
    phxi_websocket_event_kind kind;
    phx_frame_kind frame_kind; /* of a message */
    /* Payload, of a close frame without its code; never NULL. Lives until the next call, and as
     * long as the bytes that were read. */
    const uint8_t *data;
    size_t length;
    /* ON_CLOSE: what the frame says, 1005 if nothing. ON_FAILURE: what to close with. */
    uint16_t close_code;
    /* ON_FAILURE: PHX_ERROR_PROTOCOL, PHX_ERROR_MALFORMED_FRAME (text that is not UTF-8),
     * PHX_ERROR_FRAME_TOO_LARGE, PHX_ERROR_NO_MEMORY; and what the server sent, in static words. */
    phx_status status;
    const char *reason;
} phxi_websocket_event;

typedef struct phxi_websocket_reader {
    phxi_buffer message; /* what has come of one that comes in pieces; its maximum is the limit */
    phxi_utf8_pieces text;
    uint64_t frame_left; /* payload of the frame that is still to come */
    uint8_t frame_opcode;
    uint8_t message_opcode; /* 0: between messages */
    bool is_in_frame;
    bool is_final;
    bool is_handed_out; /* `message` is to be emptied */
    bool is_over;
    uint8_t head_length;
    uint8_t control_length;
    uint8_t head[PHXI_WEBSOCKET_MAX_SERVER_HEAD_BYTES];
    uint8_t control[PHXI_WEBSOCKET_MAX_CONTROL_BYTES];
} phxi_websocket_reader;

/* The allocator is borrowed and outlives the reader. max_message_bytes bounds a message, however
 * many frames it takes. */
void phxi_websocket_reader_init(phxi_websocket_reader *reader, const phx_allocator *allocator,
                                size_t max_message_bytes);
void phxi_websocket_reader_free(phxi_websocket_reader *reader);

/*
 * Reads up to the next event, moving *bytes and *length past what was taken. ON_NOTHING: all of it.
 * After the last event, takes and ignores everything.
 */
void phxi_websocket_read(phxi_websocket_reader *reader, const uint8_t **bytes, size_t *length,
                         phxi_websocket_event *out);

#endif
