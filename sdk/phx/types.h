/* SPDX-License-Identifier: MIT */
/*
 * The engine's data: what its files share, and nobody else sees.
 *
 * Invariants. A channel is in both maps from its join until it is closed. join_ref is 0 unless a
 * join of this connection was sent and not given up. A push is in the map by id until it completes,
 * in the map by ref exactly while it was sent and not answered. A node is in the outbox at most
 * once, and the object that holds it is freed only after it was popped.
 */
#ifndef PHXI_TYPES_H
#define PHXI_TYPES_H

#include "phx/engine.h"
#include "support/buffer.h"
#include "support/map.h"
#include "support/timer_heap.h"
#include "wire/envelope.h"

/* Joins that may be unanswered at a time when many channels come back at once. */
#define PHXI_MAX_JOINS_IN_FLIGHT 32

typedef enum phxi_timer_kind {
    PHXI_TIMER_CONNECT,   /* the attempt takes too long, or the token does */
    PHXI_TIMER_RECONNECT, /* the next attempt */
    PHXI_TIMER_CLOSE,     /* the close handshake takes too long */
    PHXI_TIMER_HEARTBEAT,
    PHXI_TIMER_HEARTBEAT_TIMEOUT,
    PHXI_TIMER_STABLE,
    PHXI_TIMER_JOIN,
    PHXI_TIMER_REJOIN,
    PHXI_TIMER_LEAVE,
    PHXI_TIMER_CHANNEL_STABLE,
    PHXI_TIMER_PUSH,
} phxi_timer_kind;

typedef struct phxi_node {
    struct phxi_node *next;
    struct phxi_node *previous;
    phxi_action_kind kind;
    bool is_queued;
} phxi_node;

/* A frame on its way to the transport. */
typedef struct phxi_frame {
    phxi_node node;
    phx_frame_kind kind;
    size_t length;
    size_t head_length; /* up to the payload */
    uint8_t *data;
} phxi_frame;

typedef struct phxi_channel {
    phxi_map_entry by_id;
    phxi_map_entry by_topic;
    uint64_t id;
    char *topic; /* behind the struct, in its block */
    size_t topic_length;
    void *user;
    uint32_t timeout_ms;
    phx_overflow overflow;
    phx_join_verdict (*judge_refusal)(void *user_data,
                                      const phx_reply *reply); /* NULL: the SDK's own */
    void *judge_user_data;
    phx_channel_state state;
    uint64_t join_ref;
    uint64_t leave_ref;
    uint32_t attempts; /* failed joins since it was last stable */
    phxi_timer timer;  /* JOIN, REJOIN, LEAVE or CHANNEL_STABLE: one at a time */
    bool is_joining_on_wire;
    struct phxi_channel *next_waiting; /* in the engine's queue of joins */
    bool is_waiting;
    struct phxi_push *first_push; /* of all its pushes, oldest first */
    struct phxi_push *last_push;
    phxi_node state_node;
    phxi_node params_node;
    phx_reply reply;           /* what state_node reports */
    struct phxi_channel *next; /* in the engine's list, oldest first */
    struct phxi_channel *previous;
} phxi_channel;

typedef struct phxi_push {
    phxi_map_entry by_id;
    phxi_map_entry by_ref;
    uint64_t id;
    uint64_t ref; /* 0: not sent */
    phxi_channel *channel;
    void *user;
    phx_slice event; /* event and payload: behind the struct, in its block */
    phx_slice payload;
    bool is_binary;
    phxi_timer timer;
    struct phxi_push *next; /* in its channel */
    struct phxi_push *previous;
    phxi_node node;
    phx_reply reply;
} phxi_push;

enum {
    PHXI_HEARTBEAT_FRAME_BYTES = 64
};

typedef struct phxi_recorder phxi_recorder;

struct phxi_engine {
    phxi_engine_config config;
    const phx_allocator *allocator;
    phxi_recorder *recorder; /* NULL: nothing is recorded */
    uint64_t random_state;
    uint64_t next_ref;
    uint64_t now_ms;

    /* socket */
    bool is_wanted;
    phx_client_state state;
    bool has_connection; /* between OPEN and closed or DROP */
    uint64_t epoch;
    bool was_refreshed; /* a token was refused, and a fresh one asked for */
    bool is_awaiting_token;
    bool is_join_answered; /* on this connection */
    uint32_t attempts;     /* since the connection was last stable */
    phx_error last_error;
    char last_message[256];
    phxi_timer socket_timer; /* CONNECT, RECONNECT or CLOSE: one at a time */
    phxi_timer stable_timer;

    /* heartbeat */
    bool skips_heartbeats;      /* on this connection */
    phxi_timer heartbeat_timer; /* HEARTBEAT or HEARTBEAT_TIMEOUT */
    uint64_t heartbeat_ref;     /* 0: none is unanswered */
    uint64_t heartbeat_sent_ms;
    uint64_t last_received_ms;
    phxi_frame heartbeat_frame;
    uint8_t heartbeat_bytes[PHXI_HEARTBEAT_FRAME_BYTES];

