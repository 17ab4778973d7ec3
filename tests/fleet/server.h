/* SPDX-License-Identifier: MIT */
/*
 * The server: nodes that take handshakes and joins one after the other, each at a rate of its own.
 * A queue is the time at which its last entry will be served, no more.
 */
#ifndef FLEET_SERVER_H
#define FLEET_SERVER_H

#include "fleet.h"

typedef struct fleet_node {
    fleet_node_state state;
    uint32_t generation; /* one more each time it loses its connections */
    uint64_t handshakes_until_us;
    uint64_t joins_until_us;
} fleet_node;

typedef struct fleet_server {
    const fleet_scenario *scenario;
    fleet_node nodes[FLEET_MAX_NODES];
    uint64_t handshake_us;
    uint64_t join_us;
    uint64_t backlog_us; /* of a node */
    uint32_t retry_after_ms;
    uint32_t turn;
} fleet_server;

void fleet_server_init(fleet_server *server, const fleet_options *options,
                       const fleet_scenario *scenario);
/* The node that a balancer gives a new connection: those that are up in turn. Where none is, the
 * first: its state says how the attempt ends. */
uint32_t fleet_server_pick(fleet_server *server);
/* False: its backlog is full. Else when it will have served the handshake. */
bool fleet_server_accept(fleet_server *server, uint32_t node, uint64_t now_ms,
                         uint64_t *out_served_ms);
/* When it will have served the join. */
uint64_t fleet_server_join(fleet_server *server, uint32_t node, uint64_t now_ms);
/* True: the node lost its connections. */
bool fleet_server_step(fleet_server *server, uint32_t node, const fleet_step *step,
                       uint64_t now_ms);

#endif
