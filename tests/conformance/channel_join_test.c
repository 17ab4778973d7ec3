/* SPDX-License-Identifier: MIT */
/*
 * Rows of channel_test.js: making a channel, its parameters, and its join.
 */
#include "upstream_tests.h"

static void C01_a_new_channel_has_defaults(void **state)
{
    engine_harness *h = *state;
    assert_null(phxi_engine_channel_user(h->engine, 1));
    assert_int_equal(harness_join(h, 1, "topic"), PHX_OK);
    harness_expect(h, "channel 1 joining OK\n");
    assert_int_equal(phxi_engine_metrics(h->engine)->channels, 1);
    assert_int_equal(phxi_engine_metrics(h->engine)->pushes_pending, 0);
    assert_true(phxi_engine_deadline_ms(h->engine) == UINT64_MAX);
}

static void C02_literal_params_are_the_joins_payload(void **state)
{
    client_fixture *f = *state;
    client_fixture_start(f);
    phx_channel_options options;
    phx_channel_options_init(&options);
    options.params = "{\"one\":\"two\"}";
    phx_channel channel;
    assert_int_equal(phx_channel_join(f->client, "topic", &options, &channel), PHX_OK);
    client_fixture_go_online(f);
    assert_true(client_fixture_saw(f, "\"topic\",\"phx_join\",{\"one\":\"two\"}]\n"));
}

static void C03_params_are_asked_for_when_the_join_is_sent(void **state)
{
    client_fixture *f = *state;
    client_fixture_start(f);
    f->join_params = 1;
    (void)client_fixture_join(f, "topic", 0);
    f->join_params = 2;
    client_fixture_go_online(f);
    assert_true(client_fixture_saw(f, "\"phx_join\",{\"n\":2}]\n"));
    assert_false(client_fixture_saw(f, "{\"n\":1}"));
}

static void C04_a_token_becomes_subprotocols(void **state)
{
    client_fixture *f = *state;
    f->config.keychain = &f->keychain;
    f->config.token_place = PHX_TOKEN_IN_SUBPROTOCOL;
    f->token = "1234";
    client_fixture_start(f);
    client_fixture_connect(f);
    assert_true(client_fixture_saw(f, "open ws://localhost/socket/websocket?vsn=2.0.0 "
                                      "phoenix, base64url.bearer.phx.MTIzNA\n"));
}

static void C05_the_token_is_asked_for_at_every_attempt(void **state)
{
    client_fixture *f = *state;
    f->config.keychain = &f->keychain;
    f->config.token_place = PHX_TOKEN_IN_SUBPROTOCOL;
    f->token = "1234";
    client_fixture_start(f);
    client_fixture_go_online(f);
    client_fixture_forget(f);
    f->token = "5678";
    client_fixture_closed(f, PHX_ERROR_CONNECTION_LOST, 1006);
    client_fixture_advance(f, 100);
    assert_true(client_fixture_saw(f, "base64url.bearer.phx.NTY3OA\n"));
}

static void C06_params_are_asked_for_again_at_a_rejoin(void **state)
{
    client_fixture *f = *state;
    f->auto_reply = "ok";
    client_fixture_start(f);
    f->join_params = 1;
    (void)client_fixture_join(f, "topic", 0);
    client_fixture_go_online(f);
    assert_true(client_fixture_saw(f, "\"phx_join\",{\"n\":1}]\n"));
    f->join_params = 2;
    client_fixture_closed(f, PHX_ERROR_CONNECTION_LOST, 1006);
    client_fixture_advance(f, 100);
    client_fixture_opened(f);
    assert_true(client_fixture_saw(f, "\"phx_join\",{\"n\":2}]\n"));
}

static void C07_join_sets_joining(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    assert_int_equal(harness_join(h, 1, "topic"), PHX_OK);
    assert_true(harness_saw(h, "channel 1 joining OK\n"));
}

static void C08_a_channel_that_was_joined_once_takes_pushes(void **state)
{
    engine_harness *h = *state;
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_ERROR_STALE_HANDLE);
    upstream_joining(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_OK);
}

static void C09_joining_again_is_an_error_or_nothing(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_rejoin(h, 1);
    harness_expect(h, "");
    /* A second join of the topic makes another channel, and the first handle is stale. */
    assert_int_equal(harness_join(h, 2, "topic"), PHX_OK);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_ERROR_STALE_HANDLE);
}

static void C10_join_sends_its_params(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    h->join_payload = "{\"one\":\"two\"}";
    assert_int_equal(harness_join(h, 1, "topic"), PHX_OK);
    harness_expect(h, "channel 1 joining OK\n"
                      "> [\"1\",\"1\",\"topic\",\"phx_join\",{\"one\":\"two\"}]\n");
}

