/* SPDX-License-Identifier: MIT */
/*
 * The queue of joins: when many channels come back at once, so many are on the wire at a time, and
 * each answer lets the next go.
 */
#include "phx/types.h"

static void pump_joins(phxi_engine *engine)
{
    while (engine->first_waiting != NULL && engine->joins_in_flight < PHXI_MAX_JOINS_IN_FLIGHT) {
        phxi_channel *channel = engine->first_waiting;
        engine->first_waiting = channel->next_waiting;
        if (engine->first_waiting == NULL) {
            engine->last_waiting = NULL;
        }
        channel->is_waiting = false;
        channel->is_joining_on_wire = true;
        engine->joins_in_flight++;
        phxi_outbox_add(engine, &channel->params_node, PHXI_ACTION_JOIN_PARAMS);
    }
}

void phxi_joins_add(phxi_engine *engine, phxi_channel *channel)
{
    if (channel->is_waiting || channel->is_joining_on_wire) {
        return;
    }
    channel->is_waiting = true;
    channel->next_waiting = NULL;
    if (engine->last_waiting != NULL) {
        engine->last_waiting->next_waiting = channel;
    } else {
        engine->first_waiting = channel;
    }
    engine->last_waiting = channel;
    pump_joins(engine);
}

static void stop_waiting(phxi_engine *engine, phxi_channel *channel)
{
    if (!channel->is_waiting) {
        return;
    }
    phxi_channel *before = NULL;
    phxi_channel *at = engine->first_waiting;
    while (at != channel) {
        before = at;
        at = at->next_waiting;
    }
    if (before != NULL) {
        before->next_waiting = channel->next_waiting;
    } else {
        engine->first_waiting = channel->next_waiting;
    }
    if (engine->last_waiting == channel) {
        engine->last_waiting = before;
    }
    channel->is_waiting = false;
}

void phxi_joins_end(phxi_engine *engine, phxi_channel *channel)
{
    phxi_outbox_remove(engine, &channel->params_node);
    stop_waiting(engine, channel);
    if (channel->is_joining_on_wire) {
        channel->is_joining_on_wire = false;
        engine->joins_in_flight--;
        pump_joins(engine);
    }
}
