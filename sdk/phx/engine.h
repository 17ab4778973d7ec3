/* SPDX-License-Identifier: MIT */
/*
 * The engine: one Phoenix socket and its channels, sans-I/O. Inputs are calls that carry the time;
 * outputs are actions, popped after every input until there is none, and one deadline. It never
 * calls out, so nothing re-enters it. An input that returns PHX_ERROR_NO_MEMORY has changed
 * nothing.
 *
 * Actions are popped until there is none before the next phxi_engine_message, and before that
 * frame's memory is given back: they point into it.
 */
#ifndef PHXI_ENGINE_H
#define PHXI_ENGINE_H

#include <phx/channel.h>
#include <phx/client.h>

typedef struct phxi_engine phxi_engine;

typedef struct phxi_engine_config {
    const phx_allocator *allocator; /* borrowed */
    uint64_t random_seed;
    uint64_t hash_seed[2];
    /* All resolved: no 0 that stands for a default. */
    phx_backoff reconnect;
    phx_backoff rejoin;
    uint32_t connect_timeout_ms;
    uint32_t heartbeat_interval_ms; /* UINT32_MAX: none */
    uint32_t heartbeat_timeout_ms;
    /* A heartbeat that is not answered in time ends the connection, whatever else came meanwhile
     * and however long a join takes. As phoenix.js does it; false in phx_client. */
    bool is_heartbeat_strict;
    /* A close by the server with this code is final until the next connect. phoenix.js: 1000; 0, as
     * in phx_client: every code reconnects. */
    uint16_t final_close_code;
    uint32_t probe_timeout_ms;
    uint32_t push_timeout_ms;
    uint32_t close_timeout_ms;
    size_t max_frame_bytes;
    size_t max_queued_bytes;
    uint32_t max_queued_pushes;
    uint32_t max_channels;
    uint64_t first_ref;    /* the first one used; 0: 1 */
    size_t recorder_bytes; /* of the flight recorder, see recorder.h; 0: none */
} phxi_engine_config;

/* PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status phxi_engine_new(const phxi_engine_config *config,
                                          phxi_engine **out_engine);
/* Everything that is still pending is forgotten: phxi_engine_shut_down first, to complete it. */
void phxi_engine_free(phxi_engine *engine);

/* --- inputs: what the application wants --- */

void phxi_engine_connect(phxi_engine *engine, uint64_t now_ms);
void phxi_engine_disconnect(phxi_engine *engine, uint64_t now_ms);
void phxi_engine_probe(phxi_engine *engine, uint64_t now_ms);
void phxi_engine_token_changed(phxi_engine *engine, uint64_t now_ms);

/* `user` comes back with every action about the object. Slices are borrowed for the call. */
typedef struct phxi_join_request {
    uint64_t id;
    phx_slice topic;
    uint32_t timeout_ms; /* 0: the engine's */
    phx_overflow overflow;
    phx_join_verdict (*judge_refusal)(void *user_data,
                                      const phx_reply *reply); /* NULL: the SDK's own */
    void *judge_user_data;
    void *user;
} phxi_join_request;

/* PHX_ERROR_NO_MEMORY, PHX_ERROR_QUEUE_FULL: no such channel. */
PHX_MUST_CHECK phx_status phxi_engine_join(phxi_engine *engine, uint64_t now_ms,
                                           const phxi_join_request *request);
/* The answer to PHXI_ACTION_JOIN_PARAMS: the join's payload. */
void phxi_engine_send_join(phxi_engine *engine, uint64_t now_ms, uint64_t channel_id,
                           phx_slice payload);
void phxi_engine_leave(phxi_engine *engine, uint64_t now_ms, uint64_t channel_id);
void phxi_engine_rejoin(phxi_engine *engine, uint64_t now_ms, uint64_t channel_id);

typedef struct phxi_push_request {
    uint64_t id;
    uint64_t channel_id;
    phx_slice event;
    phx_slice payload;
    bool is_binary;
    uint32_t timeout_ms; /* 0: the channel's */
    void *user;
} phxi_push_request;

