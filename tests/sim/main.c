/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "sim.h"
#include <stdlib.h>
int main(int argc, char **argv)
{
    sim_result r, sum={0};
    uint64_t from = argc>1?strtoull(argv[1],NULL,10):1; size_t n = argc>2?strtoull(argv[2],NULL,10):1;
    bool tr = argc>3;
    sim_current.program="build/tests/sim/sim";
    uint64_t hash=0;
    for (uint64_t s=from;s<from+n;s++){ sim_run(s,tr,&r); sum.virtual_ms+=r.virtual_ms; hash^=r.trace_hash; sim_coverage_add(&sum.coverage,&r.coverage); if(r.peak_bytes>sum.peak_bytes)sum.peak_bytes=r.peak_bytes;}
    sim_coverage_print(&sum.coverage,n<50);
    printf("%zu seeds %f h hash %llx peak %zu checks %llu\n", n, (double)sum.virtual_ms/3.6e6,(unsigned long long)hash,sum.peak_bytes,(unsigned long long)sim_current.checks);
    return 0;
}
