/* SPDX-License-Identifier: MIT */
/*
 * Channels of a client, and pushes on them. Handles are numbers: one whose object is gone is an
 * error, never a use after free.
 */
#ifndef PHX_CHANNEL_H
#define PHX_CHANNEL_H

#include <phx/client.h>

PHX_NONNULL_BEGIN

typedef struct phx_channel {
    uint64_t id; /* 0: none */
} phx_channel;

typedef struct phx_push_id {
    uint64_t id;
} phx_push_id;

typedef struct phx_subscription {
    uint64_t id;
} phx_subscription;

typedef enum PHX_ENUM(phx_channel_state) {
    PHX_CHANNEL_CLOSED =
        0, /* gone: left, closed by the server, replaced, or the client was released */
    PHX_CHANNEL_JOINING, /* wanted; waits for the connection or for the join's answer */
    PHX_CHANNEL_JOINED,
    PHX_CHANNEL_ERRORED, /* wanted; the join failed, the channel crashed or
                          * the connection dropped; joins again by itself */
    PHX_CHANNEL_REFUSED, /* the join was refused, and trying again would not help: see
                          * phx_join_verdict; waits for phx_channel_rejoin */
    PHX_CHANNEL_LEAVING, /* phx_leave is sent and not answered yet */
} PHX_ENUM_NAME(phx_channel_state);

/* One message of a channel. Everything is borrowed for the callback; texts are not terminated
   by NUL. */
typedef struct phx_message {
    uint32_t struct_size;
    phx_channel channel;
    phx_slice topic;
    phx_slice event;
    phx_slice payload; /* as the server wrote it: JSON text, known to be valid, or bytes if
                          is_binary */
    bool is_binary;
} phx_message;

/* What became of a join, a push or a leave. Borrowed for the callback. */
typedef struct phx_reply {
    uint32_t struct_size;
    /* error.status: PHX_OK: the reply's status was "ok". PHX_ERROR_REFUSED: it was another one, see
     * `status`. PHX_ERROR_TIMEOUT; PHX_ERROR_DISCONNECTED: it was sent, and whether the server
     * acted is unknown; PHX_ERROR_CANCELLED; PHX_ERROR_STALE_HANDLE: no such channel;
     * PHX_ERROR_QUEUE_FULL; PHX_ERROR_TOO_LARGE; PHX_ERROR_LEFT, PHX_ERROR_CHANNEL_CLOSED,
     * PHX_ERROR_CHANNEL_CRASHED, PHX_ERROR_JOIN_REFUSED: the channel ended first;
     * PHX_ERROR_NO_MEMORY; PHX_ERROR_CLOSED. */
    phx_error error;
    phx_slice status; /* "ok", "error" or another text of the server's; data NULL: no reply came */
    phx_slice response; /* the reply's response, as payload of phx_message */
    bool is_binary;
} phx_reply;

typedef void (*phx_message_fn)(void *PHX_NULLABLE user_data, const phx_message *message)
    PHX_SENDABLE;
typedef void (*phx_reply_fn)(void *PHX_NULLABLE user_data, const phx_reply *reply) PHX_SENDABLE;
/* `reply`: what brought the channel into this state; its error.status says why. A state that is
 * over before it could be told is left out: a join that fails as it begins is told as
 * PHX_CHANNEL_ERRORED alone, which may follow PHX_CHANNEL_ERRORED. */
typedef void (*phx_channel_state_fn)(void *PHX_NULLABLE user_data, phx_channel channel,
                                     phx_channel_state state, const phx_reply *reply) PHX_SENDABLE;

/* Receives the parameters of one join: see phx_join_params_set. */
typedef struct phx_join_params phx_join_params;

/* Sets the payload of this join: JSON text, copied. PHX_ERROR_INVALID_JSON, PHX_ERROR_TOO_LARGE,
 * PHX_ERROR_NO_MEMORY: the payload is as it was. Threads: inside on_params only. */
