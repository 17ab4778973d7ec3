/* SPDX-License-Identifier: MIT */
/*
 * Allocations of an event in the steady state, counted by malloc itself.
 */
#include "bench.h"
#include "heap.h"
#include "rig.h"

static double allocations_each(bench_rig *rig, uint64_t events, uint32_t burst)
{
    uint64_t before = heap_allocations();
    bench_rig_events(rig, events, burst);
    return (double)(heap_allocations() - before) / (double)events;
}

int main(int argc, char **argv)
{
    uint64_t events = bench_number(argc, argv, "events", 64000);
    bench_rig rig;
    bench_rig_init(&rig, NULL);
    bench_rig_community(&rig, 1000);
    bench_rig_events(&rig, 64000, 64);
    bench_figure("allocations.event", allocations_each(&rig, events, 1), "", events);
    bench_figure("allocations.event_in_burst", allocations_each(&rig, events, 64), "", events);
    bench_rig_free(&rig);
    return 0;
}
