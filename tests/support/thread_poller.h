/* SPDX-License-Identifier: MIT */
/*
 * A poller and a clock in real time, without descriptors, for tests of threads; and a gate that one
 * thread opens and another waits for.
 */
#ifndef THREAD_POLLER_H
#define THREAD_POLLER_H

#include <phx/loop.h>
#include <pthread.h>

typedef struct thread_gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool is_open;
} thread_gate;

void gate_init(thread_gate *gate);
void gate_open(thread_gate *gate);
/* Fails the test if it is not opened within seconds. Shuts it again. */
void gate_pass(thread_gate *gate);

typedef struct thread_poller {
    phx_poller port;
    phx_clock clock;
    phx_random random;
    thread_gate woken;
    thread_gate released; /* opened by the poller's release, the loop's last call but one */
} thread_poller;

void thread_poller_init(thread_poller *poller);
/* A loop of this poller, clock and chance. */
phx_loop *thread_poller_loop(thread_poller *poller, const phx_allocator *allocator);

#endif
