/* SPDX-License-Identifier: MIT */
/*
 * Channels: wanted until they are left or the server closes them, joined whenever the socket is
 * open. set_state is the only writer of a channel's state. Joins are made when the socket opens,
 * from what is wanted then; none is ever buffered.
 */
#include <string.h>

#include "phx/backoff.h"
#include "phx/recorder.h"
#include "phx/types.h"

phx_reply phxi_reply_of(phx_status status, const char *message)
{
    return (phx_reply){
        .struct_size = (uint32_t)sizeof(phx_reply),
        .error = {.struct_size = (uint32_t)sizeof(phx_error),
                  .status = status,
                  .message = message != NULL ? message : phx_status_message(status)},
    };
}

phx_reply phxi_reply_received(const phxi_engine *engine)
{
    const phxi_envelope *envelope = &engine->envelope;
    bool is_ok = envelope->status.length == 2 && memcmp(envelope->status.data, "ok", 2) == 0;
    phx_reply reply = phxi_reply_of(is_ok ? PHX_OK : PHX_ERROR_REFUSED, NULL);
    reply.status = envelope->status;
    reply.response = envelope->payload;
    reply.is_binary = envelope->is_binary;
    return reply;
}

static void set_state(phxi_engine *engine, phxi_channel *channel, phx_channel_state state,
                      const phx_reply *reply)
{
    channel->state = state;
    channel->reply = *reply;
    phxi_outbox_add(engine, &channel->state_node, PHXI_ACTION_CHANNEL);
}

static bool is_open(const phxi_engine *engine)
{
    return engine->state == PHX_CLIENT_CONNECTED;
}

static void begin_join(phxi_engine *engine, phxi_channel *channel)
{
    phxi_timer_cancel(&engine->timers, &channel->timer);
    if (channel->state != PHX_CHANNEL_JOINING) {
        phx_reply nothing = phxi_reply_of(PHX_OK, NULL);
        set_state(engine, channel, PHX_CHANNEL_JOINING, &nothing);
    }
    if (is_open(engine)) {
        phxi_joins_add(engine, channel);
    }
}

/* --- frames of a channel's own --- */

static phx_status send_own(phxi_engine *engine, const phxi_channel *channel, const char *event,
                           uint64_t ref, phx_slice payload)
{
    char ref_text[24];
    char join_ref_text[24];
    phxi_envelope envelope = {
        .join_ref = phxi_ref_text(channel->join_ref, join_ref_text),
        .ref = phxi_ref_text(ref, ref_text),
        .topic = {channel->topic, channel->topic_length},
        .event = {event, strlen(event)},
        .payload = payload,
    };
    return phxi_outbox_send(engine, &envelope);
}

/* The ref that the answer will carry; 0: it could not be sent. */
static uint64_t send_leave(phxi_engine *engine, const phxi_channel *channel)
{
    if (!is_open(engine) || channel->join_ref == 0) {
        return 0;
    }
    uint64_t ref = phxi_ref_next(engine);
    phx_slice empty = {"{}", 2};
    return send_own(engine, channel, "phx_leave", ref, empty) == PHX_OK ? ref : 0;
}

/* --- ends --- */

/* The end of a channel, for good. */
static void close_channel(phxi_engine *engine, phxi_channel *channel, const phx_reply *reply)
{
    phxi_timer_cancel(&engine->timers, &channel->timer);
    phxi_joins_end(engine, channel);
    phxi_pushes_fail(engine, channel, false, reply->error.status, reply->error.message);
    phxi_channel_unlink(engine, channel);
    set_state(engine, channel, PHX_CHANNEL_CLOSED, reply);
}

static void close_left(phxi_engine *engine, phxi_channel *channel)
{
    phx_reply left = phxi_reply_of(PHX_ERROR_LEFT, NULL);
    close_channel(engine, channel, &left);
}

static void schedule_rejoin(phxi_engine *engine, phxi_channel *channel, const phx_reply *reply)
{
    channel->join_ref = 0;
    phxi_joins_end(engine, channel);
    channel->attempts++;
    uint32_t delay_ms = phxi_backoff_delay_ms(&engine->config.rejoin, true, channel->attempts,
                                              &reply->error, &engine->random_state);
    channel->timer.kind = PHXI_TIMER_REJOIN;
    phxi_timer_arm(&engine->timers, &channel->timer, engine->now_ms + delay_ms);
    set_state(engine, channel, PHX_CHANNEL_ERRORED, reply);
}

/* --- inputs: what is wanted --- */

