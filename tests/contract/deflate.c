/* SPDX-License-Identifier: MIT */
/*
 * Compression by zlib.
 */
#include "deflate.h"

#include <stdio.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

struct test_deflater {
    z_stream stream;
    bool has_memory;
};

test_deflater *deflater_new(int window_bits, bool has_memory)
{
    test_deflater *deflater = calloc(1, sizeof *deflater);
    if (deflater == NULL || deflateInit2(&deflater->stream, Z_BEST_COMPRESSION, Z_DEFLATED,
                                         -window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        abort();
    }
    deflater->has_memory = has_memory;
    return deflater;
}

void deflater_free(test_deflater *deflater)
{
    (void)deflateEnd(&deflater->stream);
    free(deflater);
}

unsigned char *deflate_message(test_deflater *deflater, const void *bytes, size_t length,
                               bool ends_stream, size_t *out_length)
{
    z_stream *stream = &deflater->stream;
    size_t capacity = length + length / 100 + 1024;
    unsigned char *out = malloc(capacity);
    if (out == NULL) {
        abort();
    }
    stream->next_in = bytes;
    stream->avail_in = (uInt)length;
    stream->next_out = out;
    stream->avail_out = (uInt)capacity;
    (void)deflate(stream, ends_stream ? Z_FINISH : Z_SYNC_FLUSH);
    *out_length = capacity - stream->avail_out;
    if (ends_stream || *out_length == 0) { /* zlib flushes nothing twice */
        out[(*out_length)++] = 0; /* the head of the empty block whose rest is always cut off */
    } else {
        *out_length -= 4;
    }
    if (ends_stream || !deflater->has_memory) {
        (void)deflateReset(stream);
    }
    return out;
}

bool ws_send_deflated(test_stream *stream, test_deflater *deflater, const void *bytes,
                      size_t length, size_t frame_bytes)
{
    size_t left = 0;
    unsigned char *payload = deflate_message(deflater, bytes, length, false, &left);
    const unsigned char *at = payload;
    bool is_sent = true;
    for (bool is_first = true; is_sent && (is_first || left > 0); is_first = false) {
        size_t now = left < frame_bytes ? left : frame_bytes;
        left -= now;
        is_sent =
            ws_send(stream, left == 0, is_first ? OP_TEXT | RSV1 : OP_CONTINUATION, at, now) &&
            (left == 0 || ws_send(stream, true, OP_PING, "?", 1));
        at += now;
    }
    free(payload);
    return is_sent;
}
