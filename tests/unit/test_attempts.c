/* SPDX-License-Identifier: MIT */
/*
 * Attempts: when the next one comes, when the past is forgotten, what a refusal and a missing token
 * do, and what the status and the counters say of it all.
 */
#include <stdio.h>

#include "engine_harness.h"
#include "phx/backoff.h"
#include "testing.h"

/* The caller's schedule: 100 ms a failed attempt, so that a wait tells how many there were. */
static uint32_t hundred_each(void *user_data, uint32_t attempt, const phx_error *error)
{
    (void)user_data;
    (void)error;
    return attempt * 100;
}

static void start_with_custom(engine_harness *h)
{
    phxi_engine_config config = harness_config(h);
    config.reconnect =
        (phx_backoff){.kind = PHX_BACKOFF_CUSTOM, .delay_ms = hundred_each, .stable_ms = 5000};
    phxi_backoff_resolve(&config.reconnect, 250);
    harness_start(h, &config);
}

static void lose(engine_harness *h)
{
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
}

static void answer_join(engine_harness *h, const char *ref)
{
    char frame[160];
    (void)snprintf(frame, sizeof frame,
                   "[\"%s\",\"%s\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
                   ref, ref);
    harness_receive(h, frame);
}

/* Fails `count` attempts, the first of them made by connect. */
static void fail_attempts(engine_harness *h, uint32_t count)
{
    harness_connect(h);
    for (uint32_t i = 0; i < count; i++) {
        harness_closed(h, PHX_ERROR_CONNECTION_REFUSED, 0);
        harness_advance(h, harness_status(h).next_attempt_in_ms);
    }
}

static void steps_from_attempt_to_attempt(void **state)
{
    engine_harness *h = *state;
    static const uint32_t delays_ms[] = {10, 50, 100, 150, 200, 250, 500, 1000, 2000, 5000, 5000};
    harness_connect(h);
    harness_forget(h);
    for (uint32_t i = 0; i < COUNT_OF(delays_ms); i++) {
        harness_closed(h, PHX_ERROR_UNREACHABLE, 0);
        harness_expect(h, "drop\nstate waiting\n");
        phx_client_status status = harness_status(h);
        assert_int_equal(status.next_attempt_in_ms, delays_ms[i]);
        assert_int_equal(status.attempts, i + 1);
        assert_int_equal(status.error.status, PHX_ERROR_UNREACHABLE);
        harness_advance(h, delays_ms[i] - 1);
        assert_int_equal(harness_status(h).next_attempt_in_ms, 1);
        harness_expect(h, "");
        harness_advance(h, 1);
        harness_expect(h, "open\nstate connecting\n");
        assert_int_equal(harness_status(h).next_attempt_in_ms, 0);
    }
    harness_opened(h);
    lose(h);
    assert_int_equal(harness_status(h).next_attempt_in_ms, 10);
    assert_int_equal(phxi_engine_metrics(h->engine)->attempts, 12);
    assert_int_equal(phxi_engine_metrics(h->engine)->connects, 1);
}

/* Without channels there is no join to wait for: staying up is enough. */
static void forgets_after_staying_up(void **state)
{
    engine_harness *h = *state;
    start_with_custom(h);
    fail_attempts(h, 3);
    harness_opened(h);
    harness_advance(h, 4999);
    lose(h);
    assert_int_equal(harness_status(h).next_attempt_in_ms, 400);
    harness_advance(h, 400);
    assert_int_equal(harness_status(h).attempts, 4); /* that connection's time is over */
    harness_opened(h);
    harness_advance(h, 5000);
    lose(h);
    assert_int_equal(harness_status(h).next_attempt_in_ms, 100);
}

