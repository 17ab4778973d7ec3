/* SPDX-License-Identifier: MIT */
/*
 * Rows of socket_test.js: what the open and the end of a connection bring.
 */
#include "upstream_tests.h"

static void S44_the_open_sends_what_waits(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_OK);
    upstream_reconnect(h);
    upstream_reply(h, "2", "2", "ok");
    harness_expect(h, "channel 1 joined OK {}\n> [\"2\",\"3\",\"topic\",\"event\",{}]\n");
}

/* How long after a lost connection the next attempt begins. */
static uint64_t reconnects_after_ms(engine_harness *h)
{
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    uint64_t after_ms = phxi_engine_deadline_ms(h->engine) - h->now_ms;
    harness_advance(h, after_ms);
    assert_true(harness_saw(h, "open\n"));
    return after_ms;
}

static void S45_the_open_resets_the_reconnects_backoff(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    assert_int_equal(reconnects_after_ms(h), 10);
    assert_int_equal(reconnects_after_ms(h), 50);
    harness_opened(h);
    harness_forget(h);
    assert_int_equal(reconnects_after_ms(h), 10);
}

static void S46_the_open_is_told(void **state)
{
    client_fixture *f = *state;
    client_fixture_start(f);
    client_fixture_connect(f);
    client_fixture_forget(f);
    client_fixture_opened(f);
    client_fixture_expect(f, "status connected PHX_OK\n");
}

static void S47_a_heartbeat_timeout_fails_the_channels_and_says_why(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_advance(h, 40000);
    harness_expect(h, "> [null,\"2\",\"phoenix\",\"heartbeat\",{}]\ndrop\n"
                      "channel 1 errored ERROR_DISCONNECTED\nstate waiting\n");
    assert_int_equal(harness_status(h).error.status, PHX_ERROR_HEARTBEAT_TIMEOUT);
}

static void S48_a_normal_close_is_a_matter_of_policy(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1000);
    harness_expect(h, "drop\nstate waiting\n");
    phxi_engine_config config = harness_config(h);
    config.final_close_code = 1000;
    upstream_restart(h, &config);
    harness_go_online(h);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1000);
    harness_expect(h, "drop\nstate disconnected\n");
    harness_advance(h, 60000);
    harness_expect(h, "");
    harness_connect(h);
    harness_expect(h, "open\nstate connecting\n");
}

static void S49_an_abnormal_close_reconnects(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    harness_expect(h, "drop\nstate waiting\n");
    harness_advance(h, 9);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, "open\nstate connecting\n");
}

static void S50_a_close_after_a_disconnect_does_not_reconnect(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_disconnect(h);
    harness_closed(h, PHX_OK, 1000);
    harness_forget(h);
    harness_advance(h, 60000);
    harness_expect(h, "");
}

static void S51_a_server_that_goes_away_is_reconnected_to(void **state)
{
    engine_harness *h = *state;
    phxi_engine_config config = harness_config(h);
    config.final_close_code = 1000;
    upstream_restart(h, &config);
    harness_go_online(h);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1001);
    harness_advance(h, 10);
    assert_true(harness_saw(h, "open\n"));
}

static void S52_a_failed_connect_after_a_disconnect_is_tried_again(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_disconnect(h);
    harness_closed(h, PHX_OK, 1000);
    harness_connect(h);
    harness_forget(h);
    harness_closed(h, PHX_ERROR_CONNECTION_REFUSED, 0);
    harness_advance(h, 10);
    harness_expect(h, "drop\nstate waiting\nopen\nstate connecting\n");
}

static void S53_a_close_is_told(void **state)
{
    client_fixture *f = *state;
    client_fixture_start(f);
    client_fixture_go_online(f);
    client_fixture_forget(f);
    client_fixture_closed(f, PHX_ERROR_CONNECTION_LOST, 1006);
    client_fixture_expect(f, "drop\nstatus waiting PHX_ERROR_CONNECTION_LOST\n");
}

static void S54_a_close_fails_a_channel_that_is_joining(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    harness_expect(h, "drop\nchannel 1 errored ERROR_DISCONNECTED\nstate waiting\n");
}

static void S55_a_close_fails_a_channel_that_is_joined(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1001);
    harness_expect(h, "drop\nchannel 1 errored ERROR_DISCONNECTED\nstate waiting\n");
}

static void S56_a_close_does_not_fail_a_channel_that_was_left(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_leave(h, 1);
    harness_forget(h);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    harness_expect(h, "drop\nchannel 1 closed ERROR_LEFT\nstate waiting\n");
}

