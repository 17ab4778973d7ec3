/* SPDX-License-Identifier: MIT */
/*
 * The measuring allocator, on top of malloc: each block is preceded by its size.
 */
#include "measuring_allocator.h"

#include <stdint.h>
#include <stdlib.h>

typedef union header {
    size_t size;
    max_align_t alignment;
} header;

static void *keep(measuring_allocator *allocator, header *block, size_t old_size, size_t size)
{
    if (block == NULL) {
        return NULL;
    }
    block->size = size;
    allocator->held_bytes += size - old_size;
    if (allocator->held_bytes > allocator->peak_bytes) {
        allocator->peak_bytes = allocator->held_bytes;
    }
    return block + 1;
}

static void *allocate(void *user_data, size_t size)
{
    return size > SIZE_MAX - sizeof(header)
               ? NULL
               : keep(user_data, malloc(sizeof(header) + size), 0, size);
}

static void *reallocate(void *user_data, void *block, size_t size)
{
    if (block == NULL) {
        return allocate(user_data, size);
    }
    header *old = (header *)block - 1;
    size_t old_size = old->size;
    return size > SIZE_MAX - sizeof(header)
               ? NULL
               : keep(user_data, realloc(old, sizeof(header) + size), old_size, size);
}

static void deallocate(void *user_data, void *block)
{
    measuring_allocator *allocator = user_data;
    if (block != NULL) {
        header *old = (header *)block - 1;
        allocator->held_bytes -= old->size;
        free(old);
    }
}

void measuring_allocator_init(measuring_allocator *allocator)
{
    *allocator = (measuring_allocator){
        .port =
            {
                .struct_size = (uint32_t)sizeof(phx_allocator),
                .user_data = allocator,
                .allocate = allocate,
                .reallocate = reallocate,
                .deallocate = deallocate,
            },
    };
}