static void C11_a_join_has_a_timeout_of_its_own(void **state)
{
    client_fixture *f = *state;
    client_fixture_start(f);
    client_fixture_go_online(f);
    (void)client_fixture_join(f, "topic", 2500);
    client_fixture_forget(f);
    client_fixture_advance(f, 2400);
    client_fixture_expect(f, "");
    client_fixture_advance(f, 100);
    client_fixture_expect(f, "> [\"1\",\"2\",\"topic\",\"phx_leave\",{}]\n"
                             "channel errored PHX_ERROR_TIMEOUT\n");
}

static void C12_a_new_join_leaves_the_older_channel_of_the_topic(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    assert_int_equal(harness_join(h, 2, "topic"), PHX_OK);
    harness_expect(h, "> [\"1\",\"2\",\"topic\",\"phx_leave\",{}]\nchannel 1 closed ERROR_LEFT\n"
                      "channel 2 joining OK\n> [\"3\",\"3\",\"topic\",\"phx_join\",{}]\n");
    /* The old channel's end comes behind the new one's join, and is not the new one's. */
    upstream_reply(h, "3", "3", "ok");
    harness_forget(h);
    harness_receive(h, "[\"1\",\"1\",\"topic\",\"phx_close\",{}]");
    harness_expect(h, "");
}

static void C13_a_join_answered_in_time_is_sent_once(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    harness_advance(h, 9999);
    upstream_reply(h, "1", "1", "ok");
    harness_expect(h, "channel 1 joined OK {}\n");
    harness_advance(h, 10000);
    harness_expect(h, "");
}

static void C14_a_join_that_times_out_is_tried_again_later_each_time(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    harness_advance(h, 9999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h,
                   "> [\"1\",\"2\",\"topic\",\"phx_leave\",{}]\nchannel 1 errored ERROR_TIMEOUT\n");
    harness_advance(h, 1000);
    harness_expect(h, "channel 1 joining OK\n> [\"3\",\"3\",\"topic\",\"phx_join\",{}]\n");
    harness_advance(h, 10000);
    harness_expect(h,
                   "> [\"3\",\"4\",\"topic\",\"phx_leave\",{}]\nchannel 1 errored ERROR_TIMEOUT\n");
    harness_advance(h, 2000);
    harness_expect(h, "channel 1 joining OK\n> [\"5\",\"5\",\"topic\",\"phx_join\",{}]\n");
}

/* Joins before the connection, which comes up only after so long. */
static void join_then_open_after(engine_harness *h, uint64_t ms)
{
    phxi_engine_config config = harness_config(h);
    config.connect_timeout_ms = 60000;
    harness_stop(h);
    harness_start(h, &config);
    assert_int_equal(harness_join(h, 1, "topic"), PHX_OK);
    harness_connect(h);
    harness_advance(h, ms);
    harness_forget(h);
    harness_opened(h);
}

static void C15_a_join_waits_for_a_late_connection_and_a_late_answer(void **state)
{
    engine_harness *h = *state;
    join_then_open_after(h, 12000);
    harness_expect(h, "state connected\n> [\"1\",\"1\",\"topic\",\"phx_join\",{}]\n");
    harness_advance(h, 9000);
    upstream_reply(h, "1", "1", "ok");
    harness_expect(h, "channel 1 joined OK {}\n");
}

static void C16_a_join_waits_for_a_late_connection(void **state)
{
    engine_harness *h = *state;
    join_then_open_after(h, 11000);
    harness_expect(h, "state connected\n> [\"1\",\"1\",\"topic\",\"phx_join\",{}]\n");
    upstream_reply(h, "1", "1", "ok");
    harness_expect(h, "channel 1 joined OK {}\n");
    harness_advance(h, 20000);
    harness_expect(h, "");
}

static const struct CMUnitTest rows[] = {
    ENGINE_ROW(C01_a_new_channel_has_defaults),
    CLIENT_ROW(C02_literal_params_are_the_joins_payload),
    CLIENT_ROW(C03_params_are_asked_for_when_the_join_is_sent),
    CLIENT_ROW(C04_a_token_becomes_subprotocols),
    CLIENT_ROW(C05_the_token_is_asked_for_at_every_attempt),
    CLIENT_ROW(C06_params_are_asked_for_again_at_a_rejoin),
    ENGINE_ROW(C07_join_sets_joining),
    ENGINE_ROW(C08_a_channel_that_was_joined_once_takes_pushes),
    ENGINE_ROW(C09_joining_again_is_an_error_or_nothing),
    ENGINE_ROW(C10_join_sends_its_params),
    CLIENT_ROW(C11_a_join_has_a_timeout_of_its_own),
    ENGINE_ROW(C12_a_new_join_leaves_the_older_channel_of_the_topic),
    ENGINE_ROW(C13_a_join_answered_in_time_is_sent_once),
    ENGINE_ROW(C14_a_join_that_times_out_is_tried_again_later_each_time),
    ENGINE_ROW(C15_a_join_waits_for_a_late_connection_and_a_late_answer),
    ENGINE_ROW(C16_a_join_waits_for_a_late_connection),
};
UPSTREAM_GROUP(upstream_channel_join, rows);
