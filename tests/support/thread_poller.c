/* SPDX-License-Identifier: MIT */
#include "thread_poller.h"

#include <time.h>

#include "testing.h"

enum {
    PATIENCE_S = 60,
    NS_IN_MS = 1000000
};

void gate_init(thread_gate *gate)
{
    pthread_condattr_t attributes;
    gate->is_open = false;
    assert_int_equal(pthread_mutex_init(&gate->lock, NULL), 0);
    assert_int_equal(pthread_condattr_init(&attributes), 0);
    assert_int_equal(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), 0);
    assert_int_equal(pthread_cond_init(&gate->opened, &attributes), 0);
    (void)pthread_condattr_destroy(&attributes);
}

void gate_open(thread_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->is_open = true;
    pthread_cond_broadcast(&gate->opened);
    pthread_mutex_unlock(&gate->lock);
}

/* Whether it was open, or opened within the time. */
static bool pass_within(thread_gate *gate, uint64_t ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * NS_IN_MS;
    if (until.tv_nsec >= 1000L * NS_IN_MS) {
        until.tv_sec++;
        until.tv_nsec -= 1000L * NS_IN_MS;
    }
    pthread_mutex_lock(&gate->lock);
    int result = 0;
    while (!gate->is_open && result == 0) {
        result = pthread_cond_timedwait(&gate->opened, &gate->lock, &until);
    }
    bool was_open = gate->is_open;
    gate->is_open = false;
    pthread_mutex_unlock(&gate->lock);
    return was_open;
}

void gate_pass(thread_gate *gate)
{
    assert_true(pass_within(gate, PATIENCE_S * 1000));
}

static phx_status wait(void *user_data, uint32_t timeout_ms)
{
    thread_poller *poller = user_data;
    (void)pass_within(&poller->woken, timeout_ms);
    return PHX_OK;
}

static void wake(void *user_data)
{
    gate_open(&((thread_poller *)user_data)->woken);
}

static void release(void *user_data)
{
    gate_open(&((thread_poller *)user_data)->released);
}

static uint64_t monotonic_ms(void *user_data)
{
    struct timespec now;
    (void)user_data;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / NS_IN_MS;
}

static int64_t wall_ms(void *user_data)
{
    return (int64_t)monotonic_ms(user_data);
}

static phx_status fill(void *user_data, uint8_t *bytes, size_t length)
{
    (void)user_data;
    memset(bytes, 7, length);
    return PHX_OK;
}

void thread_poller_init(thread_poller *poller)
{
    *poller = (thread_poller){
        .port = {.struct_size = (uint32_t)sizeof(phx_poller),
                 .user_data = poller,
                 .wait = wait,
                 .wake = wake,
                 .release = release},
        .clock = {.struct_size = (uint32_t)sizeof(phx_clock),
                  .monotonic_ms = monotonic_ms,
                  .wall_ms = wall_ms},
        .random = {.struct_size = (uint32_t)sizeof(phx_random), .fill = fill},
    };
    gate_init(&poller->woken);
    gate_init(&poller->released);
}

phx_loop *thread_poller_loop(thread_poller *poller, const phx_allocator *allocator)
{
    phx_loop_config config;
    phx_loop_config_init(&config);
    config.allocator = allocator;
    config.max_tasks = 100000;
    config.clock = &poller->clock;
    config.random = &poller->random;
    config.poller = &poller->port;
    phx_loop *loop = NULL;
    assert_int_equal(phx_loop_new(&config, &loop), PHX_OK);
    return loop;
}
