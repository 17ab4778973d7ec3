/* SPDX-License-Identifier: MIT */
/*
 * Rows of socket_test.js: frames, refs and heartbeats.
 */
#include "upstream_tests.h"

static void S35_a_push_is_sent_when_connected(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{\"foo\":1}"), PHX_OK);
    harness_expect(h, "> [\"1\",\"2\",\"topic\",\"event\",{\"foo\":1}]\n");
}

static void S36_a_push_waits_when_not_connected(void **state)
{
    engine_harness *h = *state;
    assert_int_equal(harness_join(h, 1, "topic"), PHX_OK);
    harness_forget(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_OK);
    harness_expect(h, "");
    assert_int_equal(phxi_engine_metrics(h->engine)->pushes_pending, 1);
}

static void S37_refs_count_up(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_OK);
    assert_int_equal(harness_push(h, 11, 1, "event", "{}"), PHX_OK);
    harness_expect(
        h, "> [\"1\",\"2\",\"topic\",\"event\",{}]\n> [\"1\",\"3\",\"topic\",\"event\",{}]\n");
}

static void S38_refs_begin_again_after_the_last(void **state)
{
    engine_harness *h = *state;
    phxi_engine_config config = harness_config(h);
    config.first_ref = UINT64_MAX;
    upstream_restart(h, &config);
    harness_go_online(h);
    assert_int_equal(harness_join(h, 1, "topic"), PHX_OK);
    assert_true(harness_saw(h, "[\"18446744073709551615\",\"18446744073709551615\",\"topic\""));
    upstream_reply(h, "18446744073709551615", "18446744073709551615", "ok");
    harness_forget(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_OK);
    harness_expect(h, "> [\"18446744073709551615\",\"1\",\"topic\",\"event\",{}]\n");
}

static void S39_an_unanswered_heartbeat_ends_the_connection(void **state)
{
    engine_harness *h = *state;
    phxi_engine_config config = harness_config(h);
    config.heartbeat_timeout_ms = 30000;
    config.is_heartbeat_strict = true;
    upstream_restart(h, &config);
    harness_go_online(h);
    harness_advance(h, 59999);
    harness_expect(h, "> [null,\"1\",\"phoenix\",\"heartbeat\",{}]\n");
    harness_advance(h, 1);
    harness_expect(h, "drop\nstate waiting\n");
    harness_advance(h, 10);
    harness_expect(h, "open\nstate connecting\n");
}

static void S40_heartbeats_are_sent_when_connected(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 30000);
    harness_expect(h, "> [null,\"1\",\"phoenix\",\"heartbeat\",{}]\n");
    harness_receive(h,
                    "[null,\"1\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    harness_advance(h, 29999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, "> [null,\"2\",\"phoenix\",\"heartbeat\",{}]\n");
}

static void S41_no_heartbeats_without_a_connection(void **state)
{
    engine_harness *h = *state;
    harness_advance(h, 60000);
    harness_probe(h);
    harness_expect(h, "");
}

static void S42_what_waits_is_sent_at_the_open(void **state)
{
    engine_harness *h = *state;
    assert_int_equal(harness_join(h, 1, "topic"), PHX_OK);
    assert_int_equal(harness_join(h, 2, "other"), PHX_OK);
    harness_connect(h);
    harness_forget(h);
    harness_opened(h);
    harness_expect(h, "state connected\n> [\"1\",\"1\",\"topic\",\"phx_join\",{}]\n"
                      "> [\"2\",\"2\",\"other\",\"phx_join\",{}]\n");
}

static void S43_what_was_sent_does_not_wait_any_more(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_OK);
    upstream_reply(h, "1", "1", "ok");
    upstream_reconnect(h);
    upstream_reply(h, "3", "3", "ok");
    harness_expect(h, "channel 1 joined OK {}\n");
}

static void S65_a_message_reaches_its_channel(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    assert_int_equal(harness_join(h, 2, "other"), PHX_OK);
    harness_forget(h);
    harness_receive(h, "[null,null,\"topic\",\"event\",{\"one\":\"two\"}]");
    harness_expect(h, "message 1 event {\"one\":\"two\"}\n");
}

