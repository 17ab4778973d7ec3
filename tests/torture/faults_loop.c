/* SPDX-License-Identifier: MIT */
/*
 * The loop's ports of faults.h: clock, random, poller, log.
 */
#include "faults.h"
#include "testing.h"

enum {
    SLEEP_MS = 3600000,
    MAX_SLEPT_MS = 20 * SLEEP_MS, /* or time would stand still for all else */
    SET_BACK_MS = 86400000
};

static uint64_t monotonic_ms(void *user_data)
{
    fault_set *f = user_data;
    bool is_asleep = faults_hit(f, FAULT_CLOCK_MONOTONIC) != PHX_OK;
    f->slept_ms += is_asleep && f->slept_ms < MAX_SLEPT_MS ? SLEEP_MS : 0;
    return f->inner_clock->monotonic_ms(f->inner_clock->user_data) + f->slept_ms;
}

static int64_t wall_ms(void *user_data)
{
    fault_set *f = user_data;
    f->set_back_ms += faults_hit(f, FAULT_CLOCK_WALL) != PHX_OK ? SET_BACK_MS : 0;
    return f->inner_clock->wall_ms(f->inner_clock->user_data) - f->set_back_ms;
}

const phx_clock *faults_clock(fault_set *faults, const phx_clock *inner)
{
    faults->inner_clock = inner;
    faults->clock = (phx_clock){.struct_size = (uint32_t)sizeof(phx_clock),
                                .user_data = faults,
                                .monotonic_ms = monotonic_ms,
                                .wall_ms = wall_ms};
    return &faults->clock;
}

static phx_status fill(void *user_data, uint8_t *bytes, size_t length)
{
    fault_set *f = user_data;
    phx_status status = faults_hit(f, FAULT_RANDOM_FILL);
    return status != PHX_OK ? status
                            : f->inner_random->fill(f->inner_random->user_data, bytes, length);
}

const phx_random *faults_random(fault_set *faults, const phx_random *inner)
{
    faults->inner_random = inner;
    faults->random = (phx_random){
        .struct_size = (uint32_t)sizeof(phx_random), .user_data = faults, .fill = fill};
    return &faults->random;
}

static void use(const fault_set *faults)
{
    assert_false(faults->is_released[PORT_POLLER]);
}

static phx_status wait(void *user_data, uint32_t timeout_ms)
{
    fault_set *f = user_data;
    use(f);
    phx_status status = faults_hit(f, FAULT_POLLER_WAIT);
    return status != PHX_OK ? status
                            : f->inner_poller->wait(f->inner_poller->user_data, timeout_ms);
}

static void wake(void *user_data)
{
    const fault_set *f = user_data;
    use(f);
    f->inner_poller->wake(f->inner_poller->user_data);
}

static phx_status watch(void *user_data, int32_t fd, uint32_t events, phx_watch_fn fn,
                        void *fn_user_data, phx_watch **out_watch)
{
    fault_set *f = user_data;
    use(f);
    *out_watch = NULL;
    phx_status status = faults_hit(f, FAULT_POLLER_WATCH);
    return status != PHX_OK ? status
                            : f->inner_poller->watch(f->inner_poller->user_data, fd, events, fn,
                                                     fn_user_data, out_watch);
}

static phx_status modify(void *user_data, phx_watch *watched, uint32_t events)
{
    fault_set *f = user_data;
    use(f);
    phx_status status = faults_hit(f, FAULT_POLLER_MODIFY);
    return status != PHX_OK ? status
                            : f->inner_poller->modify(f->inner_poller->user_data, watched, events);
}

static void unwatch(void *user_data, phx_watch *watched)
{
    const fault_set *f = user_data;
    use(f);
    f->inner_poller->unwatch(f->inner_poller->user_data, watched);
}

static void release(void *user_data)
{
    fault_set *f = user_data;
    use(f);
    f->is_released[PORT_POLLER] = true;
    if (f->inner_poller->release != NULL) {
        f->inner_poller->release(f->inner_poller->user_data);
    }
}

const phx_poller *faults_poller(fault_set *faults, const phx_poller *inner)
{
    faults->is_given[PORT_POLLER] = true;
    faults->is_released[PORT_POLLER] = false;
    faults->inner_poller = inner;
    faults->poller = (phx_poller){.struct_size = (uint32_t)sizeof(phx_poller),
                                  .user_data = faults,
                                  .wait = wait,
                                  .wake = wake,
                                  .watch = inner->watch != NULL ? watch : NULL,
                                  .modify = inner->modify != NULL ? modify : NULL,
                                  .unwatch = inner->unwatch != NULL ? unwatch : NULL,
                                  .release = release};
    return &faults->poller;
}

/* Has no way to fail; that its lines can be composed without memory is the test. */
static void write_line(void *user_data, phx_log_level level, const char *component,
                       const char *message)
{
    fault_set *f = user_data;
    assert_in_range(level, PHX_LOG_ERROR, PHX_LOG_DEBUG);
    assert_true(component[0] != '\0' && message[0] != '\0');
    assert_null(strstr(message, "token=good"));
    f->log_lines++;
}

const phx_log *faults_log(fault_set *faults)
{
    faults->log = (phx_log){.struct_size = (uint32_t)sizeof(phx_log),
                            .user_data = faults,
                            .level = PHX_LOG_DEBUG,
                            .write = write_line};
    return &faults->log;
}
