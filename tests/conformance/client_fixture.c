/* SPDX-License-Identifier: MIT */
/*
 * A client over ports of the test's: what a test does with it, and what it is told.
 */
#include "client_fixture.h"

#include <stdio.h>

#include "testing.h"

enum {
    STEP_MS = 100,
    TURNS = 8,
};

static int length_of(phx_slice slice)
{
    return (int)slice.length;
}

static void on_status(void *user_data, const phx_client_status *status)
{
    static const char *const names[] = {"disconnected", "connecting",   "connected",
                                        "waiting",      "unauthorized", "closing"};
    client_fixture_write(user_data, "status %s %s\n", names[status->state],
                         phx_status_name(status->error.status));
}

static void on_state(void *user_data, phx_channel channel, phx_channel_state state,
                     const phx_reply *reply)
{
    static const char *const names[] = {"closed",  "joining", "joined",
                                        "errored", "refused", "leaving"};
    (void)channel;
    client_fixture_write(
        user_data, "channel %s %s%s%.*s\n", names[state], phx_status_name(reply->error.status),
        reply->response.length > 0 ? " " : "", length_of(reply->response), reply->response.data);
}

static void write_message(client_fixture *fixture, const char *name, const phx_message *message)
{
    client_fixture_write(fixture, "message %s %.*s %.*s\n", name, length_of(message->event),
                         message->event.data, length_of(message->payload), message->payload.data);
}

static void on_message(void *user_data, const phx_message *message)
{
    write_message(user_data, "all", message);
}

static void on_params(void *user_data, phx_join_params *params)
{
    const client_fixture *fixture = user_data;
    char json[32];
    int length = snprintf(json, sizeof json, "{\"n\":%d}", (int)fixture->join_params);
    assert_int_equal(phx_join_params_set(params, json, (size_t)length), PHX_OK);
}

static void on_reply(void *user_data, const phx_reply *reply)
{
    client_fixture_write(user_data, "reply %s%s%.*s\n", phx_status_name(reply->error.status),
                         reply->response.length > 0 ? " " : "", length_of(reply->response),
                         reply->response.data);
}

static void on_named_message(void *user_data, const phx_message *message)
{
    const client_subscriber *subscriber = user_data;
    write_message(subscriber->fixture, subscriber->name, message);
}

void client_fixture_start(client_fixture *fixture)
{
    fixture->config.on_status = on_status;
    assert_int_equal(phx_client_new(&fixture->config, &fixture->client), PHX_OK);
}

void client_fixture_stop(client_fixture *fixture)
{
    phx_client_release(fixture->client);
    assert_false(fixture->is_alive);
}

void client_fixture_turn(client_fixture *fixture)
{
    for (size_t i = 0; i < TURNS; i++) {
        assert_int_equal(phx_client_poll(fixture->client, 0), PHX_OK);
    }
}

void client_fixture_connect(client_fixture *fixture)
{
    phx_client_connect(fixture->client);
    client_fixture_turn(fixture);
}

void client_fixture_disconnect(client_fixture *fixture)
{
    phx_client_disconnect(fixture->client);
    client_fixture_turn(fixture);
}

static void run_opened(void *user_data)
{
    client_fixture *fixture = user_data;
    fixture->events.opened(fixture->events.user_data, "");
}

void client_fixture_opened(client_fixture *fixture)
{
    client_fixture_post(fixture, run_opened);
    client_fixture_turn(fixture);
}

static phx_error ending;

static void run_closed(void *user_data)
{
    client_fixture *fixture = user_data;
    fixture->events.closed(fixture->events.user_data, &ending);
}

void client_fixture_closed(client_fixture *fixture, phx_status status, int32_t close_code)
{
    ending = (phx_error){
        .struct_size = (uint32_t)sizeof ending, .status = status, .close_code = close_code};
    client_fixture_post(fixture, run_closed);
    client_fixture_turn(fixture);
}

void client_fixture_receive(client_fixture *fixture, const char *text)
{
    assert_true(strlen(text) < sizeof fixture->pending);
    memcpy(fixture->pending, text, strlen(text) + 1);
    client_fixture_post(fixture, client_fixture_run_receive);
    client_fixture_turn(fixture);
}

void client_fixture_advance(client_fixture *fixture, uint32_t ms)
{
    while (ms > 0) {
        uint32_t step_ms = ms < STEP_MS ? ms : STEP_MS;
        fixture->now_ms += step_ms;
        ms -= step_ms;
        client_fixture_turn(fixture);
    }
}

void client_fixture_go_online(client_fixture *fixture)
{
    client_fixture_connect(fixture);
    client_fixture_opened(fixture);
}

phx_channel client_fixture_join(client_fixture *fixture, const char *topic, uint32_t timeout_ms)
{
    phx_channel_options options;
    phx_channel_options_init(&options);
    options.on_params = on_params;
    options.on_state = on_state;
    options.on_message = on_message;
    options.user_data = fixture;
    options.timeout_ms = timeout_ms;
    phx_channel channel;
    assert_int_equal(phx_channel_join(fixture->client, topic, &options, &channel), PHX_OK);
    client_fixture_turn(fixture);
    return channel;
}

void client_fixture_push(client_fixture *fixture, phx_channel channel, const char *event,
                         uint32_t timeout_ms)
{
    phx_push push = {
        .event = event, .timeout_ms = timeout_ms, .on_reply = on_reply, .user_data = fixture};
    assert_int_equal(phx_channel_push(fixture->client, channel, &push, NULL), PHX_OK);
    client_fixture_turn(fixture);
}

phx_subscription client_fixture_subscribe_fn(client_fixture *fixture, phx_channel channel,
                                             const char *event, phx_message_fn fn, void *user_data)
{
    phx_subscribe subscribe = {.event = event, .on_message = fn, .user_data = user_data};
    phx_subscription subscription;
    assert_int_equal(phx_channel_subscribe(fixture->client, channel, &subscribe, &subscription),
                     PHX_OK);
    return subscription;
}

phx_subscription client_fixture_subscribe(client_fixture *fixture, phx_channel channel,
                                          const char *event, const char *name)
{
    assert_true(fixture->subscriber_count < CLIENT_FIXTURE_SUBSCRIBERS);
    client_subscriber *subscriber = &fixture->subscribers[fixture->subscriber_count++];
    *subscriber = (client_subscriber){fixture, name};
    return client_fixture_subscribe_fn(fixture, channel, event, on_named_message, subscriber);
}

void client_fixture_unsubscribe(client_fixture *fixture, phx_subscription subscription)
{
    assert_int_equal(phx_channel_unsubscribe(fixture->client, subscription), PHX_OK);
    client_fixture_turn(fixture);
}

void client_fixture_expect_at(client_fixture *fixture, const char *expected, const char *file,
                              int line)
{
    _assert_string_equal(fixture->lines, expected, file, line);
    client_fixture_forget(fixture);
}

bool client_fixture_saw(const client_fixture *fixture, const char *text)
{
    return strstr(fixture->lines, text) != NULL;
}

void client_fixture_forget(client_fixture *fixture)
{
    fixture->length = 0;
    fixture->lines[0] = '\0';
}
