/* SPDX-License-Identifier: MIT */
/*
 * A community_client under observation.
 */
#include "watcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../backend/client.h"
#include "community/post_codec.h"
#include "support/alloc.h"
#include "testing.h"

static const uint64_t LIMIT_MS = 20000;

static phx_status read_token(void *user_data, bool is_refresh, char *buffer, size_t capacity,
                             size_t *out_length)
{
    (void)is_refresh;
    const char *token = user_data;
    assert_true(strlen(token) <= capacity);
    *out_length = strlen(token);
    memcpy(buffer, token, *out_length);
    return PHX_OK;
}

static void insert_post(feed_watcher *watcher, const community_change *change)
{
    assert_true(change->index <= watcher->post_count && watcher->post_count < WATCHER_MAX_POSTS);
    memmove(watcher->posts + change->index + 1, watcher->posts + change->index,
            (watcher->post_count - change->index) * sizeof watcher->posts[0]);
    watcher->posts[change->index] = community_post_retain(change->post);
    watcher->post_count++;
}

static void remove_post(feed_watcher *watcher, size_t index)
{
    assert_true(index < watcher->post_count);
    community_post_release(watcher->posts[index]);
    watcher->post_count--;
    memmove(watcher->posts + index, watcher->posts + index + 1,
            (watcher->post_count - index) * sizeof watcher->posts[0]);
}

static void reset_posts(feed_watcher *watcher, const community_snapshot *snapshot)
{
    while (watcher->post_count > 0) {
        remove_post(watcher, watcher->post_count - 1);
    }
    size_t count = snapshot == NULL ? 0 : community_snapshot_count(snapshot);
    for (size_t i = 0; i < count; i++) {
        watcher->posts[i] = community_post_retain(community_snapshot_post(snapshot, i));
        watcher->post_count++;
    }
}

static void on_change(void *user_data, const community_batch *batch)
{
    feed_watcher *watcher = user_data;
    watcher->batches++;
    for (size_t i = 0; i < batch->count; i++) {
        const community_change *change = &batch->changes[i];
        switch (change->kind) {
        case COMMUNITY_CHANGE_INSERT:
            insert_post(watcher, change);
            break;
        case COMMUNITY_CHANGE_REPLACE:
            assert_true(change->index < watcher->post_count);
            community_post_release(watcher->posts[change->index]);
            watcher->posts[change->index] = community_post_retain(change->post);
            break;
        case COMMUNITY_CHANGE_REMOVE:
            remove_post(watcher, change->index);
            break;
        case COMMUNITY_CHANGE_RESET:
            reset_posts(watcher, batch->snapshot);
            break;
        default:
            fail_msg("a change of kind %d", (int)change->kind);
        }
    }
}

static void on_status(void *user_data, const community_status *status)
{
    feed_watcher *watcher = user_data;
    watcher->status = *status;
    (void)snprintf(watcher->error, sizeof watcher->error, "%s", status->error.message);
}

static void on_error(void *user_data, const phx_error *error)
{
    (void)error;
    ((feed_watcher *)user_data)->errors++;
}

static void on_release(void *user_data)
{
    ((feed_watcher *)user_data)->is_released = true;
}

/* TEST_TRANSPORT=auto (the default), lws or curl. */
static phx_transport_kind transport_under_test(void)
{
    const char *name = getenv("TEST_TRANSPORT");
    return name == NULL                ? PHX_TRANSPORT_AUTO
           : strcmp(name, "lws") == 0  ? PHX_TRANSPORT_LWS
           : strcmp(name, "curl") == 0 ? PHX_TRANSPORT_CURL
                                       : PHX_TRANSPORT_AUTO;
}

void watcher_start(feed_watcher *watcher, const watcher_options *options)
{
    memset(watcher, 0, sizeof *watcher);
    char url[256];
    char api_url[256];
    char *token = (char *)(uintptr_t)options->token;
    const phx_keychain keychain = {
        .struct_size = (uint32_t)sizeof keychain, .user_data = token, .read = read_token};
    static phx_keychain kept;
    kept = keychain;
    (void)snprintf(url, sizeof url, "%s://%s:%d/community", options->is_tls ? "wss" : "ws",
                   options->host, options->port);
    (void)snprintf(api_url, sizeof api_url, "%s://%s:%d/api/community",
                   options->is_tls ? "https" : "http", options->host, options->port);
    community_config config;
    community_config_init(&config);
    config.url = url;
    config.api_url = options->without_rest ? NULL : api_url;
    config.keychain = &kept;
    config.on_change = on_change;
    config.on_status = on_status;
    config.on_error = on_error;
    config.release_user_data = on_release;
    config.user_data = watcher;
    config.max_posts = WATCHER_MAX_POSTS - 1;
    config.page_posts = options->page_posts;
    config.token_in_subprotocol = options->token_in_subprotocol;
    config.tls = options->tls;
    const phx_network network = {.struct_size = (uint32_t)sizeof network,
                                 .transport = transport_under_test()};
    config.network = &network;
    config.connection = options->connection;
    if (options->configure != NULL) {
        options->configure(&config);
    }
    assert_int_equal(community_client_new(&config, &watcher->client), PHX_OK);
    community_client_set_visible(watcher->client, true);
}

