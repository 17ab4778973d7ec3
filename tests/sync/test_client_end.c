/* SPDX-License-Identifier: MIT */
/*
 * The client's end, wherever it is asked for, and out of memory, wherever it happens.
 */
#include "app.h"
#include "failing_allocator.h"
#include "testing.h"

static test_app app;

static const char *release_in;
static void release_now(test_app *which, const char *callback)
{
    if (release_in != NULL && strcmp(callback, release_in) == 0) {
        release_in = NULL;
        community_client *client = which->client;
        which->client = NULL;
        community_client_release(client);
    }
}

static void on_done(void *user_data, const community_result *result)
{
    size_t *count = user_data;
    *count += result->error.status == PHX_OK ? 1 : 100;
    release_now(&app, "done");
}

static void on_login(void *user_data, phx_status status)
{
    size_t *count = user_data;
    *count += status == PHX_OK ? 1 : 100;
    release_now(&app, "login");
}

static void test_release_in_each_callback(void **state)
{
    (void)state;
    static const char *const callbacks[] = {"status", "change", "error", "event", "done", "login"};
    for (size_t i = 0; i < COUNT_OF(callbacks); i++) {
        size_t done = 0;
        app_init(&app, 1, 60);
        app.in_callback = release_now;
        release_in = callbacks[i];
        app_start(&app);
        if (i > 1) {
            app_run(&app, 1000);
            assert_int_equal(community_client_login(app.client, "good", 4, on_login, &done),
                             PHX_OK);
            assert_int_equal(community_client_create_post(app.client, "x", on_done, &done, NULL),
                             PHX_OK);
            fake_feed_send_raw(&app.server, "{");
            fake_feed_broadcast(&app.server, "other", "{}");
        }
        app_run(&app, 1000);
        assert_null(release_in);
        assert_int_equal(app.released, 1);
        size_t told = app.log_length;
        app_run(&app, 1000);
        assert_int_equal(app.log_length, told);
        assert_int_equal(app.server.transport.living, 0);
        app_stop(&app);
    }
}

static void test_release_before_the_first_turn(void **state)
{
    (void)state;
    size_t done = 0;
    app_init(&app, 1, 1);
    app_start(&app);
    assert_int_equal(community_client_create_post(app.client, "x", on_done, &done, NULL), PHX_OK);
    app_stop(&app);
    assert_int_equal(done, 100);
}

static void test_release_at_any_moment(void **state)
{
    (void)state;
    for (uint32_t moment_ms = 0; moment_ms < 60; moment_ms++) {
        size_t done = 0;
        app_init(&app, 1, 120);
        app_start(&app);
        assert_int_equal(community_client_list_posts(app.client, 0, NULL, on_done, &done, NULL),
                         PHX_OK);
        app_run(&app, moment_ms);
        app_stop(&app);
        assert_true(done == 1 || done == 100);
    }
}

static void test_client_with_a_loop_of_its_own(void **state)
{
    (void)state;
    app_init(&app, 1, 3);
    phx_loop_config loop;
    phx_loop_config_init(&loop);
    static fake_poller own;
    fake_poller_init(&own, 2);
    app.server.poller = &own;
    app.server.transport.poller = &own;
    app.server.http.poller = &own;
    loop.clock = &own.clock;
    loop.random = &own.random;
    loop.poller = &own.port;
    app.config.loop = NULL;
    app.config.loop_config = &loop;
    app_start(&app);
    fake_poller_run(&own, community_client_loop(app.client), 1000);
    app_expect(&app, "connecting/stale connected/syncing batch connected/live ");
    community_client_release(app.client);
    app.client = NULL;
    assert_true(own.is_released);
    fake_poller_run_rest(&own);
    app_stop(&app);
}

/* One refusal of memory is survived; without any memory left, there is still an orderly end. */
static void live_through(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    app_init(&app, 1, 60);
    phx_loop_release(app.loop);
    fake_poller_init(&app.poller, 1);
    app.loop = fake_poller_loop(&app.poller, &allocator->port, NULL);
    app.config.loop = app.loop;
    app.config.page_posts = 25;
    if (app.loop == NULL) {
        fake_poller_run_rest(&app.poller);
        assert_true(allocator->refused > 0);
        return;
    }
    phx_status status = community_client_new(&app.config, &app.client);
    if (status == PHX_OK) {
        community_client_set_visible(app.client, true);
        app_run(&app, 300);
        (void)fake_feed_create(&app.server, "new");
        fake_feed_edit(&app.server, 3, "edited");
        fake_feed_like(&app.server, 4);
        fake_feed_comment(&app.server, 5);
        fake_feed_delete(&app.server, 6);
        status = community_client_create_post(app.client, "post", NULL, NULL, NULL);
        assert_true(status == PHX_OK || status == PHX_ERROR_NO_MEMORY);
        app_run(&app, 100);
        community_client_set_visible(app.client, false);
        app_run(&app, 100);
        community_client_set_visible(app.client, true);
        fake_feed_drop(&app.server, 1006);
        app_run(&app, 60000);
        if (!allocator->refuse_all_after) {
            assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
            const community_snapshot *snapshot = community_client_snapshot(app.client);
            fake_feed_assert_equal(&app.server, snapshot, SIZE_MAX);
            community_snapshot_release(snapshot);
        }
    } else {
        assert_int_equal(status, PHX_ERROR_NO_MEMORY);
        app.released = 1;
    }
    app_stop(&app);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    print_message("%zu requests\n", failing_allocator_torture(live_through, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_release_in_each_callback),
        cmocka_unit_test(test_release_before_the_first_turn),
        cmocka_unit_test(test_release_at_any_moment),
        cmocka_unit_test(test_client_with_a_loop_of_its_own),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
