/* SPDX-License-Identifier: MIT */
/*
 * The engine's outputs: a list of nodes that are embedded in what they tell of. Queuing allocates
 * nothing, but for frames; an object tells the state that it has when its node is popped.
 */
#include "phx/recorder.h"
#include "phx/types.h"
#include "support/alloc.h"

void phxi_outbox_add(phxi_engine *engine, phxi_node *node, phxi_action_kind kind)
{
    if (node->is_queued) {
        return;
    }
    node->kind = kind;
    node->is_queued = true;
    node->next = NULL;
    node->previous = engine->last_node;
    if (engine->last_node != NULL) {
        engine->last_node->next = node;
    } else {
        engine->first_node = node;
    }
    engine->last_node = node;
}

void phxi_outbox_remove(phxi_engine *engine, phxi_node *node)
{
    if (!node->is_queued) {
        return;
    }
    node->is_queued = false;
    if (node->previous != NULL) {
        node->previous->next = node->next;
    } else {
        engine->first_node = node->next;
    }
    if (node->next != NULL) {
        node->next->previous = node->previous;
    } else {
        engine->last_node = node->previous;
    }
}

phx_status phxi_outbox_send(phxi_engine *engine, const phxi_envelope *envelope)
{
    phxi_buffer encoded;
    phxi_buffer_init(&encoded, engine->allocator, engine->config.max_frame_bytes);
    phxi_frame *frame = phxi_alloc_zero(engine->allocator, sizeof *frame);
    phx_status status = frame == NULL ? PHX_ERROR_NO_MEMORY : PHX_OK;
    if (status == PHX_OK) {
        status = envelope->is_binary ? phxi_envelope_encode_binary(envelope, &encoded)
                                     : phxi_envelope_encode_text(envelope, &encoded);
    }
    if (status != PHX_OK) {
        phxi_buffer_free(&encoded);
        if (frame != NULL) {
            phxi_free(engine->allocator, frame);
        }
        return status == PHX_ERROR_NO_MEMORY ? phxi_engine_ran_out(engine) : status;
    }
    frame->kind = envelope->is_binary ? PHX_FRAME_BINARY : PHX_FRAME_TEXT;
    frame->data = encoded.data;
    frame->length = encoded.length;
    frame->head_length = encoded.length - envelope->payload.length - (envelope->is_binary ? 0 : 1);
    phxi_outbox_add(engine, &frame->node, PHXI_ACTION_SEND);
    return PHX_OK;
}

void phxi_outbox_error(phxi_engine *engine, phx_status status, const char *message)
{
    engine->error = (phx_error){
        .struct_size = (uint32_t)sizeof(phx_error), .status = status, .message = message};
    phxi_outbox_add(engine, &engine->error_node, PHXI_ACTION_ERROR);
}

static void free_frame(phxi_engine *engine, phxi_frame *frame)
{
    if (frame != NULL && frame != &engine->heartbeat_frame) {
        phxi_free(engine->allocator, frame->data);
        phxi_free(engine->allocator, frame);
    }
}

void phxi_outbox_drop_frames(phxi_engine *engine)
{
    phxi_node *node = engine->first_node;
    while (node != NULL) {
        phxi_node *next = node->next;
        if (node->kind == PHXI_ACTION_SEND) {
            phxi_outbox_remove(engine, node);
            free_frame(engine, PHXI_CONTAINER(phxi_frame, node, node));
        }
        node = next;
    }
}

static void pop_frame(phxi_engine *engine, phxi_node *node, phxi_action *out)
{
    phxi_frame *frame = PHXI_CONTAINER(phxi_frame, node, node);
    engine->popped_frame = frame;
    engine->unsent_bytes += frame->length;
    engine->metrics.frames_out++;
    engine->metrics.bytes_out += frame->length;
    out->frame_kind = frame->kind;
    out->frame = frame->data;
    out->frame_length = frame->length;
}

static void pop_channel(phxi_engine *engine, phxi_node *node, phxi_action *out)
{
    phxi_channel *channel = PHXI_CONTAINER(phxi_channel, state_node, node);
    out->channel_id = channel->id;
    out->user = channel->user;
    out->channel_state = channel->state;
    out->reply = channel->reply;
    if (channel->state == PHX_CHANNEL_CLOSED) {
        phxi_channel_free(engine, channel);
    }
}

static void pop_params(phxi_node *node, phxi_action *out)
{
    phxi_channel *channel = PHXI_CONTAINER(phxi_channel, params_node, node);
    out->channel_id = channel->id;
    out->user = channel->user;
}

static void pop_message(phxi_engine *engine, phxi_action *out)
{
    const phxi_channel *channel = engine->message_channel;
    out->channel_id = channel->id;
    out->user = channel->user;
    out->message = (phx_message){
        .struct_size = (uint32_t)sizeof(phx_message),
        .channel = {channel->id},
        .topic = {channel->topic, channel->topic_length},
        .event = engine->envelope.event,
        .payload = engine->envelope.payload,
        .is_binary = engine->envelope.is_binary,
    };
}

static void pop_reply(phxi_engine *engine, phxi_node *node, phxi_action *out)
{
    phxi_push *push = PHXI_CONTAINER(phxi_push, node, node);
    out->push_id = push->id;
    out->user = push->user;
    out->reply = push->reply;
    phxi_free(engine->allocator, push);
}

static void fill_in(phxi_engine *engine, phxi_node *node, phxi_action *out)
{
    switch (node->kind) {
    case PHXI_ACTION_OPEN:
        out->is_refresh = engine->open_is_refresh;
        break;
    case PHXI_ACTION_SEND:
        pop_frame(engine, node, out);
        break;
    case PHXI_ACTION_CLOSE:
        out->close_code = engine->close_code;
        break;
    case PHXI_ACTION_ERROR:
        out->error = engine->error;
        break;
    case PHXI_ACTION_JOIN_PARAMS:
        pop_params(node, out);
        break;
    case PHXI_ACTION_CHANNEL:
        pop_channel(engine, node, out);
        break;
    case PHXI_ACTION_MESSAGE:
        pop_message(engine, out);
        break;
    case PHXI_ACTION_REPLY:
        pop_reply(engine, node, out);
        break;
    case PHXI_ACTION_DROP:
    case PHXI_ACTION_STATUS:
        break;
    }
}

bool phxi_engine_pop(phxi_engine *engine, phxi_action *out)
{
    free_frame(engine, engine->popped_frame);
    engine->popped_frame = NULL;
    phxi_node *node = engine->first_node;
    if (node == NULL) {
        return false;
    }
    phxi_outbox_remove(engine, node);
    *out = (phxi_action){.kind = node->kind, .epoch = engine->epoch};
    fill_in(engine, node, out);
    if (engine->recorder != NULL) {
        phxi_recorder_popped(engine, out);
    }
    return true;
}

void phxi_outbox_free(phxi_engine *engine)
{
    phxi_action ignored;
    while (phxi_engine_pop(engine, &ignored)) {
    }
}
