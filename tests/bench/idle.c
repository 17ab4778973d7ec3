/* SPDX-License-Identifier: MIT */
/*
 * A joined client to which nothing happens: how often its process wakes up in two minutes. What
 * happens within 100 ms is one wake-up, as it is to a device that sleeps: a heartbeat's timer and
 * its answer. Beside it, how often any of its threads went to sleep.
 */
#include <stdio.h>
#include <sys/resource.h>

#include "bench.h"
#include "live.h"

enum {
    HEARTBEAT_SECONDS = 30, /* the default */
    /* A connection counts as stable after 10 s, which is a timer of its own, once. */
    SETTLING_SECONDS = 12,
    ONE_WAKE_UP_NS = 100000000
};

static uint64_t switches(void)
{
    struct rusage usage;
    bench_check(getrusage(RUSAGE_SELF, &usage) == 0);
    return (uint64_t)usage.ru_nvcsw;
}

/* Returns the number of wake-ups, the end of the time not counted. */
static uint64_t pump_for(bench_live *live, uint64_t seconds)
{
    uint64_t begin_ns = bench_wall_ns();
    uint64_t end_ns = begin_ns + seconds * 1000000000;
    uint64_t last_ns = 0;
    uint64_t wake_ups = 0;
    for (uint64_t now_ns = begin_ns; now_ns < end_ns;) {
        uint32_t left_ms = (uint32_t)((end_ns - now_ns + 999999) / 1000000);
        bench_check(community_client_poll(live->client, left_ms) == PHX_OK);
        now_ns = bench_wall_ns();
        wake_ups += now_ns < end_ns && now_ns - last_ns > ONE_WAKE_UP_NS ? 1 : 0;
        last_ns = now_ns;
    }
    return wake_ups;
}

int main(int argc, char **argv)
{
    uint64_t seconds = bench_number(argc, argv, "seconds", 120);
    const char *transport = bench_text(argc, argv, "transport", "lws");
    char name[64];
    bench_target target;
    bench_live live;
    bench_target_start(&target);
    bench_live_start(&live, &target, transport, 1000);
    (void)pump_for(&live, SETTLING_SECONDS);
    uint64_t begin = switches();
    uint64_t cpu_ns = bench_cpu_ns();
    uint64_t wake_ups = pump_for(&live, seconds);
    (void)snprintf(name, sizeof name, "idle_%s.wake_ups", transport);
    bench_figure(name, (double)wake_ups, "", seconds);
    (void)snprintf(name, sizeof name, "idle_%s.heartbeats", transport);
    bench_figure(name, (double)((SETTLING_SECONDS + seconds) / HEARTBEAT_SECONDS), "", seconds);
    /* One is the end of the measurement. */
    (void)snprintf(name, sizeof name, "idle_%s.switches", transport);
    bench_figure(name, (double)(switches() - begin) - 1, "", seconds);
    (void)snprintf(name, sizeof name, "idle_%s.cpu", transport);
    bench_figure(name, (double)(bench_cpu_ns() - cpu_ns) / 1e3, "us", seconds);
    bench_live_stop(&live);
    bench_target_stop(&target);
    return 0;
}
