/* SPDX-License-Identifier: MIT */
/*
 * What the files of phx_client share. All of it belongs to the loop's thread but what stands under
 * the lock.
 */
#ifndef PHXI_CLIENT_TYPES_H
#define PHXI_CLIENT_TYPES_H

#include <phx/channel.h>
#include <phx/client.h>
#include <phx/platform.h>

#include <pthread.h>
#include <stdatomic.h>

#include "phx/engine.h"
#include "support/map.h"

struct phx_client {
    const phx_allocator *allocator; /* the loop's */
    phx_loop *loop;
    phx_loop_source source;
    phxi_engine *engine;

    /* configuration */
    char *url;
    char *token_parameter;
    const phx_keychain *keychain;
    phx_token_place token_place;
    phx_header *params; /* with their texts, one block */
    size_t param_count;
    phx_header *headers;
    size_t header_count;
    phx_status (*on_params)(void *user_data, phx_param_list *list);
    void (*on_status)(void *user_data, const phx_client_status *status);
    void (*on_error)(void *user_data, const phx_error *error);
    void *user_data;
    void (*release_user_data)(void *user_data);
    uint32_t connect_timeout_ms;
    uint32_t close_timeout_ms;
    size_t max_frame_bytes;

    /* connection */
    const phx_transport *transport;
    phx_connection *connection;
    uint64_t connection_epoch;

    phxi_map subscriptions;
    phx_loop_task start_task;
    phx_loop_task release_task;

    atomic_uint_fast64_t next_id;
    pthread_mutex_t lock;
    /* Under the lock. */
    bool is_closing;
    uint32_t commands_pending;
    bool is_control_posted;
    int8_t control_wanted; /* 1: connect, -1: disconnect, 0: as it is */
    bool control_probe;
    bool control_token;
    phx_loop_task control_task;
    phx_client_status status;
    char status_message[256];
    uint64_t next_attempt_ms;
    char read_message[256];
    phx_client_metrics metrics;
};

/* A subscription of a channel. */
typedef struct phxi_subscription {
    phxi_map_entry by_id;
    uint64_t id;
    struct phxi_channel_record *record;
    struct phxi_subscription *next;
    char *event; /* behind the struct, in its block; NULL: every event */
    size_t event_length;
    phx_message_fn on_message;
    void *user_data;
    void (*release_user_data)(void *user_data);
} phxi_subscription;

/* What the runtime knows of a channel; the engine's `user`. */
typedef struct phxi_channel_record {
    phx_channel channel;
    phx_channel_state state; /* that was told last */
    void (*on_params)(void *user_data, phx_join_params *params);
    phx_channel_state_fn on_state;
    phx_message_fn on_message;
    void *user_data;
    void (*release_user_data)(void *user_data);
    phxi_subscription *first_subscription;
    phxi_subscription *last_subscription;
    struct phx_presence *first_presence;
    phx_slice params; /* behind the struct, in its block */
} phxi_channel_record;

/* What the runtime knows of a push; the engine's `user`. */
typedef struct phxi_push_record {
    phx_reply_fn on_reply;
    void *user_data;
} phxi_push_record;

/* client_actions.c: pops and carries out all that the engine wants done. */
void phxi_client_drain(phx_client *client);
void phxi_client_turn(void *user_data, uint64_t now_ms);
uint64_t phxi_client_deadline_ms(void *user_data);
void phxi_client_publish(phx_client *client, uint64_t now_ms);
void phxi_client_end_channel(phx_client *client, phxi_channel_record *record,
                             const phx_reply *reply);
/* To on_error: something was refused or lost, and the client goes on. */
void phxi_client_report(phx_client *client, const phx_error *error);
void phxi_client_end_push(phx_client *client, phxi_push_record *record, const phx_reply *reply);

/* client_connect.c */
void phxi_client_open(phx_client *client, uint64_t epoch, bool is_refresh);
void phxi_client_drop_connection(phx_client *client);

/* client_control.c */
void phxi_client_run_control(void *user_data);

/* client_subscribe.c */
void phxi_subscription_end(phx_client *client, phxi_subscription *subscription);

phx_reply phxi_client_reply(phx_status status);

#endif
