/* SPDX-License-Identifier: MIT */
/*
 * The feed between runs: shown before the network is up, written behind, wiped.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app.h"
#include "community/post_codec.h"
#include "failing_allocator.h"
#include "fake_storage.h"
#include "support/alloc.h"
#include "testing.h"

static test_app app;
static fake_storage storage;

/* A client of the same user on the same medium, and of the same server. */
static void start_again(void)
{
    const fake_feed server = app.server;
    app_init(&app, 2, 0);
    memcpy(app.server.posts, server.posts, sizeof server.posts);
    app.server.count = server.count;
    app.server.last_id = server.last_id;
    fake_storage_restart(&storage);
    app.config.storage = &storage.port;
    app.config.user_id = "7";
    app_run(&app, 3600000); /* later than the first run */
}

static void start_first(size_t posts)
{
    fake_storage_init(&storage);
    app_init(&app, 1, posts);
    app.config.storage = &storage.port;
    app.config.user_id = "7";
}

static void stop(void)
{
    app_stop(&app);
    assert_true(storage.is_released);
}

static void run_once(size_t posts)
{
    start_first(posts);
    app_start(&app);
    app_run(&app, 5000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    stop();
}

/* What is stored is the feed that the app sees. */
static void assert_stored(void)
{
    assert_int_equal(fake_storage_count(&storage, COMMUNITY_RECORD_POST), app.replica_count);
    for (size_t i = 0; i < app.replica_count; i++) {
        const community_record *record = fake_storage_at(&storage, COMMUNITY_RECORD_POST, i);
        const community_post *post = NULL;
        const char *reason;
        assert_int_equal(communityi_post_decode(&phxi_default_allocator, record->value.data,
                                                record->value.length, &post, &reason),
                         PHX_OK);
        assert_true(communityi_post_equals(post, app.replica[i]));
        community_post_release(post);
    }
}

static int64_t stored_time(void)
{
    const community_record *record = fake_storage_at(&storage, COMMUNITY_RECORD_META, 0);
    char text[32] = "";
    assert_non_null(record);
    assert_slice(record->key, "fresh_at");
    memcpy(text, record->value.data, record->value.length);
    return strtoll(text, NULL, 10);
}

static void test_shown_before_the_network_is_up(void **state)
{
    (void)state;
    run_once(60);
    int64_t fresh_at_ms = stored_time();
    start_again();
    app.server.is_down = true;
    app_new(&app);
    app_run(&app, 1);
    app_expect(&app, "batch ");
    assert_int_equal(app.resets, 1);
    assert_int_equal(app.replica_count, 60);
    community_status status = {.struct_size = (uint32_t)sizeof status};
    community_client_read_status(app.client, &status);
    assert_int_equal(status.freshness, COMMUNITY_STALE);
    assert_int_equal(status.stale_since_ms, fresh_at_ms);
    assert_true(app_is_in_sync(&app));

    fake_feed_edit(&app.server, 7, "edited meanwhile");
    (void)fake_feed_create(&app.server, "made meanwhile");
    community_client_set_visible(app.client, true);
    app_run(&app, 1000);
    assert_int_equal(app.status.state, COMMUNITY_CONNECTING);
    assert_int_equal(app.status.stale_since_ms, fresh_at_ms);
    app.server.is_down = false;
    app_run(&app, 60000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    assert_int_equal(app.status.stale_since_ms, 0);
    assert_true(app_is_in_sync(&app));
    assert_int_equal(app.batches, 2);
    assert_int_equal(app.resets, 1); /* merged: the second was no reset */
    assert_stored();
    stop();
    fake_storage_free(&storage);
}

static void test_status_says_since_when(void **state)
{
    (void)state;
    run_once(3);
    int64_t fresh_at_ms = stored_time();
    start_again();
    app_start(&app);
    app.server.is_down = true;
    app_run(&app, 1);
    assert_int_equal(app.status.stale_since_ms, fresh_at_ms);
    app_run(&app, 20000);
    stop();
    assert_int_equal(stored_time(), fresh_at_ms); /* it was not live since */
    start_again();
    app_start(&app);
    app_run(&app, 4000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    int64_t live_ms = app.poller.clock.wall_ms(app.poller.clock.user_data);
    assert_true(stored_time() >= live_ms - 4000);
    app_run(&app, 100000);
    community_client_set_visible(app.client, false);
    app_run(&app, 1);
    assert_true(stored_time() >= live_ms + 100000); /* live until just now */
    stop();
    fake_storage_free(&storage);
}

static void test_writes_behind_and_only_what_changed(void **state)
{
    (void)state;
    start_first(60);
    app_start(&app);
    app_run(&app, 1000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    assert_int_equal(storage.changes, 0);
    app_run(&app, 2000);
    assert_int_equal(storage.changes, 1);
    assert_int_equal(storage.last_count, 62); /* the time, all that was there goes, 60 posts */
    assert_stored();

    app_run(&app, 60000);
    assert_int_equal(storage.changes, 1);
    fake_feed_edit(&app.server, 30, "edited");
    app_run(&app, 3000);
    assert_int_equal(storage.changes, 2);
    assert_int_equal(storage.last_count, 2);
    (void)fake_feed_create(&app.server, "new");
    fake_feed_delete(&app.server, 10);
    app_run(&app, 3000);
    assert_int_equal(storage.changes, 3);
    assert_int_equal(storage.last_count, 3);
    assert_stored();

    for (int i = 0; i < 200; i++) { /* 10 s of events */
        fake_feed_like(&app.server, 5);
        app_run(&app, 50);
    }
    app_run(&app, 3000);
    assert_in_range(storage.changes, 3 + 4, 3 + 6);
    assert_stored();
    stop();
    fake_storage_free(&storage);
}

static void test_writes_at_once_when_it_may_end(void **state)
{
    (void)state;
    static void (*const leave[])(community_client *, bool) = {community_client_set_visible,
                                                              community_client_set_foreground,
                                                              community_client_set_network};
    for (size_t i = 0; i <= COUNT_OF(leave); i++) {
        start_first(5);
        app_start(&app);
        app_run(&app, 5000);
        size_t changes = storage.changes;
        (void)fake_feed_create(&app.server, "new");
        app_run(&app, 100);
        assert_int_equal(storage.changes, changes);
        if (i < COUNT_OF(leave)) {
            leave[i](app.client, false);
            app_run(&app, 1);
        } else {
            community_client_release(app.client);
            app.client = NULL;
        }
        assert_int_equal(storage.changes, changes + 1);
        assert_int_equal(app.replica_count, 6);
        assert_stored();
        stop();
        fake_storage_free(&storage);
    }
}

static void test_nothing_of_a_feed_that_was_never_filled(void **state)
{
    (void)state;
    start_first(5);
    app.server.is_down = true;
    app_start(&app);
    app_run(&app, 10000);
    stop();
    assert_int_equal(storage.opens, 1);
    assert_int_equal(storage.changes, 0);
    fake_storage_free(&storage);
}

static void test_logout_wipes(void **state)
{
    (void)state;
    run_once(20);
    start_again();
    app_start(&app);
    app_run(&app, 1000);
    community_client_logout(app.client);
    app_run(&app, 10000);
    assert_int_equal(storage.wipes, 1);
    assert_int_equal(storage.count, 0);
    assert_int_equal(app.replica_count, 0);
    assert_int_equal(app.errors, 0);

    assert_int_equal(community_client_login(app.client, "good", 4, NULL, NULL), PHX_OK);
    app_run(&app, 10000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    assert_int_equal(app.replica_count, 20);
    assert_stored();
    stop();
    fake_storage_free(&storage);
}

static void test_wipe_that_fails_is_the_end_of_it(void **state)
{
    (void)state;
    run_once(20);
    start_again();
    app_start(&app);
    app_run(&app, 5000);
    storage.fail_at = storage.calls + 1;
    community_client_logout(app.client);
    assert_int_equal(community_client_login(app.client, "good", 4, NULL, NULL), PHX_OK);
    app_run(&app, 10000);
    assert_int_equal(app.errors, 1);
    assert_int_equal(storage.opens, 2); /* not a third time: what was not wiped is not shown */
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    stop();
    fake_storage_free(&storage);
}

static void test_another_user_sees_nothing(void **state)
{
    (void)state;
    run_once(20);
    start_again();
    app.config.user_id = "8";
    app.server.is_down = true;
    app_start(&app);
    app_run(&app, 5000);
    assert_int_equal(app.replica_count, 0);
    assert_int_equal(app.errors, 0);
    assert_int_equal(storage.count, 0);
    stop();
    fake_storage_free(&storage);
}

static void test_records_that_are_no_posts(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"8000000000100001", "{"},
        {"8000000000100001", "{\"body\":\"no id\"}"},
        {"8000000000100001", ""},
        {"0000000000000001", "{\"id\":3}"}, /* a post that is there already */
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        run_once(20);
        fake_storage_plant(&storage, COMMUNITY_RECORD_POST, bad[i][0], bad[i][1]);
        start_again();
        app.server.is_down = true;
        app_start(&app);
        app_run(&app, 1);
        assert_int_equal(app.errors, 1);
        assert_int_equal(app.replica_count, 20);
        app.server.is_down = false;
        app_run(&app, 60000);
        assert_true(app_is_in_sync(&app));
        assert_stored(); /* it is gone */
        stop();
        fake_storage_free(&storage);
    }
}

static void test_places_that_are_none(void **state)
{
    (void)state;
    static const char *const keys[] = {"ffffffffffffffff", "x", "G000000000000000",
                                       "80000000001000010", "0000000000000000"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        run_once(20);
        fake_storage_plant(&storage, COMMUNITY_RECORD_POST, keys[i], "{\"id\":999}");
        start_again();
        app_start(&app);
        app_run(&app, 20000);
        assert_true(app_is_in_sync(&app));
        (void)fake_feed_create(&app.server, "above");
        app_run(&app, 3000);
        assert_stored();
        stop();
        fake_storage_free(&storage);
    }
}

static void test_time_that_is_none(void **state)
{
    (void)state;
    static const char *const times[] = {"", "0", "x", "-5", "1e3", "99999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        run_once(4);
        fake_storage_plant(&storage, COMMUNITY_RECORD_META, "fresh_at", times[i]);
        start_again();
        app.server.is_down = true;
        app_start(&app);
        app_run(&app, 1000);
        assert_int_equal(app.replica_count, 0);
        assert_int_equal(app.errors, 1);
        stop();
        fake_storage_free(&storage);
    }
}

static void test_time_in_the_future(void **state)
{
    (void)state;
    run_once(4);
    fake_storage_plant(&storage, COMMUNITY_RECORD_META, "fresh_at", "99999999999999999");
    start_again();
    app.server.is_down = true;
    app_start(&app);
    app_run(&app, 1000);
    assert_int_equal(app.replica_count, 4);
    assert_true(app.status.stale_since_ms <= app.poller.clock.wall_ms(app.poller.clock.user_data));
    stop();
    fake_storage_free(&storage);
}

static void test_bounded_by_the_capacity(void **state)
{
    (void)state;
    start_first(60);
    app.config.max_posts = 10;
    app_start(&app);
    app_run(&app, 5000);
    for (int i = 0; i < 30; i++) {
        (void)fake_feed_create(&app.server, "new");
        app_run(&app, 300);
        assert_in_range(fake_storage_count(&storage, COMMUNITY_RECORD_POST), 0, 10);
    }
    app_run(&app, 3000);
    assert_stored();
    stop();
    start_again(); /* and smaller the next time */
    app.config.max_posts = 4;
    app.server.is_down = true;
    app_start(&app);
    app_run(&app, 3000);
    assert_int_equal(app.replica_count, 4);
    assert_int_equal(app.errors, 0);
    assert_stored();
    stop();
    fake_storage_free(&storage);
}

static void test_note_is_reported(void **state)
{
    (void)state;
    start_first(3);
    storage.note = "set aside";
    app_start(&app);
    app_run(&app, 5000);
    assert_int_equal(app.errors, 1);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    stop();
    fake_storage_free(&storage);
}

static void test_configuration(void **state)
{
    (void)state;
    static const char *const users[] = {NULL, "", "7"};
    for (size_t i = 0; i < COUNT_OF(users); i++) {
        start_first(0);
        app.config.user_id = users[i];
        if (i == 2) {
            storage.port.change = NULL;
        }
        assert_int_equal(community_client_new(&app.config, &app.client),
                         PHX_ERROR_INVALID_ARGUMENT);
        app.released = 1; /* not told, but the ports are given back */
        stop();
        fake_storage_free(&storage);
    }
}

/* Two runs and all that the storage is asked for, with each call failing in turn. */
static void live_twice(size_t fail_at, bool fail_all_after)
{
    start_first(20);
    storage.fail_at = fail_at;
    storage.fail_all_after = fail_all_after;
    app_start(&app);
    app_run(&app, 5000);
    (void)fake_feed_create(&app.server, "new");
    app_run(&app, 3000);
    fake_feed_delete(&app.server, 3);
    community_client_set_visible(app.client, false);
    app_run(&app, 10);
    stop();
    start_again();
    size_t before = storage.calls;
    app_start(&app);
    app_run(&app, 5000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    assert_true(app_is_in_sync(&app));
    fake_feed_edit(&app.server, 2, "edited");
    app_run(&app, 120000);
    /* What cannot be opened or read is left alone. */
    bool is_unread = fail_at == before + 1 || fail_at == before + 2;
    if (!fail_all_after && !is_unread) {
        assert_stored();
    }
    community_client_logout(app.client);
    app_run(&app, 1000);
    assert_int_equal(app.replica_count, 0);
    assert_int_equal(app.status.state, COMMUNITY_DISCONNECTED);
    stop();
    fake_storage_free(&storage);
}

static void test_storage_that_fails(void **state)
{
    (void)state;
    live_twice(0, false);
    size_t calls = storage.calls;
    assert_true(calls > 8);
    for (size_t i = 1; i <= calls; i++) {
        live_twice(i, false);
        assert_int_equal(storage.failed, 1);
        live_twice(i, true);
        assert_true(storage.failed > 0);
    }
}

static void test_failure_is_reported_once_and_tried_less_often(void **state)
{
    (void)state;
    start_first(20);
    storage.fail_at = 3;
    storage.fail_all_after = true;
    app_start(&app);
    app_run(&app, 600000);
    assert_int_equal(app.errors, 1);
    assert_in_range(storage.failed, 10, 20);
    storage.fail_at = 0;
    app_run(&app, 100000);
    assert_int_equal(storage.changes, 1);
    assert_stored();
    stop();
    fake_storage_free(&storage);
}

/* Two runs on one medium; memory is refused in the first or in the second. */
static void live_through(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    for (int run = 0; run < 2; run++) {
        if (run == 0) {
            start_first(12);
        } else {
            start_again();
        }
        phx_loop_release(app.loop);
        fake_poller_run_rest(&app.poller);
        fake_poller_init(&app.poller, 1);
        app.loop = fake_poller_loop(&app.poller, &allocator->port);
        app.config.loop = app.loop;
        if (app.loop == NULL) {
            fake_poller_run_rest(&app.poller);
            storage.is_released = true;
            break;
        }
        phx_status status = community_client_new(&app.config, &app.client);
        if (status == PHX_OK) {
            community_client_set_visible(app.client, true);
            app_run(&app, 1000);
            (void)fake_feed_create(&app.server, "new");
            fake_feed_delete(&app.server, 4);
            app_run(&app, 90000);
            if (!allocator->refuse_all_after) {
                assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
                assert_true(app_is_in_sync(&app));
                assert_stored();
            }
        } else {
            assert_int_equal(status, PHX_ERROR_NO_MEMORY);
            app.released = 1;
        }
        stop();
    }
    fake_storage_free(&storage);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    print_message("%zu requests\n", failing_allocator_torture(live_through, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shown_before_the_network_is_up),
        cmocka_unit_test(test_status_says_since_when),
        cmocka_unit_test(test_writes_behind_and_only_what_changed),
        cmocka_unit_test(test_writes_at_once_when_it_may_end),
        cmocka_unit_test(test_nothing_of_a_feed_that_was_never_filled),
        cmocka_unit_test(test_logout_wipes),
        cmocka_unit_test(test_wipe_that_fails_is_the_end_of_it),
        cmocka_unit_test(test_another_user_sees_nothing),
        cmocka_unit_test(test_records_that_are_no_posts),
        cmocka_unit_test(test_places_that_are_none),
        cmocka_unit_test(test_time_that_is_none),
        cmocka_unit_test(test_time_in_the_future),
        cmocka_unit_test(test_bounded_by_the_capacity),
        cmocka_unit_test(test_note_is_reported),
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_storage_that_fails),
        cmocka_unit_test(test_failure_is_reported_once_and_tried_less_often),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
