/* SPDX-License-Identifier: MIT */
/*
 * The measuring allocator with refusals before it.
 */
#include "memory.h"

static bool is_refused(sim_memory *memory)
{
    if (memory->refuse_count == 0) {
        return false;
    }
    if (memory->refuse_after > 0) {
        memory->refuse_after--;
        return false;
    }
    memory->refuse_count--;
    memory->refused++;
    return true;
}

static void *allocate(void *user_data, size_t size)
{
    sim_memory *memory = user_data;
    const phx_allocator *below = &memory->measured.port;
    return is_refused(memory) ? NULL : below->allocate(below->user_data, size);
}

static void *reallocate(void *user_data, void *block, size_t size)
{
    sim_memory *memory = user_data;
    const phx_allocator *below = &memory->measured.port;
    return is_refused(memory) ? NULL : below->reallocate(below->user_data, block, size);
}

static void deallocate(void *user_data, void *block)
{
    sim_memory *memory = user_data;
    const phx_allocator *below = &memory->measured.port;
    below->deallocate(below->user_data, block);
}

void sim_memory_init(sim_memory *memory)
{
    *memory = (sim_memory){
        .port = {.struct_size = (uint32_t)sizeof memory->port,
                 .user_data = memory,
                 .allocate = allocate,
                 .reallocate = reallocate,
                 .deallocate = deallocate},
    };
    measuring_allocator_init(&memory->measured);
}

void sim_memory_refuse(sim_memory *memory, uint32_t after, uint32_t count)
{
    memory->refuse_after = after;
    memory->refuse_count = count;
}
