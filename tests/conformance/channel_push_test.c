/* SPDX-License-Identifier: MIT */
/*
 * Rows of channel_test.js: pushes, and leaving.
 */
#include "upstream_tests.h"

static void C56_a_push_is_sent_when_joined(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{\"foo\":\"bar\"}"), PHX_OK);
    harness_expect(h, "> [\"1\",\"2\",\"topic\",\"event\",{\"foo\":\"bar\"}]\n");
}

static void C57_a_push_waits_for_the_join(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{\"foo\":\"bar\"}"), PHX_OK);
    harness_expect(h, "");
    upstream_reply(h, "1", "1", "ok");
    harness_expect(
        h, "channel 1 joined OK {}\n> [\"1\",\"2\",\"topic\",\"event\",{\"foo\":\"bar\"}]\n");
}

static void C58_a_push_waits_on_when_the_join_times_out(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    harness_advance(h, 9000);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_OK);
    harness_advance(h, 2000);
    assert_false(harness_saw(h, "\"event\""));
    upstream_reply(h, "3", "3", "ok");
    assert_true(harness_saw(h, "> [\"3\",\"4\",\"topic\",\"event\",{}]\n"));
}

static void C59_a_push_has_the_channels_timeout(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_OK);
    harness_forget(h);
    harness_advance(h, 9999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, "reply 10 ERROR_TIMEOUT\n");
}

static void C60_a_push_may_have_a_timeout_of_its_own(void **state)
{
    client_fixture *f = *state;
    phx_channel channel = upstream_joined_client(f);
    client_fixture_push(f, channel, "event", 500);
    client_fixture_forget(f);
    client_fixture_advance(f, 400);
    client_fixture_expect(f, "");
    client_fixture_advance(f, 100);
    client_fixture_expect(f, "reply PHX_ERROR_TIMEOUT\n");
}

static void C61_a_push_that_was_answered_does_not_time_out(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_OK);
    harness_forget(h);
    upstream_reply(h, "1", "2", "ok");
    harness_expect(h, "reply 10 OK {}\n");
    harness_advance(h, 20000);
    harness_expect(h, "");
}

static void C62_a_push_on_no_channel_is_an_error(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_ERROR_STALE_HANDLE);
    harness_expect(h, "");
}

static void C63_a_push_that_waited_is_answered_once(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_OK);
    upstream_reply(h, "1", "1", "ok");
    harness_forget(h);
    upstream_reply(h, "1", "2", "ok");
    upstream_reply(h, "1", "2", "ok");
    harness_expect(h, "reply 10 OK {}\n");
    assert_int_equal(phxi_engine_metrics(h->engine)->pushes_pending, 0);
}

static void C64_leave_tells_the_server_which_join(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    upstream_reconnect(h);
    upstream_reply(h, "2", "2", "ok");
    harness_forget(h);
    harness_leave(h, 1);
    assert_true(harness_saw(h, "> [\"2\",\"3\",\"topic\",\"phx_leave\",{}]\n"));
}

static void C65_ok_to_the_leave_closes_the_channel(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_leave(h, 1);
    harness_forget(h);
    upstream_reply(h, "1", "2", "ok");
    assert_int_equal(phxi_engine_metrics(h->engine)->channels, 0);
}

static void C66_ok_to_the_leave_sets_closed(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_leave(h, 1);
    harness_forget(h);
    upstream_reply(h, "1", "2", "ok");
    harness_expect(h, "channel 1 closed ERROR_LEFT\n");
}

static void C67_leave_sets_leaving(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_leave(h, 1);
    harness_expect(h, "> [\"1\",\"2\",\"topic\",\"phx_leave\",{}]\nchannel 1 leaving ERROR_LEFT\n");
}

static void C68_a_leave_that_times_out_closes_the_channel(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_leave(h, 1);
    harness_forget(h);
    harness_advance(h, 9999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, "channel 1 closed ERROR_LEFT\n");
}

static void C69_a_leave_has_the_channels_own_timeout(void **state)
{
    client_fixture *f = *state;
    f->auto_reply = "ok";
    client_fixture_start(f);
    client_fixture_go_online(f);
    phx_channel channel = client_fixture_join(f, "topic", 2500);
    assert_int_equal(phx_channel_leave(f->client, channel), PHX_OK);
    client_fixture_turn(f);
    client_fixture_forget(f);
    client_fixture_advance(f, 2400);
    client_fixture_expect(f, "");
    client_fixture_advance(f, 100);
    client_fixture_expect(f, "channel closed PHX_ERROR_LEFT\n");
}

static const struct CMUnitTest rows[] = {
    ENGINE_ROW(C56_a_push_is_sent_when_joined),
    ENGINE_ROW(C57_a_push_waits_for_the_join),
    ENGINE_ROW(C58_a_push_waits_on_when_the_join_times_out),
    ENGINE_ROW(C59_a_push_has_the_channels_timeout),
    CLIENT_ROW(C60_a_push_may_have_a_timeout_of_its_own),
    ENGINE_ROW(C61_a_push_that_was_answered_does_not_time_out),
    ENGINE_ROW(C62_a_push_on_no_channel_is_an_error),
    ENGINE_ROW(C63_a_push_that_waited_is_answered_once),
    ENGINE_ROW(C64_leave_tells_the_server_which_join),
    ENGINE_ROW(C65_ok_to_the_leave_closes_the_channel),
    ENGINE_ROW(C66_ok_to_the_leave_sets_closed),
    ENGINE_ROW(C67_leave_sets_leaving),
    ENGINE_ROW(C68_a_leave_that_times_out_closes_the_channel),
    CLIENT_ROW(C69_a_leave_has_the_channels_own_timeout),
};
UPSTREAM_GROUP(upstream_channel_push, rows);
