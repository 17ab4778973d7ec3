/* SPDX-License-Identifier: MIT */
/*
 * The inputs, and what holds between them. engine_actions.c checks the actions.
 */
#include "engine_world.h"

#include <stdio.h>

#include "engine_actions.h"

enum {
    START_MS = 1000000,
    /* What the engine counts for a push beside its event and payload. */
    ENVELOPE_BYTES = 64,
    MAX_PAYLOAD_BYTES = 1024,
    /* A turn without an end would be one of more timers than this. */
    MAX_TIMERS_DUE = 4096
};

phx_slice world_topic(size_t index)
{
    static const char *const odd[] = {"phoenix", "room:\"\\\xc3\xbc\xf0\x9f\x91\x8b", "", "a"};
    static char names[WORLD_TOPICS][16];
    if (index < sizeof odd / sizeof odd[0]) {
        return (phx_slice){odd[index], strlen(odd[index])};
    }
    int length = snprintf(names[index], sizeof names[index], "room:%zu", index);
    return (phx_slice){names[index], (size_t)length};
}

world_channel *world_channel_of_topic(engine_world *world, size_t topic)
{
    for (size_t i = world->channel_count; i > 0; i--) {
        world_channel *channel = &world->channels[i - 1];
        if (channel->is_live && channel->topic == topic) {
            return channel;
        }
    }
    return NULL;
}

bool world_begin(engine_world *world)
{
    world->now_ms = START_MS;
    world->config.allocator = &world->allocator.port;
    phx_status status = phxi_engine_new(&world->config, &world->engine);
    FUZZ_CHECK(status == PHX_OK || status == PHX_ERROR_NO_MEMORY);
    FUZZ_CHECK((status == PHX_OK) == (world->engine != NULL));
    return status == PHX_OK;
}

/* --- what holds between two inputs --- */

static void check_channels(engine_world *world)
{
    size_t live = 0;
    for (size_t i = 0; i < world->channel_count; i++) {
        world_channel *channel = &world->channels[i];
        void *user = phxi_engine_channel_user(world->engine, channel->id);
        FUZZ_CHECK(user == (channel->is_live ? channel : NULL));
        live += channel->is_live ? 1 : 0;
        if (channel->is_live) {
            FUZZ_CHECK(channel->is_told);
            FUZZ_CHECK(channel->state != PHX_CHANNEL_CLOSED);
            bool is_joined = channel->state == PHX_CHANNEL_JOINED;
            FUZZ_CHECK(!is_joined || world->state == PHX_CLIENT_CONNECTED);
            FUZZ_CHECK(!is_joined || world->join_refs[channel->topic] != 0);
        }
    }
    FUZZ_CHECK(phxi_engine_metrics(world->engine)->channels == live);
    FUZZ_CHECK(live <= world->config.max_channels);
}

static void check_pushes(engine_world *world)
{
    size_t pending = 0;
    size_t buffered = 0;
    for (size_t i = 0; i < world->push_count; i++) {
        const world_push *push = &world->pushes[i];
        pending += push->is_pending ? 1 : 0;
        buffered += push->is_pending && !push->is_sent ? push->bytes : 0;
    }
    const phx_client_metrics *metrics = phxi_engine_metrics(world->engine);
    FUZZ_CHECK(metrics->pushes_pending == pending);
    FUZZ_CHECK(pending <= world->config.max_queued_pushes);
    FUZZ_CHECK(buffered <= world->config.max_queued_bytes);
    FUZZ_CHECK(metrics->queued_bytes == buffered + world->unsent);
}

static void check_connection(engine_world *world)
{
    phx_client_status status = {.struct_size = (uint32_t)sizeof status};
    phxi_engine_read_status(world->engine, world->now_ms, &status);
    FUZZ_CHECK(status.state == world->state);
    FUZZ_CHECK(status.error.message != NULL);
    FUZZ_CHECK(status.next_attempt_in_ms == 0 || status.state == PHX_CLIENT_WAITING);
    bool has_deadline = phxi_engine_deadline_ms(world->engine) != UINT64_MAX;
    switch (status.state) {
    case PHX_CLIENT_CONNECTED:
        FUZZ_CHECK(world->is_alive && world->is_open && !world->is_closing);
        FUZZ_CHECK(status.error.status == PHX_OK);
        FUZZ_CHECK(has_deadline || world->is_skipping ||
                   world->config.heartbeat_interval_ms == UINT32_MAX);
        break;
    case PHX_CLIENT_CONNECTING: /* or it waits for a token, and nothing lives */
        FUZZ_CHECK(!world->is_open && has_deadline);
        break;
    case PHX_CLIENT_CLOSING:
        FUZZ_CHECK(world->is_alive && world->is_closing && has_deadline);
        break;
    case PHX_CLIENT_WAITING:
        FUZZ_CHECK(!world->is_alive && has_deadline);
        break;
    default:
        FUZZ_CHECK(!world->is_alive);
        break;
    }
}

void world_settle(engine_world *world)
{
    world_carry_out(world);
    check_connection(world);
    check_channels(world);
    check_pushes(world);
}

void world_run_due(engine_world *world)
{
    world_settle(world);
    for (size_t i = 0; phxi_engine_deadline_ms(world->engine) <= world->now_ms; i++) {
        FUZZ_CHECK(i < MAX_TIMERS_DUE);
        phxi_engine_advance(world->engine, world->now_ms);
        world_settle(world);
    }
}

