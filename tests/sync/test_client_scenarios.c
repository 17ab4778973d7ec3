/* SPDX-License-Identifier: MIT */
/*
 * The architecture document, sections 2 to 4, as an app lives through them.
 */
#include "app.h"
#include "testing.h"

/* One app a test; each test's own, so that nothing is left of the one before. */
static test_app app;

/* Section 2. */

static void test_tab_appears_and_feed_is_live(void **state)
{
    (void)state;
    app_go_live(&app, 120);
    assert_string_equal(app.server.last_url,
                        "wss://example.org/community/websocket?token=good&vsn=2.0.0");
    assert_int_equal(app.replica_count, 120);
    assert_int_equal(app.status.stale_since_ms, 0);
    assert_string_equal(app.server.http.last.authorization, "Bearer good");
    community_stats stats = app_stats(&app);
    assert_int_equal(stats.pages, 3);
    assert_int_equal(stats.syncs, 1);
    assert_int_equal(stats.connects, 1);
    assert_int_equal(stats.batches, 1);
    app_stop(&app);
}

static void test_refused_token_stops(void **state)
{
    (void)state;
    app_init(&app, 1, 3);
    app.server.token = "other";
    app_start(&app);
    app_run(&app, 60000);
    app_expect(&app, "connecting/stale unauthorized/stale ");
    assert_int_equal(app.status.error.status, PHX_ERROR_UNAUTHORIZED);
    assert_int_equal(app.status.error.http_status, 403);
    assert_int_equal(app.server.transport.attempts, 2); /* once more with a fresh token */
    assert_int_equal(app.keychain.refreshes, 1);
    assert_int_equal(app.server.transport.living, 0);
    app_stop(&app);
}

static void test_missing_token_stops(void **state)
{
    (void)state;
    app_init(&app, 1, 3);
    app.keychain.token[0] = '\0';
    app_start(&app);
    app_run(&app, 60000);
    app_expect(&app, "connecting/stale unauthorized/stale ");
    assert_int_equal(app.status.error.status, PHX_ERROR_NO_TOKEN);
    assert_int_equal(app.server.transport.attempts, 0);
    app_stop(&app);
}

static size_t logins;
static phx_status login_status;
static void on_login(void *user_data, phx_status status)
{
    (void)user_data;
    logins++;
    login_status = status;
}

static void test_login_leaves_unauthorized(void **state)
{
    (void)state;
    app_init(&app, 1, 3);
    app.keychain.token[0] = '\0';
    app_start(&app);
    app_run(&app, 1000);
    app_forget(&app);
    logins = 0;
    assert_int_equal(community_client_login(app.client, "good", 4, on_login, NULL), PHX_OK);
    app_run(&app, 1000);
    assert_int_equal(logins, 1);
    assert_int_equal(login_status, PHX_OK);
    assert_string_equal(app.keychain.token, "good");
    app_expect(&app, "connecting/stale connected/syncing batch connected/live ");
    app_stop(&app);
}

static void log_in_now(void *user_data)
{
    (void)user_data;
    assert_int_equal(community_client_login(app.client, "good", 4, NULL, NULL), PHX_OK);
}

/* A refusal that is older than the login must not count against it. */
static void test_login_at_any_moment_of_a_refusal(void **state)
{
    (void)state;
    for (uint32_t moment_ms = 0; moment_ms < 20; moment_ms++) {
        app_init(&app, 1, 3);
        strcpy(app.keychain.token, "bad");
        fake_poller_after(&app.poller, moment_ms, log_in_now, NULL);
        app_start(&app);
        app_run(&app, 5000);
        assert_int_equal(app.status.state, COMMUNITY_CONNECTED);
        assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
        app_stop(&app);
    }
}

static void test_login_checks_its_token(void **state)
{
    (void)state;
    app_init(&app, 1, 0);
    app_new(&app);
    assert_int_equal(community_client_login(app.client, "", 0, NULL, NULL),
                     PHX_ERROR_INVALID_ARGUMENT);
    assert_int_equal(community_client_login(app.client, "a\nb", 3, NULL, NULL),
                     PHX_ERROR_INVALID_ARGUMENT);
    static const char too_long[PHX_MAX_TOKEN_BYTES + 1];
    assert_int_equal(community_client_login(app.client, too_long, sizeof too_long, NULL, NULL),
                     PHX_ERROR_TOO_LARGE);
    app.keychain.write_status = PHX_ERROR_KEYCHAIN;
    logins = 0;
    assert_int_equal(community_client_login(app.client, "new", 3, on_login, NULL), PHX_OK);
    app_run(&app, 10);
    assert_int_equal(logins, 1);
    assert_int_equal(login_status, PHX_ERROR_KEYCHAIN);
    app_stop(&app);
}

