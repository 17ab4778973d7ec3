/* SPDX-License-Identifier: MIT */
/*
 * Rebuilds what hangs together in an engine: the lists, the maps, the timers' heap, the sums. The
 * bytes are anybody's: each value is checked where the engine relies on it, and in the end the
 * result must give the same bytes.
 */
#include "replay/restore.h"

#include <string.h>

#include "phx/checkpoint.h"
#include "support/alloc.h"

typedef struct rebuild {
    phxi_engine *engine;
    phxi_tape tape;
    phx_join_verdict (*judge)(void *user_data, const phx_reply *reply);
    void *user_data;
    phx_status status;
    const char *reason;
} rebuild;

static bool fail(rebuild *at, const char *reason)
{
    if (at->status == PHX_OK) {
        at->status = PHX_ERROR_MALFORMED_FRAME;
        at->reason = reason;
    }
    return false;
}

static bool fail_memory(rebuild *at)
{
    at->status = PHX_ERROR_NO_MEMORY;
    at->reason = phx_status_message(PHX_ERROR_NO_MEMORY);
    return false;
}

/* A timer that was read is in no heap yet. Whether it is to be. */
static bool take_armed(phxi_timer *timer)
{
    bool is_armed = timer->is_armed;
    timer->is_armed = false;
    return is_armed;
}

/* Into the heap, with the sequence that it had. */
static bool arm(rebuild *at, phxi_timer *timer, phxi_timer_kind first, phxi_timer_kind last)
{
    if (timer->kind < first || timer->kind > last) {
        return fail(at, "a timer of a kind that its owner has not");
    }
    phxi_timer_heap *timers = &at->engine->timers;
    uint64_t next_sequence = timers->next_sequence;
    if (timer->sequence >= next_sequence) {
        return fail(at, "a timer from the future");
    }
    timers->next_sequence = timer->sequence;
    phxi_timer_arm(timers, timer, timer->deadline_ms);
    timers->next_sequence = next_sequence;
    return true;
}

/* --- pushes --- */

static phxi_push *read_push(rebuild *at, phxi_channel *channel, bool *out_is_armed)
{
    phxi_engine *engine = at->engine;
    phxi_push read = {0};
    phxi_checkpoint_push(&at->tape, &read);
    *out_is_armed = take_armed(&read.timer);
    phx_slice event = phxi_tape_get_name(&at->tape);
    uint64_t payload = phxi_tape_get(&at->tape);
    bool is_known = phxi_map_find(&engine->pushes_by_id, &read.id, sizeof read.id) != NULL ||
                    phxi_map_find(&engine->pushes_by_ref, &read.ref, sizeof read.ref) != NULL;
    if (at->tape.is_broken || event.data == NULL || is_known ||
        payload > engine->config.max_queued_bytes - engine->buffered_bytes) {
        (void)fail(at, "a push that cannot be");
        return NULL;
    }
    phxi_push *push =
        phxi_alloc_zero(engine->allocator, sizeof *push + event.length + (size_t)payload);
    if (push == NULL || phxi_map_reserve(&engine->pushes_by_id, 1) != PHX_OK ||
        phxi_map_reserve(&engine->pushes_by_ref, engine->pushes_by_id.count + 1) != PHX_OK) {
        phxi_free(engine->allocator, push);
        (void)fail_memory(at);
        return NULL;
    }
    *push = read;
    char *text = (char *)(push + 1);
    push->channel = channel;
    push->event = (phx_slice){memcpy(text, event.data, event.length), event.length};
    push->payload = (phx_slice){memset(text + event.length, '0', (size_t)payload), (size_t)payload};
    return push;
}

static bool add_push(rebuild *at, phxi_channel *channel)
{
    phxi_engine *engine = at->engine;
    bool is_armed = false;
    phxi_push *push = read_push(at, channel, &is_armed);
    if (push == NULL) {
        return false;
    }
    phxi_push_link(engine, push);
    if (push->ref != 0) {
        phxi_map_insert(&engine->pushes_by_ref, &push->by_ref, &push->ref, sizeof push->ref);
        engine->buffered_bytes -= phxi_push_bytes(push);
    }
    if (engine->buffered_bytes > engine->config.max_queued_bytes) {
        return fail(at, "more bytes are queued than may be");
    }
    return !is_armed || arm(at, &push->timer, PHXI_TIMER_PUSH, PHXI_TIMER_PUSH);
}

/* --- channels --- */

static bool is_sound(const rebuild *at, const phxi_channel *channel, phx_slice topic)
{
    return !at->tape.is_broken && topic.data != NULL && channel->state > PHX_CHANNEL_CLOSED &&
           channel->state <= PHX_CHANNEL_LEAVING &&
           phxi_channel_by_id(at->engine, channel->id) == NULL &&
           phxi_channel_by_topic(at->engine, topic) == NULL;
}

