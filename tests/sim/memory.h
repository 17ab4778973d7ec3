/* SPDX-License-Identifier: MIT */
/*
 * The memory of a run: measured, bounded, and refused now and then.
 */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include "measuring_allocator.h"

typedef struct sim_memory {
    phx_allocator port;
    measuring_allocator measured;
    uint32_t refuse_after; /* so many more requests are granted */
    uint32_t refuse_count; /* and so many after them refused; 0: none */
    uint64_t refused;
} sim_memory;

void sim_memory_init(sim_memory *memory);
/* From the `after`-th request on, `count` are refused. */
void sim_memory_refuse(sim_memory *memory, uint32_t after, uint32_t count);

#endif
