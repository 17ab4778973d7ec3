/* SPDX-License-Identifier: MIT */
/*
 * What a community_client goes through.
 */
#include <stdio.h>

#include "feed_play.h"

enum {
    PATIENT_MS = 1000000
};

/* --- the feed --- */

static void act_sync(feed_play *play)
{
    feed_pass(play, 2000);
}

/* No time-out puts right what was lost on the way. */
static void configure_patient(feed_play *play)
{
    static phx_client_config connection;
    phx_client_config_init(&connection);
    connection.connect_timeout_ms = PATIENT_MS;
    connection.push_timeout_ms = PATIENT_MS;
    connection.heartbeat_interval_ms = UINT32_MAX;
    play->app->config.connection = &connection;
    play->app->config.request_timeout_ms = PATIENT_MS;
}

static void configure_older(feed_play *play)
{
    play->app->config.initial_posts = 20;
    play->app->config.page_posts = 20;
}

static void load_older(feed_play *play)
{
    if (play->app->client != NULL) {
        feed_call *call = feed_call_new(play);
        feed_call_made(call,
                       community_client_load_older(play->app->client, feed_call_done, call, NULL),
                       "community_client_load_older");
    }
}

static void act_older(feed_play *play)
{
    load_older(play); /* before there is anything */
    feed_pass(play, 1000);
    load_older(play);
    load_older(play);
    (void)fake_feed_create(&play->app->server, "meanwhile");
    feed_pass(play, 1000);
    fake_feed_drop(&play->app->server, 1006);
    load_older(play);
    feed_pass(play, 5000);
}

static void act_feed_burst(feed_play *play)
{
    fake_feed *server = &play->app->server;
    feed_pass(play, 1000);
    for (int i = 0; i < 60; i++) {
        char body[32];
        (void)snprintf(body, sizeof body, "burst %d", i);
        (void)fake_feed_create(server, body);
        fake_feed_edit(server, 1, "edited");
        fake_feed_like(server, 2);
        fake_feed_comment(server, 3);
        if (i % 2 == 0) {
            fake_feed_delete(server, 4);
        }
    }
    fake_feed_broadcast(server, "an_event_of_tomorrow", "{\"id\":1}");
    fake_feed_broadcast(server, "new_post", "{\"no\":\"id\"}");
    fake_feed_send_raw(server, "[no frame");
    feed_pass(play, 1000);
}

static void act_snapshots(feed_play *play)
{
    const community_snapshot *kept[4];
    size_t counts[4];
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        feed_pass(play, 500);
        (void)fake_feed_create(&play->app->server, "one more");
        fake_feed_delete(&play->app->server, 2);
        kept[i] = community_client_snapshot(play->app->client);
        counts[i] = community_snapshot_count(kept[i]);
    }
    feed_set_visible(play, false);
    community_client_logout(play->app->client);
    feed_pass(play, 500);
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        assert_int_equal(community_snapshot_count(kept[i]), counts[i]);
        for (size_t at = 0; at < counts[i]; at++) {
            assert_true(community_snapshot_post(kept[i], at)->body.length > 0);
        }
        community_snapshot_release(kept[i]);
    }
}

static void act_feed_reconnect(feed_play *play)
{
    fake_feed *server = &play->app->server;
    feed_pass(play, 1000);
    fake_feed_drop(server, 1006);
    (void)fake_feed_create(server, "missed");
    feed_pass(play, 12000);
    fake_feed_send_channel(server, "phx_error");
    (void)fake_feed_create(server, "missed, too");
    feed_pass(play, 5000);
    fake_feed_send_channel(server, "phx_close");
    fake_feed_delete(server, 0);
    feed_pass(play, 20000);
    server->is_down = true;
    fake_feed_drop(server, 1012);
    feed_pass(play, 5000);
    server->is_down = false;
    feed_pass(play, 20000);
}

static void act_lifecycle(feed_play *play)
{
    community_client *client = play->app->client;
    for (uint32_t pause_ms = 1; pause_ms < 300; pause_ms *= 4) {
        feed_pass(play, pause_ms);
        community_client_set_foreground(client, false);
        feed_pass(play, pause_ms);
        community_client_set_foreground(client, true);
        feed_set_visible(play, false);
        feed_set_visible(play, true);
    }
    feed_pass(play, 1000);
    community_client_set_network(client, false);
    (void)fake_feed_create(&play->app->server, "missed");
    feed_pass(play, 3000);
    community_client_set_network(client, true);
    community_client_set_network(client, true);
    feed_pass(play, 3000);
    feed_set_visible(play, false);
    feed_pass(play, 3000);
    feed_set_visible(play, true);
    feed_pass(play, 1000);
}

/* --- REST --- */

static void act_rest(feed_play *play)
{
    community_client *client = play->app->client;
    community_request request;
    feed_create(play);
    feed_pass(play, 1000);
    feed_call *call = feed_call_new(play);
    feed_call_made(call, community_client_list_posts(client, 10, NULL, feed_call_done, call, NULL),
                   "community_client_list_posts");
    call = feed_call_new(play);
    feed_call_made(call,
                   community_client_edit_post(client, "3", "edited", feed_call_done, call, NULL),
                   "community_client_edit_post");
    call = feed_call_new(play);
    feed_call_made(call, community_client_delete_post(client, "4", feed_call_done, call, NULL),
                   "community_client_delete_post");
    call = feed_call_new(play);
    feed_call_made(call, community_client_toggle_like(client, "5", feed_call_done, call, NULL),
                   "community_client_toggle_like");
    call = feed_call_new(play);
    feed_call_made(call,
                   community_client_create_comment(client, "6", "well", feed_call_done, call, NULL),
                   "community_client_create_comment");
    call = feed_call_new(play);
    feed_call_made(call,
                   community_client_delete_comment(client, "6", "7", feed_call_done, call, NULL),
                   "community_client_delete_comment");
    call = feed_call_new(play);
    feed_call_made(call,
                   community_client_delete_post(client, "99999", feed_call_done, call, &request),
                   "community_client_delete_post");
    community_client_cancel(client, request);
    feed_pass(play, 3000);
    feed_create(play);
}

