/* SPDX-License-Identifier: MIT */
/*
 * The app that the tests of the client look through.
 */
#include "app.h"

#include <stdio.h>

#include "testing.h"

static const char *const states[] = {"disconnected", "connecting", "connected", "reconnecting",
                                     "unauthorized"};
static const char *const freshnesses[] = {"stale", "syncing", "live", "unsynced"};

static void note(test_app *app, const char *format, const char *a, const char *b)
{
    size_t room = sizeof app->log - app->log_length;
    int length = snprintf(app->log + app->log_length, room, format, a, b);
    if (length > 0 && (size_t)length < room) {
        app->log_length += (size_t)length;
    }
}

static void called(test_app *app, const char *which)
{
    assert_int_equal(app->released, 0);
    if (app->in_callback != NULL) {
        app->in_callback(app, which);
    }
}

static void on_status(void *user_data, const community_status *status)
{
    test_app *app = user_data;
    bool is_shown =
        status->state != app->status.state || status->freshness != app->status.freshness;
    assert_non_null(status->error.message);
    app->status = *status;
    app->status.error.message = NULL;
    if (is_shown) {
        note(app, "%s/%s ", states[status->state], freshnesses[status->freshness]);
    }
    called(app, "status");
}

static void insert(test_app *app, size_t index, const community_post *post)
{
    assert_true(index <= app->replica_count);
    assert_true(app->replica_count < COUNT_OF(app->replica));
    memmove(&app->replica[index + 1], &app->replica[index],
            (app->replica_count - index) * sizeof app->replica[0]);
    app->replica[index] = community_post_retain(post);
    app->replica_count++;
}

static void remove_at(test_app *app, size_t index)
{
    assert_true(index < app->replica_count);
    community_post_release(app->replica[index]);
    app->replica_count--;
    memmove(&app->replica[index], &app->replica[index + 1],
            (app->replica_count - index) * sizeof app->replica[0]);
}

static void reset(test_app *app, const community_snapshot *snapshot)
{
    while (app->replica_count > 0) {
        remove_at(app, app->replica_count - 1);
    }
    for (size_t i = 0; i < community_snapshot_count(snapshot); i++) {
        insert(app, i, community_snapshot_post(snapshot, i));
    }
    app->resets++;
}

static void replay(test_app *app, const community_batch *batch, const community_change *change)
{
    switch (change->kind) {
    case COMMUNITY_CHANGE_INSERT:
        insert(app, change->index, change->post);
        break;
    case COMMUNITY_CHANGE_REPLACE:
        remove_at(app, change->index);
        insert(app, change->index, change->post);
        break;
    case COMMUNITY_CHANGE_REMOVE:
        assert_ptr_equal(app->replica[change->index], change->post);
        remove_at(app, change->index);
        break;
    default:
        reset(app, batch->snapshot);
        break;
    }
}

static void on_change(void *user_data, const community_batch *batch)
{
    test_app *app = user_data;
    assert_true(batch->count > 0);
    for (size_t i = 0; i < batch->count; i++) {
        replay(app, batch, &batch->changes[i]);
    }
    assert_int_equal(app->replica_count, community_snapshot_count(batch->snapshot));
    for (size_t i = 0; i < app->replica_count; i++) {
        assert_ptr_equal(app->replica[i], community_snapshot_post(batch->snapshot, i));
    }
    app->batches++;
    note(app, "batch ", "", "");
    called(app, "change");
}

static void on_error(void *user_data, const phx_error *error)
{
    test_app *app = user_data;
    assert_non_null(error->message);
    app->errors++;
    note(app, "error %s ", phx_status_name(error->status), "");
    called(app, "error");
}

static void on_event(void *user_data, const community_event *event)
{
    test_app *app = user_data;
    char name[64];
    (void)snprintf(name, sizeof name, "%.*s", (int)event->name.length, event->name.data);
    note(app, "event %s ", name, "");
    called(app, "event");
}

static void on_release(void *user_data)
{
    test_app *app = user_data;
    app->released++;
}

void app_init(test_app *app, uint64_t seed, size_t posts)
{
    app_init_with(app, NULL, seed, posts);
}

void app_init_with(test_app *app, const phx_allocator *allocator, uint64_t seed, size_t posts)
{
    app_init_logged(app, allocator, NULL, seed, posts);
}

void app_init_logged(test_app *app, const phx_allocator *allocator, const phx_log *log,
                     uint64_t seed, size_t posts)
{
    memset(app, 0, sizeof *app);
    fake_poller_init(&app->poller, seed);
    fake_feed_init(&app->server, &app->poller);
    fake_keychain_init(&app->keychain, "good");
    for (size_t i = 0; i < posts; i++) {
        char body[32];
        (void)snprintf(body, sizeof body, "post %zu", i);
        (void)fake_feed_create(&app->server, body);
    }
    community_config_init(&app->config);
    app->config.url = "wss://example.org/community";
    app->config.api_url = "https://example.org/api/community";
    app->config.keychain = &app->keychain.port;
    app->config.transport = &app->server.transport.port;
    app->config.http = &app->server.http.port;
    app->config.on_change = on_change;
    app->config.on_status = on_status;
    app->config.on_error = on_error;
    app->config.on_event = on_event;
    app->config.user_data = app;
    app->config.release_user_data = on_release;
    app->loop = fake_poller_loop(&app->poller, allocator, log);
    app->config.loop = app->loop;
}

void app_new(test_app *app)
{
    assert_int_equal(community_client_new(&app->config, &app->client), PHX_OK);
}

void app_start(test_app *app)
{
    app_new(app);
    community_client_set_visible(app->client, true);
}

void app_end_client(test_app *app)
{
    community_client_release(app->client);
    assert_int_equal(app->released, 1);
    assert_true(app->keychain.is_released);
    assert_true(app->server.transport.is_released);
    assert_true(app->server.http.is_released);
    app_run(app, 1); /* the loop has nothing of the client's any more */
    while (app->replica_count > 0) {
        remove_at(app, app->replica_count - 1);
    }
}

void app_stop(test_app *app)
{
    app_end_client(app);
    phx_loop_release(app->loop);
    assert_true(app->poller.is_released);
    fake_poller_run_rest(&app->poller);
}

void app_run(test_app *app, uint32_t ms)
{
    fake_poller_run(&app->poller, app->loop, ms);
}

void app_forget(test_app *app)
{
    app->log_length = 0;
    app->log[0] = '\0';
}

void app_expect_at(test_app *app, const char *expected, const char *file, int line)
{
    if (strcmp(app->log, expected) != 0) {
        print_error("expected: %s\nhappened: %s\n", expected, app->log);
        _fail(file, line);
    }
    app_forget(app);
}

bool app_is_in_sync(test_app *app)
{
    const community_snapshot *snapshot = community_client_snapshot(app->client);
    bool is_equal = fake_feed_is_equal(&app->server, snapshot,
                                       app->config.max_posts == 0 ? 1000 : app->config.max_posts);
    community_snapshot_release(snapshot);
    return is_equal;
}

void app_go_live(test_app *app, size_t posts)
{
    app_init(app, 1, posts);
    app_start(app);
    app_run(app, 1000);
    app_expect(app, posts == 0 ? "connecting/stale connected/syncing connected/live "
                               : "connecting/stale connected/syncing batch connected/live ");
    assert_true(app_is_in_sync(app));
}

community_stats app_stats(test_app *app)
{
    community_stats stats = {.struct_size = (uint32_t)sizeof stats};
    community_client_read_stats(app->client, &stats);
    return stats;
}
