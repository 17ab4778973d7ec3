/* SPDX-License-Identifier: MIT */
/*
 * An allocator for tests: counts what is asked of it and what is still held, and refuses the Nth
 * request, or every one from the Nth on. Its counters may be used from several threads at once.
 */
#ifndef FAILING_ALLOCATOR_H
#define FAILING_ALLOCATOR_H

#include <phx/ports.h>
#include <stdatomic.h>

typedef struct failing_allocator {
    phx_allocator port; /* give this to the code under test */
    atomic_size_t requests;
    atomic_size_t refused;
    atomic_size_t live_blocks;
    atomic_size_t refuse_at; /* the first request to refuse, from 1 on; 0: none */
    atomic_bool refuse_all_after;
} failing_allocator;

/* Refuses nothing. */
void failing_allocator_init(failing_allocator *allocator);

/* Starts counting anew; the `nth` request from now on is refused, and with `all_after` those behind
 * it too. nth 0: none. Blocks that are held stay counted. */
void failing_allocator_refuse(failing_allocator *allocator, size_t nth, bool all_after);

/*
 * Runs the scenario once as it should be, then with each of its requests refused, alone and with
 * all behind it. A scenario asserts for itself that it ends well or with out-of-memory (`refused`
 * tells whether it may) and frees what it made: a block that is left fails the test. A scenario
 * without a request fails too, since it would test nothing. Returns the number of requests of the
 * good run.
 */
size_t failing_allocator_torture(void (*scenario)(failing_allocator *allocator, void *user_data),
                                 void *user_data);

#endif
