/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer that has its maximum at birth. A call that fails leaves it as it was.
 */
#ifndef PHXI_BUFFER_H
#define PHXI_BUFFER_H

#include <phx/ports.h>

typedef struct phxi_buffer {
    const phx_allocator *allocator;
    uint8_t *data;
    size_t length;
    size_t capacity;
    size_t max_bytes;
    bool is_secret; /* set after init: outgrown and freed blocks are wiped */
} phxi_buffer;

void phxi_buffer_init(phxi_buffer *buffer, const phx_allocator *allocator, size_t max_bytes);
void phxi_buffer_free(phxi_buffer *buffer);

/* Room for `extra` more bytes. PHX_ERROR_TOO_LARGE, PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status phxi_buffer_reserve(phxi_buffer *buffer, size_t extra);
PHX_MUST_CHECK phx_status phxi_buffer_append(phxi_buffer *buffer, const void *bytes, size_t length);
PHX_MUST_CHECK phx_status phxi_buffer_append_text(phxi_buffer *buffer, const char *text);
PHX_MUST_CHECK phx_status phxi_buffer_append_byte(phxi_buffer *buffer, uint8_t byte);

#endif
