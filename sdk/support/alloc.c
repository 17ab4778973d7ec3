/* SPDX-License-Identifier: MIT */
/*
 * Memory through a phx_allocator, and the default one.
 */
#include "support/alloc.h"

#include <stdlib.h>
#include <string.h>

static void *default_allocate(void *user_data, size_t size)
{
    (void)user_data;
    return malloc(size);
}

static void *default_reallocate(void *user_data, void *block, size_t size)
{
    (void)user_data;
    return realloc(block, size);
}

static void default_deallocate(void *user_data, void *block)
{
    (void)user_data;
    free(block);
}

const phx_allocator phxi_default_allocator = {
    .struct_size = (uint32_t)sizeof(phx_allocator),
    .allocate = default_allocate,
    .reallocate = default_reallocate,
    .deallocate = default_deallocate,
};

bool phxi_allocator_is_valid(const phx_allocator *allocator)
{
    return allocator->allocate != NULL && allocator->reallocate != NULL &&
           allocator->deallocate != NULL;
}

void *phxi_alloc(const phx_allocator *allocator, size_t size)
{
    return allocator->allocate(allocator->user_data, size == 0 ? 1 : size);
}

void *phxi_alloc_zero(const phx_allocator *allocator, size_t size)
{
    void *block = phxi_alloc(allocator, size);
    if (block != NULL) {
        memset(block, 0, size);
    }
    return block;
}

void *phxi_realloc(const phx_allocator *allocator, void *block, size_t size)
{
    return allocator->reallocate(allocator->user_data, block, size == 0 ? 1 : size);
}

void phxi_free(const phx_allocator *allocator, void *block)
{
    allocator->deallocate(allocator->user_data, block);
}

char *phxi_copy_text(const phx_allocator *allocator, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? phxi_alloc(allocator, length + 1) : NULL;
    if (copy != NULL) {
        if (length > 0) {
            memcpy(copy, text, length);
        }
        copy[length] = '\0';
    }
    return copy;
}

/* Read anew at each call, so that no compiler knows that it is memset and leaves out what nobody
 * reads; and some ten times as fast as bytes that are written one by one. */
static void *(*const volatile fill)(void *, int, size_t) = memset;

void phxi_wipe(void *block, size_t size)
{
    if (size > 0) {
        (void)fill(block, 0, size);
    }
}