static void S57_no_heartbeat_after_a_disconnect(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_disconnect(h);
    harness_closed(h, PHX_OK, 1000);
    harness_forget(h);
    harness_advance(h, 100000);
    harness_expect(h, "");
}

/* Nor with a transport that never reports its end. */
static void S58_no_heartbeat_timeout_after_a_disconnect(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 30000);
    harness_forget(h);
    harness_disconnect(h);
    harness_advance(h, 100000);
    harness_expect(h, "close 1000\nstate closing\ndrop\nstate disconnected\n");
}

static void S59_an_error_is_told_with_its_cause(void **state)
{
    client_fixture *f = *state;
    client_fixture_start(f);
    client_fixture_connect(f);
    client_fixture_forget(f);
    client_fixture_closed(f, PHX_ERROR_TLS_CERTIFICATE, 0);
    client_fixture_expect(f, "drop\nstatus waiting PHX_ERROR_TLS_CERTIFICATE\n");
}

static void S60_an_error_fails_a_channel_that_is_joining(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    harness_closed(h, PHX_ERROR_NETWORK, 0);
    assert_true(harness_saw(h, "channel 1 errored ERROR_DISCONNECTED\n"));
}

/* Without a connection nothing was sent that could fail: it goes on waiting, and joins at the open.
 */
static void S61_an_error_without_a_connection_leaves_the_join_waiting(void **state)
{
    engine_harness *h = *state;
    assert_int_equal(harness_join(h, 1, "topic"), PHX_OK);
    harness_connect(h);
    harness_forget(h);
    harness_closed(h, PHX_ERROR_CONNECTION_REFUSED, 0);
    harness_expect(h, "drop\nstate waiting\n");
    harness_advance(h, 10);
    harness_opened(h);
    assert_true(harness_saw(h, "> [\"1\",\"1\",\"topic\",\"phx_join\",{}]\n"));
}

static void S62_an_error_fails_a_channel_that_is_joined(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_closed(h, PHX_ERROR_NETWORK, 0);
    harness_expect(h, "drop\nchannel 1 errored ERROR_DISCONNECTED\nstate waiting\n");
}

static void S63_an_error_does_not_fail_a_channel_that_was_left(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_leave(h, 1);
    upstream_reply(h, "1", "2", "ok");
    harness_forget(h);
    harness_closed(h, PHX_ERROR_NETWORK, 0);
    harness_expect(h, "drop\nstate waiting\n");
}

static void S64_a_replaced_attempt_does_not_fail_a_channel(void **state)
{
    engine_harness *h = *state;
    assert_int_equal(harness_join(h, 1, "topic"), PHX_OK);
    harness_connect(h);
    harness_forget(h);
    harness_refused(h, PHX_ERROR_UNAUTHORIZED, 403, 0);
    harness_expect(h, "drop\nopen refresh\nstate connecting\n");
}

static const struct CMUnitTest rows[] = {
    ENGINE_ROW(S44_the_open_sends_what_waits),
    ENGINE_ROW(S45_the_open_resets_the_reconnects_backoff),
    CLIENT_ROW(S46_the_open_is_told),
    ENGINE_ROW(S47_a_heartbeat_timeout_fails_the_channels_and_says_why),
    ENGINE_ROW(S48_a_normal_close_is_a_matter_of_policy),
    ENGINE_ROW(S49_an_abnormal_close_reconnects),
    ENGINE_ROW(S50_a_close_after_a_disconnect_does_not_reconnect),
    ENGINE_ROW(S51_a_server_that_goes_away_is_reconnected_to),
    ENGINE_ROW(S52_a_failed_connect_after_a_disconnect_is_tried_again),
    CLIENT_ROW(S53_a_close_is_told),
    ENGINE_ROW(S54_a_close_fails_a_channel_that_is_joining),
    ENGINE_ROW(S55_a_close_fails_a_channel_that_is_joined),
    ENGINE_ROW(S56_a_close_does_not_fail_a_channel_that_was_left),
    ENGINE_ROW(S57_no_heartbeat_after_a_disconnect),
    ENGINE_ROW(S58_no_heartbeat_timeout_after_a_disconnect),
    CLIENT_ROW(S59_an_error_is_told_with_its_cause),
    ENGINE_ROW(S60_an_error_fails_a_channel_that_is_joining),
    ENGINE_ROW(S61_an_error_without_a_connection_leaves_the_join_waiting),
    ENGINE_ROW(S62_an_error_fails_a_channel_that_is_joined),
    ENGINE_ROW(S63_an_error_does_not_fail_a_channel_that_was_left),
    ENGINE_ROW(S64_a_replaced_attempt_does_not_fail_a_channel),
};
UPSTREAM_GROUP(upstream_socket_connection, rows);
