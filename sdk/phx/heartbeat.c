/* SPDX-License-Identifier: MIT */
/*
 * Heartbeats: the first an interval after the socket opened, then an interval after each answer.
 * Only what the client sends keeps a Phoenix server from its idle limit, so inbound traffic
 * postpones none.
 *
 * A missing answer alone does not make a link dead: a slow join/3 holds up everything behind it on
 * a genuine server, and a frame that came since shows life.
 */
#include <string.h>

#include "phx/recorder.h"
#include "phx/types.h"

void phxi_engine_skip_heartbeats(phxi_engine *engine, bool is_skipping)
{
    if (engine->recorder != NULL) {
        phxi_recorder_one(engine, PHXI_INPUT_SKIP_HEARTBEATS, engine->now_ms, is_skipping);
    }
    engine->skips_heartbeats = is_skipping;
}

void phxi_heartbeat_start(phxi_engine *engine)
{
    engine->heartbeat_ref = 0;
    engine->last_received_ms = engine->now_ms;
    if (engine->config.heartbeat_interval_ms == UINT32_MAX || engine->skips_heartbeats) {
        phxi_timer_cancel(&engine->timers, &engine->heartbeat_timer);
    } else {
        engine->heartbeat_timer.kind = PHXI_TIMER_HEARTBEAT;
        phxi_timer_arm(&engine->timers, &engine->heartbeat_timer,
                       engine->now_ms + engine->config.heartbeat_interval_ms);
    }
}

void phxi_heartbeat_stop(phxi_engine *engine)
{
    engine->heartbeat_ref = 0;
    phxi_timer_cancel(&engine->timers, &engine->heartbeat_timer);
    phxi_outbox_remove(engine, &engine->heartbeat_frame.node);
}

/* [null,"REF","phoenix","heartbeat",{}], in memory of the engine's own: a heartbeat cannot fail. */
static void compose(phxi_engine *engine)
{
    static const char before[] = "[null,\"";
    static const char after[] = "\",\"phoenix\",\"heartbeat\",{}]";
    char text[24];
    phx_slice ref = phxi_ref_text(engine->heartbeat_ref, text);
    uint8_t *out = engine->heartbeat_bytes;
    memcpy(out, before, sizeof before - 1);
    memcpy(out + sizeof before - 1, ref.data, ref.length);
    memcpy(out + sizeof before - 1 + ref.length, after, sizeof after - 1);
    engine->heartbeat_frame.kind = PHX_FRAME_TEXT;
    engine->heartbeat_frame.data = out;
    engine->heartbeat_frame.head_length = engine->heartbeat_frame.length =
        sizeof before - 1 + ref.length + sizeof after - 1;
}

void phxi_heartbeat_send(phxi_engine *engine, uint32_t timeout_ms)
{
    engine->heartbeat_ref = phxi_ref_next(engine);
    engine->heartbeat_sent_ms = engine->now_ms;
    compose(engine);
    phxi_outbox_add(engine, &engine->heartbeat_frame.node, PHXI_ACTION_SEND);
    engine->heartbeat_timer.kind = PHXI_TIMER_HEARTBEAT_TIMEOUT;
    phxi_timer_arm(&engine->timers, &engine->heartbeat_timer, engine->now_ms + timeout_ms);
}

/* A probe that is on its way keeps its deadline, however often the application asks. */
void phxi_heartbeat_probe(phxi_engine *engine)
{
    uint32_t timeout_ms = engine->config.probe_timeout_ms;
    bool is_probing = engine->heartbeat_ref != 0 &&
                      engine->now_ms - engine->heartbeat_sent_ms < timeout_ms &&
                      engine->heartbeat_timer.deadline_ms <= engine->now_ms + timeout_ms;
    if (!is_probing) {
        phxi_heartbeat_send(engine, timeout_ms);
    }
}

static void measure(phxi_engine *engine)
{
    uint64_t elapsed_ms = engine->now_ms - engine->heartbeat_sent_ms;
    uint32_t rtt_ms = elapsed_ms < UINT32_MAX ? (uint32_t)elapsed_ms : UINT32_MAX;
    rtt_ms = rtt_ms == 0 ? 1 : rtt_ms; /* 0 says that none was measured */
    phx_client_metrics *metrics = &engine->metrics;
    metrics->rtt_last_ms = rtt_ms;
    uint64_t smoothed_ms = metrics->rtt_smoothed_ms == 0
                               ? rtt_ms
                               : ((uint64_t)metrics->rtt_smoothed_ms * 7 + rtt_ms) / 8;
    metrics->rtt_smoothed_ms = (uint32_t)smoothed_ms;
}

void phxi_heartbeat_answered(phxi_engine *engine)
{
    measure(engine);
    phxi_heartbeat_start(engine);
}

/* Until when the heartbeat's answer may have to wait behind joins that were sent before it; joins
 * sent later hold up nothing, so that this is bounded. 0: there are none. */
static uint64_t joins_deadline_ms(const phxi_engine *engine)
{
    uint64_t latest_ms = 0;
    for (const phxi_channel *channel = engine->first_channel; channel != NULL;
         channel = channel->next) {
        const phxi_timer *timer = &channel->timer;
        bool is_before = timer->is_armed && timer->kind == PHXI_TIMER_JOIN &&
                         timer->deadline_ms - channel->timeout_ms <= engine->heartbeat_sent_ms;
        if (is_before && timer->deadline_ms > latest_ms) {
            latest_ms = timer->deadline_ms;
        }
    }
    return latest_ms;
}

bool phxi_heartbeat_is_dead(phxi_engine *engine)
{
    if (engine->config.is_heartbeat_strict) {
        return true;
    }
    if (engine->last_received_ms > engine->heartbeat_sent_ms) {
        phxi_heartbeat_send(engine, engine->config.heartbeat_timeout_ms);
        return false;
    }
    uint64_t joins_ms = joins_deadline_ms(engine);
    if (joins_ms > engine->now_ms) {
        phxi_timer_arm(&engine->timers, &engine->heartbeat_timer, joins_ms);
        return false;
    }
    return true;
}
