/* SPDX-License-Identifier: MIT */
/*
 * The failing allocator, on top of malloc.
 */
#include "failing_allocator.h"

#include <stdlib.h>

#include "testing.h"

static bool is_refused(failing_allocator *allocator)
{
    size_t request = atomic_fetch_add(&allocator->requests, 1) + 1;
    bool refuse = allocator->refuse_at != 0 &&
                  (allocator->refuse_all_after ? request >= allocator->refuse_at
                                               : request == allocator->refuse_at);
    if (refuse) {
        atomic_fetch_add(&allocator->refused, 1);
    }
    return refuse;
}

static void *allocate(void *user_data, size_t size)
{
    failing_allocator *allocator = user_data;
    void *block = is_refused(allocator) ? NULL : malloc(size);
    if (block != NULL) {
        atomic_fetch_add(&allocator->live_blocks, 1);
    }
    return block;
}

static void *reallocate(void *user_data, void *block, size_t size)
{
    failing_allocator *allocator = user_data;
    void *moved = is_refused(allocator) ? NULL : realloc(block, size);
    if (moved != NULL && block == NULL) {
        atomic_fetch_add(&allocator->live_blocks, 1);
    }
    return moved;
}

static void deallocate(void *user_data, void *block)
{
    failing_allocator *allocator = user_data;
    if (block != NULL) {
        atomic_fetch_sub(&allocator->live_blocks, 1);
    }
    free(block);
}

void failing_allocator_init(failing_allocator *allocator)
{
    *allocator = (failing_allocator){
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

void failing_allocator_refuse(failing_allocator *allocator, size_t nth, bool all_after)
{
    atomic_store(&allocator->requests, 0);
    atomic_store(&allocator->refused, 0);
    allocator->refuse_at = nth;
    allocator->refuse_all_after = all_after;
}

static void run(failing_allocator *allocator, size_t nth, bool all_after,
                void (*scenario)(failing_allocator *allocator, void *user_data), void *user_data)
{
    failing_allocator_refuse(allocator, nth, all_after);
    scenario(allocator, user_data);
    size_t left = atomic_load(&allocator->live_blocks);
    if (left != 0) {
        fail_msg("%zu blocks left with request %zu%s refused", left, nth,
                 all_after ? " and all after" : "");
    }
}

size_t failing_allocator_torture(void (*scenario)(failing_allocator *allocator, void *user_data),
                                 void *user_data)
{
    failing_allocator allocator;
    failing_allocator_init(&allocator);
    run(&allocator, 0, false, scenario, user_data);
    size_t requests = atomic_load(&allocator.requests);
    assert_true(requests > 0);
    for (size_t nth = 1; nth <= requests; nth++) {
        run(&allocator, nth, false, scenario, user_data);
        run(&allocator, nth, true, scenario, user_data);
    }
    return requests;
}
