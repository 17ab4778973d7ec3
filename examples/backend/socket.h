/* SPDX-License-Identifier: MIT */
/*
 * A Phoenix socket: one client's channels, and the rules by which messages join, leave, reach and
 * end them, as Phoenix 1.8.12 has them. What a topic does is in a `topic_kind`. Knows nothing of
 * frames (ws.h) or of how messages are spelled (serializer.h).
 */
#ifndef BACKEND_SOCKET_H
#define BACKEND_SOCKET_H

#include "app.h"
#include "serializer.h"
#include "ws_frame.h"

enum {
    CHANNELS_MAX = 100
};

struct channel;
struct deferred;

struct socket {
    struct conn *conn;
    const struct user *user;
    enum serializer_version version;
    struct channel *channels;
    size_t channel_count;
    struct deferred *deferred;
    /* A message that is coming in fragments; its opcode is WS_CONTINUATION while there is none. */
    struct bytes fragments;
    enum ws_opcode fragments_opcode;
};

enum join_outcome {
    JOIN_OK,
    JOIN_REFUSED,
    JOIN_CRASHED
};
enum stop_reason {
    STOP_NOT,
    STOP_NORMAL,
    STOP_CRASH
};

struct topic_kind {
    const char *prefix;
    /* Appends the reply's response; `topic` is plain text. */
    enum join_outcome (*join)(const struct socket *socket, struct slice topic,
                              const struct message *message, struct bytes *response);
    /* A client's push. Replies by channel_reply(); says whether the channel goes on. */
    enum stop_reason (*push)(struct channel *channel, const struct message *message);
};

struct channel {
    struct channel *next;
    struct socket *socket;
    const struct topic_kind *kind;
    char *topic; /* plain text */
    char *topic_json;
    char *join_ref; /* JSON */
};

struct socket *socket_new(struct conn *conn, const struct user *user,
                          enum serializer_version version);
void socket_free(struct socket *socket);

/* A whole message from the client; a malformed one costs the socket (1011). */
void socket_received(struct socket *socket, bool is_binary, struct slice data);

/* For topic kinds. Statuses and events are JSON. */
void channel_reply(struct channel *channel, struct slice ref, struct slice status,
                   struct slice response, bool is_binary);
void channel_push(struct channel *channel, struct slice event, struct slice payload,
                  bool is_binary);
/* Replies with the message's payload later, if the channel is still the same then. */
void channel_reply_later(struct channel *channel, const struct message *message, uint32_t delay_ms);
/* Ends a channel with phx_close or phx_error; it is freed. */
void channel_stop(struct channel *channel, enum stop_reason reason);

/* To every channel of `topic`: as its own push (with its join_ref), or as a broadcast (without
 * any). `except` (or NULL) gets none. */
void socket_push_all(struct app *app, struct slice topic, struct slice event, struct slice payload);
void socket_broadcast(struct app *app, struct slice topic, struct slice event, struct slice payload,
                      bool is_binary, const struct channel *except);

#endif
