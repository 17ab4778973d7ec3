/* SPDX-License-Identifier: MIT */
/*
 * The feed between runs: shown before the network is up, written behind, wiped.
 */
#include "storage_app.h"
#include "testing.h"

static void test_shown_before_the_network_is_up(void **state)
{
    (void)state;
    storage_run_once(60);
    int64_t fresh_at_ms = storage_time();
    storage_start_again();
    storage_app.server.is_down = true;
    app_new(&storage_app);
    app_run(&storage_app, 1);
    app_expect(&storage_app, "batch ");
    assert_int_equal(storage_app.resets, 1);
    assert_int_equal(storage_app.replica_count, 60);
    community_status status = {.struct_size = (uint32_t)sizeof status};
    community_client_read_status(storage_app.client, &status);
    assert_int_equal(status.freshness, COMMUNITY_STALE);
    assert_int_equal(status.stale_since_ms, fresh_at_ms);
    assert_true(app_is_in_sync(&storage_app));

    fake_feed_edit(&storage_app.server, 7, "edited meanwhile");
    (void)fake_feed_create(&storage_app.server, "made meanwhile");
    community_client_set_visible(storage_app.client, true);
    app_run(&storage_app, 1000);
    assert_int_equal(storage_app.status.state, COMMUNITY_CONNECTING);
    assert_int_equal(storage_app.status.stale_since_ms, fresh_at_ms);
    storage_app.server.is_down = false;
    app_run(&storage_app, 60000);
    assert_int_equal(storage_app.status.freshness, COMMUNITY_LIVE);
    assert_int_equal(storage_app.status.stale_since_ms, 0);
    assert_true(app_is_in_sync(&storage_app));
    assert_int_equal(storage_app.batches, 2);
    assert_int_equal(storage_app.resets, 1); /* merged: the second was no reset */
    storage_assert_stored();
    storage_stop();
    fake_storage_free(&storage_medium);
}

static void test_status_says_since_when(void **state)
{
    (void)state;
    storage_run_once(3);
    int64_t fresh_at_ms = storage_time();
    storage_start_again();
    app_start(&storage_app);
    storage_app.server.is_down = true;
    app_run(&storage_app, 1);
    assert_int_equal(storage_app.status.stale_since_ms, fresh_at_ms);
    app_run(&storage_app, 20000);
    storage_stop();
    assert_int_equal(storage_time(), fresh_at_ms); /* it was not live since */
    storage_start_again();
    app_start(&storage_app);
    app_run(&storage_app, 4000);
    assert_int_equal(storage_app.status.freshness, COMMUNITY_LIVE);
    int64_t live_ms = storage_app.poller.clock.wall_ms(storage_app.poller.clock.user_data);
    assert_true(storage_time() >= live_ms - 4000);
    app_run(&storage_app, 100000);
    community_client_set_visible(storage_app.client, false);
    app_run(&storage_app, 1);
    assert_true(storage_time() >= live_ms + 100000); /* live until just now */
    storage_stop();
    fake_storage_free(&storage_medium);
}

static void test_writes_behind_and_only_what_changed(void **state)
{
    (void)state;
    storage_start_first(60);
    app_start(&storage_app);
    app_run(&storage_app, 1000);
    assert_int_equal(storage_app.status.freshness, COMMUNITY_LIVE);
    assert_int_equal(storage_medium.changes, 0);
    app_run(&storage_app, 2000);
    assert_int_equal(storage_medium.changes, 1);
    assert_int_equal(storage_medium.last_count,
                     62); /* the time, all that was there goes, 60 posts */
    storage_assert_stored();

    app_run(&storage_app, 60000);
    assert_int_equal(storage_medium.changes, 1);
    fake_feed_edit(&storage_app.server, 30, "edited");
    app_run(&storage_app, 3000);
    assert_int_equal(storage_medium.changes, 2);
    assert_int_equal(storage_medium.last_count, 2);
    (void)fake_feed_create(&storage_app.server, "new");
    fake_feed_delete(&storage_app.server, 10);
    app_run(&storage_app, 3000);
    assert_int_equal(storage_medium.changes, 3);
    assert_int_equal(storage_medium.last_count, 3);
    storage_assert_stored();

    for (int i = 0; i < 200; i++) { /* 10 s of events */
        fake_feed_like(&storage_app.server, 5);
        app_run(&storage_app, 50);
    }
    app_run(&storage_app, 3000);
    assert_in_range(storage_medium.changes, 3 + 4, 3 + 6);
    storage_assert_stored();
    storage_stop();
    fake_storage_free(&storage_medium);
}

