/* SPDX-License-Identifier: MIT */
/*
 * The client under measurement. Nothing here is done for an event but what an app does at least.
 */
#include "live.h"

#include <phx/platform.h>
#include <string.h>

#include "bench.h"
#include "keychain.h"

enum {
    PATIENCE_MS = 10000,
    MAX_URL = 128
};

static void on_change(void *user_data, const community_batch *batch)
{
    bench_live *live = user_data;
    community_snapshot_release(live->kept);
    live->kept = community_snapshot_retain(batch->snapshot);
    live->batches++;
}

static void on_error(void *user_data, const phx_error *error)
{
    (void)user_data;
    bench_fail(error->message, __FILE__, __LINE__);
}

phx_network bench_network(const char *transport)
{
    bool is_curl = strcmp(transport, "curl") == 0;
    bench_check(is_curl || strcmp(transport, "lws") == 0);
    return (phx_network){.struct_size = (uint32_t)sizeof(phx_network),
                         .transport = is_curl ? PHX_TRANSPORT_CURL : PHX_TRANSPORT_LWS};
}

static void skip_without(phx_status status)
{
    if (status == PHX_ERROR_UNSUPPORTED) {
        bench_skip("this build has no such transport");
    }
    bench_check(status == PHX_OK);
}

static void poll_once(bench_live *live)
{
    bench_check(community_client_poll(live->client, PATIENCE_MS) == PHX_OK);
}

static community_status status_of(bench_live *live)
{
    community_status status = {.struct_size = (uint32_t)sizeof status};
    community_client_read_status(live->client, &status);
    return status;
}

void bench_live_start(bench_live *live, const bench_target *target, const char *transport,
                      uint32_t max_posts)
{
    char url[MAX_URL];
    char api_url[MAX_URL];
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/community", (unsigned)target->port);
    (void)snprintf(api_url, sizeof api_url, "http://127.0.0.1:%u/api/community",
                   (unsigned)target->port);
    *live = (bench_live){.client = NULL};
    /* libwebsockets says on stderr that it begins, otherwise. */
    phx_platform_set_lws_log_level(PHX_LOG_ERROR);
    phx_network network = bench_network(transport);
    community_config config;
    community_config_init(&config);
    config.url = url;
    config.api_url = api_url;
    config.keychain = bench_keychain();
    config.network = &network;
    config.on_change = on_change;
    config.on_error = on_error;
    config.user_data = live;
    config.max_posts = max_posts;
    skip_without(community_client_new(&config, &live->client));
    community_client_set_visible(live->client, true);
    while (status_of(live).freshness != COMMUNITY_LIVE) {
        poll_once(live);
    }
}

void bench_live_stop(bench_live *live)
{
    community_snapshot_release(live->kept);
    community_client_release(live->client);
}

void bench_live_await_state(bench_live *live, community_state state)
{
    community_status status = status_of(live);
    while (status.state != state || status.is_closing) {
        poll_once(live);
        status = status_of(live);
    }
}

void bench_live_await_events(bench_live *live, uint64_t events)
{
    community_stats stats = {.struct_size = (uint32_t)sizeof stats};
    while (stats.events < events) {
        poll_once(live);
        community_client_read_stats(live->client, &stats);
    }
    bench_check(stats.events == events && stats.events_without_effect == 0);
}
