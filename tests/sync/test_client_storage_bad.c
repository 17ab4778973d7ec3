/* SPDX-License-Identifier: MIT */
/*
 * The client with a storage that lies or fails, and without memory: never worse off than without
 * one.
 */
#include "failing_allocator.h"
#include "storage_app.h"
#include "testing.h"

static void test_wipe_that_fails_is_the_end_of_it(void **state)
{
    (void)state;
    storage_run_once(20);
    storage_start_again();
    app_start(&storage_app);
    app_run(&storage_app, 5000);
    storage_medium.fail_at = storage_medium.calls + 1;
    community_client_logout(storage_app.client);
    assert_int_equal(community_client_login(storage_app.client, "good", 4, NULL, NULL), PHX_OK);
    app_run(&storage_app, 10000);
    assert_int_equal(storage_app.errors, 1);
    assert_int_equal(storage_medium.opens,
                     2); /* not a third time: what was not wiped is not shown */
    assert_int_equal(storage_app.status.freshness, COMMUNITY_LIVE);
    storage_stop();
    fake_storage_free(&storage_medium);
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
        storage_run_once(20);
        fake_storage_plant(&storage_medium, COMMUNITY_RECORD_POST, bad[i][0], bad[i][1]);
        storage_start_again();
        storage_app.server.is_down = true;
        app_start(&storage_app);
        app_run(&storage_app, 1);
        assert_int_equal(storage_app.errors, 1);
        assert_int_equal(storage_app.replica_count, 20);
        storage_app.server.is_down = false;
        app_run(&storage_app, 60000);
        assert_true(app_is_in_sync(&storage_app));
        storage_assert_stored(); /* it is gone */
        storage_stop();
        fake_storage_free(&storage_medium);
    }
}

static void test_places_that_are_none(void **state)
{
    (void)state;
    static const char *const keys[] = {"ffffffffffffffff", "x", "G000000000000000",
                                       "80000000001000010", "0000000000000000"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        storage_run_once(20);
        fake_storage_plant(&storage_medium, COMMUNITY_RECORD_POST, keys[i], "{\"id\":999}");
        storage_start_again();
        app_start(&storage_app);
        app_run(&storage_app, 20000);
        assert_true(app_is_in_sync(&storage_app));
        (void)fake_feed_create(&storage_app.server, "above");
        app_run(&storage_app, 3000);
        storage_assert_stored();
        storage_stop();
        fake_storage_free(&storage_medium);
    }
}

static void test_time_that_is_none(void **state)
{
    (void)state;
    static const char *const times[] = {"", "0", "x", "-5", "1e3", "99999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        storage_run_once(4);
        fake_storage_plant(&storage_medium, COMMUNITY_RECORD_META, "fresh_at", times[i]);
        storage_start_again();
        storage_app.server.is_down = true;
        app_start(&storage_app);
        app_run(&storage_app, 1000);
        assert_int_equal(storage_app.replica_count, 0);
        assert_int_equal(storage_app.errors, 1);
        storage_stop();
        fake_storage_free(&storage_medium);
    }
}

static void test_time_in_the_future(void **state)
{
    (void)state;
    storage_run_once(4);
    fake_storage_plant(&storage_medium, COMMUNITY_RECORD_META, "fresh_at", "99999999999999999");
    storage_start_again();
    storage_app.server.is_down = true;
    app_start(&storage_app);
    app_run(&storage_app, 1000);
    assert_int_equal(storage_app.replica_count, 4);
    assert_true(storage_app.status.stale_since_ms <=
                storage_app.poller.clock.wall_ms(storage_app.poller.clock.user_data));
    storage_stop();
    fake_storage_free(&storage_medium);
}

static void test_note_is_reported(void **state)
{
    (void)state;
    storage_start_first(3);
    storage_medium.note = "set aside";
    app_start(&storage_app);
    app_run(&storage_app, 5000);
    assert_int_equal(storage_app.errors, 1);
    assert_int_equal(storage_app.status.freshness, COMMUNITY_LIVE);
    storage_stop();
    fake_storage_free(&storage_medium);
}

