/* SPDX-License-Identifier: MIT */
/*
 * The simulated world: clients, the network between, what is on its way. Everything that happens is
 * a timer in one heap: a client's deadline, or an event that takes its time to arrive.
 */
#ifndef FLEET_WORLD_H
#define FLEET_WORLD_H

#include "measuring_allocator.h"
#include "phx/engine.h"
#include "server.h"
#include "support/timer_heap.h"

typedef enum fleet_link {
    FLEET_LINK_NONE,
    FLEET_LINK_DIALLING, /* the server has not seen it, or let it fall */
    FLEET_LINK_QUEUED,   /* the server will accept it */
    FLEET_LINK_OPEN,
} fleet_link;

typedef struct fleet_client {
    phxi_timer timer; /* first; its engine's deadline */
    phxi_engine *engine;
    uint64_t epoch;      /* of its last attempt */
    uint32_t generation; /* of the node, when it took the connection */
    uint32_t attempts;   /* since the server went away */
    uint16_t latency_ms; /* one way */
    uint8_t node;
    fleet_link link;
    bool is_joined;
} fleet_client;

typedef enum fleet_event_kind {
    FLEET_CLIENT_DUE, /* not an event: a client's timer */
    FLEET_START,      /* a client connects for the first time */
    FLEET_SYN,        /* an attempt reaches the server */
    FLEET_OPENED,     /* the server's answer reaches the client */
    FLEET_CLOSED,     /* the end of a connection or an attempt does */
    FLEET_FRAME,      /* a frame reaches the server */
    FLEET_REPLY,      /* its reply the client */
    FLEET_STEP,       /* the scenario goes on */
    FLEET_SECOND,     /* another one is over */
} fleet_event_kind;

typedef struct fleet_event {
    phxi_timer timer; /* first */
    struct fleet_event *next_free;
    fleet_client *client;
    uint64_t epoch;
    phx_error error;     /* FLEET_CLOSED */
    uint32_t number;     /* FLEET_SYN: how often it was repeated; FLEET_STEP: which */
    uint32_t generation; /* FLEET_OPENED */
    char frame[96];      /* FLEET_FRAME, FLEET_REPLY: text */
} fleet_event;

typedef struct fleet_world {
    const fleet_options *options;
    const fleet_policy *policy;
    const fleet_scenario *scenario;
    fleet_result *result;
    measuring_allocator allocator;
    fleet_server server;
    fleet_client *clients;
    phxi_timer_heap timers;
    fleet_event *free_events;
    uint64_t now_ms;
    uint64_t random_state;
    uint32_t connected;
    uint32_t joined;
    uint64_t joins;  /* since the server went away */
    bool has_failed; /* no memory */
    fleet_second second;
} fleet_world;

/* Arms an event; NULL: no memory, and the world has failed. The rest of it is zero. */
fleet_event *fleet_world_send(fleet_world *world, fleet_event_kind kind, uint64_t at_ms,
                              fleet_client *client);
/* The connection or attempt of the client ends, as it sees it after its latency and delay_ms. */
void fleet_world_end(fleet_world *world, fleet_client *client, uint32_t delay_ms,
                     const phx_error *error);

/* What comes to the server (arrivals.c). */
void fleet_arrive_syn(fleet_world *world, const fleet_event *event);
void fleet_arrive_frame(fleet_world *world, const fleet_event *event);
void fleet_arrive_step(fleet_world *world, const fleet_event *event);

/* What comes to a client (client.c). */
bool fleet_client_new(fleet_world *world, fleet_client *client);
void fleet_client_start(fleet_world *world, fleet_client *client);
void fleet_client_due(fleet_world *world, fleet_client *client);
void fleet_client_opened(fleet_world *world, const fleet_event *event);
void fleet_client_closed(fleet_world *world, const fleet_event *event);
void fleet_client_reply(fleet_world *world, const fleet_event *event);

#endif