static void test_not_a_member_stops_and_retry_goes_on(void **state)
{
    (void)state;
    app_init(&app, 1, 3);
    app.server.join_error = "{\"reason\":\"not_a_member\"}";
    app_start(&app);
    app_run(&app, 600000);
    app_expect(&app, "connecting/stale unauthorized/stale ");
    assert_int_equal(app.server.joins, 1);
    assert_int_equal(app.server.transport.living, 0); /* the socket too */
    community_status status = {.struct_size = (uint32_t)sizeof status};
    community_client_read_status(app.client, &status);
    assert_int_equal(status.error.status, PHX_ERROR_JOIN_REFUSED);
    assert_non_null(strstr(status.error.message, "not_a_member"));
    app.server.join_error = NULL;
    community_client_retry(app.client);
    app_run(&app, 1000);
    app_expect(&app, "connecting/stale connected/syncing batch connected/live ");
    app_stop(&app);
}

/* Section 3, and the table of section 4. */

static void test_new_post_arrives(void **state)
{
    (void)state;
    app_go_live(&app, 2);
    (void)fake_feed_create(&app.server, "hello");
    app_run(&app, 100);
    app_expect(&app, "batch ");
    assert_true(app_is_in_sync(&app));
    assert_string_equal(app.replica[0]->body.data, "hello");
    app_stop(&app);
}

static void test_each_event_has_its_effect(void **state)
{
    (void)state;
    app_go_live(&app, 5);
    fake_feed_edit(&app.server, 2, "edited");
    app_run(&app, 50);
    assert_true(app_is_in_sync(&app));
    fake_feed_like(&app.server, 3);
    app_run(&app, 50);
    assert_true(app_is_in_sync(&app));
    fake_feed_comment(&app.server, 4);
    app_run(&app, 50);
    assert_true(app_is_in_sync(&app));
    fake_feed_delete(&app.server, 1);
    app_run(&app, 50);
    assert_true(app_is_in_sync(&app));
    app_expect(&app, "batch batch batch batch ");
    assert_int_equal(app_stats(&app).events, 4);
    assert_int_equal(app_stats(&app).events_without_effect, 0);
    app_stop(&app);
}

static void test_second_copies_show_nowhere(void **state)
{
    (void)state;
    app_go_live(&app, 5);
    app.server.is_doubling = true;
    (void)fake_feed_create(&app.server, "once");
    fake_feed_edit(&app.server, 1, "edited");
    fake_feed_like(&app.server, 2);
    fake_feed_comment(&app.server, 2);
    fake_feed_delete(&app.server, 3);
    app_run(&app, 100);
    assert_true(app_is_in_sync(&app));
    app_expect(&app, "batch ");
    assert_int_equal(app_stats(&app).events, 10);
    assert_int_equal(app_stats(&app).events_without_effect, 5);
    fake_feed_broadcast(&app.server, "post_likes_updated",
                        "{\"id\":99,\"likes_count\":1,\"liked_by_user_ids\":[1]}");
    app_run(&app, 100);
    app_expect(&app, "");
    assert_int_equal(app_stats(&app).events_without_effect, 7);
    app_stop(&app);
}

static void test_burst_is_one_batch(void **state)
{
    (void)state;
    app_go_live(&app, 0);
    for (int i = 0; i < 500; i++) {
        (void)fake_feed_create(&app.server, "burst");
    }
    app_run(&app, 100);
    app_expect(&app, "batch ");
    assert_true(app_is_in_sync(&app));
    app_stop(&app);
}

static void test_unknown_event_reaches_the_app(void **state)
{
    (void)state;
    app_go_live(&app, 1);
    fake_feed_broadcast(&app.server, "user_typing", "{\"id\":2}");
    app_run(&app, 100);
    app_expect(&app, "event user_typing ");
    assert_int_equal(app_stats(&app).events, 0);
    app_stop(&app);
}

