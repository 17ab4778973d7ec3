/* SPDX-License-Identifier: MIT */
/*
 * Tokens: one that is refused is asked for anew once, one that is missing stops the attempts, one
 * that is on its way is waited for.
 */
#include "engine_harness.h"
#include "testing.h"

static void refreshes_a_refused_token_once_then_stops(void **state)
{
    engine_harness *h = *state;
    harness_connect(h);
    harness_forget(h);
    harness_refused(h, PHX_ERROR_UNAUTHORIZED, 403, 0);
    harness_expect(h, "drop\nopen refresh\nstate connecting\n");
    harness_refused(h, PHX_ERROR_UNAUTHORIZED, 401, 0);
    harness_expect(h, "drop\nstate unauthorized\n");
    assert_int_equal(harness_status(h).error.http_status, 401);
    harness_advance(h, 3600000);
    harness_expect(h, "");
    harness_token_changed(h);
    harness_expect(h, "open\nstate connecting\n");
    harness_refused(h, PHX_ERROR_UNAUTHORIZED, 403, 0);
    harness_expect(h, "drop\nopen refresh\nstate connecting\n");
    harness_opened(h);
    harness_expect(h, "state connected\n");
    assert_int_equal(harness_status(h).error.status, PHX_OK);
    assert_int_equal(phxi_engine_metrics(h->engine)->refusals, 3);
}

static void a_failed_refresh_is_not_asked_for_again(void **state)
{
    engine_harness *h = *state;
    harness_connect(h);
    harness_refused(h, PHX_ERROR_UNAUTHORIZED, 403, 0);
    harness_forget(h);
    harness_closed(h, PHX_ERROR_NAME_NOT_FOUND, 0);
    harness_expect(h, "drop\nstate waiting\n");
    harness_advance(h, 10);
    harness_expect(h, "open\nstate connecting\n");
    harness_refused(h, PHX_ERROR_UNAUTHORIZED, 403, 0);
    harness_expect(h, "drop\nstate unauthorized\n");
}

static void a_connection_allows_another_refresh(void **state)
{
    engine_harness *h = *state;
    harness_connect(h);
    harness_refused(h, PHX_ERROR_UNAUTHORIZED, 403, 0);
    harness_opened(h);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    harness_advance(h, 10);
    harness_forget(h);
    harness_refused(h, PHX_ERROR_UNAUTHORIZED, 403, 0);
    harness_expect(h, "drop\nopen refresh\nstate connecting\n");
}

static void stops_without_credentials(void **state)
{
    engine_harness *h = *state;
    static const phx_status statuses[] = {PHX_ERROR_NO_TOKEN, PHX_ERROR_KEYCHAIN,
                                          PHX_ERROR_KEYCHAIN_PERMISSIONS};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        harness_connect(h);
        harness_expect(h, "open\nstate connecting\n");
        harness_closed(h, statuses[i], 0);
        harness_expect(h, "drop\nstate unauthorized\n");
        assert_int_equal(harness_status(h).error.status, statuses[i]);
        assert_string_equal(harness_status(h).error.message, phx_status_message(statuses[i]));
    }
    assert_int_equal(phxi_engine_metrics(h->engine)->refusals, 0);
}

static void waits_for_a_token_until_the_attempt_is_over(void **state)
{
    engine_harness *h = *state;
    harness_connect(h);
    harness_closed(h, PHX_ERROR_TOKEN_PENDING, 0);
    harness_forget(h);
    harness_advance(h, 10999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, "state waiting\n");
    assert_int_equal(harness_status(h).error.status, PHX_ERROR_TIMEOUT);
    harness_advance(h, 10);
    harness_expect(h, "open\nstate connecting\n");
    harness_closed(h, PHX_ERROR_TOKEN_PENDING, 0);
    harness_token_changed(h);
    harness_expect(h, "open\nstate connecting\n");
    harness_opened(h);
    harness_expect(h, "state connected\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refreshes_a_refused_token_once_then_stops),
        TEST(a_failed_refresh_is_not_asked_for_again),
        TEST(a_connection_allows_another_refresh),
        TEST(stops_without_credentials),
        TEST(waits_for_a_token_until_the_attempt_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
