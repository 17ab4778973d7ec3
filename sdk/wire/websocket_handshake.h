/* SPDX-License-Identifier: MIT */
/*
 * The opening handshake of a WebSocket as a client sees it (RFC 6455, 4.1 and 4.2.2): the request,
 * and what a server may answer. No extension is ever offered.
 */
#ifndef PHXI_WEBSOCKET_HANDSHAKE_H
#define PHXI_WEBSOCKET_HANDSHAKE_H

#include <phx/base.h>
#include <phx/status.h>

#include "support/buffer.h"

enum {
    PHXI_WEBSOCKET_NONCE_BYTES = 16,
    PHXI_WEBSOCKET_KEY_BYTES = 24, /* the nonce in base64 */
};

/* All texts are fit for a request: no line in them ends. */
typedef struct phxi_websocket_request {
    const char *target;       /* path and query */
    const char *authority;    /* for Host */
    const char *headers;      /* "Name: value\r\n" each */
    const char *subprotocols; /* "": none are offered */
    char key[PHXI_WEBSOCKET_KEY_BYTES + 1];
} phxi_websocket_request;

/* Makes the key of random bytes, new ones for each connection. */
void phxi_websocket_make_key(const uint8_t nonce[PHXI_WEBSOCKET_NONCE_BYTES],
                             char out[PHXI_WEBSOCKET_KEY_BYTES + 1]);

/* PHX_ERROR_TOO_LARGE, PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status phxi_websocket_append_request(phxi_buffer *out,
                                                        const phxi_websocket_request *request);

/* The head of an answer; slices lie in the bytes that were read. */
typedef struct phxi_websocket_answer {
    size_t head_length; /* what follows it is frames, or a body; 0: the head is not whole yet */
    int32_t http_status;
    phx_slice subprotocol; /* absent: length 0 */
    phx_slice retry_after;
    bool has_body_length;
    uint64_t body_length;
    const char *fault; /* what is wrong with it, in static words; NULL: nothing */
} phxi_websocket_answer;

/*
 * Reads the answer from its first byte on; interim answers (1xx but 101) are skipped.
 * PHX_OK: so far it is right: head_length says whether it is complete, and then http_status whether
 * the connection is a WebSocket's now (101). PHX_ERROR_PROTOCOL: it is no HTTP, or a 101 that does
 * not prove that the request was read, or agrees to what was not offered.
 */
PHX_MUST_CHECK phx_status phxi_websocket_read_answer(const phxi_websocket_request *request,
                                                     const void *bytes, size_t length,
                                                     phxi_websocket_answer *out);

#endif
