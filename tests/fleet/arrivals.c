/* SPDX-License-Identifier: MIT */
/*
 * What comes to the server of the fleet, and what it makes of it.
 */
#include <stdio.h>
#include <string.h>

#include "world.h"

enum {
    SYN_REPEAT_MS = 1000, /* doubled each time, as Linux and RFC 6298 do */
    SYN_REPEATS = 6,
    BATCH_INTERVAL_MS = 2000,
};

/* What a peer of ours that reads no HTTP sees of it: a connection that failed. */
static phx_error make_error(const fleet_world *world, phx_status status, int32_t http_status)
{
    bool is_seen = world->policy->reads_http && http_status != 0;
    return (phx_error){
        .struct_size = (uint32_t)sizeof(phx_error),
        .status = http_status != 0 && !is_seen ? PHX_ERROR_CONNECTION_LOST : status,
        .http_status = is_seen ? http_status : 0,
        .retry_after_ms = is_seen ? world->server.retry_after_ms : 0,
    };
}

static void repeat_syn(fleet_world *world, const fleet_event *event)
{
    uint64_t after_ms = (uint64_t)SYN_REPEAT_MS << event->number;
    if (event->number < SYN_REPEATS) {
        fleet_event *again =
            fleet_world_send(world, FLEET_SYN, world->now_ms + after_ms, event->client);
        if (again != NULL) {
            again->number = event->number + 1;
        }
    } else {
        phx_error error = make_error(world, PHX_ERROR_TIMEOUT, 0);
        fleet_world_end(world, event->client, (uint32_t)after_ms, &error);
    }
}

static void queue_handshake(fleet_world *world, const fleet_event *event, uint32_t node)
{
    fleet_client *client = event->client;
    uint64_t served_ms;
    if (fleet_server_accept(&world->server, node, world->now_ms, &served_ms)) {
        client->node = (uint8_t)node;
        client->generation = world->server.nodes[node].generation;
        client->link = FLEET_LINK_QUEUED;
        fleet_event *opened =
            fleet_world_send(world, FLEET_OPENED, served_ms + client->latency_ms, client);
        if (opened != NULL) {
            opened->generation = client->generation;
        }
    } else if (world->scenario->drops_syns) {
        repeat_syn(world, event);
    } else {
        phx_error error = make_error(world, PHX_ERROR_CONNECTION_REFUSED, 0);
        fleet_world_end(world, client, 0, &error);
    }
}

void fleet_arrive_syn(fleet_world *world, const fleet_event *event)
{
    if (event->epoch != event->client->epoch || event->client->link != FLEET_LINK_DIALLING) {
        return;
    }
    uint32_t node = fleet_server_pick(&world->server);
    fleet_node_state state = world->server.nodes[node].state;
    if (state == FLEET_UP) {
        queue_handshake(world, event, node);
    } else if (state == FLEET_SILENT) {
        repeat_syn(world, event);
    } else {
        bool is_warming = state == FLEET_WARMING;
        phx_error error =
            make_error(world, is_warming ? PHX_ERROR_UPGRADE_REFUSED : PHX_ERROR_CONNECTION_REFUSED,
                       is_warming ? 503 : 0);
        fleet_world_end(world, event->client, 0, &error);
    }
}

static void reply(fleet_world *world, const fleet_event *event, uint64_t served_ms)
{
    unsigned long long join_ref = 0;
    unsigned long long ref = 0;
    fleet_client *client = event->client;
    fleet_event *answer =
        fleet_world_send(world, FLEET_REPLY, served_ms + client->latency_ms, client);
    if (answer == NULL) {
        return;
    }
    if (sscanf(event->frame, "[null,\"%llu\"", &ref) == 1) {
        (void)snprintf(answer->frame, sizeof answer->frame,
                       "[null,\"%llu\",\"phoenix\",\"phx_reply\","
                       "{\"status\":\"ok\",\"response\":{}}]",
                       ref);
    } else if (sscanf(event->frame, "[\"%llu\",\"%llu\"", &join_ref, &ref) == 2) {
        (void)snprintf(answer->frame, sizeof answer->frame,
                       "[\"%llu\",\"%llu\",\"community:feed\",\"phx_reply\","
                       "{\"status\":\"ok\",\"response\":{}}]",
                       join_ref, ref);
    } else {
        world->has_failed = true;
    }
}

void fleet_arrive_frame(fleet_world *world, const fleet_event *event)
{
    fleet_client *client = event->client;
    const fleet_node *node = &world->server.nodes[client->node];
    if (event->epoch != client->epoch || client->link != FLEET_LINK_OPEN) {
        return;
    }
    if (node->state != FLEET_UP) {
        return; /* its close is on the way, or nothing ever is */
    }
    if (node->generation != client->generation) {
        /* A host that came back knows nothing of the connection, and resets it. */
        phx_error error = make_error(world, PHX_ERROR_CONNECTION_LOST, 0);
        error.close_code = 1006;
        fleet_world_end(world, client, 0, &error);
        return;
    }
    bool is_join = strstr(event->frame, "\"phx_join\"") != NULL;
    reply(world, event,
          is_join ? fleet_server_join(&world->server, client->node, world->now_ms) : world->now_ms);
}

/* The node's connections and the handshakes that wait. A silent host ends nothing. */
static void lose_clients(fleet_world *world, uint32_t node, const fleet_step *step)
{
    uint32_t count = 0;
    uint32_t size = (uint32_t)((uint64_t)world->options->clients * step->batch_percent / 100);
    phx_error error = make_error(world, PHX_ERROR_CONNECTION_LOST, 0);
    error.close_code = step->close_code;
    for (uint32_t i = 0; i < world->options->clients && step->state != FLEET_SILENT; i++) {
        fleet_client *client = &world->clients[i];
        bool is_its = client->node == node && client->link >= FLEET_LINK_QUEUED;
        if (is_its) {
            uint32_t batch = size != 0 ? count / size : 0;
            fleet_world_end(world, client, batch * BATCH_INTERVAL_MS, &error);
            count++;
        }
    }
}

void fleet_arrive_step(fleet_world *world, const fleet_event *event)
{
    const fleet_step *step = &world->scenario->steps[event->number];
    for (uint32_t node = 0; node < world->scenario->nodes; node++) {
        bool is_meant = step->node < 0 || (uint32_t)step->node == node;
        if (is_meant && fleet_server_step(&world->server, node, step, world->now_ms)) {
            lose_clients(world, node, step);
        }
    }
}
