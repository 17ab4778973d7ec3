/* SPDX-License-Identifier: MIT */
/*
 * The client's syncs: what goes wrong with pages and frames, and that the feed is the server's in
 * the end.
 */
#include "app.h"
#include "testing.h"

static test_app app;

static void test_failed_page_is_tried_again_without_dropping_the_socket(void **state)
{
    (void)state;
    static const int32_t statuses[] = {500, 404, 422, 400, 429, 302};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        app_init(&app, 1, 3);
        app.server.rest_status = statuses[i];
        app.server.rest_failures_left = 2;
        app.server.rest_body = "{\"error\":\"not now\"}";
        app_start(&app);
        app_run(&app, 400);
        app_expect(&app, "connecting/stale connected/syncing ");
        assert_int_equal(app.status.error.http_status, statuses[i]);
        community_status status = {.struct_size = (uint32_t)sizeof status};
        community_client_read_status(app.client, &status);
        assert_string_equal(status.error.message, "not now");
        app_run(&app, 10000);
        app_expect(&app, "batch connected/live ");
        assert_int_equal(app.status.error.status, PHX_OK);
        assert_int_equal(app.server.transport.attempts, 1);
        app_stop(&app);
    }
}

static void test_retry_after_is_respected(void **state)
{
    (void)state;
    app_init(&app, 1, 3);
    app.server.rest_status = 429;
    app.server.rest_failures_left = 1;
    app.server.rest_retry_after_ms = 45000;
    app_start(&app);
    app_run(&app, 45000);
    assert_int_equal(app.server.http.requests, 1);
    app_run(&app, 1000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    app_stop(&app);
}

static void test_retry_ends_the_wait(void **state)
{
    (void)state;
    app_init(&app, 1, 3);
    app.server.rest_status = 503;
    app.server.rest_failures_left = 1;
    app.server.rest_retry_after_ms = 600000;
    app_start(&app);
    app_run(&app, 1000);
    assert_int_equal(app.status.freshness, COMMUNITY_SYNCING);
    community_client_retry(app.client);
    app_run(&app, 1000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    app_stop(&app);
}

static void test_undecodable_page_starts_again(void **state)
{
    (void)state;
    app_init(&app, 1, 3);
    app.server.rest_status = 200;
    app.server.rest_failures_left = 1;
    app.server.rest_body = "{\"data\":[{\"id\":1},{\"body\":\"no id\"}]}";
    app_start(&app);
    app_run(&app, 10000);
    app_expect(&app, "connecting/stale connected/syncing error PHX_ERROR_UNEXPECTED_RESPONSE "
                     "batch connected/live ");
    assert_true(app_is_in_sync(&app));
    app_stop(&app);
}

static void test_refused_page_asks_for_a_fresh_token_once(void **state)
{
    (void)state;
    app_init(&app, 1, 3);
    app.server.rest_status = 401;
    app.server.rest_failures_left = 1;
    app_start(&app);
    app_run(&app, 10000);
    app_expect(&app, "connecting/stale connected/syncing batch connected/live ");
    assert_int_equal(app.keychain.refreshes, 1);
    app_stop(&app);
}

static void test_page_refused_twice_is_unauthorized(void **state)
{
    (void)state;
    app_init(&app, 1, 3);
    app.server.rest_status = 403;
    app_start(&app);
    app_run(&app, 600000);
    app_expect(&app, "connecting/stale connected/syncing unauthorized/stale ");
    assert_int_equal(app.server.http.requests, 2);
    assert_int_equal(app.status.error.http_status, 403);
    assert_int_equal(app.server.transport.living, 0);
    app_stop(&app);
}

static void test_http_port_that_refuses_is_tried_again(void **state)
{
    (void)state;
    app_init(&app, 1, 3);
    app.server.http.refuse_with = PHX_ERROR_NO_MEMORY;
    app_start(&app);
    app_run(&app, 1000);
    assert_int_equal(app.status.freshness, COMMUNITY_SYNCING);
    app.server.http.refuse_with = PHX_OK;
    app_run(&app, 30000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    app_stop(&app);
}

/* Every kind of frame and payload that cannot be understood: reported, counted, and synced for. */
static void test_bad_input_is_reported_and_synced_for(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "{not json",
        "{\"a\":1}",
        "[null,null,\"community:feed\"]",
        "[null,null,\"community:feed\",7,{}]",
        "[null,null,\"community:feed\",\"new_post\",{\"body\":\"no id\"}]",
        "[null,null,\"community:feed\",\"new_post\",{\"id\":{}}]",
        "[null,null,\"community:feed\",\"post_updated\",[]]",
        "[null,null,\"community:feed\",\"post_deleted\",{}]",
        "[null,null,\"community:feed\",\"post_likes_updated\",{\"id\":1,\"likes_count\":-1}]",
        "[null,null,\"community:feed\",\"post_comments_updated\",{\"id\":1}]",
        "[null,null,\"community:feed\",\"new_post\",{\"id\":1,\"body\":\"\xff\"}]",
    };
    for (size_t i = 0; i < COUNT_OF(frames); i++) {
        app_go_live(&app, 3);
        fake_feed_send_raw(&app.server, frames[i]);
        app_run(&app, 100);
        assert_int_equal(app.errors, 1);
        assert_int_equal(app_stats(&app).malformed, 1);
        assert_int_equal(app.status.state, COMMUNITY_CONNECTED);
        assert_int_equal(app.status.freshness, COMMUNITY_SYNCING);
        assert_true(app.status.stale_since_ms > 0);
        assert_true(app_is_in_sync(&app));
        app_run(&app, 5000);
        assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
        assert_int_equal(app_stats(&app).syncs, 2);
        assert_int_equal(app.server.transport.attempts, 1);
        assert_int_equal(app.batches, 1);
        app_stop(&app);
    }
}

static void test_flood_of_bad_frames_syncs_seldom(void **state)
{
    (void)state;
    app_go_live(&app, 3);
    for (int i = 0; i < 3000; i++) {
        fake_feed_send_raw(&app.server, "[null,null,\"community:feed\",\"new_post\",{}]");
        app_run(&app, 100);
    }
    assert_int_equal(app.errors, 3000);
    assert_true(app_stats(&app).syncs > 5);
    assert_true(app_stats(&app).syncs < 40);
    app_run(&app, 60000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    app_stop(&app);
}

static void test_malformed_event_during_a_sync_starts_it_again(void **state)
{
    (void)state;
    app_init(&app, 1, 120);
    app.server.http.down_ms = 200;
    app_start(&app);
    app_run(&app, 300);
    assert_int_equal(fake_http_pending(&app.server.http), 1);
    fake_feed_send_raw(&app.server, "[null,null,\"community:feed\",\"post_deleted\",{}]");
    app_run(&app, 10);
    assert_int_equal(fake_http_pending(&app.server.http), 0);
    app_run(&app, 5000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    assert_true(app_is_in_sync(&app));
    app_stop(&app);
}

static void test_drop_during_a_sync(void **state)
{
    (void)state;
    app_init(&app, 1, 200);
    app.server.http.down_ms = 100;
    app_start(&app);
    app_run(&app, 250);
    fake_feed_drop(&app.server, 1006);
    app_run(&app, 6);
    assert_int_equal(fake_http_pending(&app.server.http), 0);
    fake_feed_delete(&app.server, 0);
    app_run(&app, 5000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    assert_true(app_is_in_sync(&app));
    app_stop(&app);
}

static void test_capacity_holds_the_newest(void **state)
{
    (void)state;
    app_init(&app, 1, 100);
    app.config.max_posts = 30;
    app.config.page_posts = 8;
    app_start(&app);
    app_run(&app, 2000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    assert_true(app_is_in_sync(&app));
    assert_int_equal(app.replica_count, 30);
    assert_int_equal(app_stats(&app).pages, 4);
    (void)fake_feed_create(&app.server, "new");
    app_run(&app, 100);
    assert_true(app_is_in_sync(&app));
    app_stop(&app);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failed_page_is_tried_again_without_dropping_the_socket),
        cmocka_unit_test(test_retry_after_is_respected),
        cmocka_unit_test(test_retry_ends_the_wait),
        cmocka_unit_test(test_undecodable_page_starts_again),
        cmocka_unit_test(test_refused_page_asks_for_a_fresh_token_once),
        cmocka_unit_test(test_page_refused_twice_is_unauthorized),
        cmocka_unit_test(test_http_port_that_refuses_is_tried_again),
        cmocka_unit_test(test_bad_input_is_reported_and_synced_for),
        cmocka_unit_test(test_flood_of_bad_frames_syncs_seldom),
        cmocka_unit_test(test_malformed_event_during_a_sync_starts_it_again),
        cmocka_unit_test(test_drop_during_a_sync),
        cmocka_unit_test(test_capacity_holds_the_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
