/* SPDX-License-Identifier: MIT */
/*
 * The fleet's world from its first to its last event.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "phx/backoff.h"

enum {
    ARRIVAL_MS = 45000, /* over which the clients come: all are stable when the server goes away */
    IDLE_AT_MS = FLEET_EVENT_MS - 1000,
    AFTERMATH_MS = 15000, /* after the last is back: does it last? */
    MS_PER_S = 1000,
};

fleet_event *fleet_world_send(fleet_world *world, fleet_event_kind kind, uint64_t at_ms,
                              fleet_client *client)
{
    fleet_event *event = world->free_events;
    if (event != NULL) {
        world->free_events = event->next_free;
    } else {
        event = malloc(sizeof *event);
    }
    if (event == NULL) {
        world->has_failed = true;
        return NULL;
    }
    memset(event, 0, offsetof(fleet_event, frame) + 1);
    event->client = client;
    event->epoch = client != NULL ? client->epoch : 0;
    event->timer.kind = (uint8_t)kind;
    phxi_timer_arm(&world->timers, &event->timer, at_ms);
    return event;
}

void fleet_world_end(fleet_world *world, fleet_client *client, uint32_t delay_ms,
                     const phx_error *error)
{
    uint64_t at_ms = world->now_ms + client->latency_ms + delay_ms;
    fleet_event *event = fleet_world_send(world, FLEET_CLOSED, at_ms, client);
    if (event != NULL) {
        event->error = *error;
    }
}

static void end_second(fleet_world *world)
{
    fleet_result *result = world->result;
    world->second.connected = world->connected;
    world->second.joined = world->joined;
    if (result->seconds >= FLEET_EVENT_MS / MS_PER_S) {
        result->attempts += world->second.attempts;
        if (world->second.attempts > result->peak_attempts) {
            result->peak_attempts = world->second.attempts;
        }
    }
    result->second[result->seconds++] = world->second;
    world->second = (fleet_second){0};
    if (world->now_ms == IDLE_AT_MS) {
        result->bytes_per_client = world->allocator.held_bytes / world->options->clients;
    }
    (void)fleet_world_send(world, FLEET_SECOND, world->now_ms + MS_PER_S, NULL);
}

static void run_event(fleet_world *world, fleet_event *event)
{
    switch ((fleet_event_kind)event->timer.kind) {
    case FLEET_START:
        fleet_client_start(world, event->client);
        break;
    case FLEET_SYN:
        fleet_arrive_syn(world, event);
        break;
    case FLEET_OPENED:
        fleet_client_opened(world, event);
        break;
    case FLEET_CLOSED:
        fleet_client_closed(world, event);
        break;
    case FLEET_FRAME:
        fleet_arrive_frame(world, event);
        break;
    case FLEET_REPLY:
        fleet_client_reply(world, event);
        break;
    case FLEET_STEP:
        fleet_arrive_step(world, event);
        break;
    case FLEET_SECOND:
        end_second(world);
        break;
    case FLEET_CLIENT_DUE:
        break;
    }
    event->next_free = world->free_events;
    world->free_events = event;
}

/* All are back and have been for a while, or it takes too long. */
static bool is_over(const fleet_world *world)
{
    const fleet_scenario *scenario = world->scenario;
    uint64_t last_ms = FLEET_EVENT_MS + scenario->steps[scenario->step_count - 1].after_ms;
    uint64_t back_ms = world->result->back_all_ms;
    bool is_calm = world->now_ms > last_ms && back_ms != UINT64_MAX &&
                   world->now_ms >= FLEET_EVENT_MS + back_ms + AFTERMATH_MS;
    return world->has_failed || world->result->seconds == FLEET_MAX_SECONDS || is_calm;
}

static bool begin(fleet_world *world)
{
    const fleet_options *options = world->options;
    measuring_allocator_init(&world->allocator);
    fleet_server_init(&world->server, options, world->scenario);
    world->random_state = options->seed;
    world->clients = calloc(options->clients, sizeof *world->clients);
    if (world->clients == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < options->clients; i++) {
        if (!fleet_client_new(world, &world->clients[i])) {
            return false;
        }
        (void)fleet_world_send(world, FLEET_START, (uint64_t)i * ARRIVAL_MS / options->clients,
                               &world->clients[i]);
    }
    for (uint32_t i = 0; i < world->scenario->step_count; i++) {
        fleet_event *event = fleet_world_send(
            world, FLEET_STEP, FLEET_EVENT_MS + world->scenario->steps[i].after_ms, NULL);
        if (event != NULL) {
            event->number = i;
        }
    }
    (void)fleet_world_send(world, FLEET_SECOND, MS_PER_S, NULL);
    return !world->has_failed;
}

static void end(fleet_world *world)
{
    world->result->wasted = world->result->attempts - world->joins;
    for (uint32_t i = 0; world->clients != NULL && i < world->options->clients; i++) {
        fleet_client *client = &world->clients[i];
        world->result->stuck += !client->is_joined;
        if (client->attempts > world->result->most_attempts) {
            world->result->most_attempts = client->attempts;
        }
        phxi_timer_cancel(&world->timers, &client->timer);
        phxi_engine_free(client->engine);
    }
    phxi_timer *timer;
    while ((timer = phxi_timer_pop_due(&world->timers, UINT64_MAX)) != NULL) {
        free(timer);
    }
    while (world->free_events != NULL) {
        fleet_event *event = world->free_events;
        world->free_events = event->next_free;
        free(event);
    }
    free(world->clients);
}

bool fleet_run(const fleet_options *options, const fleet_policy *policy,
               const fleet_scenario *scenario, fleet_result *out)
{
    *out = (fleet_result){.back_99_ms = UINT64_MAX, .back_all_ms = UINT64_MAX};
    fleet_world world = {.options = options, .policy = policy, .scenario = scenario, .result = out};
    world.has_failed = !begin(&world);
    while (!is_over(&world)) {
        world.now_ms = phxi_timer_next_deadline(&world.timers);
        phxi_timer *timer = phxi_timer_pop_due(&world.timers, world.now_ms);
        if (timer->kind == FLEET_CLIENT_DUE) {
            fleet_client_due(&world, (fleet_client *)(void *)timer);
        } else {
            run_event(&world, (fleet_event *)(void *)timer);
        }
    }
    end(&world);
    return !world.has_failed;
}