PHX_API PHX_MUST_CHECK phx_status phx_join_params_set(phx_join_params *params, const char *json,
                                                      size_t length);

/* What to do with a push that finds a queue full. */
typedef enum PHX_ENUM(phx_overflow) {
    PHX_OVERFLOW_REJECT = 0,  /* it completes with PHX_ERROR_QUEUE_FULL */
    PHX_OVERFLOW_DROP_OLDEST, /* the channel's oldest push that was not sent yet does, if there
                                 is one */
} PHX_ENUM_NAME(phx_overflow);

/* What to do about a join that the server refused. */
typedef enum PHX_ENUM(phx_join_verdict) {
    PHX_JOIN_RETRY = 0,    /* join again, with backoff */
    PHX_JOIN_UNAUTHORIZED, /* PHX_CHANNEL_REFUSED with PHX_ERROR_UNAUTHORIZED: the credentials
                            */
    PHX_JOIN_PERMANENT,    /* PHX_CHANNEL_REFUSED with PHX_ERROR_JOIN_REFUSED: anything else */
} PHX_ENUM_NAME(phx_join_verdict);

/* The SDK's own verdict, by the reply's `reason`: "unauthorized", "unauthenticated",
 * "invalid_token" and "token_expired" are the credentials; "unmatched topic", "unknown_topic",
 * "not_a_member", "forbidden" and "not_found" are permanent; all others are tried again.
 * Threads: any. */
PHX_API phx_join_verdict phx_join_verdict_of(const phx_reply *reply);

typedef struct phx_channel_options {
    uint32_t struct_size;
    /* The join's payload: JSON text. NULL: "{}". Copied. */
    const char *PHX_NULLABLE params;
    /* Asked anew before every join and rejoin, on the loop's thread; what it does not set is
     * `params`. */
    void (*PHX_NULLABLE on_params)(void *PHX_NULLABLE user_data, phx_join_params *params)
        PHX_SENDABLE;
    phx_channel_state_fn PHX_NULLABLE on_state;
    /* Every message of the channel but phx_reply, phx_error and phx_close. */
    phx_message_fn PHX_NULLABLE on_message;
    void *PHX_NULLABLE user_data;
    /* The channel's very last call. */
    void (*PHX_NULLABLE release_user_data)(void *PHX_NULLABLE user_data) PHX_SENDABLE;
    uint32_t timeout_ms; /* of the join and, by default, of pushes and the leave; 0: the client's */
    phx_overflow overflow;
    /* Decides instead of phx_join_verdict_of. Called on the loop's thread; calls nothing else of
     * the SDK. */
    phx_join_verdict (*PHX_NULLABLE judge_refusal)(void *PHX_NULLABLE user_data,
                                                   const phx_reply *reply) PHX_SENDABLE;
} phx_channel_options;

PHX_API void phx_channel_options_init_sized(phx_channel_options *options, uint32_t struct_size);
static inline void phx_channel_options_init(phx_channel_options *options)
{
    phx_channel_options_init_sized(options, (uint32_t)sizeof *options);
}

/*
 * Wants to be joined to `topic` (copied; 1 to 255 bytes of UTF-8), now and after every reconnect,
 * until phx_channel_leave. A channel that is already there for the topic is replaced: it ends with
 * PHX_ERROR_LEFT. options: copied; NULL: defaults. *out_channel: {0} on failure.
 * PHX_ERROR_INVALID_ARGUMENT: the topic. PHX_ERROR_INVALID_JSON: params. PHX_ERROR_QUEUE_FULL: too
 * many commands. PHX_ERROR_NO_MEMORY. PHX_ERROR_CLOSED: the client is being released. On failure
 * release_user_data is not called. A channel that would be one too many is accepted, and ends
 * through on_state with PHX_ERROR_QUEUE_FULL. Threads: any.
 */