static bool add_channel(rebuild *at)
{
    phxi_engine *engine = at->engine;
    phxi_channel read = {0};
    phxi_checkpoint_channel(&at->tape, &read);
    bool is_armed = take_armed(&read.timer);
    phx_slice topic = phxi_tape_get_name(&at->tape);
    uint64_t pushes = phxi_tape_get(&at->tape);
    if (!is_sound(at, &read, topic)) {
        return fail(at, "a channel that cannot be");
    }
    phxi_channel *channel = phxi_alloc_zero(engine->allocator, sizeof *channel + topic.length);
    if (channel == NULL || phxi_map_reserve(&engine->channels_by_id, 1) != PHX_OK ||
        phxi_map_reserve(&engine->channels_by_topic, 1) != PHX_OK) {
        phxi_free(engine->allocator, channel);
        return fail_memory(at);
    }
    *channel = read;
    channel->topic = memcpy(channel + 1, topic.data, topic.length);
    channel->topic_length = topic.length;
    channel->judge_refusal = at->judge;
    channel->judge_user_data = at->user_data;
    phxi_channel_link(engine, channel);
    if (is_armed && !arm(at, &channel->timer, PHXI_TIMER_JOIN, PHXI_TIMER_CHANNEL_STABLE)) {
        return false;
    }
    while (pushes > 0 && add_push(at, channel)) {
        pushes--;
    }
    return pushes == 0;
}

static bool read_channels(rebuild *at)
{
    uint64_t count = phxi_tape_get(&at->tape);
    while (count > 0 && add_channel(at)) {
        count--;
    }
    return count == 0;
}

static bool read_waiting(rebuild *at)
{
    phxi_engine *engine = at->engine;
    for (uint64_t count = phxi_tape_get(&at->tape); count > 0; count--) {
        phxi_channel *channel = phxi_channel_by_id(engine, phxi_tape_get(&at->tape));
        if (at->tape.is_broken || channel == NULL || channel->is_waiting) {
            return fail(at, "a channel waits that cannot");
        }
        channel->is_waiting = true;
        if (engine->last_waiting != NULL) {
            engine->last_waiting->next_waiting = channel;
        } else {
            engine->first_waiting = channel;
        }
        engine->last_waiting = channel;
    }
    return true;
}

/* --- the engine --- */

/* The joins on the wire are counted: one too few, and a count would pass below zero. */
static bool is_consistent(const phxi_engine *engine)
{
    uint32_t joins = 0;
    for (const phxi_channel *channel = engine->first_channel; channel != NULL;
         channel = channel->next) {
        joins += channel->is_joining_on_wire ? 1 : 0;
    }
    return joins == engine->joins_in_flight;
}

static bool read_engine(rebuild *at)
{
    phxi_engine *engine = at->engine;
    phxi_checkpoint_engine(&at->tape, engine);
    bool is_socket_armed = take_armed(&engine->socket_timer);
    bool is_stable_armed = take_armed(&engine->stable_timer);
    bool is_heartbeat_armed = take_armed(&engine->heartbeat_timer);
    if (engine->state < PHX_CLIENT_DISCONNECTED || engine->state > PHX_CLIENT_CLOSING) {
        return fail(at, "a state of the socket that there is not");
    }
    if (engine->last_error.status != PHX_OK) {
        engine->last_error.struct_size = (uint32_t)sizeof engine->last_error;
        engine->last_error.message = phx_status_message(engine->last_error.status);
    }
    bool has_timers =
        (!is_socket_armed ||
         arm(at, &engine->socket_timer, PHXI_TIMER_CONNECT, PHXI_TIMER_CLOSE)) &&
        (!is_stable_armed ||
         arm(at, &engine->stable_timer, PHXI_TIMER_STABLE, PHXI_TIMER_STABLE)) &&
        (!is_heartbeat_armed ||
         arm(at, &engine->heartbeat_timer, PHXI_TIMER_HEARTBEAT, PHXI_TIMER_HEARTBEAT_TIMEOUT));
    return has_timers && read_channels(at) && read_waiting(at) &&
           (is_consistent(engine) || fail(at, "joins under way that no channel has"));
}

phx_status phxi_engine_matches(phxi_engine *engine, phx_slice state, bool *out_matches)
{
    *out_matches = false;
    uint8_t *bytes = phxi_alloc(engine->allocator, state.length + 1);
    if (bytes == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    phxi_tape tape = phxi_tape_writer(bytes, state.length);
    phxi_checkpoint_write(&tape, engine);
    *out_matches = !tape.is_broken && tape.length == state.length &&
                   memcmp(bytes, state.data, state.length) == 0;
    phxi_free(engine->allocator, bytes);
    return PHX_OK;
}

phx_status phxi_engine_restore(const phxi_engine_config *config,
                               phx_join_verdict (*judge)(void *user_data, const phx_reply *reply),
                               void *user_data, phx_slice state, phxi_engine **out_engine,
                               const char **out_reason)
{
    *out_engine = NULL;
    *out_reason = phx_status_message(PHX_ERROR_NO_MEMORY);
    rebuild at = {.tape = phxi_tape_reader((const uint8_t *)state.data, state.length),
                  .judge = judge,
                  .user_data = user_data};
    phx_status status = phxi_engine_new(config, &at.engine);
    if (status != PHX_OK) {
        return status;
    }
    bool is_same = false;
    if (read_engine(&at)) {
        at.status = phxi_engine_matches(at.engine, state, &is_same);
    }
    if (at.status == PHX_OK && !is_same) {
        (void)fail(&at, "a state that is written in another way than engines write it");
    }
    if (at.status != PHX_OK) {
        *out_reason = at.reason != NULL ? at.reason : *out_reason;
        phxi_engine_free(at.engine);
        return at.status;
    }
    *out_engine = at.engine;
    return PHX_OK;
}
