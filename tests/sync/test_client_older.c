/* SPDX-License-Identifier: MIT */
/*
 * community_client_load_older against the model of the backend: what the app is told, and when.
 */
#include <stdio.h>

#include "app.h"
#include "testing.h"

static test_app app;

typedef struct outcome {
    size_t calls;
    phx_status status;
    int32_t http_status;
    size_t count;
    char first_body[48];
    char message[128];
    size_t replica_count; /* what the app had then */
} outcome;

static void on_done(void *user_data, const community_result *result)
{
    outcome *out = user_data;
    *out = (outcome){
        .calls = out->calls + 1,
        .status = result->error.status,
        .http_status = result->error.http_status,
        .count = result->post_count,
        .replica_count = app.replica_count,
    };
    (void)snprintf(out->message, sizeof out->message, "%s", result->error.message);
    if (result->post_count > 0) {
        (void)snprintf(out->first_body, sizeof out->first_body, "%s", result->posts[0]->body.data);
    }
}

static void load(outcome *out)
{
    assert_int_equal(community_client_load_older(app.client, on_done, out, NULL), PHX_OK);
}

static void expect(const outcome *out, phx_status status, size_t count)
{
    assert_int_equal(out->calls, 1);
    assert_int_equal(out->status, status);
    assert_int_equal(out->count, count);
}

/* Live with 10 of 35 posts. */
static void start_short(uint32_t max_posts)
{
    app_init(&app, 1, 35);
    app.config.initial_posts = 10;
    app.config.page_posts = 20;
    app.config.max_posts = max_posts;
    app_start(&app);
    app_run(&app, 1000);
    app_expect(&app, "connecting/stale connected/syncing batch connected/live ");
    assert_int_equal(app.replica_count, 10);
    assert_int_equal(app.server.http.requests, 1);
}

static void expect_feed(size_t count)
{
    const community_snapshot *snapshot = community_client_snapshot(app.client);
    assert_int_equal(app.replica_count, count);
    fake_feed_assert_equal(&app.server, snapshot, count);
    community_snapshot_release(snapshot);
}

static void test_page_after_page_until_the_end(void **state)
{
    (void)state;
    outcome outcomes[3] = {{0}};
    start_short(100);
    load(&outcomes[0]);
    app_run(&app, 1000);
    expect(&outcomes[0], PHX_OK, 20);
    assert_int_equal(outcomes[0].replica_count, 30); /* the batch came before */
    assert_string_equal(outcomes[0].first_body, "post 24");
    app_expect(&app, "batch ");
    load(&outcomes[1]); /* two at once: one after the other */
    load(&outcomes[2]);
    app_run(&app, 1000);
    expect(&outcomes[1], PHX_OK, 5);
    expect(&outcomes[2], PHX_OK, 0);
    app_expect(&app, "batch ");
    assert_int_equal(app.server.http.requests, 3);
    expect_feed(35);
    app_stop(&app);
}

static void test_capacity_is_the_end(void **state)
{
    (void)state;
    outcome outcomes[2] = {{0}};
    start_short(15);
    load(&outcomes[0]);
    load(&outcomes[1]);
    app_run(&app, 1000);
    expect(&outcomes[0], PHX_OK, 5);
    expect(&outcomes[1], PHX_OK, 0);
    expect_feed(15);
    app_stop(&app);
}

static void test_live_events_go_on(void **state)
{
    (void)state;
    outcome out = {0};
    start_short(100);
    app.server.http.down_ms = 500; /* the answer is read before the events, and comes after them */
    load(&out);
    app_run(&app, 100);
    fake_feed_delete(&app.server, 12);
    fake_feed_edit(&app.server, 12, "edited");
    fake_feed_like(&app.server, 13);
    (void)fake_feed_create(&app.server, "new");
    app_run(&app, 100);
    app_expect(&app, "batch ");
    assert_int_equal(out.calls, 0);
    app_run(&app, 1000);
    expect(&out, PHX_OK, 19);
    expect_feed(30);
    app_stop(&app);
}

static void test_waits_for_the_sync(void **state)
{
    (void)state;
    outcome out = {0};
    app_init(&app, 1, 35);
    app.config.initial_posts = 10;
    app.config.page_posts = 10;
    app.server.http.down_ms = 200;
    app_start(&app);
    app_run(&app, 100);
    assert_int_equal(app.status.freshness, COMMUNITY_SYNCING);
    load(&out);
    app_run(&app, 1000);
    expect(&out, PHX_OK, 10);
    expect_feed(20);
    app_stop(&app);
}