phx_status phxi_engine_join(phxi_engine *engine, uint64_t now_ms, const phxi_join_request *request)
{
    if (engine->recorder != NULL) {
        phxi_recorder_join(engine, now_ms, request);
    }
    engine->now_ms = now_ms;
    phxi_channel *older = phxi_channel_by_topic(engine, request->topic);
    if (older == NULL && engine->metrics.channels >= engine->config.max_channels) {
        return PHX_ERROR_QUEUE_FULL;
    }
    if (phxi_map_reserve(&engine->channels_by_id, 1) != PHX_OK ||
        phxi_map_reserve(&engine->channels_by_topic, 1) != PHX_OK) {
        return phxi_engine_ran_out(engine);
    }
    phxi_channel *channel = phxi_channel_new(engine, request);
    if (channel == NULL) {
        return phxi_engine_ran_out(engine);
    }
    if (older != NULL) {
        if (older->state != PHX_CHANNEL_LEAVING) {
            (void)send_leave(engine, older);
        }
        close_left(engine, older);
    }
    phxi_channel_link(engine, channel);
    begin_join(engine, channel);
    return PHX_OK;
}

void phxi_engine_send_join(phxi_engine *engine, uint64_t now_ms, uint64_t channel_id,
                           phx_slice payload)
{
    phxi_channel *channel = phxi_channel_by_id(engine, channel_id);
    if (channel == NULL || !channel->is_joining_on_wire || channel->join_ref != 0) {
        return;
    }
    if (engine->recorder != NULL) {
        phxi_recorder_two(engine, PHXI_INPUT_SEND_JOIN, now_ms, channel_id, payload.length);
    }
    engine->now_ms = now_ms;
    channel->join_ref = phxi_ref_next(engine);
    phx_status status = send_own(engine, channel, "phx_join", channel->join_ref, payload);
    if (status != PHX_OK) {
        phx_reply failed = phxi_reply_of(status, NULL);
        schedule_rejoin(engine, channel, &failed);
        return;
    }
    channel->timer.kind = PHXI_TIMER_JOIN;
    phxi_timer_arm(&engine->timers, &channel->timer, now_ms + channel->timeout_ms);
}

void phxi_engine_leave(phxi_engine *engine, uint64_t now_ms, uint64_t channel_id)
{
    phxi_channel *channel = phxi_channel_by_id(engine, channel_id);
    if (channel == NULL || channel->state == PHX_CHANNEL_LEAVING) {
        return;
    }
    if (engine->recorder != NULL) {
        phxi_recorder_one(engine, PHXI_INPUT_LEAVE, now_ms, channel_id);
    }
    engine->now_ms = now_ms;
    channel->leave_ref = send_leave(engine, channel);
    if (channel->leave_ref == 0) {
        close_left(engine, channel);
        return;
    }
    phxi_joins_end(engine, channel);
    phx_reply left = phxi_reply_of(PHX_ERROR_LEFT, NULL);
    phxi_pushes_fail(engine, channel, false, PHX_ERROR_LEFT, NULL);
    channel->timer.kind = PHXI_TIMER_LEAVE;
    phxi_timer_arm(&engine->timers, &channel->timer, now_ms + channel->timeout_ms);
    set_state(engine, channel, PHX_CHANNEL_LEAVING, &left);
}

void phxi_engine_rejoin(phxi_engine *engine, uint64_t now_ms, uint64_t channel_id)
{
    phxi_channel *channel = phxi_channel_by_id(engine, channel_id);
    if (channel != NULL &&
        (channel->state == PHX_CHANNEL_ERRORED || channel->state == PHX_CHANNEL_REFUSED)) {
        if (engine->recorder != NULL) {
            phxi_recorder_one(engine, PHXI_INPUT_REJOIN, now_ms, channel_id);
        }
        engine->now_ms = now_ms;
        begin_join(engine, channel);
    }
}

/* --- inputs: what the server says --- */

static void joined(phxi_engine *engine, phxi_channel *channel, const phx_reply *reply)
{
    phxi_joins_end(engine, channel);
    if (engine->config.rejoin.kind == PHX_BACKOFF_STEPPED) {
        channel->attempts = 0;
    }
    if (channel->attempts > 0) {
        channel->timer.kind = PHXI_TIMER_CHANNEL_STABLE;
        phxi_timer_arm(&engine->timers, &channel->timer,
                       engine->now_ms + engine->config.rejoin.stable_ms);
    }
    set_state(engine, channel, PHX_CHANNEL_JOINED, reply);
    phxi_pushes_flush(engine, channel);
}

static void refused(phxi_engine *engine, phxi_channel *channel, phx_reply *reply)
{
    phx_join_verdict verdict = channel->judge_refusal != NULL
                                   ? channel->judge_refusal(channel->judge_user_data, reply)
                                   : phx_join_verdict_of(reply);
    if (engine->recorder != NULL) {
        phxi_recorder_answered(engine, (uint32_t)verdict);
    }
    reply->error.status =
        verdict == PHX_JOIN_UNAUTHORIZED ? PHX_ERROR_UNAUTHORIZED : PHX_ERROR_JOIN_REFUSED;
    reply->error.message = phx_status_message(reply->error.status);
    if (verdict == PHX_JOIN_RETRY) {
        schedule_rejoin(engine, channel, reply);
        return;
    }
    channel->join_ref = 0;
    phxi_joins_end(engine, channel);
    phxi_pushes_fail(engine, channel, false, PHX_ERROR_JOIN_REFUSED, NULL);
    set_state(engine, channel, PHX_CHANNEL_REFUSED, reply);
}

