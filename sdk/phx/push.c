/* SPDX-License-Identifier: MIT */
/*
 * Pushes: each that is accepted completes exactly once. One that finds its channel not joined waits
 * for that, within bounds; one that was sent and loses its connection completes at once, since
 * whether the server acted on it cannot be known.
 */
#include <string.h>

#include "phx/recorder.h"
#include "phx/types.h"
#include "support/alloc.h"

/* What the envelope adds to topic, event and payload at most. */
enum {
    ENVELOPE_BYTES = 64
};

size_t phxi_push_bytes(const phxi_push *push)
{
    return push->event.length + push->payload.length + ENVELOPE_BYTES;
}

static void unlink_push(phxi_push *push)
{
    phxi_channel *channel = push->channel;
    if (push->previous != NULL) {
        push->previous->next = push->next;
    } else {
        channel->first_push = push->next;
    }
    if (push->next != NULL) {
        push->next->previous = push->previous;
    } else {
        channel->last_push = push->previous;
    }
}

static void complete(phxi_engine *engine, phxi_push *push, const phx_reply *reply)
{
    phxi_timer_cancel(&engine->timers, &push->timer);
    phxi_map_remove(&engine->pushes_by_id, &push->by_id);
    if (push->ref != 0) {
        phxi_map_remove(&engine->pushes_by_ref, &push->by_ref);
    } else {
        engine->buffered_bytes -= phxi_push_bytes(push);
    }
    unlink_push(push);
    push->reply = *reply;
    engine->metrics.pushes_pending--;
    phxi_outbox_add(engine, &push->node, PHXI_ACTION_REPLY);
}

static void fail(phxi_engine *engine, phxi_push *push, phx_status status, const char *message)
{
    phx_reply reply = phxi_reply_of(status, message);
    complete(engine, push, &reply);
}

static void send_push(phxi_engine *engine, phxi_push *push)
{
    char ref_text[24];
    char join_ref_text[24];
    const phxi_channel *channel = push->channel;
    uint64_t ref = phxi_ref_next(engine);
    phxi_envelope envelope = {
        .join_ref = phxi_ref_text(channel->join_ref, join_ref_text),
        .ref = phxi_ref_text(ref, ref_text),
        .topic = {channel->topic, channel->topic_length},
        .event = push->event,
        .payload = push->payload,
        .is_binary = push->is_binary,
    };
    phx_status status = phxi_outbox_send(engine, &envelope);
    if (status != PHX_OK) {
        fail(engine, push, status, NULL);
        return;
    }
    engine->buffered_bytes -= phxi_push_bytes(push);
    push->ref = ref;
    phxi_map_insert(&engine->pushes_by_ref, &push->by_ref, &push->ref, sizeof push->ref);
}

static phxi_push *new_push(phxi_engine *engine, const phxi_push_request *request,
                           phxi_channel *channel)
{
    size_t bytes = sizeof(phxi_push) + request->event.length + request->payload.length;
    phxi_push *push = phxi_alloc_zero(engine->allocator, bytes);
    if (push == NULL) {
        return NULL;
    }
    char *text = (char *)(push + 1);
    push->id = request->id;
    push->channel = channel;
    push->user = request->user;
    push->is_binary = request->is_binary;
    push->event = (phx_slice){text, request->event.length};
    memcpy(text, request->event.data, request->event.length);
    push->payload = (phx_slice){text + request->event.length, request->payload.length};
    if (request->payload.length > 0) {
        memcpy(text + request->event.length, request->payload.data, request->payload.length);
    }
    return push;
}

void phxi_push_link(phxi_engine *engine, phxi_push *push)
{
    phxi_channel *channel = push->channel;
    phxi_map_insert(&engine->pushes_by_id, &push->by_id, &push->id, sizeof push->id);
    push->previous = channel->last_push;
    if (channel->last_push != NULL) {
        channel->last_push->next = push;
    } else {
        channel->first_push = push;
    }
    channel->last_push = push;
    engine->buffered_bytes += phxi_push_bytes(push);
    engine->metrics.pushes_pending++;
}

/* Whether `bytes` more find no room beside so many pushes and bytes. */
static bool is_full(const phxi_engine *engine, size_t count, size_t queued, size_t bytes)
{
    return count >= engine->config.max_queued_pushes || queued > engine->config.max_queued_bytes ||
           bytes > engine->config.max_queued_bytes - queued;
}