static void test_drop_in_the_middle(void **state)
{
    (void)state;
    outcome out = {0};
    start_short(100);
    app.server.http.down_ms = 500;
    load(&out);
    app_run(&app, 100);
    fake_feed_drop(&app.server, 1006);
    app_run(&app, 20);
    expect(&out, PHX_ERROR_DISCONNECTED, 0);
    assert_int_equal(fake_http_pending(&app.server.http), 0);
    for (int i = 0; i < 30; i++) {
        (void)fake_feed_create(&app.server, "missed");
    }
    app_run(&app, 30000);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    assert_true(app.replica_count >= 40); /* nothing that was held fell off below */
    expect_feed(app.replica_count);
    app_stop(&app);
}

static void test_not_connected(void **state)
{
    (void)state;
    outcome out = {0};
    start_short(100);
    community_client_set_visible(app.client, false);
    app_run(&app, 1000);
    load(&out);
    app_run(&app, 10);
    expect(&out, PHX_ERROR_DISCONNECTED, 0);
    app_stop(&app);
}

static void test_refused_page_says_why_and_the_feed_stays_live(void **state)
{
    (void)state;
    outcome outcomes[2] = {{0}};
    start_short(100);
    app.server.rest_status = 503;
    app.server.rest_failures_left = 1;
    app.server.rest_body = "{\"error\":\"not now\"}";
    load(&outcomes[0]);
    app_run(&app, 1000);
    expect(&outcomes[0], PHX_ERROR_SERVER, 0);
    assert_int_equal(outcomes[0].http_status, 503);
    assert_string_equal(outcomes[0].message, "not now");
    app_expect(&app, "");
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    load(&outcomes[1]);
    app_run(&app, 1000);
    expect(&outcomes[1], PHX_OK, 20);
    app_stop(&app);
}

/* The post below which the page is asked for is deleted while the request is on its way. */
static void test_place_that_is_gone(void **state)
{
    (void)state;
    outcome out = {0};
    start_short(100);
    app.server.http.up_ms = 100;
    load(&out);
    app_run(&app, 10);
    fake_feed_delete(&app.server, 9);
    app_run(&app, 10000);
    expect(&out, PHX_OK, 14); /* below the whole page of the sync that it led to */
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    expect_feed(34);
    app_stop(&app);
}

static void test_cancel_logout_and_release(void **state)
{
    (void)state;
    outcome outcomes[3] = {{0}};
    community_request request = {0};
    start_short(100);
    app.server.http.down_ms = 500;
    assert_int_equal(community_client_load_older(app.client, on_done, &outcomes[0], &request),
                     PHX_OK);
    app_run(&app, 100);
    assert_int_equal(fake_http_pending(&app.server.http), 1);
    community_client_cancel(app.client, request);
    app_run(&app, 10);
    expect(&outcomes[0], PHX_ERROR_CANCELLED, 0);
    assert_int_equal(fake_http_pending(&app.server.http), 0);
    load(&outcomes[1]);
    app_run(&app, 10);
    community_client_logout(app.client);
    app_run(&app, 1000);
    expect(&outcomes[1], PHX_ERROR_CANCELLED, 0);
    assert_int_equal(app.replica_count, 0);
    load(&outcomes[2]);
    app_stop(&app);
    expect(&outcomes[2], PHX_ERROR_CLOSED, 0);
}

static void test_without_rest(void **state)
{
    (void)state;
    app_init(&app, 1, 3);
    app.config.api_url = NULL;
    app_start(&app);
    community_request request = {7};
    assert_int_equal(community_client_load_older(app.client, NULL, NULL, &request),
                     PHX_ERROR_UNSUPPORTED);
    assert_int_equal(request.id, 0);
    app_stop(&app);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_after_page_until_the_end),
        cmocka_unit_test(test_capacity_is_the_end),
        cmocka_unit_test(test_live_events_go_on),
        cmocka_unit_test(test_waits_for_the_sync),
        cmocka_unit_test(test_drop_in_the_middle),
        cmocka_unit_test(test_not_connected),
        cmocka_unit_test(test_refused_page_says_why_and_the_feed_stays_live),
        cmocka_unit_test(test_place_that_is_gone),
        cmocka_unit_test(test_cancel_logout_and_release),
        cmocka_unit_test(test_without_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
