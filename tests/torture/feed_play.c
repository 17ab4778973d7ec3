/* SPDX-License-Identifier: MIT */
/*
 * The play of a community_client.
 */
#include "feed_play.h"

#include <stdio.h>

enum {
    ALONE_MS = 150000, /* several times the longest wait between attempts */
    TOLD_MS = 60000
};

static const char *const state_names[] = {"disconnected", "connecting", "connected", "reconnecting",
                                          "unauthorized"};
static const char *const freshness_names[] = {"stale", "syncing", "live", "unsynced"};

/* --- birth and death of a client --- */

static phx_status make_client(feed_play *play)
{
    test_app *app = play->app;
    fault_set *faults = &play->run->faults;
    app->config.loop = app->loop;
    app->config.keychain = faults_keychain(faults, &app->keychain.port);
    app->config.transport = faults_transport(faults, &app->server.transport.port);
    app->config.http = faults_http(faults, &app->server.http.port);
    if (app->config.storage != NULL) {
        app->config.storage = faults_storage(faults, &play->medium.port);
    }
    app->released = 0;
    play->is_visible = false;
    phx_status status = community_client_new(&app->config, &app->client);
    torture_check_status(play->run, status, "community_client_new");
    assert_int_equal(app->client != NULL, status == PHX_OK);
    play->clients += status == PHX_OK ? 1 : 0;
    return status;
}

/* A next client needs them again. */
static void renew_ports(feed_play *play)
{
    test_app *app = play->app;
    faults_assert_client_released(&play->run->faults);
    app->keychain.is_released = false;
    app->server.transport.is_released = false;
    app->server.http.is_released = false;
    fake_storage_restart(&play->medium);
}

static void release_client(feed_play *play)
{
    test_app *app = play->app;
    bool was_there = app->client != NULL;
    community_client_release(app->client);
    app->client = NULL;
    torture_check(app->released == (was_there ? 1 : 0), "release_user_data came %zu times",
                  app->released);
    while (app->replica_count > 0) {
        community_post_release(app->replica[--app->replica_count]);
    }
    for (size_t i = 0; i < play->call_count; i++) {
        const feed_call *call = &play->calls[i];
        torture_check(call->done == (call->is_accepted ? 1 : 0), "call %zu completed %zu times", i,
                      call->done);
    }
}

void feed_restart(feed_play *play)
{
    release_client(play);
    renew_ports(play);
    if (make_client(play) != PHX_OK) {
        renew_ports(play);
    }
}

/* --- what scripts do --- */

void feed_pass(feed_play *play, uint32_t ms)
{
    torture_pass(play->run, &play->app->poller, play->app->loop, ms);
}

void feed_set_visible(feed_play *play, bool is_visible)
{
    play->is_visible = is_visible;
    if (play->app->client != NULL) {
        community_client_set_visible(play->app->client, is_visible);
    }
}

feed_call *feed_call_new(feed_play *play)
{
    assert_true(play->call_count < FEED_CALLS);
    feed_call *call = &play->calls[play->call_count++];
    call->play = play;
    return call;
}

void feed_call_made(feed_call *call, phx_status status, const char *what)
{
    torture_check_status(call->play->run, status, what);
    call->is_accepted = status == PHX_OK;
}

void feed_call_done(void *user_data, const community_result *result)
{
    feed_call *call = user_data;
    assert_non_null(result->error.message);
    assert_int_equal(call->play->app->released, 0);
    call->done++;
    call->status = result->error.status;
    call->is_outcome_unknown = result->is_outcome_unknown;
    torture_check(call->status == PHX_OK || result->post_count == 0, "posts with a failure");
}

void feed_create(feed_play *play)
{
    if (play->app->client != NULL) {
        feed_call *call = feed_call_new(play);
        (void)snprintf(call->body, sizeof call->body, "call %zu", play->call_count);
        feed_call_made(
            call,
            community_client_create_post(play->app->client, call->body, feed_call_done, call, NULL),
            "community_client_create_post");
    }
}

static void on_login(void *user_data, phx_status status)
{
    feed_call *call = user_data;
    call->done++;
    call->status = status;
}

