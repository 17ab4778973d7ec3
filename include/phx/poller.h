/* SPDX-License-Identifier: MIT */
/*
 * The port that a loop waits on: file descriptors, and a wake-up from any thread. It knows no
 * timers; the loop gives it a time-out. One poller belongs to one loop.
 */
#ifndef PHX_POLLER_H
#define PHX_POLLER_H

#include <phx/status.h>

PHX_NONNULL_BEGIN

typedef enum PHX_ENUM(phx_poll_events) {
    PHX_POLL_READ = 1,
    PHX_POLL_WRITE = 2,
    PHX_POLL_ERROR = 4, /* reported only, with or without being asked for */
} PHX_ENUM_NAME(phx_poll_events);

/* A watch on one descriptor; the poller's own. */
typedef struct phx_watch phx_watch;

/* `events`: PHX_POLL_* or-ed together. Called inside wait(). May watch, modify and unwatch
 * anything, its own watch too. */
typedef void (*phx_watch_fn)(void *PHX_NULLABLE user_data, int32_t fd, uint32_t events);

typedef struct phx_poller {
    uint32_t struct_size;
    void *PHX_NULLABLE user_data;
    /*
     * Waits at most timeout_ms (UINT32_MAX: without limit) until a descriptor is ready or wake()
     * was called, calls the functions of what is ready, and returns. May return early without
     * cause. A wake() since the last wait makes it return at once. PHX_ERROR_SYSTEM: cannot wait
     * any more. Threads: loop only, never from within itself.
     */
    phx_status (*PHX_NULLABLE wait)(void *PHX_NULLABLE user_data, uint32_t timeout_ms);
    /* Makes a present or the next wait() return soon. Many calls may coalesce. Threads: any. */
    void (*PHX_NULLABLE wake)(void *PHX_NULLABLE user_data);
    /*
     * Calls fn inside wait() whenever `fd` is ready for one of `events` (level-triggered; 0: errors
     * only). `fd` stays the caller's, who unwatches before closing it.
     * PHX_ERROR_NO_MEMORY, PHX_ERROR_SYSTEM: nothing is watched, *out_watch is NULL.
     * Threads: loop only.
     */
    phx_status (*PHX_NULLABLE watch)(void *PHX_NULLABLE user_data, int32_t fd, uint32_t events,
                                     phx_watch_fn fn, void *PHX_NULLABLE fn_user_data,
                                     phx_watch *PHX_NULLABLE *PHX_NONNULL out_watch);
    /* Replaces the events waited for. Threads: loop only. */
    phx_status (*PHX_NULLABLE modify)(void *PHX_NULLABLE user_data, phx_watch *watch,
                                      uint32_t events);
    /* Ends the watch; its fn is not called again, not even for events already gathered.
     * Threads: loop only. */
    void (*PHX_NULLABLE unwatch)(void *PHX_NULLABLE user_data, phx_watch *watch);
    /* Frees the poller. Last call. NULL: nothing to free. */
    void (*PHX_NULLABLE release)(void *PHX_NULLABLE user_data);
} phx_poller;

PHX_NONNULL_END

#endif
