/* SPDX-License-Identifier: MIT */
/*
 * A joined client to which nothing happens: how often its process wakes up in two minutes, beyond
 * what its heartbeats need.
 */
#include <stdio.h>
#include <sys/resource.h>

#include "bench.h"
#include "live.h"

enum {
    HEARTBEAT_SECONDS = 30 /* the default */
};

static uint64_t switches(void)
{
    struct rusage usage;
    bench_check(getrusage(RUSAGE_SELF, &usage) == 0);
    return (uint64_t)usage.ru_nvcsw;
}

/* Whatever closing, syncing or keeping alive follows a start is over after a while. */
static void pump_for(bench_live *live, uint64_t seconds)
{
    uint64_t end_ns = bench_wall_ns() + seconds * 1000000000;
    for (uint64_t now_ns = bench_wall_ns(); now_ns < end_ns; now_ns = bench_wall_ns()) {
        uint32_t left_ms = (uint32_t)((end_ns - now_ns + 999999) / 1000000);
        bench_check(community_client_poll(live->client, left_ms) == PHX_OK);
    }
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
    pump_for(&live, 1);
    uint64_t begin = switches();
    uint64_t cpu_ns = bench_cpu_ns();
    pump_for(&live, seconds);
    (void)snprintf(name, sizeof name, "idle_%s.wake_ups", transport);
    /* One is the end of the measurement. */
    bench_figure(name, (double)(switches() - begin) - 1, "", seconds);
    (void)snprintf(name, sizeof name, "idle_%s.heartbeats", transport);
    bench_figure(name, (double)(seconds / HEARTBEAT_SECONDS), "", seconds);
    (void)snprintf(name, sizeof name, "idle_%s.cpu", transport);
    bench_figure(name, (double)(bench_cpu_ns() - cpu_ns) / 1e3, "us", seconds);
    bench_live_stop(&live);
    bench_target_stop(&target);
    return 0;
}