void feed_login(feed_play *play, const char *token)
{
    if (play->app->client != NULL) {
        feed_call *call = feed_call_new(play);
        feed_call_made(
            call, community_client_login(play->app->client, token, strlen(token), on_login, call),
            "community_client_login");
    }
}

void feed_write(feed_play *play, uint32_t number)
{
    if (play->app->client != NULL) {
        phx_status status = rig_post(&play->world, number);
        torture_check_status(play->run, status, "community_client_create_post");
        play->is_accepted[number] = status == PHX_OK;
    }
}

/* --- what has to be true --- */

/* The feed is the newest of the server's posts, as many as were asked for. */
static bool is_feed_equal(const feed_play *play)
{
    const test_app *app = play->app;
    const community_snapshot *snapshot = community_client_snapshot(app->client);
    size_t count = community_snapshot_count(snapshot);
    size_t least = app->config.initial_posts != 0 ? app->config.initial_posts : SIZE_MAX;
    least = least < app->server.count ? least : app->server.count;
    bool is_equal = count >= least && fake_feed_is_equal(&app->server, snapshot, count);
    community_snapshot_release(snapshot);
    return is_equal;
}

/* A login that failed, or none after a logout. */
static bool has_no_token(const feed_play *play)
{
    return strcmp(play->app->keychain.token, play->app->server.token) != 0;
}

static bool is_wanted(const feed_play *play)
{
    return play->is_visible && !has_no_token(play);
}

static void check_feed(const feed_play *play, bool may_have_said_no)
{
    community_status status = {.struct_size = (uint32_t)sizeof status};
    community_client_read_status(play->app->client, &status);
    bool has_said_no = status.state == COMMUNITY_UNAUTHORIZED
                           ? faults_concern_token(&play->run->faults) || has_no_token(play)
                           : status.state == COMMUNITY_DISCONNECTED && !is_wanted(play);
    if (may_have_said_no && has_said_no) {
        return;
    }
    torture_check(status.freshness == COMMUNITY_LIVE,
                  "the client is %s and %s (%s) although nothing fails any more",
                  state_names[status.state], freshness_names[status.freshness],
                  phx_status_name(status.error.status));
    torture_check(is_feed_equal(play), "the feed is live and not the server's");
}

static size_t count_posts(const fake_feed *server, const char *body)
{
    size_t count = 0;
    for (size_t i = 0; i < server->count; i++) {
        count += strcmp(server->posts[i].body, body) == 0 ? 1 : 0;
    }
    return count;
}

/* What a call said of its effect is what happened. */
static void check_calls(const feed_play *play)
{
    for (size_t i = 0; i < play->call_count; i++) {
        const feed_call *call = &play->calls[i];
        torture_check(call->done == (call->is_accepted ? 1 : 0), "call %zu completed %zu times", i,
                      call->done);
        if (call->body[0] == '\0') {
            continue;
        }
        size_t effects = count_posts(&play->app->server, call->body);
        bool is_right = call->done == 0            ? effects == 0
                        : call->status == PHX_OK   ? effects == 1
                        : call->is_outcome_unknown ? effects <= 1
                                                   : effects == 0;
        torture_check(is_right, "call %zu ended with %s, and the server did it %zu times", i,
                      phx_status_name(call->status), effects);
    }
}

static void check_item(const feed_play *play, uint32_t number)
{
    const rig *world = &play->world;
    uint32_t executed = world->executed[number];
    uint32_t told = world->told[number];
    torture_check(executed <= 1, "item %u was executed %u times", (unsigned)number,
                  (unsigned)executed);
    bool may_be_lost = play->clients > 1 && faults_failed(&play->run->faults) > 0;
    /* A record that a port could not erase, which was said, comes back in the next run. Want of
     * memory is no excuse. */
    bool may_come_back = play->clients > 1 && play->run->faults.failed > 0 && play->app->errors > 0;
    torture_check(told == 1 || (told == 0 && may_be_lost) || (told > 1 && may_come_back),
                  "item %u has %u outcomes", (unsigned)number, (unsigned)told);
    torture_check(world->done[number] == 1, "item %u completed %u times", (unsigned)number,
                  (unsigned)world->done[number]);
    if (told == 0) {
        return;
    }
    community_outcome outcome = world->outcome[number];
    bool is_right = outcome == COMMUNITY_OUTCOME_DONE      ? executed == 1
                    : outcome == COMMUNITY_OUTCOME_UNKNOWN ? executed <= 1
                                                           : executed == 0;
    torture_check(is_right, "item %u has outcome %d, and was executed %u times", (unsigned)number,
                  (int)outcome, (unsigned)executed);
}