static void forgets_only_after_an_answered_join(void **state)
{
    engine_harness *h = *state;
    start_with_custom(h);
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    fail_attempts(h, 3);
    harness_opened(h);
    harness_advance(h, 9000);
    lose(h);
    assert_int_equal(harness_status(h).next_attempt_in_ms, 400);
    harness_advance(h, 400);
    harness_opened(h);
    answer_join(h, "2");
    assert_true(harness_saw(h, "channel 7 joined"));
    harness_advance(h, 4999);
    lose(h);
    assert_int_equal(harness_status(h).next_attempt_in_ms, 500);
    harness_advance(h, 500);
    harness_opened(h);
    answer_join(h, "3");
    harness_advance(h, 5000);
    lose(h);
    assert_int_equal(harness_status(h).next_attempt_in_ms, 100);
}

/* A channel that was refused for good makes no join whose answer could be waited for. */
static void a_refused_channel_does_not_hold_up_forgetting(void **state)
{
    engine_harness *h = *state;
    start_with_custom(h);
    harness_go_online(h);
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    harness_receive(h, "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"error\",\"response\":"
                       "{\"reason\":\"not_a_member\"}}]");
    assert_true(harness_saw(h, "channel 7 refused"));
    lose(h);
    assert_int_equal(harness_status(h).next_attempt_in_ms, 100);
    harness_advance(h, 100);
    harness_opened(h);
    harness_advance(h, 5000);
    lose(h);
    assert_int_equal(harness_status(h).next_attempt_in_ms, 100);
}

static void disconnecting_forgets(void **state)
{
    engine_harness *h = *state;
    start_with_custom(h);
    fail_attempts(h, 3);
    harness_disconnect(h);
    fail_attempts(h, 0);
    harness_closed(h, PHX_ERROR_CONNECTION_REFUSED, 0);
    assert_int_equal(harness_status(h).next_attempt_in_ms, 100);
}

static void waits_as_long_as_the_server_asks(void **state)
{
    engine_harness *h = *state;
    harness_connect(h);
    harness_refused(h, PHX_ERROR_UPGRADE_REFUSED, 503, 60000);
    phx_client_status status = harness_status(h);
    assert_int_equal(status.state, PHX_CLIENT_WAITING);
    assert_int_equal(status.error.http_status, 503);
    assert_int_equal(status.error.retry_after_ms, 60000);
    assert_in_range(status.next_attempt_in_ms, 60000, 66000);
    harness_forget(h);
    harness_advance(h, 59999);
    harness_expect(h, "");
    harness_advance(h, 6001);
    harness_expect(h, "open\nstate connecting\n");
    harness_refused(h, PHX_ERROR_RATE_LIMITED, 429, 0);
    assert_int_equal(harness_status(h).next_attempt_in_ms, 50);
    assert_int_equal(phxi_engine_metrics(h->engine)->refusals, 2);
}

static void times_out_an_attempt(void **state)
{
    engine_harness *h = *state;
    harness_connect(h);
    harness_forget(h);
    harness_advance(h, 11000);
    harness_expect(h, "drop\nstate waiting\n");
    assert_int_equal(harness_status(h).error.status, PHX_ERROR_TIMEOUT);
    harness_opened(h);
    lose(h);
    harness_expect(h, "");
}

static void a_close_that_is_not_answered_ends_by_itself(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_disconnect(h);
    harness_forget(h);
    harness_advance(h, 2999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, "drop\nstate disconnected\n");
    assert_int_equal(phxi_engine_deadline_ms(h->engine), UINT64_MAX);
    lose(h);
    harness_expect(h, "");
}

static void connecting_while_closing_leaves_one_connection(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_disconnect(h);
    harness_expect(h, "close 1000\nstate closing\n");
    uint64_t old = h->epoch;
    harness_connect(h);
    harness_expect(h, "drop\nopen\nstate connecting\n");
    uint64_t fresh = h->epoch;
    assert_int_not_equal(fresh, old);
    h->epoch = old;
    harness_closed(h, PHX_OK, 1000);
    harness_expect(h, "");
    h->epoch = fresh;
    harness_opened(h);
    harness_expect(h, "state connected\n");
}

