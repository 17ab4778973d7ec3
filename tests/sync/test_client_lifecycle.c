/* SPDX-License-Identifier: MIT */
/*
 * The architecture document, section 5, as an app lives through it; and logging out.
 */
#include "app.h"
#include "testing.h"

static test_app app;

static void test_background_closes_and_foreground_catches_up(void **state)
{
    (void)state;
    app_go_live(&app, 10);
    community_client_set_foreground(app.client, false);
    app_run(&app, 100);
    app_expect(&app, "disconnected/stale ");
    assert_true(app.status.stale_since_ms > 0);
    assert_int_equal(app.server.leaves, 1);
    assert_int_equal(app.server.transport.closes, 1);
    assert_int_equal(app.server.transport.living, 0);
    (void)fake_feed_create(&app.server, "missed");
    fake_feed_edit(&app.server, 5, "missed edit");
    fake_feed_delete(&app.server, 7);
    fake_feed_like(&app.server, 9);
    community_client_set_foreground(app.client, true);
    app_run(&app, 1000);
    app_expect(&app, "connecting/stale connected/syncing batch connected/live ");
    assert_true(app_is_in_sync(&app));
    assert_int_equal(app.status.stale_since_ms, 0);
    assert_int_equal(app.resets, 0);
    app_stop(&app);
}

static void test_each_fact_alone_disconnects(void **state)
{
    (void)state;
    void (*const facts[])(community_client *, bool) = {community_client_set_visible,
                                                       community_client_set_foreground,
                                                       community_client_set_network};
    app_go_live(&app, 1);
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        facts[i](app.client, false);
        facts[i](app.client, false);
        app_run(&app, 1000);
        app_expect(&app, "disconnected/stale ");
        assert_int_equal(app.server.transport.living, 0);
        facts[i](app.client, true);
        facts[i](app.client, true);
        app_run(&app, 1000);
        app_expect(&app, "connecting/stale connected/syncing connected/live ");
    }
    app_stop(&app);
}

static void test_quick_background_and_foreground(void **state)
{
    (void)state;
    app_go_live(&app, 1);
    for (uint32_t pause_ms = 0; pause_ms < 30; pause_ms++) {
        community_client_set_foreground(app.client, false);
        if (pause_ms > 0) {
            app_run(&app, pause_ms - 1);
        }
        community_client_set_foreground(app.client, true);
        size_t joins = app.server.joins;
        app_run(&app, 3000);
        assert_true(app.server.joins <= joins + 1);
        assert_int_equal(app.status.state, COMMUNITY_CONNECTED);
        assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
        assert_int_equal(fake_feed_joined(&app.server), 1);
    }
    assert_int_equal(app.server.transport.most_open, 1);
    app_stop(&app);
}

static void test_facts_before_the_first_turn(void **state)
{
    (void)state;
    app_init(&app, 1, 1);
    app_start(&app);
    community_client_set_visible(app.client, false);
    app_run(&app, 1000);
    app_expect(&app, "");
    assert_int_equal(app.server.transport.attempts, 0);
    app_stop(&app);
}

static void test_drop_reconnects_and_catches_up(void **state)
{
    (void)state;
    app_go_live(&app, 60);
    fake_feed_drop(&app.server, 1006);
    (void)fake_feed_create(&app.server, "missed");
    fake_feed_delete(&app.server, 40);
    app_run(&app, 10000);
    app_expect(&app, "reconnecting/stale connected/syncing batch connected/live ");
    assert_true(app_is_in_sync(&app));
    assert_int_equal(app_stats(&app).disconnects, 1);
    assert_int_equal(app_stats(&app).connects, 2);
    assert_int_equal(app.status.error.status, PHX_OK);
    app_stop(&app);
}

