/* SPDX-License-Identifier: MIT */
/*
 * The architecture document, sections 2, 3 and 5, as an app lives through them.
 */
#include "app.h"
#include "testing.h"

static void test_tab_appears_and_feed_is_live(void **state)
{
    (void)state;
    static test_app app;
    app_init(&app, 1, 120);
    app_start(&app);
    app_run(&app, 1000);
    app_expect(&app, "connecting/stale connected/syncing batch connected/live ");
    assert_non_null(strstr(app.server.last_url,
                           "wss://example.org/community/websocket?token=good&vsn=2.0.0"));
    assert_true(app_is_in_sync(&app));
    assert_int_equal(app.replica_count, 120);
    assert_int_equal(app.status.stale_since_ms, 0);
    assert_string_equal(app.server.http.last.authorization, "Bearer good");
    community_stats stats = {.struct_size = (uint32_t)sizeof stats};
    community_client_read_stats(app.client, &stats);
    assert_int_equal(stats.pages, 3);
    assert_int_equal(stats.syncs, 1);
    assert_int_equal(stats.connects, 1);
    app_stop(&app);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tab_appears_and_feed_is_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