/* Any status but PHX_OK is the push's outcome, and no action about it comes:
 * PHX_ERROR_STALE_HANDLE, PHX_ERROR_LEFT (the channel is leaving), PHX_ERROR_JOIN_REFUSED,
 * PHX_ERROR_QUEUE_FULL, PHX_ERROR_TOO_LARGE, PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status phxi_engine_push(phxi_engine *engine, uint64_t now_ms,
                                           const phxi_push_request *request);
void phxi_engine_cancel(phxi_engine *engine, uint64_t now_ms, uint64_t push_id);

/* Completes every push and closes every channel with PHX_ERROR_CLOSED, drops the connection. */
void phxi_engine_shut_down(phxi_engine *engine, uint64_t now_ms);

/* --- inputs: what the transport reports; `epoch` is that of PHXI_ACTION_OPEN --- */

/* Before an opened: whether that connection needs no heartbeats (a probe is sent all the same). */
void phxi_engine_skip_heartbeats(phxi_engine *engine, bool is_skipping);
void phxi_engine_opened(phxi_engine *engine, uint64_t now_ms, uint64_t epoch);
/* Also an attempt that could not even begin: the keychain's status, the transport's. */
void phxi_engine_closed(phxi_engine *engine, uint64_t now_ms, uint64_t epoch,
                        const phx_error *error);
void phxi_engine_message(phxi_engine *engine, uint64_t now_ms, uint64_t epoch, phx_frame_kind kind,
                         const uint8_t *data, size_t length);
void phxi_engine_written(phxi_engine *engine, uint64_t epoch, size_t length);

/* --- inputs: time --- */

/* Runs at most one timer that is due. Call while phxi_engine_deadline_ms() <= now_ms. */
void phxi_engine_advance(phxi_engine *engine, uint64_t now_ms);
/* UINT64_MAX: none. */
uint64_t phxi_engine_deadline_ms(const phxi_engine *engine);

/* --- outputs --- */

typedef enum phxi_action_kind {
    PHXI_ACTION_OPEN,        /* begin an attempt: epoch, is_refresh */
    PHXI_ACTION_SEND,        /* give frame to the transport */
    PHXI_ACTION_CLOSE,       /* begin the close handshake with close_code */
    PHXI_ACTION_DROP,        /* release the connection */
    PHXI_ACTION_STATUS,      /* phxi_engine_read_status changed */
    PHXI_ACTION_ERROR,       /* error: something was refused, and all goes on */
    PHXI_ACTION_JOIN_PARAMS, /* channel: phxi_engine_send_join with its payload */
    PHXI_ACTION_CHANNEL,     /* channel: state and reply; after PHX_CHANNEL_CLOSED it is gone */
    PHXI_ACTION_MESSAGE,     /* channel: event, payload */
    PHXI_ACTION_REPLY,       /* push: reply; it is gone */
} phxi_action_kind;

typedef struct phxi_action {
    phxi_action_kind kind;
    uint64_t epoch;
    bool is_refresh;
    uint16_t close_code;
    phx_frame_kind frame_kind;
    const uint8_t *frame; /* valid until the next action is popped */
    size_t frame_length;
    uint64_t channel_id;
    uint64_t push_id;
    void *user;
    phx_channel_state channel_state;
    phx_message message; /* struct_size and channel are set */
    phx_reply reply;     /* messages of errors are static, or the engine's until the next input */
    phx_error error;
} phxi_action;

/* False: none is left. */
bool phxi_engine_pop(phxi_engine *engine, phxi_action *out_action);

/* struct_size is left alone. The message is the engine's, until the next input. */
void phxi_engine_read_status(const phxi_engine *engine, uint64_t now_ms, phx_client_status *out);
/* The `user` of a channel that is not closed; NULL: there is none. */
void *phxi_engine_channel_user(const phxi_engine *engine, uint64_t channel_id);
const phx_client_metrics *phxi_engine_metrics(phxi_engine *engine);

/* As phx_client_dump_recording. */
PHX_MUST_CHECK phx_status phxi_engine_dump_recording(phxi_engine *engine,
                                                     phx_recording_write_fn write, void *user_data);

#endif
