/* SPDX-License-Identifier: MIT */
/*
 * Topics echo:*, for tests: they do on request what a channel can do, so that recorded sessions
 * can be replayed. The recordings come from two test servers whose echo channels differ a little;
 * the control endpoint chooses whose manners to use.
 */
#include "topics.h"

#include "conn.h"
#include "json.h"

static const struct slice ok = {"\"ok\"", 4};
static const struct slice error = {"\"error\"", 7};
static const struct slice nothing = {"{}", 2};

static bool is_plain(const struct channel *channel)
{
    return channel->socket->conn->app->control.echo == ECHO_PLAIN;
}

static enum join_outcome refuse(struct slice reason, struct bytes *response)
{
    bytes_text(response, "{\"reason\":");
    bytes_slice(response, json_is_string(reason) ? reason : SLICE("\"refused\""));
    bytes_char(response, '}');
    return JOIN_REFUSED;
}

static enum join_outcome join(const struct socket *socket, struct slice topic,
                              const struct message *message, struct bytes *response)
{
    struct slice reason;
    if (message->is_binary || !json_is_object(message->payload) ||
        json_member_true(message->payload, "crash")) {
        return JOIN_CRASHED;
    }
    if (json_member(message->payload, "refuse", &reason)) {
        return refuse(reason, response);
    }
    if (socket->conn->app->control.echo == ECHO_PLAIN) {
        bytes_slice(response, message->payload);
        return JOIN_OK;
    }
    bytes_text(response, "{\"params\":");
    bytes_slice(response, message->payload);
    bytes_text(response, ",\"topic\":");
    json_encode(response, topic);
    bytes_char(response, '}');
    return JOIN_OK;
}

static enum stop_reason echo_binary(struct channel *channel, const struct message *message)
{
    const struct slice payload = message->payload;
    struct app *app = channel->socket->conn->app;
    const struct slice topic = slice_of(channel->topic);
    if (json_string_is(message->event, "broadcast")) {
        socket_broadcast(app, topic, SLICE("\"shout\""), payload, true, NULL);
        channel_reply(channel, message->ref, ok, nothing, false);
    } else if (json_string_is(message->event, "broadcast_from")) {
        socket_broadcast(app, topic, SLICE("\"shout\""), payload, true, channel);
        channel_reply(channel, message->ref, ok, nothing, false);
    } else {
        channel_push(channel, is_plain(channel) ? message->event : SLICE("\"binpush\""), payload,
                     true);
        if (!is_plain(channel)) {
            socket_broadcast(app, topic, SLICE("\"binbcast\""), payload, true, NULL);
        }
        channel_reply(channel, message->ref, ok, payload, true);
    }
    return STOP_NOT;
}

/* Any event without a meaning of its own: the payload comes back. */
static enum stop_reason echo(struct channel *channel, const struct message *message)
{
    struct bytes response = {0};
    const bool is_object = json_is_object(message->payload);
    bytes_text(&response, is_object ? "" : "{\"value\":");
    bytes_slice(&response, message->payload);
    bytes_text(&response, is_object ? "" : "}");
    channel_reply(channel, message->ref, ok, slice_from(&response), false);
    bytes_free(&response);
    return STOP_NOT;
}

static enum stop_reason error_me(struct channel *channel, const struct message *message)
{
    channel_reply(channel, message->ref, error, SLICE("{\"reason\":\"nope\"}"), false);
    return STOP_NOT;
}

static enum stop_reason status_only(struct channel *channel, const struct message *message)
{
    channel_reply(channel, message->ref, ok, nothing, false);
    return STOP_NOT;
}

static enum stop_reason error_only(struct channel *channel, const struct message *message)
{
    channel_reply(channel, message->ref, error, nothing, false);
    return STOP_NOT;
}

/* The status is the payload's, the response is the rest of it. */
static enum stop_reason custom_status(struct channel *channel, const struct message *message)
{
    struct slice status;
    struct slice key;
    struct slice value;
    struct bytes response = {0};
    if (!json_member(message->payload, "status", &status)) {
        return STOP_CRASH;
    }
    bytes_char(&response, '{');
    struct json_walk walk = json_walk(message->payload);
    while (json_next_member(&walk, &key, &value)) {
        if (!json_string_is(key, "status")) {
            bytes_text(&response, response.len > 1 ? "," : "");
            bytes_slice(&response, key);
            bytes_char(&response, ':');
            bytes_slice(&response, value);
        }
    }
    bytes_char(&response, '}');
    channel_reply(channel, message->ref, status, slice_from(&response), false);
    bytes_free(&response);
    return STOP_NOT;
}

