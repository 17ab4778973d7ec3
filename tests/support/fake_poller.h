/* SPDX-License-Identifier: MIT */
/*
 * A loop's world in virtual time: a poller whose wait() lets time pass at once up to the next thing
 * that is to happen, a clock that shows that time, and chance that a seed decides. Other fakes say
 * with fake_poller_after() what is to happen.
 */
#ifndef FAKE_POLLER_H
#define FAKE_POLLER_H

#include <phx/loop.h>

typedef struct fake_event fake_event;

typedef struct fake_poller {
    phx_poller port;
    phx_clock clock;
    phx_random random;
    uint64_t now_ms;
    int64_t wall_offset_ms; /* wall time is virtual time plus this */
    uint64_t random_state;
    bool is_woken;
    bool is_released;
    fake_event *first; /* by time, then by the order of the calls */
    size_t waits_without_time;
} fake_poller;

void fake_poller_init(fake_poller *poller, uint64_t seed);
/* The end: lets happen what is still to happen, without a loop. */
void fake_poller_run_rest(fake_poller *poller);

/* Calls fn(user_data) inside a wait(), delay_ms from now, behind what was to happen then. */
void fake_poller_after(fake_poller *poller, uint32_t delay_ms, void (*fn)(void *user_data),
                       void *user_data);
/* Nothing that was to be called with this user_data is. */
void fake_poller_cancel(fake_poller *poller, const void *user_data);

/* Lets ms pass on the loop, which only the caller pumps. */
void fake_poller_run(fake_poller *poller, phx_loop *loop, uint32_t ms);

/* A loop of this poller, clock and chance, with the given allocator (NULL: malloc's) and log (NULL:
 * none). */
phx_loop *fake_poller_loop(fake_poller *poller, const phx_allocator *allocator, const phx_log *log);

#endif