static void test_server_down_is_retried_until_it_is_up(void **state)
{
    (void)state;
    app_go_live(&app, 3);
    app.server.is_down = true;
    fake_feed_drop(&app.server, 1006);
    app_run(&app, 600000);
    app_expect(&app, "reconnecting/stale ");
    assert_int_equal(app.status.error.status, PHX_ERROR_CONNECTION_REFUSED);
    assert_true(app.status.attempts > 10);
    assert_true(app.server.transport.attempts < 120); /* with backoff */
    app.server.is_down = false;
    app_run(&app, 60000);
    app_expect(&app, "connected/syncing connected/live ");
    app_stop(&app);
}

static void test_network_change_probes(void **state)
{
    (void)state;
    app_go_live(&app, 1);
    size_t before = app.server.heartbeats;
    community_client_set_network(app.client, true);
    app_run(&app, 100);
    assert_int_equal(app.server.heartbeats, before + 1);
    app_expect(&app, "");
    app_stop(&app);
}

static void test_channel_crash_rejoins(void **state)
{
    (void)state;
    app_go_live(&app, 3);
    fake_feed_send_channel(&app.server, "phx_error");
    fake_feed_edit(&app.server, 0, "while it was gone");
    app_run(&app, 30000);
    app_expect(&app, "reconnecting/stale connected/syncing batch connected/live ");
    assert_int_equal(app.server.transport.attempts, 1);
    assert_true(app_is_in_sync(&app));
    app_stop(&app);
}

static void test_channel_closed_by_server_is_joined_again(void **state)
{
    (void)state;
    app_go_live(&app, 3);
    fake_feed_send_channel(&app.server, "phx_close");
    fake_feed_edit(&app.server, 0, "while it was gone");
    app_run(&app, 30000);
    app_expect(&app, "reconnecting/stale connected/syncing batch connected/live ");
    assert_int_equal(app.server.joins, 2);
    assert_true(app_is_in_sync(&app));
    app_stop(&app);
}

/* Not only when its wait is over. */
static void test_retry_joins_a_closed_channel_at_once(void **state)
{
    (void)state;
    app_go_live(&app, 3);
    fake_feed_send_channel(&app.server, "phx_close");
    app_run(&app, 100);
    app_expect(&app, "reconnecting/stale ");
    assert_int_equal(app.server.joins, 1);
    community_client_retry(app.client);
    app_run(&app, 100);
    app_expect(&app, "connected/syncing connected/live ");
    assert_int_equal(app.server.joins, 2);
    app_run(&app, 30000);
    app_expect(&app, "");
    assert_int_equal(app.server.joins, 2);
    app_stop(&app);
}

/* After a channel that held, the first wait is a short one again; after one that did not, it grows.
 */
static void test_wait_for_a_closed_channel_grows(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        app_init(&app, seed, 0);
        app_start(&app);
        for (uint32_t attempt = 0; attempt < 4; attempt++) {
            app_run(&app, attempt == 3 ? 20000 : 2000);
            assert_int_equal(app.status.state, COMMUNITY_CONNECTED);
            fake_feed_send_channel(&app.server, "phx_close");
            app_run(&app, 100);
            community_status status = {.struct_size = (uint32_t)sizeof status};
            community_client_read_status(app.client, &status);
            uint32_t range_ms = attempt == 3 ? 1000 : 1000u << attempt;
            assert_in_range(status.next_attempt_in_ms, range_ms / 2 - 100, range_ms);
            app_run(&app, range_ms);
        }
        app_stop(&app);
    }
}

static uint64_t connected_at_ms;

static void note_connected(test_app *which, const char *callback)
{
    (void)callback;
    if (which->status.state == COMMUNITY_CONNECTED && connected_at_ms == 0) {
        connected_at_ms = which->poller.now_ms;
    }
}