static void test_configuration(void **state)
{
    (void)state;
    static const char *const users[] = {NULL, "", "7"};
    for (size_t i = 0; i < COUNT_OF(users); i++) {
        storage_start_first(0);
        storage_app.config.user_id = users[i];
        if (i == 2) {
            storage_medium.port.change = NULL;
        }
        assert_int_equal(community_client_new(&storage_app.config, &storage_app.client),
                         PHX_ERROR_INVALID_ARGUMENT);
        storage_app.released = 1; /* not told, but the ports are given back */
        storage_stop();
        fake_storage_free(&storage_medium);
    }
}

/* Two runs and all that the storage is asked for, with each call failing in turn. */
static void live_twice(size_t fail_at, bool fail_all_after)
{
    storage_start_first(20);
    storage_medium.fail_at = fail_at;
    storage_medium.fail_all_after = fail_all_after;
    app_start(&storage_app);
    app_run(&storage_app, 5000);
    (void)fake_feed_create(&storage_app.server, "new");
    app_run(&storage_app, 3000);
    fake_feed_delete(&storage_app.server, 3);
    community_client_set_visible(storage_app.client, false);
    app_run(&storage_app, 10);
    storage_stop();
    storage_start_again();
    size_t before = storage_medium.calls;
    app_start(&storage_app);
    app_run(&storage_app, 5000);
    assert_int_equal(storage_app.status.freshness, COMMUNITY_LIVE);
    assert_true(app_is_in_sync(&storage_app));
    fake_feed_edit(&storage_app.server, 2, "edited");
    app_run(&storage_app, 120000);
    /* What cannot be opened or read is left alone. */
    bool is_unread = fail_at == before + 1 || fail_at == before + 2;
    if (!fail_all_after && !is_unread) {
        storage_assert_stored();
    }
    community_client_logout(storage_app.client);
    app_run(&storage_app, 1000);
    assert_int_equal(storage_app.replica_count, 0);
    assert_int_equal(storage_app.status.state, COMMUNITY_DISCONNECTED);
    storage_stop();
    fake_storage_free(&storage_medium);
}

static void test_storage_that_fails(void **state)
{
    (void)state;
    live_twice(0, false);
    size_t calls = storage_medium.calls;
    assert_true(calls > 8);
    for (size_t i = 1; i <= calls; i++) {
        live_twice(i, false);
        assert_int_equal(storage_medium.failed, 1);
        live_twice(i, true);
        assert_true(storage_medium.failed > 0);
    }
}

static void test_what_cannot_be_read_is_left_alone(void **state)
{
    (void)state;
    storage_run_once(20);
    size_t changes = storage_medium.changes;
    storage_start_again();
    storage_medium.fail_at = storage_medium.calls + 2; /* the reading */
    app_start(&storage_app);
    app_run(&storage_app, 10000);
    fake_feed_edit(&storage_app.server, 2, "edited");
    app_run(&storage_app, 10000);
    storage_stop();
    assert_int_equal(storage_medium.failed, 1);
    assert_int_equal(storage_medium.changes, changes);
    fake_storage_free(&storage_medium);
}

/* For ten minutes. */
static void fail_every_write(void)
{
    storage_start_first(20);
    storage_medium.fail_at = 3;
    storage_medium.fail_all_after = true;
    app_start(&storage_app);
    app_run(&storage_app, 600000);
    assert_int_equal(storage_app.errors, 1);
}

static void test_failure_is_reported_once_and_tried_less_often(void **state)
{
    (void)state;
    fail_every_write();
    assert_in_range(storage_medium.failed, 10, 20);
    storage_medium.fail_at = 0;
    app_run(&storage_app, 100000);
    assert_int_equal(storage_medium.changes, 1);
    storage_assert_stored();
    storage_stop();
    fake_storage_free(&storage_medium);
}