/* --- who is it --- */

static void configure_feed_token(feed_play *play)
{
    play->app->server.token = "fresh";
    (void)snprintf(play->app->keychain.refreshed, sizeof play->app->keychain.refreshed, "fresh");
}

static void act_feed_token(feed_play *play)
{
    feed_pass(play, 3000);
    play->app->server.token = "newer"; /* REST is the first to be refused */
    (void)snprintf(play->app->keychain.refreshed, sizeof play->app->keychain.refreshed, "newer");
    feed_create(play);
    feed_pass(play, 3000);
    fake_feed_drop(&play->app->server, 1006);
    feed_pass(play, 3000);
}

static void act_keychain(feed_play *play)
{
    feed_pass(play, 1000);
    play->app->server.token = "second";
    fake_feed_drop(&play->app->server, 4000);
    feed_pass(play, 5000); /* unauthorized */
    feed_login(play, "second");
    feed_pass(play, 3000);
    feed_create(play);
    feed_pass(play, 1000);
    community_client_logout(play->app->client);
    feed_pass(play, 3000);
    feed_login(play, "second");
    feed_pass(play, 3000);
}

static void act_logout(feed_play *play)
{
    feed_pass(play, 5000);
    feed_create(play);
    size_t errors = play->app->errors;
    community_client_logout(play->app->client);
    feed_pass(play, 3000);
    bool is_told = play->app->errors > errors || play->run->failed_polls > 0;
    const community_snapshot *snapshot = community_client_snapshot(play->app->client);
    torture_check(community_snapshot_count(snapshot) == 0 || is_told,
                  "the feed is still there after the logout");
    community_snapshot_release(snapshot);
    torture_check(play->app->keychain.token[0] == '\0' || is_told,
                  "the token is still there after the logout");
    torture_check(play->medium.count == 0 || is_told, "the storage is not empty after the logout");
    feed_login(play, "good");
    feed_pass(play, 5000);
}

/* --- what is kept --- */

static void act_storage(feed_play *play)
{
    feed_pass(play, 5000);
    (void)fake_feed_create(&play->app->server, "live");
    fake_feed_edit(&play->app->server, 7, "edited");
    feed_pass(play, 3000);
    feed_restart(play);
    feed_pass(play, 1000); /* shown without a connection */
    feed_set_visible(play, true);
    feed_pass(play, 3000);
    fake_feed_delete(&play->app->server, 3);
    feed_pass(play, 3000);
    feed_set_visible(play, false);
    feed_pass(play, 100);
    feed_restart(play);
    feed_set_visible(play, true);
    feed_pass(play, 3000);
}

/* Once nothing fails, what is stored is what is shown. A client that could not open or read its
 * storage has said so, and leaves it as it is. */
static void check_storage(feed_play *play)
{
    fault_place place = play->run->faults.plan.place;
    if (place == FAULT_STORAGE_OPEN || place == FAULT_STORAGE_READ) {
        torture_check(play->app->errors > 0, "the storage is not open, and nothing was said");
        return;
    }
    feed_pass(play, 10000);
    const community_snapshot *snapshot = community_client_snapshot(play->app->client);
    size_t stored = fake_storage_count(&play->medium, COMMUNITY_RECORD_POST);
    size_t shown = community_snapshot_count(snapshot);
    community_snapshot_release(snapshot);
    torture_check(stored == shown, "%zu posts are stored, %zu shown", stored, shown);
}

#define SCRIPT(...) (&(const feed_script){__VA_ARGS__})

const torture_scenario torture_feed_scenarios[] = {
    {"sync", feed_play_script, SCRIPT(.posts = 110, .act = act_sync), false},
    {"sync_patient", feed_play_script,
     SCRIPT(.posts = 60, .configure = configure_patient, .act = act_sync), false},
    {"older", feed_play_script, SCRIPT(.posts = 90, .configure = configure_older, .act = act_older),
     false},
    {"feed_burst", feed_play_script, SCRIPT(.posts = 20, .act = act_feed_burst), false},
    {"snapshots", feed_play_script, SCRIPT(.posts = 10, .act = act_snapshots), false},
    {"feed_reconnect", feed_play_script, SCRIPT(.posts = 10, .act = act_feed_reconnect), false},
    {"lifecycle", feed_play_script, SCRIPT(.posts = 10, .act = act_lifecycle), false},
    {"rest", feed_play_script, SCRIPT(.posts = 10, .act = act_rest), false},
    {"feed_token", feed_play_script,
     SCRIPT(.posts = 10, .configure = configure_feed_token, .act = act_feed_token), false},
    {"keychain", feed_play_script, SCRIPT(.posts = 10, .act = act_keychain), false},
    {"logout", feed_play_script, SCRIPT(.posts = 10, .has_storage = true, .act = act_logout),
     false},
    {"storage", feed_play_script,
     SCRIPT(.posts = 30, .has_storage = true, .act = act_storage, .check = check_storage), false},
    {NULL, NULL, NULL, false},
};
