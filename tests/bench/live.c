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

/* libwebsockets says on stderr that it begins, otherwise. */
phx_loop *bench_loop(void)
{
    phx_loop *loop = NULL;
    phx_platform_set_lws_log_level(PHX_LOG_ERROR);
    bench_check(phx_loop_new(NULL, &loop) == PHX_OK);
    return loop;
}

const phx_transport *bench_transport(phx_loop *loop, const char *name)
{
    const phx_transport *transport = NULL;
    if (strcmp(name, "lws") != 0 || phx_transport_lws(loop, NULL, NULL, &transport) != PHX_OK) {
        bench_skip("this build has no such transport");
    }
    return transport;
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
    phx_loop *loop = bench_loop();
    community_config config;
    community_config_init(&config);
    config.url = url;
    config.api_url = api_url;
    config.keychain = bench_keychain();
    config.loop = loop;
    config.transport = bench_transport(loop, transport);
    config.on_change = on_change;
    config.on_error = on_error;
    config.user_data = live;
    config.max_posts = max_posts;
    bench_check(community_client_new(&config, &live->client) == PHX_OK);
    phx_loop_release(loop);
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
