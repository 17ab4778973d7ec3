/* SPDX-License-Identifier: MIT */
/*
 * What comes in: decoded, matched to the heartbeat, to a channel of this connection's joins, to a
 * push. A frame that cannot be understood is counted and reported, and costs nothing else. A frame
 * of a join that is over is dropped, whatever its event.
 */
#include <string.h>

#include "phx/recorder.h"
#include "phx/types.h"

static bool is_text(phx_slice slice, const char *text)
{
    size_t length = strlen(text);
    return slice.length == length && memcmp(slice.data, text, length) == 0;
}

static bool decode(phxi_engine *engine, phx_frame_kind kind, const uint8_t *data, size_t length)
{
    const char *reason = NULL;
    phx_status status =
        kind == PHX_FRAME_BINARY
            ? phxi_envelope_decode_binary(data, length, &engine->envelope, &reason)
            : phxi_envelope_decode_text(data, length, &engine->scratch, &engine->envelope, &reason);
    if (status == PHX_OK) {
        return true;
    }
    if (status == PHX_ERROR_NO_MEMORY) {
        (void)phxi_engine_ran_out(engine);
    }
    engine->metrics.malformed += status == PHX_ERROR_NO_MEMORY ? 0 : 1;
    phxi_outbox_error(engine, status, reason != NULL ? reason : phx_status_message(status));
    return false;
}

/* Whether the frame belongs to the join that the channel has now; one without join_ref is a
 * broadcast, or a reply of the socket itself, and belongs to any. */
static bool is_current(const phxi_channel *channel, phx_slice join_ref)
{
    return join_ref.length == 0 ||
           (channel->join_ref != 0 && phxi_ref_parse(join_ref) == channel->join_ref);
}

static bool take_reply(phxi_engine *engine, phxi_channel *channel)
{
    uint64_t ref = phxi_ref_parse(engine->envelope.ref);
    if (ref == 0) {
        return false;
    }
    if (ref == channel->join_ref && channel->state == PHX_CHANNEL_JOINING) {
        phxi_channel_join_reply(engine, channel);
        return true;
    }
    if (ref == channel->leave_ref && channel->state == PHX_CHANNEL_LEAVING) {
        phxi_channel_leave_reply(engine, channel);
        return true;
    }
    return phxi_push_reply(engine, channel, ref);
}

static bool take_message(phxi_engine *engine, phxi_channel *channel)
{
    bool is_wanted = channel->join_ref != 0 && (channel->state == PHX_CHANNEL_JOINED ||
                                                channel->state == PHX_CHANNEL_JOINING);
    if (is_wanted) {
        engine->message_channel = channel;
        phxi_outbox_add(engine, &engine->message_node, PHXI_ACTION_MESSAGE);
    }
    return is_wanted;
}

/* False: the frame is nobody's. */
static bool route(phxi_engine *engine)
{
    const phxi_envelope *envelope = &engine->envelope;
    phxi_channel *channel = phxi_channel_by_topic(engine, envelope->topic);
    if (channel == NULL || !is_current(channel, envelope->join_ref)) {
        return false;
    }
    if (envelope->is_reply) {
        return take_reply(engine, channel);
    }
    if (is_text(envelope->event, "phx_error")) {
        if (channel->join_ref == 0) {
            return false; /* not joined on this connection: nothing there could have crashed */
        }
        phxi_channel_crashed(engine, channel);
        return true;
    }
    if (is_text(envelope->event, "phx_close")) {
        phxi_channel_closed_by_server(engine, channel);
        return true;
    }
    return take_message(engine, channel);
}

void phxi_engine_message(phxi_engine *engine, uint64_t now_ms, uint64_t epoch, phx_frame_kind kind,
                         const uint8_t *data, size_t length)
{
    bool is_open = engine->state == PHX_CLIENT_CONNECTED || engine->state == PHX_CLIENT_CLOSING;
    if (epoch != engine->epoch || !is_open) {
        return;
    }
    if (engine->recorder != NULL) {
        phxi_recorder_message(engine, now_ms, length);
    }
    engine->now_ms = now_ms;
    engine->last_received_ms = now_ms;
    engine->metrics.frames_in++;
    engine->metrics.bytes_in += length;
    bool is_decoded = engine->state != PHX_CLIENT_CLOSING && decode(engine, kind, data, length);
    if (engine->recorder != NULL) {
        phxi_recorder_envelope(engine, is_decoded ? &engine->envelope : NULL,
                               kind == PHX_FRAME_BINARY);
    }
    if (!is_decoded) {
        return;
    }
    bool is_heartbeat = engine->envelope.is_reply && engine->heartbeat_ref != 0 &&
                        is_text(engine->envelope.topic, "phoenix") &&
                        phxi_ref_parse(engine->envelope.ref) == engine->heartbeat_ref;
    if (is_heartbeat) {
        phxi_heartbeat_answered(engine);
    } else if (!route(engine)) {
        engine->metrics.stale++;
    }
}
