/* SPDX-License-Identifier: MIT */
/*
 * Messages that wait to be posted, each a line of x-ndjson: text as it is, a binary message as
 * base64. Bounded in bytes; knows nothing of requests.
 */
#ifndef PHXI_LONGPOLL_LINES_H
#define PHXI_LONGPOLL_LINES_H

#include <phx/transport.h>

#include "support/buffer.h"

/* As many lines as Phoenix takes from one request; it drops the rest without a word. */
#define PHXI_LONGPOLL_BATCH_LINES 100

struct phxi_line;

typedef struct phxi_lines {
    const phx_allocator *allocator;
    size_t max_bytes;
    size_t bytes;
    struct phxi_line *first;
    struct phxi_line *last;
} phxi_lines;

void phxi_lines_init(phxi_lines *lines, const phx_allocator *allocator, size_t max_bytes);
void phxi_lines_free(phxi_lines *lines);

/* PHX_ERROR_QUEUE_FULL, PHX_ERROR_NO_MEMORY: nothing was added. */
PHX_MUST_CHECK phx_status phxi_lines_add(phxi_lines *lines, phx_frame_kind kind,
                                         const uint8_t *data, size_t length);
/* Moves the next batch to `out`, lines separated by a newline; *out_payload_bytes is what the
 * messages had before they became lines. PHX_ERROR_NO_MEMORY: nothing was moved. */
PHX_MUST_CHECK phx_status phxi_lines_take(phxi_lines *lines, phxi_buffer *out,
                                          size_t *out_payload_bytes);

#endif