static void test_unknown_event_of_an_app_that_does_not_ask(void **state)
{
    (void)state;
    app_init(&app, 1, 1);
    app.config.on_event = NULL;
    app_start(&app);
    app_run(&app, 1000);
    app_forget(&app);
    fake_feed_broadcast(&app.server, "user_typing", "{\"id\":2}");
    app_run(&app, 100);
    app_expect(&app, "");
    app_stop(&app);
}

static void test_without_api_the_feed_is_unsynced(void **state)
{
    (void)state;
    app_init(&app, 1, 5);
    app.config.api_url = NULL;
    app_start(&app);
    app_run(&app, 1000);
    app_expect(&app, "connecting/stale connected/unsynced ");
    (void)fake_feed_create(&app.server, "live");
    app_run(&app, 100);
    app_expect(&app, "batch ");
    assert_int_equal(app.replica_count, 1);
    assert_int_equal(app.status.stale_since_ms, 0);
    fake_feed_drop(&app.server, 1006);
    app_run(&app, 5000);
    app_expect(&app, "reconnecting/stale connected/unsynced ");
    assert_true(app.status.stale_since_ms > 0);
    assert_int_equal(community_client_create_post(app.client, "no", NULL, NULL, NULL),
                     PHX_ERROR_UNSUPPORTED);
    app_stop(&app);
}

static void test_clear_text_is_refused(void **state)
{
    (void)state;
    const struct {
        const char *url;
        const char *api_url;
        bool allow;
        phx_status expected;
    } cases[] = {
        {"ws://example.org/c", NULL, false, PHX_ERROR_INSECURE},
        {"wss://example.org/c", "http://example.org/api", false, PHX_ERROR_INSECURE},
        {"ws://example.org/c", "http://example.org/api", true, PHX_OK},
        {"ws://127.0.0.1:4000/c", "http://localhost:4000/api", false, PHX_OK},
        {"https://example.org/c", NULL, false, PHX_ERROR_INVALID_URL},
        {"wss://example.org/c", "wss://example.org/api", false, PHX_ERROR_INVALID_URL},
        {NULL, NULL, false, PHX_ERROR_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        app_init(&app, 1, 0);
        app.config.url = cases[i].url;
        app.config.api_url = cases[i].api_url;
        app.config.allow_insecure = cases[i].allow;
        assert_int_equal(community_client_new(&app.config, &app.client), cases[i].expected);
        if (cases[i].expected != PHX_OK) {
            assert_null(app.client);
            assert_int_equal(app.released, 0);
            app.released = 1;
        }
        app_stop(&app);
    }
}

static void test_ports_must_be_whole(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        app_init(&app, 1, 0);
        app.server.http.port.send = i == 0 ? NULL : app.server.http.port.send;
        app.server.http.port.cancel = i == 1 ? NULL : app.server.http.port.cancel;
        app.keychain.port.read = i == 2 ? NULL : app.keychain.port.read;
        assert_int_equal(community_client_new(&app.config, &app.client),
                         PHX_ERROR_INVALID_ARGUMENT);
        assert_null(app.client);
        app.released = 1;
        app_stop(&app);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tab_appears_and_feed_is_live),
        cmocka_unit_test(test_refused_token_stops),
        cmocka_unit_test(test_missing_token_stops),
        cmocka_unit_test(test_login_leaves_unauthorized),
        cmocka_unit_test(test_login_at_any_moment_of_a_refusal),
        cmocka_unit_test(test_login_checks_its_token),
        cmocka_unit_test(test_not_a_member_stops_and_retry_goes_on),
        cmocka_unit_test(test_new_post_arrives),
        cmocka_unit_test(test_each_event_has_its_effect),
        cmocka_unit_test(test_second_copies_show_nowhere),
        cmocka_unit_test(test_burst_is_one_batch),
        cmocka_unit_test(test_unknown_event_reaches_the_app),
        cmocka_unit_test(test_unknown_event_of_an_app_that_does_not_ask),
        cmocka_unit_test(test_without_api_the_feed_is_unsynced),
        cmocka_unit_test(test_clear_text_is_refused),
        cmocka_unit_test(test_ports_must_be_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