static void test_writes_at_once_when_it_may_end(void **state)
{
    (void)state;
    static void (*const leave[])(community_client *, bool) = {community_client_set_visible,
                                                              community_client_set_foreground,
                                                              community_client_set_network};
    for (size_t i = 0; i <= COUNT_OF(leave); i++) {
        storage_start_first(5);
        app_start(&storage_app);
        app_run(&storage_app, 5000);
        size_t changes = storage_medium.changes;
        (void)fake_feed_create(&storage_app.server, "new");
        app_run(&storage_app, 100);
        assert_int_equal(storage_medium.changes, changes);
        if (i < COUNT_OF(leave)) {
            leave[i](storage_app.client, false);
            app_run(&storage_app, 1);
        } else {
            community_client_release(storage_app.client);
            storage_app.client = NULL;
        }
        assert_int_equal(storage_medium.changes, changes + 1);
        assert_int_equal(storage_app.replica_count, 6);
        storage_assert_stored();
        storage_stop();
        fake_storage_free(&storage_medium);
    }
}

static void test_live_until_the_release(void **state)
{
    (void)state;
    storage_start_first(3);
    app_start(&storage_app);
    app_run(&storage_app, 500000);
    phx_clock *clock = &storage_app.poller.clock;
    int64_t now_ms = clock->wall_ms(clock->user_data);
    storage_stop();
    assert_true(storage_time() >= now_ms);
    fake_storage_free(&storage_medium);
}

static void test_nothing_of_a_feed_that_was_never_filled(void **state)
{
    (void)state;
    storage_start_first(5);
    storage_app.server.is_down = true;
    app_start(&storage_app);
    app_run(&storage_app, 10000);
    storage_stop();
    assert_int_equal(storage_medium.opens, 1);
    assert_int_equal(storage_medium.changes, 0);
    fake_storage_free(&storage_medium);
}

static void test_logout_wipes(void **state)
{
    (void)state;
    storage_run_once(20);
    storage_start_again();
    app_start(&storage_app);
    app_run(&storage_app, 1000);
    community_client_logout(storage_app.client);
    app_run(&storage_app, 10000);
    assert_int_equal(storage_medium.wipes, 1);
    assert_int_equal(storage_medium.count, 0);
    assert_int_equal(storage_app.replica_count, 0);
    assert_int_equal(storage_app.errors, 0);

    storage_app.server.is_down = true;
    assert_int_equal(community_client_login(storage_app.client, "good", 4, NULL, NULL), PHX_OK);
    app_run(&storage_app, 10000);
    assert_int_equal(storage_app.status.stale_since_ms, 0); /* this user's was never filled */
    storage_app.server.is_down = false;
    app_run(&storage_app, 60000);
    assert_int_equal(storage_app.status.freshness, COMMUNITY_LIVE);
    assert_int_equal(storage_app.replica_count, 20);
    storage_assert_stored();
    storage_stop();
    fake_storage_free(&storage_medium);
}

static void test_another_user_sees_nothing(void **state)
{
    (void)state;
    storage_run_once(20);
    storage_start_again();
    storage_app.config.user_id = "8";
    storage_app.server.is_down = true;
    app_start(&storage_app);
    app_run(&storage_app, 5000);
    assert_int_equal(storage_app.replica_count, 0);
    assert_int_equal(storage_app.errors, 0);
    assert_int_equal(storage_medium.count, 0);
    storage_stop();
    fake_storage_free(&storage_medium);
}

static void test_bounded_by_the_capacity(void **state)
{
    (void)state;
    storage_start_first(60);
    storage_app.config.max_posts = 10;
    app_start(&storage_app);
    app_run(&storage_app, 5000);
    for (int i = 0; i < 30; i++) {
        (void)fake_feed_create(&storage_app.server, "new");
        app_run(&storage_app, 300);
        assert_in_range(fake_storage_count(&storage_medium, COMMUNITY_RECORD_POST), 0, 10);
    }
    app_run(&storage_app, 3000);
    storage_assert_stored();
    storage_stop();
    storage_start_again(); /* and smaller the next time */
    storage_app.config.max_posts = 4;
    storage_app.server.is_down = true;
    app_start(&storage_app);
    app_run(&storage_app, 3000);
    assert_int_equal(storage_app.replica_count, 4);
    assert_int_equal(storage_app.errors, 0);
    storage_assert_stored();
    storage_stop();
    fake_storage_free(&storage_medium);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shown_before_the_network_is_up),
        cmocka_unit_test(test_status_says_since_when),
        cmocka_unit_test(test_writes_behind_and_only_what_changed),
        cmocka_unit_test(test_writes_at_once_when_it_may_end),
        cmocka_unit_test(test_live_until_the_release),
        cmocka_unit_test(test_nothing_of_a_feed_that_was_never_filled),
        cmocka_unit_test(test_logout_wipes),
        cmocka_unit_test(test_another_user_sees_nothing),
        cmocka_unit_test(test_bounded_by_the_capacity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
