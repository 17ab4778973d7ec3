/* SPDX-License-Identifier: MIT */
/*
 * The loop: one thread's turn-taking for any number of clients and adapters. It is pumped by its
 * owner (phx_loop_poll, phx_loop_run) or by a thread of its own (phx_loop_start). All callbacks of
 * everything that lives on it come on that one thread, in order, with no lock held.
 *
 * Most programs never see it: a client that is given no loop makes one.
 */
#ifndef PHX_LOOP_H
#define PHX_LOOP_H

#include <phx/poller.h>
#include <phx/ports.h>

PHX_NONNULL_BEGIN

typedef struct phx_loop phx_loop;

typedef struct phx_loop_config {
    uint32_t struct_size;
    /* Most tasks that may wait for their turn; 0: 4096. */
    uint32_t max_tasks;
    const phx_allocator *PHX_NULLABLE allocator; /* NULL: malloc and free */
    const phx_clock *PHX_NULLABLE clock;         /* NULL: the platform's */
    const phx_random *PHX_NULLABLE random;       /* NULL: the platform's */
    const phx_log *PHX_NULLABLE log;             /* NULL: no log */
    /* Consumed: released with the loop, also when phx_loop_new fails. NULL: the platform's. */
    const phx_poller *PHX_NULLABLE poller;
} phx_loop_config;

PHX_API void phx_loop_config_init_sized(phx_loop_config *config, uint32_t struct_size);
static inline void phx_loop_config_init(phx_loop_config *config)
{
    phx_loop_config_init_sized(config, (uint32_t)sizeof *config);
}

/*
 * Makes a loop with one reference, the caller's.
 * config: copied; NULL takes all defaults. *out_loop: free with phx_loop_release.
 * PHX_ERROR_INVALID_ARGUMENT: a port without its functions. PHX_ERROR_UNSUPPORTED: a port is NULL
 * and this build has no stock one. PHX_ERROR_NO_MEMORY, PHX_ERROR_SYSTEM. Threads: any.
 */
PHX_API PHX_MUST_CHECK phx_status phx_loop_new(const phx_loop_config *PHX_NULLABLE config,
                                               phx_loop *PHX_NULLABLE *PHX_NONNULL out_loop);

/* One more reference. Threads: any. */
PHX_API void phx_loop_retain(phx_loop *loop);

/* One reference less; the last one stops the loop's thread and frees the loop once the current turn
 * is over. Tasks that have not run are dropped after their `drop` was called. NULL does nothing.
 * Threads: any, also in a callback. */
PHX_API void phx_loop_release(phx_loop *PHX_NULLABLE loop);

/*
 * One turn: runs what is due; if there was nothing, waits at most timeout_ms (0: not at all) for
 * something to happen, and runs that. PHX_ERROR_INVALID_STATE: called inside a callback, or the
 * loop has a thread of its own. PHX_ERROR_SYSTEM: the poller failed for good. Threads: the one that
 * pumps.
 */
PHX_API PHX_MUST_CHECK phx_status phx_loop_poll(phx_loop *loop, uint32_t timeout_ms);

/* Pumps until phx_loop_stop. Statuses as phx_loop_poll. Threads: the one that pumps. */
PHX_API PHX_MUST_CHECK phx_status phx_loop_run(phx_loop *loop);

/* Gives the loop a thread of its own, which pumps until the last release. PHX_ERROR_INVALID_STATE:
 * it has one already, or is being pumped. PHX_ERROR_SYSTEM: no thread to be had. Threads: any. */
PHX_API PHX_MUST_CHECK phx_status phx_loop_start(phx_loop *loop);

/* Makes a phx_loop_run return after its current turn; remembered if none is under way. Nothing to a
 * loop with a thread of its own, which ends with its last reference. Threads: any. */
PHX_API void phx_loop_stop(phx_loop *loop);

/* Whether the calling thread is inside a turn of this loop. Threads: any. */
PHX_API bool phx_loop_is_current(phx_loop *loop);