void phxi_channel_join_reply(phxi_engine *engine, phxi_channel *channel)
{
    phxi_timer_cancel(&engine->timers, &channel->timer);
    phxi_socket_join_answered(engine);
    phx_reply reply = phxi_reply_received(engine);
    if (reply.error.status == PHX_OK) {
        joined(engine, channel, &reply);
    } else {
        refused(engine, channel, &reply);
    }
}

void phxi_channel_leave_reply(phxi_engine *engine, phxi_channel *channel)
{
    close_left(engine, channel);
}

void phxi_channel_crashed(phxi_engine *engine, phxi_channel *channel)
{
    if (channel->state == PHX_CHANNEL_LEAVING) {
        close_left(engine, channel);
        return;
    }
    phxi_pushes_fail(engine, channel, true, PHX_ERROR_CHANNEL_CRASHED, NULL);
    phx_reply crashed = phxi_reply_of(PHX_ERROR_CHANNEL_CRASHED, NULL);
    crashed.response = engine->envelope.payload;
    crashed.is_binary = engine->envelope.is_binary;
    schedule_rejoin(engine, channel, &crashed);
}

void phxi_channel_closed_by_server(phxi_engine *engine, phxi_channel *channel)
{
    phx_reply closed = phxi_reply_of(
        channel->state == PHX_CHANNEL_LEAVING ? PHX_ERROR_LEFT : PHX_ERROR_CHANNEL_CLOSED, NULL);
    close_channel(engine, channel, &closed);
}

/* --- inputs: the connection --- */

bool phxi_channels_connected(phxi_engine *engine)
{
    bool is_joining = false;
    /* The stepped policy is forgotten when the socket opens, so nothing is waited for. */
    bool is_forgetful = engine->config.rejoin.kind == PHX_BACKOFF_STEPPED;
    for (phxi_channel *channel = engine->first_channel; channel != NULL; channel = channel->next) {
        channel->attempts = is_forgetful ? 0 : channel->attempts;
        bool is_ready =
            channel->state == PHX_CHANNEL_JOINING ||
            (channel->state == PHX_CHANNEL_ERRORED && (is_forgetful || !channel->timer.is_armed));
        if (is_ready) {
            begin_join(engine, channel);
        }
        is_joining = is_joining || channel->state != PHX_CHANNEL_REFUSED;
    }
    return is_joining;
}

static void disconnect_channel(phxi_engine *engine, phxi_channel *channel, const phx_reply *reply)
{
    phxi_outbox_remove(engine, &channel->params_node);
    channel->is_waiting = false;
    channel->is_joining_on_wire = false;
    channel->join_ref = 0;
    if (channel->state == PHX_CHANNEL_LEAVING) {
        close_left(engine, channel);
    } else if (channel->state == PHX_CHANNEL_JOINED || channel->state == PHX_CHANNEL_JOINING) {
        phxi_timer_cancel(&engine->timers, &channel->timer);
        phxi_pushes_fail(engine, channel, true, PHX_ERROR_DISCONNECTED, NULL);
        set_state(engine, channel, PHX_CHANNEL_ERRORED, reply);
    }
}

void phxi_channels_disconnected(phxi_engine *engine, const phx_error *error)
{
    engine->first_waiting = NULL;
    engine->last_waiting = NULL;
    engine->joins_in_flight = 0;
    phx_reply reply = phxi_reply_of(PHX_ERROR_DISCONNECTED, NULL);
    reply.error.close_code = error->close_code;
    phxi_channel *channel = engine->first_channel;
    while (channel != NULL) {
        phxi_channel *next = channel->next;
        disconnect_channel(engine, channel, &reply);
        channel = next;
    }
}

void phxi_channels_shut_down(phxi_engine *engine)
{
    engine->first_waiting = NULL;
    engine->last_waiting = NULL;
    phx_reply closed = phxi_reply_of(PHX_ERROR_CLOSED, NULL);
    while (engine->first_channel != NULL) {
        engine->first_channel->is_waiting = false;
        close_channel(engine, engine->first_channel, &closed);
    }
}

/* --- inputs: time --- */

void phxi_channel_timer(phxi_engine *engine, phxi_channel *channel)
{
    switch (channel->timer.kind) {
    case PHXI_TIMER_JOIN: {
        /* The server may still answer: it must not count us as joined then. */
        (void)send_leave(engine, channel);
        phx_reply late = phxi_reply_of(PHX_ERROR_TIMEOUT, "the server did not answer the join");
        schedule_rejoin(engine, channel, &late);
        break;
    }
    case PHXI_TIMER_REJOIN:
        if (is_open(engine)) {
            begin_join(engine, channel);
        }
        break;
    case PHXI_TIMER_LEAVE:
        close_left(engine, channel);
        break;
    default:
        channel->attempts = 0;
        break;
    }
}
