/* SPDX-License-Identifier: MIT */
/*
 * Memory through a phx_allocator. Knows nothing of what it holds.
 */
#ifndef PHXI_ALLOC_H
#define PHXI_ALLOC_H

#include <phx/ports.h>

/* malloc, realloc and free behind the port. */
extern const phx_allocator phxi_default_allocator;

/* Whether all three functions are there. */
bool phxi_allocator_is_valid(const phx_allocator *allocator);

/* NULL: out of memory. size 0 gives a block of one byte, so that NULL means only that. */
void *phxi_alloc(const phx_allocator *allocator, size_t size);
/* The same, zeroed. */
void *phxi_alloc_zero(const phx_allocator *allocator, size_t size);
void *phxi_realloc(const phx_allocator *allocator, void *block, size_t size);
void phxi_free(const phx_allocator *allocator, void *block);

/* A NUL-terminated copy of text[length]. */
char *phxi_copy_text(const phx_allocator *allocator, const char *text, size_t length);

/* Overwrites memory in a way that the compiler keeps. */
void phxi_wipe(void *block, size_t size);

#endif
