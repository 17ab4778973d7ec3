/* SPDX-License-Identifier: MIT */
/*
 * The rules of socket.h. A channel lives in its socket's list from the join's good answer to its
 * phx_close or phx_error. Whatever ends a connection does so later, from the loop, so that a
 * socket outlives every function here.
 */
#include "socket.h"

#include "conn.h"
#include "deferred.h"
#include "json.h"
#include "log.h"
#include "topics.h"
#include "ws.h"

#include <stdlib.h>
#include <string.h>

enum {
    CODE_INTERNAL_ERROR = 1011
};

static const struct slice ok = {"\"ok\"", 4};
static const struct slice error = {"\"error\"", 7};

struct socket *socket_new(struct conn *conn, const struct user *user,
                          enum serializer_version version)
{
    struct socket *socket = calloc(1, sizeof(*socket));
    if (socket != NULL) {
        *socket = (struct socket){.conn = conn, .user = user, .version = version};
    }
    return socket;
}

static void channel_free(struct channel *channel)
{
    if (channel != NULL) {
        free(channel->topic);
        free(channel->topic_json);
        free(channel->join_ref);
        free(channel);
    }
}

void socket_free(struct socket *socket)
{
    if (socket == NULL) {
        return;
    }
    while (socket->channels != NULL) {
        struct channel *channel = socket->channels;
        socket->channels = channel->next;
        channel_free(channel);
    }
    deferred_cancel_all(socket);
    bytes_free(&socket->fragments);
    free(socket);
}

static void send_message(struct socket *socket, enum message_kind kind,
                         const struct message *message)
{
    struct bytes data = {0};
    if (!serializer_encode(socket->version, kind, message, &data)) {
        log_line("closing a socket: a message does not fit its serializer");
        bytes_free(&data);
        ws_close(socket->conn, CODE_INTERNAL_ERROR);
        return;
    }
    ws_send(socket->conn, message->is_binary ? WS_BINARY : WS_TEXT, &data);
    bytes_free(&data);
}

static void reply(struct socket *socket, struct slice join_ref, const struct message *to,
                  struct slice status, struct slice response)
{
    const struct message message = {join_ref, to->ref, to->topic, status, response, false};
    send_message(socket, MESSAGE_REPLY, &message);
}

static void reply_unmatched(struct socket *socket, const struct message *to)
{
    reply(socket, JSON_NULL, to, error, SLICE("{\"reason\":\"unmatched topic\"}"));
}

void channel_reply(struct channel *channel, struct slice ref, struct slice status,
                   struct slice response, bool is_binary)
{
    const struct message message = {slice_of(channel->join_ref),
                                    ref,
                                    slice_of(channel->topic_json),
                                    status,
                                    response,
                                    is_binary};
    send_message(channel->socket, MESSAGE_REPLY, &message);
}

void channel_push(struct channel *channel, struct slice event, struct slice payload, bool is_binary)
{
    const struct message message = {slice_of(channel->join_ref),
                                    JSON_NULL,
                                    slice_of(channel->topic_json),
                                    event,
                                    payload,
                                    is_binary};
    channel->socket->conn->app->counters.pushes++;
    send_message(channel->socket, MESSAGE_PUSH, &message);
}

/* Says that a channel has ended; the ref is the join's. */
static void announce_end(const struct channel *channel, enum stop_reason reason)
{
    const struct slice join_ref = slice_of(channel->join_ref);
    const bool crashed = reason == STOP_CRASH;
    const struct message message = {
        .join_ref = join_ref,
        .ref = join_ref,
        .topic = slice_of(channel->topic_json),
        .event = crashed ? SLICE("\"phx_error\"") : SLICE("\"phx_close\""),
        .payload = crashed ? SLICE("{\"reason\":\"channel_crash\"}") : SLICE("{}"),
    };
    send_message(channel->socket, MESSAGE_PUSH, &message);
}

static void unlink_channel(struct channel *channel)
{
    struct channel **link = &channel->socket->channels;
    while (*link != channel) {
        link = &(*link)->next;
    }
    *link = channel->next;
    channel->socket->channel_count--;
}