/* To the millisecond. */
static void test_channel_that_lasted_ten_seconds_held(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        for (uint32_t lasted_ms = 9999; lasted_ms <= 10000; lasted_ms++) {
            app_init(&app, seed, 0);
            app.in_callback = note_connected;
            app_start(&app);
            app_run(&app, 2000);
            fake_feed_send_channel(&app.server, "phx_close");
            app_run(&app, 100);
            connected_at_ms = 0;
            app_run(&app, 2000);
            uint64_t until_ms = connected_at_ms + lasted_ms - app.server.transport.latency_ms;
            app_run(&app, (uint32_t)(until_ms - app.poller.now_ms));
            fake_feed_send_channel(&app.server, "phx_close");
            app_run(&app, 50);
            community_status status = {.struct_size = (uint32_t)sizeof status};
            community_client_read_status(app.client, &status);
            uint32_t range_ms = lasted_ms == 10000 ? 1000 : 2000;
            assert_in_range(status.next_attempt_in_ms, range_ms / 2 - 50, range_ms);
            app_stop(&app);
        }
    }
}

static void show(void *user_data)
{
    community_client_set_visible(((test_app *)user_data)->client, true);
}

/* What the app says, from another thread for example, wakes a loop that waits. */
static void test_calls_end_the_wait(void **state)
{
    (void)state;
    app_init(&app, 1, 1);
    app_new(&app);
    app_run(&app, 100);
    uint64_t before_ms = app.poller.now_ms;
    assert_int_equal(phx_loop_poll(app.loop, 60000), PHX_OK);
    assert_int_equal(app.poller.now_ms - before_ms, 60000);
    before_ms = app.poller.now_ms;
    fake_poller_after(&app.poller, 10, show, &app);
    assert_int_equal(phx_loop_poll(app.loop, 60000), PHX_OK);
    assert_int_equal(app.poller.now_ms - before_ms, 10);
    assert_int_equal(app.server.transport.attempts, 1);
    app_stop(&app);
}

static void refuse_wordlessly(void *user_data, phx_connection *connection,
                              const phx_transport_request *request)
{
    (void)user_data;
    (void)request;
    fake_connection_refuse(connection, &(phx_error){.status = PHX_ERROR_TLS, .message = ""});
}

static void test_error_without_words_has_its_status_said(void **state)
{
    (void)state;
    app_init(&app, 1, 0);
    app.server.transport.server.attempt = refuse_wordlessly;
    app_start(&app);
    app_run(&app, 100);
    community_status status = {.struct_size = (uint32_t)sizeof status};
    community_client_read_status(app.client, &status);
    assert_int_equal(status.error.status, PHX_ERROR_TLS);
    assert_string_equal(status.error.message, phx_status_message(PHX_ERROR_TLS));
    app_stop(&app);
}

/* A caller who knows less, or more, than this library, or does not say. */
static void test_reads_as_much_as_the_caller_knows(void **state)
{
    (void)state;
    app_go_live(&app, 1);
    static const uint32_t known[] = {(uint32_t)offsetof(community_status, error),
                                     (uint32_t)sizeof(community_status), 0,
                                     (uint32_t)sizeof(community_status) + 16};
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        struct {
            community_status status;
            uint8_t more[16];
        } out;
        memset(&out, 0xaa, sizeof out);
        out.status.struct_size = known[i];
        community_client_read_status(app.client, &out.status);
        size_t written =
            known[i] == 0 || known[i] > sizeof out.status ? sizeof out.status : known[i];
        assert_int_equal(out.status.struct_size, written);
        assert_int_equal(out.status.freshness, COMMUNITY_LIVE);
        for (size_t at = written; at < sizeof out; at++) {
            assert_int_equal(((const uint8_t *)&out)[at], 0xaa);
        }
    }
    app_stop(&app);
}

