/* SPDX-License-Identifier: MIT */
/*
 * From "the app goes to the background" to the connection being closed, channel left and close
 * handshake done.
 */
#include <stdio.h>

#include "bench.h"
#include "live.h"

enum {
    ROUNDS = 21
};

int main(int argc, char **argv)
{
    const char *transport = bench_text(argc, argv, "transport", "lws");
    double ms[ROUNDS];
    char name[64];
    bench_target target;
    bench_live live;
    bench_target_start(&target);
    bench_live_start(&live, &target, transport, 1000);
    for (size_t i = 0; i < ROUNDS; i++) {
        uint64_t begin_ns = bench_wall_ns();
        community_client_set_foreground(live.client, false);
        bench_live_await_state(&live, COMMUNITY_DISCONNECTED);
        ms[i] = (double)(bench_wall_ns() - begin_ns) / 1e6;
        community_client_set_foreground(live.client, true);
        bench_live_await_state(&live, COMMUNITY_CONNECTED);
    }
    (void)snprintf(name, sizeof name, "background_%s.closed", transport);
    bench_figure(name, bench_median(ms, ROUNDS), "ms", ROUNDS);
    (void)snprintf(name, sizeof name, "background_%s.closed_worst", transport);
    bench_figure(name, ms[ROUNDS - 1], "ms", ROUNDS); /* sorted by now */
    bench_live_stop(&live);
    bench_target_stop(&target);
    return 0;
}