void watcher_pump_until(feed_watcher *watcher,
                        bool (*holds)(feed_watcher *watcher, void *user_data), void *user_data,
                        const char *what)
{
    uint64_t end_ms = now_ms() + LIMIT_MS;
    while (!holds(watcher, user_data)) {
        if (now_ms() > end_ms) {
            fail_msg("waited in vain for %s; state %d, freshness %d, %zu posts, error: %s", what,
                     (int)watcher->status.state, (int)watcher->status.freshness,
                     watcher->post_count, watcher->error);
        }
        assert_int_equal(community_client_poll(watcher->client, 100), PHX_OK);
    }
}

static bool has_state(feed_watcher *watcher, void *user_data)
{
    return watcher->status.state == *(const community_state *)user_data;
}

void watcher_await_state(feed_watcher *watcher, community_state state)
{
    watcher_pump_until(watcher, has_state, &state, "a state");
}

static bool is_away(feed_watcher *watcher, void *user_data)
{
    (void)user_data;
    return watcher->status.state == COMMUNITY_DISCONNECTED && !watcher->status.is_closing;
}

void watcher_await_away(feed_watcher *watcher)
{
    watcher_pump_until(watcher, is_away, NULL, "the connection to be closed");
}

static bool is_live(feed_watcher *watcher, void *user_data)
{
    (void)user_data;
    return watcher->status.freshness == COMMUNITY_LIVE;
}

void watcher_await_live(feed_watcher *watcher)
{
    watcher_pump_until(watcher, is_live, NULL, "a live feed");
}

static bool has_count(feed_watcher *watcher, void *user_data)
{
    return watcher->post_count == *(const size_t *)user_data;
}

void watcher_await_count(feed_watcher *watcher, size_t count)
{
    watcher_pump_until(watcher, has_count, &count, "a number of posts");
}

void watcher_stop(feed_watcher *watcher)
{
    community_client_set_visible(watcher->client, false);
    watcher_await_away(watcher);
    community_client_release(watcher->client);
    assert_true(watcher->is_released);
    reset_posts(watcher, NULL);
}

/* --- comparing --- */

typedef struct server_listing {
    feed_watcher *watcher;
    const community_snapshot *snapshot;
    size_t count;
    char last_id[128];
} server_listing;

static phx_status compare_row(void *user_data, const community_post *row)
{
    server_listing *listing = user_data;
    assert_true(listing->count < listing->watcher->post_count);
    assert_true(communityi_post_equals(row, listing->watcher->posts[listing->count]));
    assert_true(
        communityi_post_equals(row, community_snapshot_post(listing->snapshot, listing->count)));
    (void)snprintf(listing->last_id, sizeof listing->last_id, "%s", row->id.data);
    listing->count++;
    community_post_release(row);
    return PHX_OK;
}

/* False: that was the last page. */
static bool compare_page(server_listing *listing, int port, const char *token)
{
    char path[512];
    char headers[256];
    struct response response;
    const char *reason = NULL;
    size_t before = listing->count;
    (void)snprintf(path, sizeof path, "/api/community/posts?limit=500%s%s",
                   before > 0 ? "&before=" : "", listing->last_id);
    (void)snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n", token);
    http_call(port, "GET", path, headers, "", 0, &response);
    assert_int_equal(response.status, 200);
    assert_int_equal(communityi_page_decode(&phxi_default_allocator, response.body,
                                            response.body_len, compare_row, listing, &reason),
                     PHX_OK);
    response_free(&response);
    return listing->count > before;
}

void watcher_check_equals_server(feed_watcher *watcher, int port, const char *token)
{
    server_listing listing = {.watcher = watcher,
                              .snapshot = community_client_snapshot(watcher->client)};
    while (compare_page(&listing, port, token)) {
    }
    assert_int_equal(listing.count, watcher->post_count);
    assert_int_equal(listing.count, community_snapshot_count(listing.snapshot));
    community_snapshot_release(listing.snapshot);
}
