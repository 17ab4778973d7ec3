/* SPDX-License-Identifier: MIT */
/*
 * The inside of a loop, shared by its files: loop.c is its life and its ports, loop_turn.c its
 * tasks and turns, loop_thread.c the thread of its own. The lock guards the queue and who is inside
 * a turn; but for the poller's wake, nothing is called with it held.
 */
#ifndef PHXI_LOOP_TYPES_H
#define PHXI_LOOP_TYPES_H

#include <phx/loop.h>

#include <pthread.h>

struct phx_loop {
    phx_allocator allocator;
    const phx_clock *clock;
    const phx_random *random;
    const phx_log *log;
    const phx_poller *poller;

    /* Of the loop's thread alone. */
    phx_loop_source *sources;
    phx_loop_source *next_source; /* the one after the source whose turn it is */

    pthread_mutex_t lock;
    /* Under the lock. */
    uint32_t references;
    uint32_t max_tasks;
    uint32_t task_count;
    uint32_t finish_count; /* how many of them came by phx_loop_finish */
    phx_loop_task *first_task;
    phx_loop_task *last_task;
    bool is_in_turn;
    pthread_t turn_thread; /* while is_in_turn */
    bool has_thread;
    bool is_stopping;
    bool is_wake_pending;
};

/* loop.c: frees a loop that nobody refers to; tasks that have not run are dropped. */
void phxi_loop_destroy(phx_loop *loop);

/* loop_turn.c */
/* With the lock held: has a wait under way end, if another thread is in it. */
void phxi_loop_wake(phx_loop *loop);
/* False: somebody is inside a turn, or the loop has a thread and this is not it. */
bool phxi_loop_begin_turn(phx_loop *loop, bool is_own_thread);
PHX_MUST_CHECK phx_status phxi_loop_turn(phx_loop *loop, uint32_t timeout_ms);

#endif