static void says_what_went_wrong_until_all_is_well(void **state)
{
    engine_harness *h = *state;
    assert_int_equal(harness_status(h).error.status, PHX_OK);
    harness_go_online(h);
    lose(h);
    assert_int_equal(harness_status(h).error.status, PHX_ERROR_CONNECTION_LOST);
    assert_int_equal(harness_status(h).error.close_code, 1006);
    harness_advance(h, 10);
    assert_int_equal(harness_status(h).error.status, PHX_ERROR_CONNECTION_LOST);
    harness_opened(h);
    assert_int_equal(harness_status(h).error.status, PHX_OK);
    assert_int_equal(harness_status(h).attempts, 0);
    harness_disconnect(h);
    harness_closed(h, PHX_OK, 1000);
    assert_int_equal(harness_status(h).state, PHX_CLIENT_DISCONNECTED);
    assert_int_equal(harness_status(h).error.status, PHX_OK);
    assert_string_equal(harness_status(h).error.message, "");
}

static void keeps_long_messages_within_bounds(void **state)
{
    engine_harness *h = *state;
    char message[1000];
    memset(message, 'x', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    phx_error error = {.status = PHX_ERROR_TLS, .message = message};
    harness_connect(h);
    phxi_engine_closed(h->engine, h->now_ms, h->epoch, &error);
    memset(message, 'y', sizeof message - 1);
    harness_drain(h);
    const char *kept = harness_status(h).error.message;
    assert_in_range(strlen(kept), 200, 255);
    assert_int_equal(strspn(kept, "x"), strlen(kept));
}

static void counts_drops_by_whose_they_are(void **state)
{
    engine_harness *h = *state;
    static const struct {
        phx_status status;
        int32_t close_code;
    } ends[] = {
        {PHX_ERROR_CONNECTION_LOST, 1006},
        {PHX_ERROR_CONNECTION_LOST, 0},
        {PHX_ERROR_TLS, 0},
        {PHX_ERROR_CONNECTION_LOST, 1012},
        {PHX_ERROR_CONNECTION_LOST, 1000},
        {PHX_ERROR_CONNECTION_LOST, 1005},
        {PHX_ERROR_CONNECTION_LOST, 1011},
    };
    harness_connect(h);
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        harness_opened(h);
        harness_closed(h, ends[i].status, ends[i].close_code);
        harness_advance(h, 10);
    }
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006); /* of an attempt: no drop */
    const phx_client_metrics *metrics = phxi_engine_metrics(h->engine);
    assert_int_equal(metrics->drops_by_network, 3);
    assert_int_equal(metrics->drops_by_server, 4);
    assert_int_equal(metrics->drops_by_heartbeat, 0);
    assert_int_equal(metrics->refusals, 0);
    assert_int_equal(metrics->connects, 7);
    assert_int_equal(metrics->attempts, 8);
}

/* Every close code reconnects, also 1000: only our own disconnect is final. */
static void reconnects_after_every_close_code(void **state)
{
    engine_harness *h = *state;
    harness_connect(h);
    for (int32_t code = 1000; code <= 1015; code++) {
        harness_opened(h);
        harness_forget(h);
        harness_closed(h, PHX_ERROR_CONNECTION_LOST, code);
        harness_expect(h, "drop\nstate waiting\n");
        harness_advance(h, 10);
        harness_expect(h, "open\nstate connecting\n");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)
#define TEST_CUSTOM(name) cmocka_unit_test_setup_teardown(name, harness_prepare, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(steps_from_attempt_to_attempt),
        TEST_CUSTOM(forgets_after_staying_up),
        TEST_CUSTOM(forgets_only_after_an_answered_join),
        TEST_CUSTOM(a_refused_channel_does_not_hold_up_forgetting),
        TEST_CUSTOM(disconnecting_forgets),
        TEST(waits_as_long_as_the_server_asks),
        TEST(times_out_an_attempt),
        TEST(a_close_that_is_not_answered_ends_by_itself),
        TEST(connecting_while_closing_leaves_one_connection),
        TEST(says_what_went_wrong_until_all_is_well),
        TEST(keeps_long_messages_within_bounds),
        TEST(counts_drops_by_whose_they_are),
        TEST(reconnects_after_every_close_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
