/* SPDX-License-Identifier: MIT */
/*
 * Allocations of an event in the steady state, counted by malloc itself; and the heap that an idle
 * joined client holds, all of it, with ports of memory in place of the adapters.
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
    uint64_t before = heap_held_bytes();
    bench_rig_init(&rig, NULL);
    uint64_t own = (BENCH_FRAME_KINDS * (BENCH_FRAME_BYTES + sizeof(size_t))) + 2048 * 16;
    bench_rig_community(&rig, 1000);
    bench_figure("heap.idle_without_adapters", (double)(heap_held_bytes() - before - own), "B", 1);
    bench_rig_events(&rig, 64000, 64);
    bench_figure("allocations.event", allocations_each(&rig, events, 1), "", events);
    bench_figure("allocations.event_in_burst", allocations_each(&rig, events, 64), "", events);
    bench_rig_free(&rig);
    return 0;
}
