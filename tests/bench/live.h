/* SPDX-License-Identifier: MIT */
/*
 * A community client as an app has it, with the stock adapters, against the blaster.
 */
#ifndef LIVE_H
#define LIVE_H

#include <community/community.h>

#include "target.h"

typedef struct bench_live {
    community_client *client;
    const community_snapshot *kept; /* the newest one, as an app keeps it */
    uint64_t batches;
} bench_live;

/* Makes the client and pumps it until its feed is live. transport: see bench_network;
 * a build without it ends the program as one that is skipped. */
void bench_live_start(bench_live *live, const bench_target *target, const char *transport,
                      uint32_t max_posts);
void bench_live_stop(bench_live *live);

void bench_live_await_state(bench_live *live, community_state state);
void bench_live_await_events(bench_live *live, uint64_t events);

/* Names the stock transport that a client takes: "curl" or "lws". */
phx_network bench_network(const char *transport);

#endif