static void check_outbox(const feed_play *play)
{
    const community_outbox *outbox = community_client_outbox(play->app->client);
    for (size_t i = 0; i < community_outbox_count(outbox); i++) {
        torture_check(community_outbox_item_at(outbox, i)->state == COMMUNITY_OUTBOX_FAILED,
                      "item %zu of the outbox is still waiting", i);
    }
    community_outbox_release(outbox);
    for (uint32_t number = 1; number < RIG_ITEMS; number++) {
        if (play->is_accepted[number]) {
            check_item(play, number);
        }
    }
}

static void tell_again(feed_play *play)
{
    community_client *client = play->app->client;
    feed_set_visible(play, true);
    community_client_set_foreground(client, true);
    community_client_set_network(client, true);
    feed_login(play, play->app->server.token);
    community_client_retry(client);
}

static void recover(feed_play *play, const feed_script *script)
{
    faults_disarm(&play->run->faults);
    if (play->app->client == NULL) {
        feed_restart(play);
        feed_set_visible(play, true);
    }
    if (play->run->faults.plan.status == PHX_ERROR_TOKEN_PENDING) {
        community_client_retry(play->app->client); /* what the keychain promised */
    }
    feed_pass(play, ALONE_MS);
    check_feed(play, true);
    tell_again(play);
    feed_pass(play, TOLD_MS);
    check_feed(play, false);
    (void)fake_feed_create(&play->app->server, "the last one");
    feed_pass(play, 1000);
    check_feed(play, false);
    check_calls(play);
    check_outbox(play);
    if (script->check != NULL) {
        script->check(play);
    }
}

/* --- the play --- */

static phx_status begin(feed_play *play, const feed_script *script)
{
    test_app *app = play->app;
    fault_set *faults = &play->run->faults;
    rig_init(&play->world, 1, !script->ignores_keys, script->posts);
    phx_loop_release(app->loop);
    app->loop = NULL;
    fake_poller_init(&app->poller, 1);
    fake_storage_init(&play->medium);
    if (script->has_outbox) {
        rig_configure(&play->world);
        app->config.storage = NULL;
    }
    if (script->has_storage) {
        app->config.storage = &play->medium.port;
        app->config.user_id = "99";
    }
    app->config.page_posts = 25;
    if (script->configure != NULL) {
        script->configure(play);
    }
    faults_server(faults, &app->server.transport);
    faults_serve(faults, &app->server.http);
    phx_loop_config config;
    phx_loop_config_init(&config);
    config.allocator = &faults->allocator.port;
    config.clock = faults_clock(faults, &app->poller.clock);
    config.random = faults_random(faults, &app->poller.random);
    config.log = faults_log(faults);
    config.poller = faults_poller(faults, &app->poller.port);
    faults_arm(faults);
    return phx_loop_new(&config, &app->loop);
}

void feed_play_script(torture_run *run, const void *given)
{
    static feed_play play;
    const feed_script *script = given;
    memset(&play, 0, sizeof play);
    play.run = run;
    play.app = &play.world.app;
    phx_status status = begin(&play, script);
    torture_check_status(run, status, "phx_loop_new");
    if (status == PHX_OK) {
        if (make_client(&play) == PHX_OK) {
            feed_set_visible(&play, true);
            script->act(&play);
        }
        if (run->mode != TORTURE_END) {
            recover(&play, script);
        }
        release_client(&play);
    }
    phx_loop_release(play.app->loop);
    fake_poller_run_rest(&play.app->poller);
    assert_int_equal(play.app->server.transport.living, 0);
    play.medium.is_released = true;
    fake_storage_free(&play.medium);
}