static enum stop_reason noreply(struct channel *channel, const struct message *message)
{
    (void)channel;
    (void)message;
    return STOP_NOT;
}

static enum stop_reason delay(struct channel *channel, const struct message *message)
{
    const int64_t ms = json_member_integer(message->payload, "ms", 100);
    channel_reply_later(channel, message, ms > 0 && ms < 60000 ? (uint32_t)ms : 0);
    return STOP_NOT;
}

static enum stop_reason shout(struct channel *channel, const struct message *message,
                              struct slice event, const struct channel *except)
{
    socket_broadcast(channel->socket->conn->app, slice_of(channel->topic), event, message->payload,
                     false, except);
    return STOP_NOT;
}

static enum stop_reason bcast(struct channel *channel, const struct message *message)
{
    return shout(channel, message, SLICE("\"bcast\""), NULL);
}

static enum stop_reason broadcast(struct channel *channel, const struct message *message)
{
    (void)shout(channel, message, SLICE("\"shout\""), NULL);
    return status_only(channel, message);
}

static enum stop_reason bcast_from(struct channel *channel, const struct message *message)
{
    (void)shout(channel, message, SLICE("\"shout\""), channel);
    return status_only(channel, message);
}

static enum stop_reason crash(struct channel *channel, const struct message *message)
{
    (void)channel;
    (void)message;
    return STOP_CRASH;
}

static enum stop_reason stop_plain(struct channel *channel, const struct message *message)
{
    (void)channel;
    (void)message;
    return STOP_NORMAL;
}

static enum stop_reason stop(struct channel *channel, const struct message *message)
{
    if (!is_plain(channel)) {
        channel_reply(channel, message->ref, ok, nothing, false);
    }
    return STOP_NORMAL;
}

static enum stop_reason stop_reply(struct channel *channel, const struct message *message)
{
    (void)echo(channel, message);
    return STOP_NORMAL;
}

/* n pushes {"fill": "xxx…", "i": 1…n} and the reply {"n": n}. */
static enum stop_reason push_n(struct channel *channel, const struct message *message)
{
    const int64_t n = json_member_integer(message->payload, "n", 1);
    const int64_t fill = json_member_integer(message->payload, "fill", 0);
    struct bytes text = {0};
    for (int64_t i = 0; i < fill && i < 1000000; i++) {
        bytes_char(&text, 'x');
    }
    struct bytes payload = {0};
    for (int64_t i = 1; i <= n && i <= 100000; i++) {
        payload.len = 0;
        bytes_text(&payload, "{\"fill\":");
        json_encode(&payload, slice_from(&text));
        bytes_format(&payload, ",\"i\":%lld}", (long long)i);
        channel_push(channel, SLICE("\"tick\""), slice_from(&payload), false);
    }
    payload.len = 0;
    bytes_format(&payload, "{\"n\":%lld}", (long long)n);
    channel_reply(channel, message->ref, ok, slice_from(&payload), false);
    bytes_free(&payload);
    bytes_free(&text);
    return STOP_NOT;
}

static const struct {
    const char *event;
    enum stop_reason (*handle)(struct channel *channel, const struct message *message);
} events[] = {
    {"error_me", error_me},
    {"status_only", status_only},
    {"error_only", error_only},
    {"custom_status", custom_status},
    {"noreply", noreply},
    {"delay", delay},
    {"bcast", bcast},
    {"bcast_from", bcast_from},
    {"broadcast", broadcast},
    {"broadcast_from", bcast_from},
    {"crash", crash},
    {"stop", stop},
    {"stop_shutdown", stop_plain},
    {"stop_reply", stop_reply},
    {"push_n", push_n},
};

static enum stop_reason push(struct channel *channel, const struct message *message)
{
    if (message->is_binary) {
        return echo_binary(channel, message);
    }
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        if (json_string_is(message->event, events[i].event)) {
            return events[i].handle(channel, message);
        }
    }
    return echo(channel, message);
}

const struct topic_kind echo_topic = {"echo:", join, push};
