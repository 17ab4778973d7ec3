/* SPDX-License-Identifier: MIT */
/*
 * What an action says, as a number: the device writes it, the desk computes it again. Numbers and
 * the heads of frames go in, payloads and texts of errors do not.
 */
#include "phx/recorder.h"

/* One round of a multiply and xor-shift mix: every bit of the value reaches the high half. */
static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 32);
}

static uint64_t mix_bytes(uint64_t hash, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    hash = mix(hash, length);
    for (size_t done = 0; done < length; done += 8) {
        uint64_t word = 0;
        for (size_t i = done; i < length && i < done + 8; i++) {
            word |= (uint64_t)at[i] << (8 * (i - done));
        }
        hash = mix(hash, word);
    }
    return hash;
}

static uint64_t mix_reply(uint64_t hash, const phx_reply *reply)
{
    hash = mix(hash, (uint64_t)(uint32_t)reply->error.status);
    hash = mix(hash, (uint64_t)(uint32_t)reply->error.close_code);
    return mix(hash, reply->is_binary);
}

uint64_t phxi_action_hash(uint64_t hash, const phxi_engine *engine, const phxi_action *action)
{
    hash = mix(hash, (uint64_t)action->kind << 32 ^ action->epoch);
    switch (action->kind) {
    case PHXI_ACTION_OPEN:
        return mix(hash, action->is_refresh);
    case PHXI_ACTION_SEND:
        hash = mix(hash, (uint64_t)action->frame_kind << 56 ^ action->frame_length);
        return mix_bytes(hash, action->frame, engine->popped_frame->head_length);
    case PHXI_ACTION_CLOSE:
        return mix(hash, action->close_code);
    case PHXI_ACTION_STATUS:
        return mix(hash, (uint64_t)(uint32_t)engine->state);
    case PHXI_ACTION_ERROR:
        return mix(hash, (uint64_t)(uint32_t)action->error.status);
    case PHXI_ACTION_JOIN_PARAMS:
        return mix(hash, action->channel_id);
    case PHXI_ACTION_CHANNEL:
        hash = mix(hash, action->channel_id);
        return mix_reply(mix(hash, (uint64_t)(uint32_t)action->channel_state), &action->reply);
    case PHXI_ACTION_MESSAGE:
        hash = mix(mix(hash, action->channel_id), action->message.is_binary);
        return mix_bytes(hash, action->message.event.data, action->message.event.length);
    case PHXI_ACTION_REPLY:
        return mix_reply(mix(hash, action->push_id), &action->reply);
    case PHXI_ACTION_DROP:
        break;
    }
    return hash;
}

uint32_t phxi_action_hash_word(uint64_t hash)
{
    return (uint32_t)(hash ^ hash >> 32);
}