PHX_API PHX_MUST_CHECK phx_status phx_channel_join(phx_client *client, const char *topic,
                                                   const phx_channel_options *PHX_NULLABLE options,
                                                   phx_channel *out_channel);

/* Leaves: the channel is `leaving` until the server answers or the time-out passes, then closed.
 * Without a connection it is closed at once. A stale channel does nothing. PHX_ERROR_QUEUE_FULL,
 * PHX_ERROR_NO_MEMORY, PHX_ERROR_CLOSED: nothing was done. Threads: any. */
PHX_API PHX_MUST_CHECK phx_status phx_channel_leave(phx_client *client, phx_channel channel);

/* Joins a refused or errored channel again now, whatever its backoff says. Statuses as
 * phx_channel_leave. Threads: any. */
PHX_API PHX_MUST_CHECK phx_status phx_channel_rejoin(phx_client *client, phx_channel channel);

typedef struct phx_push {
    const char *event; /* 1 to 255 bytes of UTF-8. Copied. */
    /* JSON text, NUL-terminated; NULL: "{}". Copied. */
    const char *PHX_NULLABLE payload;
    /* Instead of `payload`: bytes, sent as they are in a binary frame. data NULL: none. Copied. */
    phx_slice binary;
    uint32_t timeout_ms; /* counts from now, waiting to be joined included; 0: the channel's */
    /* Called exactly once if the push was accepted. */
    phx_reply_fn PHX_NULLABLE on_reply;
    void *PHX_NULLABLE user_data;
} phx_push;

/*
 * Sends a message; before the channel is joined it waits for that. *out_push (may be NULL): {0} on
 * failure. PHX_ERROR_INVALID_ARGUMENT: the event. PHX_ERROR_INVALID_JSON: the payload.
 * PHX_ERROR_TOO_LARGE. PHX_ERROR_QUEUE_FULL: too many commands. PHX_ERROR_NO_MEMORY.
 * PHX_ERROR_CLOSED. All else comes by on_reply. Threads: any.
 */
PHX_API PHX_MUST_CHECK phx_status phx_channel_push(phx_client *client, phx_channel channel,
                                                   const phx_push *push,
                                                   phx_push_id *PHX_NULLABLE out_push);

/* Completes the push with PHX_ERROR_CANCELLED, unless it has completed before; one that was sent is
 * not called back from the server. Statuses as phx_channel_leave. Threads: any. */
PHX_API PHX_MUST_CHECK phx_status phx_push_cancel(phx_client *client, phx_push_id push);

/* What to be told of. */
typedef struct phx_subscribe {
    const char *PHX_NULLABLE event; /* copied */
    phx_message_fn on_message;
    void *PHX_NULLABLE user_data;
    void (*PHX_NULLABLE release_user_data)(void *PHX_NULLABLE user_data) PHX_SENDABLE;
} phx_subscribe;

/*
 * Calls on_message for messages of the channel with this event (NULL: all). A message is given
 * first to the channel's own on_message, then to subscriptions in the order in which they were
 * made; those made or ended during it change only later ones. release_user_data (may be NULL): the
 * subscription's last call. *out_subscription: {0} on failure. PHX_ERROR_INVALID_ARGUMENT,
 * PHX_ERROR_QUEUE_FULL, PHX_ERROR_NO_MEMORY, PHX_ERROR_CLOSED. A subscription to a stale channel
 * ends at once, and so does one that finds no memory on the loop's thread, which the client's
 * on_error reports. Threads: any.
 */
PHX_API PHX_MUST_CHECK phx_status phx_channel_subscribe(phx_client *client, phx_channel channel,
                                                        const phx_subscribe *subscribe,
                                                        phx_subscription *out_subscription);

/* Ends it. Unknown ones do nothing. Statuses as phx_channel_leave. Threads: any. */
PHX_API PHX_MUST_CHECK phx_status phx_channel_unsubscribe(phx_client *client,
                                                          phx_subscription subscription);

PHX_NONNULL_END

#endif
