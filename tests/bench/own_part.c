/* SPDX-License-Identifier: MIT */
/*
 * The SDK's own part of an event: from the frame that the transport hands in to the end of the
 * callback that is given the batch; the feed full, so that each new post pushes one out.
 */
#include "bench.h"
#include "rig.h"

int main(int argc, char **argv)
{
    uint64_t events = bench_number(argc, argv, "events", 200000);
    /* As they come one by one, each in a turn and a batch of its own; and 64 at once, which is what
     * a read of 64 kB brings. --burst: only that. */
    uint32_t burst = (uint32_t)bench_number(argc, argv, "burst", 0);
    bench_rig rig;
    bench_rig_init(&rig, NULL);
    bench_rig_community(&rig, 1000);
    bench_rig_events(&rig, 5000, 50);
    if (burst <= 1) {
        bench_figure("own.event", bench_rig_event_ns(&rig, events, 1), "ns", events);
    }
    if (burst != 1) {
        burst = burst == 0 ? 64 : burst;
        bench_figure("own.event_in_burst", bench_rig_event_ns(&rig, events, burst), "ns", events);
    }
    bench_rig_free(&rig);
    return 0;
}