void channel_stop(struct channel *channel, enum stop_reason reason)
{
    unlink_channel(channel);
    announce_end(channel, reason);
    channel_free(channel);
}

static struct channel *find(struct socket *socket, struct slice topic)
{
    for (struct channel *channel = socket->channels; channel != NULL; channel = channel->next) {
        if (slice_is(topic, channel->topic)) {
            return channel;
        }
    }
    return NULL;
}

static const struct topic_kind *kind_of(const struct socket *socket, struct slice topic)
{
    if (slice_starts_with(topic, feed_topic.prefix)) {
        return &feed_topic;
    }
    if (slice_starts_with(topic, echo_topic.prefix) && socket->conn->app->options->control) {
        return &echo_topic;
    }
    return NULL;
}

static struct channel *add_channel(struct socket *socket, const struct topic_kind *kind,
                                   struct slice topic, const struct message *message)
{
    struct channel *channel = calloc(1, sizeof(*channel));
    if (channel == NULL) {
        return NULL;
    }
    channel->socket = socket;
    channel->kind = kind;
    channel->topic = slice_dup(topic);
    channel->topic_json = slice_dup(message->topic);
    channel->join_ref = slice_dup(message->join_ref);
    if (channel->topic == NULL || channel->topic_json == NULL || channel->join_ref == NULL) {
        channel_free(channel);
        return NULL;
    }
    channel->next = socket->channels;
    socket->channels = channel;
    socket->channel_count++;
    return channel;
}

/* Asks the topic, and answers. Out of memory is answered as a crash of join/3 would be. */
static void answer_join(struct socket *socket, const struct topic_kind *kind, struct slice topic,
                        const struct message *message)
{
    struct bytes response = {0};
    enum join_outcome outcome = kind->join(socket, topic, message, &response);
    if (response.failed ||
        (outcome == JOIN_OK && add_channel(socket, kind, topic, message) == NULL)) {
        outcome = JOIN_CRASHED;
    }
    if (outcome == JOIN_CRASHED) {
        response.len = 0;
        bytes_text(&response, "{\"reason\":\"join crashed\"}");
    }
    reply(socket, message->join_ref, message, outcome == JOIN_OK ? ok : error,
          slice_from(&response));
    bytes_free(&response);
    socket->conn->app->counters.joins += outcome == JOIN_OK ? 1 : 0;
}

/* A second join of a topic ends the first one's channel: its phx_close comes after the new join's
 * reply, with the old join_ref. */
static void join(struct socket *socket, const struct topic_kind *kind, struct slice topic,
                 const struct message *message)
{
    struct channel *old = find(socket, topic);
    if (old == NULL && socket->channel_count >= CHANNELS_MAX) {
        reply(socket, message->join_ref, message, error,
              SLICE("{\"reason\":\"too many channels joined\"}"));
        return;
    }
    if (old != NULL) {
        unlink_channel(old);
    }
    answer_join(socket, kind, topic, message);
    if (old != NULL) {
        announce_end(old, STOP_NORMAL);
        channel_free(old);
    }
}

static void join_after_wait(struct socket *socket, const struct message *message)
{
    struct bytes topic = {0};
    json_decode(message->topic, &topic);
    const struct topic_kind *kind = kind_of(socket, slice_from(&topic));
    socket->conn->is_held = false;
    if (kind != NULL && !topic.failed) {
        join(socket, kind, slice_from(&topic), message);
    }
    bytes_free(&topic);
    conn_wake(socket->conn);
}

static void handle_join(struct socket *socket, struct slice topic, const struct message *message)
{
    const struct topic_kind *kind = kind_of(socket, topic);
    const uint32_t wait_ms = socket->conn->app->control.slow_join_ms;
    if (kind == NULL) {
        reply_unmatched(socket, message);
    } else if (kind == &feed_topic && wait_ms > 0 &&
               deferred_start(socket, message, wait_ms, join_after_wait)) {
        /* A join that takes its time holds up the whole socket, in both directions. */
        socket->conn->is_held = true;
    } else {
        join(socket, kind, topic, message);
    }
}

