/* SPDX-License-Identifier: MIT */
/*
 * One client of the fleet: an engine with one channel, its inputs as they arrive, its actions as
 * they are popped.
 */
#include <string.h>

#include "phx/backoff.h"
#include "world.h"

static const char topic[] = "community:feed";

static phxi_engine_config configure(fleet_world *world)
{
    const fleet_policy *policy = world->policy;
    phx_backoff backoff = {.kind = policy->is_stepped ? PHX_BACKOFF_STEPPED : PHX_BACKOFF_JITTER};
    phxi_engine_config config = {
        .allocator = &world->allocator.port,
        .random_seed = phxi_random_next(&world->random_state),
        .hash_seed = {phxi_random_next(&world->random_state),
                      phxi_random_next(&world->random_state)},
        .reconnect = backoff,
        .rejoin = backoff,
        .connect_timeout_ms = policy->connect_timeout_ms,
        .heartbeat_interval_ms = 30000,
        .heartbeat_timeout_ms = policy->heartbeat_timeout_ms,
        .is_heartbeat_strict = policy->is_stepped,
        .final_close_code = policy->final_close_code,
        .probe_timeout_ms = 3000,
        .push_timeout_ms = 10000,
        .close_timeout_ms = 2000,
        .max_frame_bytes = 1024 * 1024,
        .max_queued_bytes = 1024 * 1024,
        .max_queued_pushes = 256,
        .max_channels = 1024,
    };
    phxi_backoff_resolve(&config.reconnect, 250);
    phxi_backoff_resolve(&config.rejoin, 1000);
    return config;
}

bool fleet_client_new(fleet_world *world, fleet_client *client)
{
    phxi_engine_config config = configure(world);
    *client =
        (fleet_client){.latency_ms = (uint16_t)(10 + phxi_random_next(&world->random_state) % 90)};
    phxi_join_request request = {.id = 1, .topic = {topic, sizeof topic - 1}};
    return phxi_engine_new(&config, &client->engine) == PHX_OK &&
           phxi_engine_join(client->engine, 0, &request) == PHX_OK;
}

static void set_link(fleet_world *world, fleet_client *client, fleet_link link)
{
    world->connected -= client->link == FLEET_LINK_OPEN;
    world->connected += link == FLEET_LINK_OPEN;
    client->link = link;
}

/* The thresholds are crossed for good when they are crossed for the last time. */
static void set_joined(fleet_world *world, fleet_client *client, bool is_joined)
{
    if (is_joined == client->is_joined) {
        return;
    }
    fleet_result *result = world->result;
    uint64_t since_ms = world->now_ms - FLEET_EVENT_MS;
    client->is_joined = is_joined;
    world->joins += is_joined && world->now_ms >= FLEET_EVENT_MS;
    world->joined += is_joined ? 1u : UINT32_MAX;
    bool are_99_back = (uint64_t)world->joined * 100 >= (uint64_t)world->options->clients * 99;
    bool are_all_back = world->joined == world->options->clients;
    result->back_99_ms = !are_99_back                       ? UINT64_MAX
                         : result->back_99_ms == UINT64_MAX ? since_ms
                                                            : result->back_99_ms;
    result->back_all_ms = are_all_back ? since_ms : UINT64_MAX;
}

static void dial(fleet_world *world, fleet_client *client, uint64_t epoch)
{
    client->epoch = epoch;
    set_link(world, client, FLEET_LINK_DIALLING);
    world->second.attempts++;
    client->attempts += world->now_ms >= FLEET_EVENT_MS;
    (void)fleet_world_send(world, FLEET_SYN, world->now_ms + client->latency_ms, client);
}

static void send_frame(fleet_world *world, fleet_client *client, const phxi_action *action)
{
    fleet_event *event =
        fleet_world_send(world, FLEET_FRAME, world->now_ms + client->latency_ms, client);
    phxi_engine_written(client->engine, client->epoch, action->frame_length);
    if (event != NULL && action->frame_length < sizeof event->frame) {
        memcpy(event->frame, action->frame, action->frame_length);
        event->frame[action->frame_length] = '\0';
    } else {
        world->has_failed = true;
    }
}

static void act(fleet_world *world, fleet_client *client, const phxi_action *action)
{
    switch (action->kind) {
    case PHXI_ACTION_OPEN:
        dial(world, client, action->epoch);
        break;
    case PHXI_ACTION_SEND:
        send_frame(world, client, action);
        break;
    case PHXI_ACTION_DROP:
        set_link(world, client, FLEET_LINK_NONE);
        break;
    case PHXI_ACTION_JOIN_PARAMS:
        phxi_engine_send_join(client->engine, world->now_ms, action->channel_id,
                              (phx_slice){"{}", 2});
        break;
    case PHXI_ACTION_CHANNEL:
        set_joined(world, client, action->channel_state == PHX_CHANNEL_JOINED);
        break;
    default:
        break;
    }
}

/* After every input. */
static void settle(fleet_world *world, fleet_client *client)
{
    phxi_action action;
    while (phxi_engine_pop(client->engine, &action)) {
        act(world, client, &action);
    }
    uint64_t deadline_ms = phxi_engine_deadline_ms(client->engine);
    if (deadline_ms == UINT64_MAX) {
        phxi_timer_cancel(&world->timers, &client->timer);
    } else if (!client->timer.is_armed || client->timer.deadline_ms != deadline_ms) {
        client->timer.kind = FLEET_CLIENT_DUE;
        phxi_timer_arm(&world->timers, &client->timer, deadline_ms);
    }
}

void fleet_client_start(fleet_world *world, fleet_client *client)
{
    phxi_engine_connect(client->engine, world->now_ms);
    settle(world, client);
}

void fleet_client_due(fleet_world *world, fleet_client *client)
{
    phxi_engine_advance(client->engine, world->now_ms);
    settle(world, client);
}

void fleet_client_opened(fleet_world *world, const fleet_event *event)
{
    fleet_client *client = event->client;
    bool is_lost = world->server.nodes[client->node].generation != event->generation;
    if (event->epoch != client->epoch || client->link != FLEET_LINK_QUEUED || is_lost) {
        return;
    }
    set_link(world, client, FLEET_LINK_OPEN);
    world->second.accepted++;
    phxi_engine_opened(client->engine, world->now_ms, client->epoch);
    settle(world, client);
}

void fleet_client_closed(fleet_world *world, const fleet_event *event)
{
    fleet_client *client = event->client;
    if (event->epoch != client->epoch || client->link == FLEET_LINK_NONE) {
        return;
    }
    world->second.refused += client->link != FLEET_LINK_OPEN;
    set_link(world, client, FLEET_LINK_NONE);
    phxi_engine_closed(client->engine, world->now_ms, client->epoch, &event->error);
    settle(world, client);
}

void fleet_client_reply(fleet_world *world, const fleet_event *event)
{
    fleet_client *client = event->client;
    if (event->epoch != client->epoch || client->link != FLEET_LINK_OPEN) {
        return;
    }
    phxi_engine_message(client->engine, world->now_ms, client->epoch, PHX_FRAME_TEXT,
                        (const uint8_t *)event->frame, strlen(event->frame));
    settle(world, client);
}
