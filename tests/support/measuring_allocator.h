/* SPDX-License-Identifier: MIT */
/*
 * An allocator for tests that knows how many bytes are held, and the most that ever were. For one
 * thread.
 */
#ifndef MEASURING_ALLOCATOR_H
#define MEASURING_ALLOCATOR_H

#include <phx/ports.h>

typedef struct measuring_allocator {
    phx_allocator port; /* give this to the code under test */
    size_t held_bytes;
    size_t peak_bytes;
} measuring_allocator;

void measuring_allocator_init(measuring_allocator *allocator);

#endif
