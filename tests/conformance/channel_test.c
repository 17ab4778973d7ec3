/* SPDX-License-Identifier: MIT */
/*
 * Rows of channel_test.js: a channel's end, its messages, its subscriptions.
 */
#include <stdio.h>

#include "upstream_tests.h"

static const char crash[] = "[\"1\",\"1\",\"topic\",\"phx_error\",{\"reason\":\"x\"}]";
static const char close_by_server[] = "[\"1\",\"1\",\"topic\",\"phx_close\",{}]";

static void C38_an_error_sets_errored(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_receive(h, crash);
    harness_expect(h, "channel 1 errored ERROR_CHANNEL_CRASHED {\"reason\":\"x\"}\n");
}

static void C39_errors_during_the_backoff_change_nothing(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_receive(h, crash);
    harness_forget(h);
    harness_advance(h, 500);
    harness_receive(h, crash);
    harness_receive(h, "[null,null,\"topic\",\"phx_error\",{}]");
    harness_advance(h, 500);
    harness_expect(h, "channel 1 joining OK\n> [\"2\",\"2\",\"topic\",\"phx_join\",{}]\n");
}

static void C40_a_channel_that_is_leaving_does_not_rejoin(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_leave(h, 1);
    upstream_reconnect(h);
    harness_advance(h, 20000);
    harness_expect(h, "");
    assert_int_equal(phxi_engine_metrics(h->engine)->channels, 0);
}

static void C41_a_channel_that_is_closed_does_not_rejoin(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_receive(h, close_by_server);
    upstream_reconnect(h);
    harness_advance(h, 20000);
    harness_expect(h, "");
}

static void C42_an_error_is_told_to_the_application(void **state)
{
    client_fixture *f = *state;
    f->auto_reply = "ok";
    client_fixture_start(f);
    client_fixture_go_online(f);
    (void)client_fixture_join(f, "topic", 0);
    client_fixture_forget(f);
    client_fixture_receive(f, crash);
    client_fixture_expect(f, "channel errored PHX_ERROR_CHANNEL_CRASHED {\"reason\":\"x\"}\n");
}

static void C43_a_close_sets_closed(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_receive(h, close_by_server);
    harness_expect(h, "channel 1 closed ERROR_CHANNEL_CLOSED\n");
}

static void C44_a_closed_channel_does_not_rejoin(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_receive(h, crash);
    harness_receive(h, "[null,null,\"topic\",\"phx_close\",{}]");
    harness_forget(h);
    harness_advance(h, 20000);
    harness_expect(h, "");
}

static void C45_a_close_is_told_to_the_application(void **state)
{
    client_fixture *f = *state;
    f->auto_reply = "ok";
    client_fixture_start(f);
    client_fixture_go_online(f);
    (void)client_fixture_join(f, "topic", 0);
    client_fixture_forget(f);
    client_fixture_receive(f, close_by_server);
    client_fixture_expect(f, "channel closed PHX_ERROR_CHANNEL_CLOSED\n");
}

static void C46_a_closed_channel_is_gone_from_the_socket(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    assert_int_equal(phxi_engine_metrics(h->engine)->channels, 1);
    harness_receive(h, close_by_server);
    harness_forget(h);
    assert_int_equal(phxi_engine_metrics(h->engine)->channels, 0);
    harness_receive(h, "[\"1\",null,\"topic\",\"event\",{}]");
    harness_expect(h, "");
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    assert_false(harness_saw(h, "channel"));
}

static void C47_a_payload_arrives_as_it_came(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    harness_receive(h, "[\"1\",null,\"topic\",\"event\",{\"one\": [1.50, \"\\u00e9\"]}]");
    harness_expect(h, "message 1 event {\"one\": [1.50, \"\\u00e9\"]}\n");
}

static void C48_a_push_goes_out_when_connected_and_joined(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_OK);
    harness_expect(h, "> [\"1\",\"2\",\"topic\",\"event\",{}]\n");
}

static void C49_a_push_waits_otherwise(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_OK);
    harness_expect(h, "");
    upstream_reply(h, "1", "1", "error");
    assert_int_equal(harness_push(h, 11, 1, "event", "{}"), PHX_OK);
    harness_expect(h, "channel 1 errored ERROR_JOIN_REFUSED {}\n");
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    assert_false(harness_saw(h, "reply"));
    harness_forget(h);
    assert_int_equal(harness_push(h, 12, 1, "event", "{}"), PHX_OK);
    harness_expect(h, "");
}

static void receive_event(client_fixture *f, const char *event)
{
    char frame[128];
    (void)snprintf(frame, sizeof frame, "[\"1\",null,\"topic\",\"%s\",{}]", event);
    client_fixture_receive(f, frame);
}