    /* channels and pushes */
    phxi_map channels_by_id;
    phxi_map channels_by_topic;
    phxi_channel *first_channel;
    phxi_channel *last_channel;
    phxi_channel *first_waiting;
    phxi_channel *last_waiting;
    uint32_t joins_in_flight;
    phxi_map pushes_by_id;
    phxi_map pushes_by_ref;
    size_t buffered_bytes; /* of pushes not yet sent */
    size_t unsent_bytes;   /* given to the transport, not yet with the operating system */

    /* inbound */
    phxi_buffer scratch;
    phxi_envelope envelope;
    phxi_channel *message_channel;

    /* outbound */
    phxi_timer_heap timers;
    phxi_node *first_node;
    phxi_node *last_node;
    phxi_node open_node;
    phxi_node close_node;
    phxi_node drop_node;
    phxi_node status_node;
    phxi_node error_node;
    phxi_node message_node;
    phx_error error;
    bool open_is_refresh;
    uint16_t close_code;
    phxi_frame *popped_frame;

    phx_client_metrics metrics;
};

/* outbox.c */
void phxi_outbox_add(phxi_engine *engine, phxi_node *node, phxi_action_kind kind);
void phxi_outbox_remove(phxi_engine *engine, phxi_node *node);
/* Encodes a text or binary frame and queues it. PHX_ERROR_NO_MEMORY, PHX_ERROR_TOO_LARGE: nothing
 * was. */
PHX_MUST_CHECK phx_status phxi_outbox_send(phxi_engine *engine, const phxi_envelope *envelope);
/* Forgets the frames that were not popped: their connection is over. */
void phxi_outbox_drop_frames(phxi_engine *engine);
void phxi_outbox_error(phxi_engine *engine, phx_status status, const char *message);
void phxi_outbox_free(phxi_engine *engine);

/* ref.c */
uint64_t phxi_ref_next(phxi_engine *engine);
/* The decimal text of `ref`, in `text`. */
phx_slice phxi_ref_text(uint64_t ref, char text[24]);
/* 0: `text` is no ref of ours. */
uint64_t phxi_ref_parse(phx_slice text);

/* heartbeat.c */
void phxi_heartbeat_start(phxi_engine *engine);
void phxi_heartbeat_stop(phxi_engine *engine);
void phxi_heartbeat_send(phxi_engine *engine, uint32_t timeout_ms);
/* Sends one with the probe's time-out. */
void phxi_heartbeat_probe(phxi_engine *engine);
void phxi_heartbeat_answered(phxi_engine *engine);
/* The time-out passed: whether the connection is to be taken for dead. */
bool phxi_heartbeat_is_dead(phxi_engine *engine);

/* socket.c */
void phxi_socket_timer(phxi_engine *engine, const phxi_timer *timer);
void phxi_socket_join_answered(phxi_engine *engine);

/* channel.c */
/* Whether a channel is, or will be, joined on this connection. */
bool phxi_channels_connected(phxi_engine *engine);
void phxi_channels_disconnected(phxi_engine *engine, const phx_error *error);
void phxi_channels_shut_down(phxi_engine *engine);
void phxi_channel_timer(phxi_engine *engine, phxi_channel *channel);
void phxi_channel_join_reply(phxi_engine *engine, phxi_channel *channel);
void phxi_channel_leave_reply(phxi_engine *engine, phxi_channel *channel);
void phxi_channel_crashed(phxi_engine *engine, phxi_channel *channel);
void phxi_channel_closed_by_server(phxi_engine *engine, phxi_channel *channel);
phx_reply phxi_reply_of(phx_status status, const char *message);
/* The reply that is in the engine's envelope. */
phx_reply phxi_reply_received(const phxi_engine *engine);

/* channel_set.c */
phxi_channel *phxi_channel_by_id(const phxi_engine *engine, uint64_t id);
phxi_channel *phxi_channel_by_topic(const phxi_engine *engine, phx_slice topic);
/* Not in the set yet. NULL: no memory. */
phxi_channel *phxi_channel_new(phxi_engine *engine, const phxi_join_request *request);
void phxi_channel_free(phxi_engine *engine, phxi_channel *channel);
/* Into the list and the maps, which have room; and out of them. */
void phxi_channel_link(phxi_engine *engine, phxi_channel *channel);
void phxi_channel_unlink(phxi_engine *engine, phxi_channel *channel);

/* joins.c */
/* The channel's parameters will be asked for when its turn comes. */
void phxi_joins_add(phxi_engine *engine, phxi_channel *channel);
/* The join was answered or given up, or is not wanted any more: the next may go. */
void phxi_joins_end(phxi_engine *engine, phxi_channel *channel);

/* push.c */
/* What it counts for in the queue. */
size_t phxi_push_bytes(const phxi_push *push);
/* Into its channel and the map, which has room, as one that is not sent. */
void phxi_push_link(phxi_engine *engine, phxi_push *push);
void phxi_pushes_flush(phxi_engine *engine, phxi_channel *channel);
/* Completes those that were sent, or all. */
void phxi_pushes_fail(phxi_engine *engine, phxi_channel *channel, bool only_sent, phx_status status,
                      const char *message);
void phxi_push_timeout(phxi_engine *engine, phxi_push *push);
/* Completes the push with this ref on the channel by the received reply; false: there is none. */
bool phxi_push_reply(phxi_engine *engine, const phxi_channel *channel, uint64_t ref);

#endif
