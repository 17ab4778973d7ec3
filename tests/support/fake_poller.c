/* SPDX-License-Identifier: MIT */
/*
 * A poller, a clock and chance in virtual time.
 */
#include "fake_poller.h"

#include <stdlib.h>

#include "testing.h"

/* A loop that takes this many turns without letting time pass is spinning. */
enum {
    MAX_IDLE_WAITS = 20000,
    START_MS = 1000000
};

struct fake_event {
    fake_event *next;
    uint64_t due_ms;
    void (*fn)(void *user_data);
    void *user_data;
};

static uint64_t monotonic_ms(void *user_data)
{
    return ((const fake_poller *)user_data)->now_ms;
}

static int64_t wall_ms(void *user_data)
{
    const fake_poller *poller = user_data;
    return (int64_t)poller->now_ms + poller->wall_offset_ms;
}

static phx_status fill(void *user_data, uint8_t *bytes, size_t length)
{
    fake_poller *poller = user_data;
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (uint8_t)random_next(&poller->random_state);
    }
    return PHX_OK;
}

static void run_due(fake_poller *poller)
{
    while (poller->first != NULL && poller->first->due_ms <= poller->now_ms) {
        fake_event event = *poller->first;
        free(poller->first);
        poller->first = event.next;
        event.fn(event.user_data);
    }
}

static phx_status wait(void *user_data, uint32_t timeout_ms)
{
    fake_poller *poller = user_data;
    uint64_t before_ms = poller->now_ms;
    if (!poller->is_woken) {
        uint64_t until_ms = poller->now_ms + timeout_ms;
        bool is_event_sooner = poller->first != NULL && poller->first->due_ms < until_ms;
        uint64_t next_ms = is_event_sooner ? poller->first->due_ms : until_ms;
        poller->now_ms = next_ms > before_ms ? next_ms : before_ms;
    }
    poller->is_woken = false;
    poller->waits_without_time = poller->now_ms == before_ms ? poller->waits_without_time + 1 : 0;
    if (poller->waits_without_time > MAX_IDLE_WAITS) {
        fail_msg("the loop spins");
    }
    run_due(poller);
    return PHX_OK;
}

static void wake(void *user_data)
{
    ((fake_poller *)user_data)->is_woken = true;
}

static void release(void *user_data)
{
    fake_poller *poller = user_data;
    assert_false(poller->is_released);
    poller->is_released = true;
}

void fake_poller_init(fake_poller *poller, uint64_t seed)
{
    *poller = (fake_poller){
        .port = {.struct_size = (uint32_t)sizeof(phx_poller),
                 .user_data = poller,
                 .wait = wait,
                 .wake = wake,
                 .release = release},
        .clock = {.struct_size = (uint32_t)sizeof(phx_clock),
                  .user_data = poller,
                  .monotonic_ms = monotonic_ms,
                  .wall_ms = wall_ms},
        .random = {.struct_size = (uint32_t)sizeof(phx_random), .user_data = poller, .fill = fill},
        .now_ms = START_MS,
        .wall_offset_ms = 1700000000000,
        .random_state = seed,
    };
}

void fake_poller_run_rest(fake_poller *poller)
{
    while (poller->first != NULL) {
        poller->now_ms = poller->first->due_ms;
        run_due(poller);
    }
}

void fake_poller_after(fake_poller *poller, uint32_t delay_ms, void (*fn)(void *user_data),
                       void *user_data)
{
    fake_event *event = malloc(sizeof *event);
    assert_non_null(event);
    *event = (fake_event){.due_ms = poller->now_ms + delay_ms, .fn = fn, .user_data = user_data};
    fake_event **place = &poller->first;
    while (*place != NULL && (*place)->due_ms <= event->due_ms) {
        place = &(*place)->next;
    }
    event->next = *place;
    *place = event;
}

void fake_poller_cancel(fake_poller *poller, const void *user_data)
{
    fake_event **place = &poller->first;
    while (*place != NULL) {
        fake_event *event = *place;
        if (event->user_data == user_data) {
            *place = event->next;
            free(event);
        } else {
            place = &event->next;
        }
    }
}

void fake_poller_run(fake_poller *poller, phx_loop *loop, uint32_t ms)
{
    uint64_t end_ms = poller->now_ms + ms;
    do {
        assert_int_equal(phx_loop_poll(loop, (uint32_t)(end_ms - poller->now_ms)), PHX_OK);
    } while (poller->now_ms < end_ms);
}

phx_loop *fake_poller_loop(fake_poller *poller, const phx_allocator *allocator, const phx_log *log)
{
    phx_loop_config config;
    phx_loop_config_init(&config);
    config.allocator = allocator;
    config.log = log;
    config.clock = &poller->clock;
    config.random = &poller->random;
    config.poller = &poller->port;
    phx_loop *loop = NULL;
    phx_status status = phx_loop_new(&config, &loop);
    assert_true(status == PHX_OK || (status == PHX_ERROR_NO_MEMORY && allocator != NULL));
    return loop;
}