static void C50_a_subscription_hears_its_event(void **state)
{
    client_fixture *f = *state;
    phx_channel channel = upstream_joined_client(f);
    (void)client_fixture_subscribe(f, channel, "event", "one");
    receive_event(f, "event");
    client_fixture_expect(f, "message all event {}\nmessage one event {}\n");
}

static void C51_a_subscription_hears_no_other_event(void **state)
{
    client_fixture *f = *state;
    phx_channel channel = upstream_joined_client(f);
    (void)client_fixture_subscribe(f, channel, "event", "one");
    (void)client_fixture_subscribe(f, channel, "otherEvent", "other");
    receive_event(f, "event");
    client_fixture_expect(f, "message all event {}\nmessage one event {}\n");
}

static void C52_subscriptions_have_ids_of_their_own(void **state)
{
    client_fixture *f = *state;
    phx_channel channel = upstream_joined_client(f);
    phx_subscription one = client_fixture_subscribe(f, channel, "event1", "one");
    phx_subscription two = client_fixture_subscribe(f, channel, "event2", "two");
    assert_int_not_equal(one.id, two.id);
    assert_int_not_equal(one.id, 0);
}

typedef struct changing {
    client_fixture *fixture;
    phx_channel channel;
    phx_subscription ended;
} changing;

static void change_subscriptions(void *user_data, const phx_message *message)
{
    (void)message;
    changing *change = user_data;
    if (change->ended.id != 0) {
        assert_int_equal(phx_channel_unsubscribe(change->fixture->client, change->ended), PHX_OK);
        (void)client_fixture_subscribe(change->fixture, change->channel, "event", "new");
        change->ended.id = 0;
    }
}

static void C53_changes_during_a_message_hold_from_the_next_on(void **state)
{
    client_fixture *f = *state;
    phx_channel channel = upstream_joined_client(f);
    changing change = {f, channel, {0}};
    (void)client_fixture_subscribe_fn(f, channel, "event", change_subscriptions, &change);
    change.ended = client_fixture_subscribe(f, channel, "event", "old");
    receive_event(f, "event");
    client_fixture_expect(f, "message all event {}\nmessage old event {}\n");
    receive_event(f, "event");
    client_fixture_expect(f, "message all event {}\nmessage new event {}\n");
}

static void C54_every_subscription_of_an_event_can_be_ended(void **state)
{
    client_fixture *f = *state;
    phx_channel channel = upstream_joined_client(f);
    phx_subscription one = client_fixture_subscribe(f, channel, "event", "one");
    phx_subscription two = client_fixture_subscribe(f, channel, "event", "two");
    (void)client_fixture_subscribe(f, channel, "other", "three");
    client_fixture_unsubscribe(f, one);
    client_fixture_unsubscribe(f, two);
    receive_event(f, "event");
    receive_event(f, "other");
    client_fixture_expect(f,
                          "message all event {}\nmessage all other {}\nmessage three other {}\n");
}

static void C55_one_subscription_is_ended_by_its_id(void **state)
{
    client_fixture *f = *state;
    phx_channel channel = upstream_joined_client(f);
    phx_subscription one = client_fixture_subscribe(f, channel, "event", "one");
    (void)client_fixture_subscribe(f, channel, "event", "two");
    client_fixture_unsubscribe(f, one);
    receive_event(f, "event");
    client_fixture_expect(f, "message all event {}\nmessage two event {}\n");
}

static const struct CMUnitTest rows[] = {
    ENGINE_ROW(C38_an_error_sets_errored),
    ENGINE_ROW(C39_errors_during_the_backoff_change_nothing),
    ENGINE_ROW(C40_a_channel_that_is_leaving_does_not_rejoin),
    ENGINE_ROW(C41_a_channel_that_is_closed_does_not_rejoin),
    CLIENT_ROW(C42_an_error_is_told_to_the_application),
    ENGINE_ROW(C43_a_close_sets_closed),
    ENGINE_ROW(C44_a_closed_channel_does_not_rejoin),
    CLIENT_ROW(C45_a_close_is_told_to_the_application),
    ENGINE_ROW(C46_a_closed_channel_is_gone_from_the_socket),
    ENGINE_ROW(C47_a_payload_arrives_as_it_came),
    ENGINE_ROW(C48_a_push_goes_out_when_connected_and_joined),
    ENGINE_ROW(C49_a_push_waits_otherwise),
    CLIENT_ROW(C50_a_subscription_hears_its_event),
    CLIENT_ROW(C51_a_subscription_hears_no_other_event),
    CLIENT_ROW(C52_subscriptions_have_ids_of_their_own),
    CLIENT_ROW(C53_changes_during_a_message_hold_from_the_next_on),
    CLIENT_ROW(C54_every_subscription_of_an_event_can_be_ended),
    CLIENT_ROW(C55_one_subscription_is_ended_by_its_id),
};
UPSTREAM_GROUP(upstream_channel, rows);