/* Drops no more than it must, and nothing if that would not be enough. */
static phx_status make_room(phxi_engine *engine, phxi_channel *channel, size_t bytes)
{
    size_t count = engine->pushes_by_id.count;
    size_t queued = engine->buffered_bytes + engine->unsent_bytes;
    size_t drops = 0;
    phxi_push *push = channel->overflow == PHX_OVERFLOW_DROP_OLDEST ? channel->first_push : NULL;
    for (; push != NULL && is_full(engine, count, queued, bytes); push = push->next) {
        if (push->ref == 0) {
            drops++;
            count--;
            queued -= phxi_push_bytes(push);
        }
    }
    if (is_full(engine, count, queued, bytes)) {
        return PHX_ERROR_QUEUE_FULL;
    }
    phxi_push *next;
    for (push = channel->first_push; push != NULL && drops > 0; push = next) {
        next = push->next;
        if (push->ref == 0) {
            fail(engine, push, PHX_ERROR_QUEUE_FULL, NULL);
            drops--;
        }
    }
    return PHX_OK;
}

static phx_status check(const phxi_engine *engine, const phxi_channel *channel, size_t bytes)
{
    if (channel == NULL) {
        return PHX_ERROR_STALE_HANDLE;
    }
    if (channel->state == PHX_CHANNEL_LEAVING) {
        return PHX_ERROR_LEFT;
    }
    if (channel->state == PHX_CHANNEL_REFUSED) {
        return PHX_ERROR_JOIN_REFUSED;
    }
    if (bytes + channel->topic_length > engine->config.max_frame_bytes ||
        bytes > engine->config.max_queued_bytes) {
        return PHX_ERROR_TOO_LARGE;
    }
    return PHX_OK;
}

phx_status phxi_engine_push(phxi_engine *engine, uint64_t now_ms, const phxi_push_request *request)
{
    if (engine->recorder != NULL) {
        phxi_recorder_push(engine, now_ms, request);
    }
    engine->now_ms = now_ms;
    phxi_channel *channel = phxi_channel_by_id(engine, request->channel_id);
    size_t bytes = request->event.length + request->payload.length + ENVELOPE_BYTES;
    phx_status status = check(engine, channel, bytes);
    if (status != PHX_OK) {
        return status;
    }
    size_t unsent = engine->pushes_by_id.count - engine->pushes_by_ref.count;
    if (phxi_map_reserve(&engine->pushes_by_id, 1) != PHX_OK ||
        phxi_map_reserve(&engine->pushes_by_ref, unsent + 1) != PHX_OK) {
        return phxi_engine_ran_out(engine);
    }
    phxi_push *push = new_push(engine, request, channel);
    if (push == NULL) {
        return phxi_engine_ran_out(engine);
    }
    status = make_room(engine, channel, bytes);
    if (status != PHX_OK) {
        phxi_free(engine->allocator, push);
        return status;
    }
    phxi_push_link(engine, push);
    push->timer.kind = PHXI_TIMER_PUSH;
    phxi_timer_arm(&engine->timers, &push->timer,
                   now_ms + (request->timeout_ms != 0 ? request->timeout_ms : channel->timeout_ms));
    if (channel->state == PHX_CHANNEL_JOINED) {
        send_push(engine, push);
    }
    return PHX_OK;
}

void phxi_engine_cancel(phxi_engine *engine, uint64_t now_ms, uint64_t push_id)
{
    if (engine->recorder != NULL) {
        phxi_recorder_one(engine, PHXI_INPUT_CANCEL, now_ms, push_id);
    }
    engine->now_ms = now_ms;
    phxi_map_entry *entry = phxi_map_find(&engine->pushes_by_id, &push_id, sizeof push_id);
    if (entry != NULL) {
        fail(engine, PHXI_CONTAINER(phxi_push, by_id, entry), PHX_ERROR_CANCELLED, NULL);
    }
}

void phxi_pushes_flush(phxi_engine *engine, phxi_channel *channel)
{
    phxi_push *push = channel->first_push;
    while (push != NULL) {
        phxi_push *next = push->next;
        if (push->ref == 0) {
            send_push(engine, push);
        }
        push = next;
    }
}

void phxi_pushes_fail(phxi_engine *engine, phxi_channel *channel, bool only_sent, phx_status status,
                      const char *message)
{
    phxi_push *push = channel->first_push;
    while (push != NULL) {
        phxi_push *next = push->next;
        if (push->ref != 0 || !only_sent) {
            fail(engine, push, status, message);
        }
        push = next;
    }
}

void phxi_push_timeout(phxi_engine *engine, phxi_push *push)
{
    fail(engine, push, PHX_ERROR_TIMEOUT, NULL);
}

bool phxi_push_reply(phxi_engine *engine, const phxi_channel *channel, uint64_t ref)
{
    phxi_map_entry *entry = phxi_map_find(&engine->pushes_by_ref, &ref, sizeof ref);
    if (entry == NULL) {
        return false;
    }
    phxi_push *push = PHXI_CONTAINER(phxi_push, by_ref, entry);
    if (push->channel != channel) {
        return false;
    }
    phx_reply reply = phxi_reply_received(engine);
    complete(engine, push, &reply);
    return true;
}
