/* SPDX-License-Identifier: MIT */
/*
 * The engine's state as bytes; see checkpoint.h.
 */
#include "phx/checkpoint.h"

static void visit_backoff(phxi_tape *tape, phx_backoff *backoff)
{
    PHXI_TAPE(tape, backoff->kind);
    PHXI_TAPE(tape, backoff->base_ms);
    PHXI_TAPE(tape, backoff->max_ms);
    PHXI_TAPE(tape, backoff->stable_ms);
    PHXI_TAPE(tape, backoff->spread_ms);
}

void phxi_checkpoint_config(phxi_tape *tape, phxi_engine_config *config)
{
    visit_backoff(tape, &config->reconnect);
    visit_backoff(tape, &config->rejoin);
    PHXI_TAPE(tape, config->connect_timeout_ms);
    PHXI_TAPE(tape, config->heartbeat_interval_ms);
    PHXI_TAPE(tape, config->heartbeat_timeout_ms);
    PHXI_TAPE(tape, config->is_heartbeat_strict);
    PHXI_TAPE(tape, config->final_close_code);
    PHXI_TAPE(tape, config->probe_timeout_ms);
    PHXI_TAPE(tape, config->push_timeout_ms);
    PHXI_TAPE(tape, config->close_timeout_ms);
    PHXI_TAPE(tape, config->max_frame_bytes);
    PHXI_TAPE(tape, config->max_queued_bytes);
    PHXI_TAPE(tape, config->max_queued_pushes);
    PHXI_TAPE(tape, config->max_channels);
}

/* Where a timer stands in the heap says nothing: deadline and sequence order it. */
static void visit_timer(phxi_tape *tape, phxi_timer *timer)
{
    PHXI_TAPE(tape, timer->is_armed);
    if (timer->is_armed) {
        PHXI_TAPE(tape, timer->kind);
        PHXI_TAPE(tape, timer->deadline_ms);
        PHXI_TAPE(tape, timer->sequence);
    }
}

static void visit_error(phxi_tape *tape, phx_error *error)
{
    PHXI_TAPE(tape, error->status);
    PHXI_TAPE(tape, error->http_status);
    PHXI_TAPE(tape, error->close_code);
    PHXI_TAPE(tape, error->os_code);
    PHXI_TAPE(tape, error->retry_after_ms);
}

static void visit_metrics(phxi_tape *tape, phx_client_metrics *metrics)
{
    PHXI_TAPE(tape, metrics->rtt_last_ms);
    PHXI_TAPE(tape, metrics->rtt_smoothed_ms);
    PHXI_TAPE(tape, metrics->frames_in);
    PHXI_TAPE(tape, metrics->frames_out);
    PHXI_TAPE(tape, metrics->bytes_in);
    PHXI_TAPE(tape, metrics->bytes_out);
    PHXI_TAPE(tape, metrics->malformed);
    PHXI_TAPE(tape, metrics->stale);
    PHXI_TAPE(tape, metrics->attempts);
    PHXI_TAPE(tape, metrics->connects);
    PHXI_TAPE(tape, metrics->drops_by_network);
    PHXI_TAPE(tape, metrics->drops_by_server);
    PHXI_TAPE(tape, metrics->drops_by_heartbeat);
    PHXI_TAPE(tape, metrics->refusals);
}

void phxi_checkpoint_engine(phxi_tape *tape, phxi_engine *engine)
{
    PHXI_TAPE(tape, engine->random_state);
    PHXI_TAPE(tape, engine->next_ref);
    PHXI_TAPE(tape, engine->now_ms);
    PHXI_TAPE(tape, engine->is_wanted);
    PHXI_TAPE(tape, engine->state);
    PHXI_TAPE(tape, engine->has_connection);
    PHXI_TAPE(tape, engine->epoch);
    PHXI_TAPE(tape, engine->was_refreshed);
    PHXI_TAPE(tape, engine->is_awaiting_token);
    PHXI_TAPE(tape, engine->is_join_answered);
    PHXI_TAPE(tape, engine->attempts);
    visit_error(tape, &engine->last_error);
    visit_timer(tape, &engine->socket_timer);
    visit_timer(tape, &engine->stable_timer);
    PHXI_TAPE(tape, engine->skips_heartbeats);
    visit_timer(tape, &engine->heartbeat_timer);
    PHXI_TAPE(tape, engine->heartbeat_ref);
    PHXI_TAPE(tape, engine->heartbeat_sent_ms);
    PHXI_TAPE(tape, engine->last_received_ms);
    PHXI_TAPE(tape, engine->joins_in_flight);
    PHXI_TAPE(tape, engine->unsent_bytes);
    PHXI_TAPE(tape, engine->timers.next_sequence);
    visit_metrics(tape, &engine->metrics);
}

void phxi_checkpoint_channel(phxi_tape *tape, phxi_channel *channel)
{
    PHXI_TAPE(tape, channel->id);
    PHXI_TAPE(tape, channel->timeout_ms);
    PHXI_TAPE(tape, channel->overflow);
    PHXI_TAPE(tape, channel->state);
    PHXI_TAPE(tape, channel->join_ref);
    PHXI_TAPE(tape, channel->leave_ref);
    PHXI_TAPE(tape, channel->attempts);
    PHXI_TAPE(tape, channel->is_joining_on_wire);
    visit_timer(tape, &channel->timer);
}

void phxi_checkpoint_push(phxi_tape *tape, phxi_push *push)
{
    PHXI_TAPE(tape, push->id);
    PHXI_TAPE(tape, push->ref);
    PHXI_TAPE(tape, push->is_binary);
    visit_timer(tape, &push->timer);
}

static void write_channel(phxi_tape *tape, phxi_channel *channel)
{
    phxi_checkpoint_channel(tape, channel);
    phxi_tape_put_name(tape, (phx_slice){channel->topic, channel->topic_length});
    uint64_t count = 0;
    for (const phxi_push *push = channel->first_push; push != NULL; push = push->next) {
        count++;
    }
    phxi_tape_put(tape, count);
    for (phxi_push *push = channel->first_push; push != NULL; push = push->next) {
        phxi_checkpoint_push(tape, push);
        phxi_tape_put_name(tape, push->event);
        /* One that was sent is never sent again. */
        phxi_tape_put(tape, push->ref == 0 ? push->payload.length : 0);
    }
}

void phxi_checkpoint_write(phxi_tape *tape, phxi_engine *engine)
{
    phxi_checkpoint_engine(tape, engine);
    phxi_tape_put(tape, engine->metrics.channels);
    for (phxi_channel *channel = engine->first_channel; channel != NULL && !tape->is_broken;
         channel = channel->next) {
        write_channel(tape, channel);
    }
    uint64_t waiting = 0;
    const phxi_channel *channel;
    for (channel = engine->first_waiting; channel != NULL; channel = channel->next_waiting) {
        waiting++;
    }
    phxi_tape_put(tape, waiting);
    for (channel = engine->first_waiting; channel != NULL; channel = channel->next_waiting) {
        phxi_tape_put(tape, channel->id);
    }
}
