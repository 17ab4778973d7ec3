/* SPDX-License-Identifier: MIT */
/*
 * The peer of the whole client: libwebsockets alone, counting the same frames.
 */
#include "bare_lws.h"
#include "bench.h"
#include "target.h"

int main(int argc, char **argv)
{
    uint64_t events = bench_number(argc, argv, "events", 200000);
    bench_target target;
    bare_lws bare;
    bench_target_start(&target);
    bare_lws_init(&bare);
    bare_lws_join(&bare, target.port);
    bench_target_blast(&target, events);
    bare_lws_await(&bare, events);
    bench_target_figures(&target, "lws", events);
    bare_lws_free(&bare);
    bench_target_stop(&target);
    return 0;
}
