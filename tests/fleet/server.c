/* SPDX-License-Identifier: MIT */
/*
 * The server of the fleet. Until it first goes away it is as quick as it is asked to be: its
 * clients came over days.
 */
#include "server.h"

enum {
    US_PER_S = 1000000,
    US_PER_MS = 1000,
};

void fleet_server_init(fleet_server *server, const fleet_options *options,
                       const fleet_scenario *scenario)
{
    *server = (fleet_server){.scenario = scenario};
    server->handshake_us = (uint64_t)US_PER_S * scenario->nodes / options->handshakes_per_second;
    server->join_us = (uint64_t)US_PER_S * scenario->nodes / options->joins_per_second;
    server->backlog_us = options->backlog / scenario->nodes * server->handshake_us;
}

uint32_t fleet_server_pick(fleet_server *server)
{
    for (uint32_t i = 0; i < server->scenario->nodes; i++) {
        uint32_t node = server->turn++ % server->scenario->nodes;
        if (server->nodes[node].state == FLEET_UP) {
            return node;
        }
    }
    return 0;
}

/* The next free place in a queue that is served in order. */
static uint64_t serve(uint64_t *until_us, uint64_t each_us, uint64_t now_ms)
{
    uint64_t now_us = now_ms * US_PER_MS;
    *until_us = (*until_us > now_us ? *until_us : now_us) + each_us;
    return (*until_us + US_PER_MS - 1) / US_PER_MS;
}

bool fleet_server_accept(fleet_server *server, uint32_t node, uint64_t now_ms,
                         uint64_t *out_served_ms)
{
    uint64_t *until_us = &server->nodes[node].handshakes_until_us;
    *out_served_ms = now_ms;
    if (now_ms < FLEET_EVENT_MS) {
        return true;
    }
    if (*until_us > now_ms * US_PER_MS + server->backlog_us) {
        return false;
    }
    *out_served_ms = serve(until_us, server->handshake_us, now_ms);
    return true;
}

uint64_t fleet_server_join(fleet_server *server, uint32_t node, uint64_t now_ms)
{
    bool is_before = now_ms < FLEET_EVENT_MS;
    return is_before ? now_ms : serve(&server->nodes[node].joins_until_us, server->join_us, now_ms);
}

bool fleet_server_step(fleet_server *server, uint32_t node, const fleet_step *step, uint64_t now_ms)
{
    fleet_node *changed = &server->nodes[node];
    bool was_up = changed->state == FLEET_UP;
    changed->state = step->state;
    server->retry_after_ms = step->retry_after_ms;
    if (!was_up || step->state == FLEET_UP) {
        return false;
    }
    changed->generation++;
    changed->handshakes_until_us = changed->joins_until_us = now_ms * US_PER_MS;
    return true;
}