/* A logout forgets that there was a failure, too. */
static void test_failure_after_a_logout_is_reported_again(void **state)
{
    (void)state;
    fail_every_write();
    storage_medium.fail_at = 0;
    community_client_logout(storage_app.client);
    app_run(&storage_app, 1000);
    storage_medium.fail_at = storage_medium.calls + 3; /* behind open and read */
    assert_int_equal(community_client_login(storage_app.client, "good", 4, NULL, NULL), PHX_OK);
    app_run(&storage_app, 3500); /* two seconds after it is live */
    assert_int_equal(storage_app.errors, 2);
    storage_medium.fail_at = 0;
    storage_stop();
    fake_storage_free(&storage_medium);
}

/* A loop with this allocator in the place of the app's. False: there was no memory for it. */
static bool use_allocator(const failing_allocator *allocator)
{
    phx_loop_release(storage_app.loop);
    fake_poller_run_rest(&storage_app.poller);
    fake_poller_init(&storage_app.poller, 1);
    storage_app.loop = fake_poller_loop(&storage_app.poller, &allocator->port, NULL);
    storage_app.config.loop = storage_app.loop;
    return storage_app.loop != NULL;
}

/* Two runs on one medium; memory is refused in the first or in the second. */
static void live_through(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    for (int run = 0; run < 2; run++) {
        if (run == 0) {
            storage_start_first(12);
        } else {
            storage_start_again();
        }
        if (!use_allocator(allocator)) {
            fake_poller_run_rest(&storage_app.poller);
            storage_medium.is_released = true;
            break;
        }
        phx_status status = community_client_new(&storage_app.config, &storage_app.client);
        if (status == PHX_OK) {
            community_client_set_visible(storage_app.client, true);
            app_run(&storage_app, 1000);
            (void)fake_feed_create(&storage_app.server, "new");
            fake_feed_delete(&storage_app.server, 4);
            app_run(&storage_app, 90000);
            if (!allocator->refuse_all_after) {
                assert_int_equal(storage_app.status.freshness, COMMUNITY_LIVE);
                assert_true(app_is_in_sync(&storage_app));
                storage_assert_stored();
            }
            /* Nothing was wrong with a record. */
            assert_null(strstr(storage_app.log, "PHX_ERROR_IO"));
        } else {
            assert_int_equal(status, PHX_ERROR_NO_MEMORY);
            storage_app.released = 1;
        }
        storage_stop();
    }
    fake_storage_free(&storage_medium);
}

/* The time says of the records beside it how fresh they are: never one without the other. */
static void test_write_without_memory_is_whole_or_none(void **state)
{
    (void)state;
    failing_allocator allocator;
    failing_allocator_init(&allocator);
    size_t refused = 1;
    for (size_t nth = 1; refused > 0; nth++) {
        failing_allocator_refuse(&allocator, 0, false);
        storage_start_first(5);
        use_allocator(&allocator);
        app_start(&storage_app);
        app_run(&storage_app, 5000);
        fake_feed_edit(&storage_app.server, 2, "edited");
        app_run(&storage_app, 1900);
        size_t changes = storage_medium.changes;
        failing_allocator_refuse(&allocator, nth, false);
        for (int ms = 0; ms < 200 && storage_medium.changes == changes; ms++) {
            app_run(&storage_app, 1);
        }
        refused = allocator.refused;
        failing_allocator_refuse(&allocator, 0, false);
        assert_true(refused > 0 || storage_medium.changes == changes + 1);
        if (storage_medium.changes > changes) {
            storage_assert_stored();
        }
        storage_stop();
        fake_storage_free(&storage_medium);
    }
    assert_int_equal(allocator.live_blocks, 0);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    print_message("%zu requests\n", failing_allocator_torture(live_through, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wipe_that_fails_is_the_end_of_it),
        cmocka_unit_test(test_records_that_are_no_posts),
        cmocka_unit_test(test_places_that_are_none),
        cmocka_unit_test(test_time_that_is_none),
        cmocka_unit_test(test_time_in_the_future),
        cmocka_unit_test(test_note_is_reported),
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_storage_that_fails),
        cmocka_unit_test(test_what_cannot_be_read_is_left_alone),
        cmocka_unit_test(test_failure_is_reported_once_and_tried_less_often),
        cmocka_unit_test(test_failure_after_a_logout_is_reported_again),
        cmocka_unit_test(test_write_without_memory_is_whole_or_none),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
