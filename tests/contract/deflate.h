/* SPDX-License-Identifier: MIT */
/*
 * The server's side of permessage-deflate (RFC 7692).
 */
#ifndef CONTRACT_DEFLATE_H
#define CONTRACT_DEFLATE_H

#include "websocket.h"

enum {
    RSV1 = 0x40,
    RSV2 = 0x20
};

#define ACCEPT_DEFLATE "sec-websocket-extensions: permessage-deflate"

typedef struct test_deflater test_deflater;

/* has_memory: a message may refer to those before. */
test_deflater *deflater_new(int window_bits, bool has_memory);
void deflater_free(test_deflater *deflater);

/* The payload of one message; free with free(3). ends_stream: its last block is marked as final. */
unsigned char *deflate_message(test_deflater *deflater, const void *bytes, size_t length,
                               bool ends_stream, size_t *out_length);
/* Sends one message in frames of at most frame_bytes of compressed payload, pings in between. */
bool ws_send_deflated(test_stream *stream, test_deflater *deflater, const void *bytes,
                      size_t length, size_t frame_bytes);

#endif