void world_end(engine_world *world)
{
    failing_allocator_refuse(&world->allocator, 0, false);
    world->is_over = true;
    phxi_engine_shut_down(world->engine, world->now_ms);
    world_settle(world);
    const phx_client_metrics *metrics = phxi_engine_metrics(world->engine);
    FUZZ_CHECK(metrics->channels == 0 && metrics->pushes_pending == 0);
    FUZZ_CHECK(phxi_engine_deadline_ms(world->engine) == UINT64_MAX);
    phxi_engine_free(world->engine);
    FUZZ_CHECK(atomic_load(&world->allocator.live_blocks) == 0);
}

/* --- inputs --- */

static phx_join_verdict judge(void *user_data, const phx_reply *reply)
{
    const engine_world *world = user_data;
    FUZZ_CHECK(reply->status.data != NULL);
    return world->verdict;
}

void world_join(engine_world *world, size_t topic, uint32_t timeout_ms, phx_overflow overflow,
                bool has_judge)
{
    if (world->channel_count == WORLD_CHANNELS) {
        return;
    }
    world_channel *channel = &world->channels[world->channel_count];
    *channel = (world_channel){.id = world->channel_count + 1, .topic = topic};
    phxi_join_request request = {
        .id = channel->id,
        .topic = world_topic(topic),
        .timeout_ms = timeout_ms,
        .overflow = overflow,
        .judge_refusal = has_judge ? judge : NULL,
        .judge_user_data = world,
        .user = channel,
    };
    bool was_there = world_channel_of_topic(world, topic) != NULL;
    world->saw_action = false;
    phx_status status = phxi_engine_join(world->engine, world->now_ms, &request);
    if (status == PHX_OK) {
        world->channel_count++;
        channel->is_live = true;
        return;
    }
    FUZZ_CHECK(status == PHX_ERROR_NO_MEMORY || status == PHX_ERROR_QUEUE_FULL);
    FUZZ_CHECK(status != PHX_ERROR_QUEUE_FULL || !was_there);
    world_settle(world);
    FUZZ_CHECK(!world->saw_action);
}

static void check_refused_push(engine_world *world, phx_status status,
                               const world_push_choice *choice)
{
    const world_channel *channel = phxi_engine_channel_user(world->engine, choice->channel_id);
    FUZZ_CHECK((channel == NULL) == (status == PHX_ERROR_STALE_HANDLE));
    if (channel != NULL) {
        FUZZ_CHECK((channel->state == PHX_CHANNEL_LEAVING) == (status == PHX_ERROR_LEFT));
        FUZZ_CHECK((channel->state == PHX_CHANNEL_REFUSED) == (status == PHX_ERROR_JOIN_REFUSED));
    }
    FUZZ_CHECK(status != PHX_ERROR_NO_MEMORY || atomic_load(&world->allocator.refused) > 0);
    world_settle(world);
    FUZZ_CHECK(!world->saw_action);
}

void world_push_to(engine_world *world, const world_push_choice *choice)
{
    if (world->push_count == WORLD_PUSHES) {
        return;
    }
    static const char event[] = "shout, and an event's name that is longer than it need be";
    char payload[MAX_PAYLOAD_BYTES + 64];
    size_t filling = choice->payload_bytes % MAX_PAYLOAD_BYTES;
    size_t event_bytes = 1 + choice->event_bytes % (sizeof event - 1);
    world_push *push = &world->pushes[world->push_count];
    *push = (world_push){.id = world->push_count + 1, .channel_id = choice->channel_id};
    /* The number comes back in the frame. */
    int length = snprintf(payload, sizeof payload, "[%llu,\"%0*d\"]", (unsigned long long)push->id,
                          (int)filling + 1, 0);
    phxi_push_request request = {
        .id = push->id,
        .channel_id = choice->channel_id,
        .event = {event, event_bytes},
        .payload = {payload, (size_t)length},
        .is_binary = choice->is_binary,
        .timeout_ms = choice->timeout_ms,
        .user = push,
    };
    push->bytes = event_bytes + (size_t)length + ENVELOPE_BYTES;
    world->saw_action = false;
    phx_status status = phxi_engine_push(world->engine, world->now_ms, &request);
    if (status == PHX_OK) {
        world->push_count++;
        push->is_pending = true;
        return;
    }
    check_refused_push(world, status, choice);
}

void world_opened(engine_world *world, uint64_t epoch)
{
    bool is_news = epoch == world->epoch && world->state == PHX_CLIENT_CONNECTING &&
                   world->is_alive && !world->is_over;
    if (is_news) {
        world->is_open = true;
        world->is_skipping = world->skips_heartbeats;
        phxi_engine_skip_heartbeats(world->engine, world->is_skipping);
    }
    phxi_engine_opened(world->engine, world->now_ms, epoch);
}

void world_closed(engine_world *world, uint64_t epoch, const phx_error *error)
{
    bool is_pending = epoch == world->epoch && error->status == PHX_ERROR_TOKEN_PENDING &&
                      world->state == PHX_CLIENT_CONNECTING && world->is_alive;
    world->is_alive = world->is_alive && !is_pending;
    phxi_engine_closed(world->engine, world->now_ms, epoch, error);
}

void world_written(engine_world *world, uint64_t epoch, size_t length)
{
    if (epoch == world->epoch) {
        world->unsent -= length < world->unsent ? length : world->unsent;
    }
    phxi_engine_written(world->engine, epoch, length);
}

void world_receive(engine_world *world, uint64_t epoch, phx_frame_kind kind, const void *data,
                   size_t length)
{
    uint8_t *frame = fuzz_copy(data, length);
    phxi_engine_message(world->engine, world->now_ms, epoch, kind, frame, length);
    world_settle(world);
    free(frame);
}
