/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer with a maximum. Grows by doubling into a new block rather than with
 * realloc, so that a secret can be wiped from the old one.
 */
#include "support/buffer.h"

#include <string.h>

#include "support/alloc.h"

enum {
    SMALLEST_BYTES = 64
};

void phxi_buffer_init(phxi_buffer *buffer, const phx_allocator *allocator, size_t max_bytes)
{
    *buffer = (phxi_buffer){.allocator = allocator, .max_bytes = max_bytes};
}

static void drop_block(phxi_buffer *buffer)
{
    if (buffer->data == NULL) {
        return;
    }
    if (buffer->is_secret) {
        phxi_wipe(buffer->data, buffer->capacity);
    }
    phxi_free(buffer->allocator, buffer->data);
}

void phxi_buffer_free(phxi_buffer *buffer)
{
    drop_block(buffer);
    buffer->data = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
}

static size_t grown_capacity(const phxi_buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity < SMALLEST_BYTES ? SMALLEST_BYTES : buffer->capacity;
    while (capacity < needed) {
        capacity = capacity > buffer->max_bytes / 2 ? buffer->max_bytes : capacity * 2;
    }
    return capacity > buffer->max_bytes ? buffer->max_bytes : capacity;
}

phx_status phxi_buffer_reserve(phxi_buffer *buffer, size_t extra)
{
    if (extra > buffer->max_bytes - buffer->length) {
        return PHX_ERROR_TOO_LARGE;
    }
    size_t needed = buffer->length + extra;
    if (needed <= buffer->capacity) {
        return PHX_OK;
    }
    size_t capacity = grown_capacity(buffer, needed);
    uint8_t *data = phxi_alloc(buffer->allocator, capacity);
    if (data == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    if (buffer->data != NULL) {
        memcpy(data, buffer->data, buffer->length);
    }
    drop_block(buffer);
    buffer->data = data;
    buffer->capacity = capacity;
    return PHX_OK;
}

phx_status phxi_buffer_append(phxi_buffer *buffer, const void *bytes, size_t length)
{
    phx_status status = phxi_buffer_reserve(buffer, length);
    if (status == PHX_OK && length > 0) {
        memcpy(buffer->data + buffer->length, bytes, length);
        buffer->length += length;
    }
    return status;
}

phx_status phxi_buffer_append_text(phxi_buffer *buffer, const char *text)
{
    return phxi_buffer_append(buffer, text, strlen(text));
}

phx_status phxi_buffer_append_byte(phxi_buffer *buffer, uint8_t byte)
{
    return phxi_buffer_append(buffer, &byte, 1);
}