/* A leave must name the join that it ends; a stale one gets no answer. */
static void handle_leave(struct socket *socket, struct channel *channel,
                         const struct message *message)
{
    if (channel == NULL) {
        reply(socket, message->join_ref, message, ok, SLICE("{}"));
    } else if (slice_is(message->join_ref, channel->join_ref)) {
        channel_reply(channel, message->ref, ok, SLICE("{}"), false);
        channel_stop(channel, STOP_NORMAL);
    }
}

static void handle_push(struct socket *socket, struct channel *channel,
                        const struct message *message)
{
    if (channel == NULL) {
        reply_unmatched(socket, message);
        return;
    }
    if (!json_is_null(message->join_ref) && !slice_is(message->join_ref, channel->join_ref)) {
        return; /* stale: dropped silently */
    }
    const enum stop_reason stop = channel->kind->push(channel, message);
    if (stop != STOP_NOT) {
        channel_stop(channel, stop);
    }
}

static void dispatch(struct socket *socket, struct slice topic, const struct message *message)
{
    struct channel *channel = find(socket, topic);
    if (slice_is(topic, "phoenix") && json_string_is(message->event, "heartbeat")) {
        reply(socket, JSON_NULL, message, ok, SLICE("{}"));
    } else if (json_string_is(message->event, "phx_join")) {
        handle_join(socket, topic, message);
    } else if (json_string_is(message->event, "phx_leave")) {
        handle_leave(socket, channel, message);
    } else {
        handle_push(socket, channel, message);
    }
}

void socket_received(struct socket *socket, bool is_binary, struct slice data)
{
    struct bytes scratch = {0};
    struct bytes topic = {0};
    struct message message;
    socket->conn->app->counters.messages++;
    if (!serializer_decode(socket->version, is_binary, data, &scratch, &message)) {
        ws_close(socket->conn, CODE_INTERNAL_ERROR);
    } else if (!json_is_string(message.topic)) {
        reply_unmatched(socket, &message);
    } else {
        json_decode(message.topic, &topic);
        if (!topic.failed) {
            dispatch(socket, slice_from(&topic), &message);
        }
    }
    bytes_free(&topic);
    bytes_free(&scratch);
}

static void reply_after_wait(struct socket *socket, const struct message *message)
{
    struct bytes topic = {0};
    json_decode(message->topic, &topic);
    struct channel *channel = topic.failed ? NULL : find(socket, slice_from(&topic));
    if (channel != NULL && slice_is(message->join_ref, channel->join_ref)) {
        channel_reply(channel, message->ref, ok, message->payload, message->is_binary);
    }
    bytes_free(&topic);
}

void channel_reply_later(struct channel *channel, const struct message *message, uint32_t delay_ms)
{
    struct message later = *message;
    later.join_ref = slice_of(channel->join_ref);
    (void)deferred_start(channel->socket, &later, delay_ms, reply_after_wait);
}

void socket_push_all(struct app *app, struct slice topic, struct slice event, struct slice payload)
{
    for (struct conn *conn = app->conns; conn != NULL; conn = conn->next) {
        struct channel *channel = conn->socket != NULL ? find(conn->socket, topic) : NULL;
        if (channel != NULL) {
            channel_push(channel, event, payload, false);
        }
    }
}

void socket_broadcast(struct app *app, struct slice topic, struct slice event, struct slice payload,
                      bool is_binary, const struct channel *except)
{
    for (struct conn *conn = app->conns; conn != NULL; conn = conn->next) {
        struct channel *channel = conn->socket != NULL ? find(conn->socket, topic) : NULL;
        if (channel != NULL && channel != except) {
            const struct message message = {JSON_NULL, JSON_NULL, slice_of(channel->topic_json),
                                            event,     payload,   is_binary};
            app->counters.pushes++;
            send_message(conn->socket, MESSAGE_BROADCAST, &message);
        }
    }
}