/* The loop's poller, for an adapter that works with one kind only. Threads: any. */
PHX_API const phx_poller *phx_loop_poller(const phx_loop *loop);

/* The loop's clock, so that all on it agree on the time. Threads: any. */
PHX_API uint64_t phx_loop_now_ms(const phx_loop *loop);
PHX_API int64_t phx_loop_wall_ms(const phx_loop *loop);

/* The loop's other ports, for what lives on it. Never NULL but the log. Threads: any. */
PHX_API const phx_allocator *phx_loop_allocator(const phx_loop *loop);
PHX_API const phx_random *phx_loop_random(const phx_loop *loop);
PHX_API const phx_log *PHX_NULLABLE phx_loop_log(const phx_loop *loop);

typedef void (*phx_task_fn)(void *PHX_NULLABLE user_data) PHX_SENDABLE;

/*
 * Something to do on the loop's thread. The struct is the poster's memory, usually the head of what
 * it is about, and stays untouched from the post until one of the two functions is called: exactly
 * one of them is, and may free it.
 */
typedef struct phx_loop_task {
    void *PHX_NULLABLE user_data;
    phx_task_fn run;
    /* Called instead of run when the loop ends first. NULL: nothing. */
    PHX_NULLABLE phx_task_fn drop;
    struct phx_loop_task *PHX_NULLABLE next; /* the loop's */
} phx_loop_task;

/*
 * Runs the task on the loop's thread, later, in the order of the calls. PHX_ERROR_QUEUE_FULL:
 * max_tasks are waiting; neither function will be called. Threads: any.
 */
PHX_API PHX_MUST_CHECK phx_status phx_loop_post(phx_loop *loop, phx_loop_task *task);

/* As phx_loop_post, but is never refused: for a task that is part of its owner and posted once at a
 * time, which bounds the queue by itself. Threads: any. */
PHX_API void phx_loop_enqueue(phx_loop *loop, phx_loop_task *task);

/*
 * As phx_loop_enqueue, but runs the task before it returns if the loop has no thread
 * of its own and is not inside a turn. For releasing what lives on the loop. Threads: any.
 */
PHX_API void phx_loop_finish(phx_loop *loop, phx_loop_task *task);

/*
 * Something that lives on a loop and has time of its own. The struct is the owner's memory; the
 * loop links it in and touches only `next` and `previous`.
 */
typedef struct phx_loop_source {
    void *PHX_NULLABLE user_data;
    /* Called in every turn, after tasks and descriptors: run what is due, flush what is gathered.
     */
    void (*PHX_NULLABLE turn)(void *PHX_NULLABLE user_data, uint64_t now_ms);
    /* The time at which turn() has work, UINT64_MAX for none. Called before every wait. */
    uint64_t (*PHX_NULLABLE deadline_ms)(void *PHX_NULLABLE user_data);
    struct phx_loop_source *PHX_NULLABLE next;
    struct phx_loop_source *PHX_NULLABLE previous;
} phx_loop_source;

/* Threads: loop only, or any while the loop is not yet pumped. */
PHX_API void phx_loop_add_source(phx_loop *loop, phx_loop_source *source);
PHX_API void phx_loop_remove_source(phx_loop *loop, phx_loop_source *source);

/* The loop's poller's watch, modify, unwatch: see phx/poller.h. Threads: loop only. */
PHX_API PHX_MUST_CHECK phx_status phx_loop_watch(phx_loop *loop, int32_t fd, uint32_t events,
                                                 phx_watch_fn fn, void *PHX_NULLABLE fn_user_data,
                                                 phx_watch *PHX_NULLABLE *PHX_NONNULL out_watch);
PHX_API PHX_MUST_CHECK phx_status phx_loop_modify(phx_loop *loop, phx_watch *watch,
                                                  uint32_t events);
PHX_API void phx_loop_unwatch(phx_loop *loop, phx_watch *watch);

PHX_NONNULL_END

#endif
