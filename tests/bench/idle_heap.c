/* SPDX-License-Identifier: MIT */
/*
 * What a joined client with an empty feed holds on the heap once nothing is left of the requests
 * that filled it, by the library that asked for it: the SDK's own and cJSON's for it; the
 * transport's library's; what is beyond that one and TLS; and everything.
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "heap.h"
#include "live.h"

enum {
    SETTLING_MS = 4000 /* a kept HTTP connection goes after three seconds */
};

static const char *const tls[] = {"libssl",     "libcrypto",  "libgnutls",
                                  "libtasn1",   "libp11-kit", "libnettle",
                                  "libhogweed", "libgmp",     "libmbedcrypto"};
static const char *const ours[] = {"libphx", "libcommunity", "libcjson"};

typedef struct shares {
    const char *transport_library;
    uint64_t own;
    uint64_t transport; /* its library's, for whatever it was asked: libcurl does REST too */
    uint64_t beyond;    /* all but that and TLS's */
    uint64_t all;
} shares;

static bool begins_with_one(const char *name, const char *const *starts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(name, starts[i], strlen(starts[i])) == 0) {
            return true;
        }
    }
    return false;
}

static void add(void *context, const char *name, uint64_t bytes)
{
    shares *sum = context;
    (void)fprintf(stderr, "%10llu %s\n", (unsigned long long)bytes, name);
    if (strncmp(name, "bench_", 6) == 0) {
        return;
    }
    bool is_own = begins_with_one(name, ours, sizeof ours / sizeof ours[0]);
    bool is_transport = begins_with_one(name, &sum->transport_library, 1);
    bool is_tls = begins_with_one(name, tls, sizeof tls / sizeof tls[0]);
    sum->own += is_own ? bytes : 0;
    sum->transport += is_transport ? bytes : 0;
    sum->beyond += is_transport || is_tls ? 0 : bytes;
    sum->all += bytes;
}

int main(int argc, char **argv)
{
    const char *transport = bench_text(argc, argv, "transport", "lws");
    char name[64];
    shares sum = {.transport_library =
                      strcmp(transport, "curl") == 0 ? "libcurl" : "libwebsockets"};
    bench_target target;
    bench_live live;
    bench_target_start(&target);
    bench_live_start(&live, &target, transport, 1000);
    uint64_t begin_ns = bench_wall_ns();
    while (bench_wall_ns() - begin_ns < SETTLING_MS * UINT64_C(1000000)) {
        bench_check(community_client_poll(live.client, 50) == PHX_OK);
    }
    heap_each_library(add, &sum);
    (void)snprintf(name, sizeof name, "heap_%s.own", transport);
    bench_figure(name, (double)sum.own, "B", 1);
    (void)snprintf(name, sizeof name, "heap_%s.transport", transport);
    bench_figure(name, (double)sum.transport, "B", 1);
    (void)snprintf(name, sizeof name, "heap_%s.beyond", transport);
    bench_figure(name, (double)sum.beyond, "B", 1);
    (void)snprintf(name, sizeof name, "heap_%s.all", transport);
    bench_figure(name, (double)sum.all, "B", 1);
    bench_live_stop(&live);
    bench_target_stop(&target);
    return 0;
}