static void test_logout_forgets_everything(void **state)
{
    (void)state;
    app_go_live(&app, 10);
    /* With a page under way: its late answer must not bring the feed back. */
    fake_feed_drop(&app.server, 1006);
    app.server.http.down_ms = 500;
    while (app.status.freshness != COMMUNITY_SYNCING) {
        app_run(&app, 5);
    }
    app_forget(&app);
    community_client_logout(app.client);
    app_run(&app, 5000);
    app_expect(&app, "disconnected/stale batch ");
    assert_int_equal(app.replica_count, 0);
    assert_int_equal(app.resets, 1);
    assert_string_equal(app.keychain.token, "");
    assert_int_equal(app.keychain.erases, 1);
    assert_int_equal(app.status.stale_since_ms, 0);
    assert_int_equal(app.server.transport.living, 0);
    assert_int_equal(fake_http_pending(&app.server.http), 0);
    community_client_set_visible(app.client, false);
    community_client_set_visible(app.client, true);
    app_run(&app, 5000);
    app_expect(&app, "");
    assert_int_equal(community_client_login(app.client, "good", 4, NULL, NULL), PHX_OK);
    app_run(&app, 5000);
    app_expect(&app, "connecting/stale connected/syncing batch connected/live ");
    app_stop(&app);
}

/* What is already there when the app logs out, and is read only after, belongs to the feed that
 * was. */
static void test_event_in_flight_at_logout(void **state)
{
    (void)state;
    app_go_live(&app, 3);
    app.server.transport.latency_ms = 0;
    (void)fake_feed_create(&app.server, "late");
    community_client_logout(app.client);
    app_run(&app, 1000);
    app_expect(&app, "disconnected/stale batch ");
    assert_int_equal(app.replica_count, 0);
    app_stop(&app);
}

static void test_logout_that_cannot_erase_is_reported(void **state)
{
    (void)state;
    app_go_live(&app, 0);
    app.keychain.erase_status = PHX_ERROR_KEYCHAIN;
    community_client_logout(app.client);
    app_run(&app, 100);
    app_expect(&app, "disconnected/stale error PHX_ERROR_KEYCHAIN ");
    app_stop(&app);
}

static void keep_status(void *user_data, phx_status status)
{
    *(phx_status *)user_data = status;
}

static void test_logout_and_login_in_one_turn(void **state)
{
    (void)state;
    phx_status before = PHX_ERROR_SYSTEM;
    phx_status after = PHX_ERROR_SYSTEM;
    app_go_live(&app, 4);
    assert_int_equal(community_client_login(app.client, "first", 5, keep_status, &before), PHX_OK);
    community_client_logout(app.client);
    assert_int_equal(community_client_login(app.client, "good", 4, keep_status, &after), PHX_OK);
    app_run(&app, 5000);
    assert_int_equal(before, PHX_ERROR_CANCELLED);
    assert_int_equal(after, PHX_OK);
    assert_int_equal(app.server.transport.attempts, 2); /* not the other user's connection */
    assert_int_equal(app.server.joins, 2);
    assert_string_equal(app.keychain.token, "good");
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    assert_int_equal(app.server.transport.living, 1);
    assert_int_equal(app.server.transport.most_open, 1);
    assert_true(app_is_in_sync(&app));
    app_stop(&app);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_background_closes_and_foreground_catches_up),
        cmocka_unit_test(test_each_fact_alone_disconnects),
        cmocka_unit_test(test_quick_background_and_foreground),
        cmocka_unit_test(test_facts_before_the_first_turn),
        cmocka_unit_test(test_drop_reconnects_and_catches_up),
        cmocka_unit_test(test_server_down_is_retried_until_it_is_up),
        cmocka_unit_test(test_network_change_probes),
        cmocka_unit_test(test_channel_crash_rejoins),
        cmocka_unit_test(test_channel_closed_by_server_is_joined_again),
        cmocka_unit_test(test_retry_joins_a_closed_channel_at_once),
        cmocka_unit_test(test_wait_for_a_closed_channel_grows),
        cmocka_unit_test(test_channel_that_lasted_ten_seconds_held),
        cmocka_unit_test(test_calls_end_the_wait),
        cmocka_unit_test(test_error_without_words_has_its_status_said),
        cmocka_unit_test(test_reads_as_much_as_the_caller_knows),
        cmocka_unit_test(test_logout_forgets_everything),
        cmocka_unit_test(test_event_in_flight_at_logout),
        cmocka_unit_test(test_logout_that_cannot_erase_is_reported),
        cmocka_unit_test(test_logout_and_login_in_one_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
