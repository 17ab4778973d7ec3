/* SPDX-License-Identifier: MIT */
/*
 * The whole client over loopback: socket, frames, decoding, dedup, prepend, batch, callback; and
 * what is resident with a full feed.
 */
#include <phx/platform.h>
#include <stdio.h>

#include "bench.h"
#include "live.h"

enum {
    WARM_UP = 20000
};

int main(int argc, char **argv)
{
    uint64_t events = bench_number(argc, argv, "events", 200000);
    const char *transport = bench_text(argc, argv, "transport", "lws");
    uint32_t max_posts = (uint32_t)bench_number(argc, argv, "posts", 1000);
    char name[64];
    bench_target target;
    bench_live live;
    bench_target_start(&target);
    bench_live_start(&live, &target, transport, max_posts);
    bench_target_blast(&target, WARM_UP);
    bench_live_await_events(&live, WARM_UP);
    bench_target_finish(&target);
    uint64_t batches = live.batches;

    bench_target_blast(&target, events);
    bench_live_await_events(&live, WARM_UP + events);
    (void)snprintf(name, sizeof name, "client_%s", transport);
    bench_target_figures(&target, name, events);
    bench_check(community_snapshot_count(live.kept) == max_posts);
    (void)snprintf(name, sizeof name, "client_%s.events_a_batch", transport);
    bench_figure(name, (double)events / (double)(live.batches - batches), "", events);
    (void)snprintf(name, sizeof name, "client_%s.resident", transport);
    bench_figure(name, (double)bench_system_number("/proc/self/status", "VmRSS"), "kB", max_posts);
    /* Whether it is the one that a client takes by itself here. */
    const phx_network network = bench_network(transport);
    (void)snprintf(name, sizeof name, "client_%s.is_default", transport);
    bench_figure(name, network.transport == phx_platform_transport_kind(NULL) ? 1 : 0, "", 1);
    bench_live_stop(&live);
    bench_target_stop(&target);
    return 0;
}
