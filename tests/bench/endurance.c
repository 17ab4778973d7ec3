/* SPDX-License-Identifier: MIT */
/*
 * Ten million events through one client: what is held and resident at the end, beyond what was
 * after the first tenth.
 */
#include <malloc.h>

#include "bench.h"
#include "rig.h"

static uint64_t resident_kb(void)
{
    return bench_system_number("/proc/self/status", "VmRSS");
}

int main(int argc, char **argv)
{
    uint64_t events = bench_number(argc, argv, "events", 10000000);
    bench_rig rig;
    bench_rig_init(&rig, NULL);
    bench_rig_community(&rig, 1000);
    bench_rig_events(&rig, events / 10, 64);
    uint64_t held = mallinfo2().uordblks;
    uint64_t resident = resident_kb();
    bench_rig_events(&rig, events - events / 10, 64);
    bench_figure("endurance.heap_growth", (double)mallinfo2().uordblks - (double)held, "B", events);
    bench_figure("endurance.resident_growth", (double)resident_kb() - (double)resident, "kB",
                 events);
    bench_rig_free(&rig);
    return 0;
}
