/* SPDX-License-Identifier: MIT */
/*
 * The clock port on clock_gettime(2). CLOCK_BOOTTIME, because CLOCK_MONOTONIC stands still while
 * Linux sleeps, and a client has to notice that it slept.
 */
#include <phx/platform.h>

#include <time.h>

#ifdef CLOCK_BOOTTIME
#define STEADY_CLOCK CLOCK_BOOTTIME
#else
#define STEADY_CLOCK CLOCK_MONOTONIC
#endif

static uint64_t monotonic_ms(void *user_data)
{
    (void)user_data;
    struct timespec now = {0};
    (void)clock_gettime(STEADY_CLOCK, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int64_t wall_ms(void *user_data)
{
    (void)user_data;
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const phx_clock *phx_platform_clock(void)
{
    static const phx_clock posix_clock = {
        .struct_size = (uint32_t)sizeof(phx_clock),
        .monotonic_ms = monotonic_ms,
        .wall_ms = wall_ms,
    };
    return &posix_clock;
}
