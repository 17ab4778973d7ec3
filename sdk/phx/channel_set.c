/* SPDX-License-Identifier: MIT */
/*
 * The set of channels: found by id and by topic, kept in the order in which they were wanted. Knows
 * nothing of their states.
 */
#include <string.h>

#include "phx/types.h"
#include "support/alloc.h"

phxi_channel *phxi_channel_by_id(const phxi_engine *engine, uint64_t id)
{
    phxi_map_entry *entry = phxi_map_find(&engine->channels_by_id, &id, sizeof id);
    return entry == NULL ? NULL : PHXI_CONTAINER(phxi_channel, by_id, entry);
}

phxi_channel *phxi_channel_by_topic(const phxi_engine *engine, phx_slice topic)
{
    phxi_map_entry *entry = phxi_map_find(&engine->channels_by_topic, topic.data, topic.length);
    return entry == NULL ? NULL : PHXI_CONTAINER(phxi_channel, by_topic, entry);
}

void *phxi_engine_channel_user(const phxi_engine *engine, uint64_t channel_id)
{
    const phxi_channel *channel = phxi_channel_by_id(engine, channel_id);
    return channel == NULL ? NULL : channel->user;
}

void phxi_channel_free(phxi_engine *engine, phxi_channel *channel)
{
    phxi_free(engine->allocator, channel);
}

phxi_channel *phxi_channel_new(phxi_engine *engine, const phxi_join_request *request)
{
    phxi_channel *channel =
        phxi_alloc_zero(engine->allocator, sizeof *channel + request->topic.length);
    if (channel == NULL) {
        return NULL;
    }
    channel->id = request->id;
    channel->topic = (char *)(channel + 1);
    memcpy(channel->topic, request->topic.data, request->topic.length);
    channel->topic_length = request->topic.length;
    channel->user = request->user;
    channel->timeout_ms =
        request->timeout_ms != 0 ? request->timeout_ms : engine->config.push_timeout_ms;
    channel->overflow = request->overflow;
    channel->judge_refusal = request->judge_refusal;
    channel->judge_user_data = request->judge_user_data;
    return channel;
}

void phxi_channel_link(phxi_engine *engine, phxi_channel *channel)
{
    phxi_map_insert(&engine->channels_by_id, &channel->by_id, &channel->id, sizeof channel->id);
    phxi_map_insert(&engine->channels_by_topic, &channel->by_topic, channel->topic,
                    channel->topic_length);
    channel->previous = engine->last_channel;
    if (engine->last_channel != NULL) {
        engine->last_channel->next = channel;
    } else {
        engine->first_channel = channel;
    }
    engine->last_channel = channel;
    engine->metrics.channels++;
}

void phxi_channel_unlink(phxi_engine *engine, phxi_channel *channel)
{
    phxi_map_remove(&engine->channels_by_id, &channel->by_id);
    phxi_map_remove(&engine->channels_by_topic, &channel->by_topic);
    if (channel->previous != NULL) {
        channel->previous->next = channel->next;
    } else {
        engine->first_channel = channel->next;
    }
    if (channel->next != NULL) {
        channel->next->previous = channel->previous;
    } else {
        engine->last_channel = channel->previous;
    }
    engine->metrics.channels--;
}
