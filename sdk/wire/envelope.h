/* SPDX-License-Identifier: MIT */
/*
 * Phoenix's message envelope: serializer 2.0.0 as text and binary, both ways, and 1.0.0 decoded.
 * Knows the form of a message and nothing of what it means.
 */
#ifndef PHXI_ENVELOPE_H
#define PHXI_ENVELOPE_H

#include <phx/base.h>
#include <phx/status.h>

#include "support/buffer.h"

/* Longest of join_ref, ref, topic, event and reply status in a binary frame, in bytes. */
#define PHXI_BINARY_META_MAX_BYTES 255

/* Slices point into the frame or the scratch buffer. An absent (null) join_ref or ref has data
 * NULL. */
typedef struct phxi_envelope {
    phx_slice join_ref;
    phx_slice ref;
    phx_slice topic;
    phx_slice event;
    /* The payload's own bytes: JSON text, or binary data. Of a phx_reply: the `response`. */
    phx_slice payload;
    bool is_binary;
    /* A phx_reply: a binary reply, or a text one whose payload is an object with a `status` text. A
     * phx_reply without one is malformed. */
    bool is_reply;
    phx_slice status;
} phxi_envelope;

/*
 * Decode one message. `scratch` receives what had to be unescaped; it is emptied first and must
 * stay unchanged while the envelope is used. A missing `response` is given as JSON null. Refs that
 * are JSON numbers are taken by their text. Of a member that comes twice the last counts. Empty
 * refs of a binary frame are absent ones. PHX_ERROR_MALFORMED_FRAME: not JSON, not the shape, wrong
 * types, cut short, lengths that lie; *out_reason then says which, in static text, and is NULL
 * otherwise. PHX_ERROR_NO_MEMORY. PHX_ERROR_TOO_LARGE: beyond scratch's maximum; one of the longest
 * frame's length is always enough. After a failure *out is all absent.
 */
PHX_MUST_CHECK phx_status phxi_envelope_decode_text(const void *data, size_t length,
                                                    phxi_buffer *scratch, phxi_envelope *out,
                                                    const char **out_reason);
PHX_MUST_CHECK phx_status phxi_envelope_decode_binary(const void *data, size_t length,
                                                      phxi_envelope *out, const char **out_reason);
PHX_MUST_CHECK phx_status phxi_envelope_decode_v1(const void *data, size_t length,
                                                  phxi_buffer *scratch, phxi_envelope *out,
                                                  const char **out_reason);

/*
 * Append one outgoing message to `out`. join_ref and ref may be absent. `payload`: valid JSON text,
 * or for binary any bytes; it is not looked at. A failure leaves what `out` holds as it was.
 * PHX_ERROR_TOO_LARGE: beyond out's maximum, or binary meta beyond 255 bytes. PHX_ERROR_NO_MEMORY.
 * PHX_ERROR_INVALID_ARGUMENT: a text that is not UTF-8.
 */
PHX_MUST_CHECK phx_status phxi_envelope_encode_text(const phxi_envelope *envelope,
                                                    phxi_buffer *out);
PHX_MUST_CHECK phx_status phxi_envelope_encode_binary(const phxi_envelope *envelope,
                                                      phxi_buffer *out);

#endif