static void S66_every_message_is_told(void **state)
{
    client_fixture *f = *state;
    f->auto_reply = "ok";
    client_fixture_start(f);
    client_fixture_go_online(f);
    (void)client_fixture_join(f, "topic", 0);
    client_fixture_forget(f);
    client_fixture_receive(f, "[\"1\",null,\"topic\",\"event\",{\"one\":\"two\"}]");
    client_fixture_receive(f, "[null,null,\"topic\",\"other\",[1]]");
    client_fixture_expect(f, "message all event {\"one\":\"two\"}\nmessage all other [1]\n");
}

static void S67_a_probe_is_sent_when_connected_and_timed(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_probe(h);
    harness_expect(h, "> [null,\"1\",\"phoenix\",\"heartbeat\",{}]\n");
    harness_advance(h, 100);
    harness_receive(h,
                    "[null,\"1\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    assert_int_equal(phxi_engine_metrics(h->engine)->rtt_last_ms, 100);
}

static void S68_a_probe_sends_nothing_when_disconnected(void **state)
{
    engine_harness *h = *state;
    harness_probe(h);
    harness_expect(h, "");
    assert_int_equal(phxi_engine_metrics(h->engine)->rtt_last_ms, 0);
}

static void S69_messages_are_json_arrays(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    assert_int_equal(harness_push(h, 10, 1, "e", "{\"foo\":\"bar\"}"), PHX_OK);
    harness_expect(h, "> [\"1\",\"2\",\"topic\",\"e\",{\"foo\":\"bar\"}]\n");
}

/* A payload is the application's: as JSON text to the byte, or as bytes of any encoding of its own.
 */
static void S70_an_application_may_encode_by_itself(void **state)
{
    client_fixture *f = *state;
    f->auto_reply = "ok";
    client_fixture_start(f);
    client_fixture_go_online(f);
    phx_channel channel = client_fixture_join(f, "topic", 0);
    client_fixture_forget(f);
    phx_push push = {.event = "e", .payload = "{ \"foo\" : 1.0 }"};
    assert_int_equal(phx_channel_push(f->client, channel, &push, NULL), PHX_OK);
    phx_push packed = {.event = "e",
                       .binary = {"\x81\xa3"
                                  "foo",
                                  5}};
    assert_int_equal(phx_channel_push(f->client, channel, &packed, NULL), PHX_OK);
    client_fixture_turn(f);
    client_fixture_expect(f, "> [\"1\",\"2\",\"topic\",\"e\",{ \"foo\" : 1.0 }]\n> binary 18\n");
}

static void S72_messages_are_read_as_json(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_receive(h, " [ \"1\" , null , \"to\\u0070ic\" , \"e\\\"\" , {\"foo\":\"bar\"} ] ");
    harness_expect(h, "message 1 e\" {\"foo\":\"bar\"}\n");
}

static void S73_an_application_may_decode_by_itself(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    const uint8_t frame[] = "\x00\x01\x05\x01"
                            "1topice"
                            "\x81\xa3"
                            "foo";
    harness_receive_binary(h, frame, sizeof frame - 1);
    harness_expect(h, "message 1 e 0x81a3666f6f\n");
}

static const struct CMUnitTest rows[] = {
    ENGINE_ROW(S35_a_push_is_sent_when_connected),
    ENGINE_ROW(S36_a_push_waits_when_not_connected),
    ENGINE_ROW(S37_refs_count_up),
    ENGINE_ROW(S38_refs_begin_again_after_the_last),
    ENGINE_ROW(S39_an_unanswered_heartbeat_ends_the_connection),
    ENGINE_ROW(S40_heartbeats_are_sent_when_connected),
    ENGINE_ROW(S41_no_heartbeats_without_a_connection),
    ENGINE_ROW(S42_what_waits_is_sent_at_the_open),
    ENGINE_ROW(S43_what_was_sent_does_not_wait_any_more),
    ENGINE_ROW(S65_a_message_reaches_its_channel),
    CLIENT_ROW(S66_every_message_is_told),
    ENGINE_ROW(S67_a_probe_is_sent_when_connected_and_timed),
    ENGINE_ROW(S68_a_probe_sends_nothing_when_disconnected),
    ENGINE_ROW(S69_messages_are_json_arrays),
    CLIENT_ROW(S70_an_application_may_encode_by_itself),
    ENGINE_ROW(S72_messages_are_read_as_json),
    ENGINE_ROW(S73_an_application_may_decode_by_itself),
};
UPSTREAM_GROUP(upstream_socket_frame, rows);
