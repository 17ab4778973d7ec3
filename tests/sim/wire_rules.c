/* SPDX-License-Identifier: MIT */
/*
 * One function for each kind of frame.
 */
#include "wire_rules.h"

#include <stdio.h>
#include <string.h>

bool sim_wire_is(phx_slice slice, const char *text)
{
    size_t length = strlen(text);
    return slice.data != NULL && slice.length == length && memcmp(slice.data, text, length) == 0;
}

uint64_t sim_wire_ref(phx_slice text)
{
    uint64_t ref = 0;
    for (size_t i = 0; i < text.length; i++) {
        char digit = text.data[i];
        if (digit < '0' || digit > '9' || (i == 0 && digit == '0') || i > 18) {
            return 0;
        }
        ref = ref * 10 + (uint64_t)(digit - '0');
    }
    return ref;
}

sim_wire_join *sim_wire_find(sim_wire *wire, phx_slice topic)
{
    for (size_t i = 0; i < wire->count; i++) {
        if (sim_wire_is(topic, wire->joins[i].topic)) {
            return &wire->joins[i];
        }
    }
    return NULL;
}

bool sim_wire_is_joined(const sim_wire_join *join)
{
    return join != NULL && join->is_answered && !join->is_left && !join->is_over;
}

static const char *take_heartbeat(const phxi_envelope *frame)
{
    return frame->join_ref.data != NULL || !sim_wire_is(frame->event, "heartbeat") ||
                   !sim_wire_is(frame->payload, "{}")
               ? "a heartbeat that is none"
               : NULL;
}

static const char *take_join(sim_wire *wire, const phxi_envelope *frame, bool may_be_missing)
{
    sim_wire_join *join = sim_wire_find(wire, frame->topic);
    uint64_t join_ref = sim_wire_ref(frame->join_ref);
    if (join_ref == 0 || join_ref != sim_wire_ref(frame->ref)) {
        return "a join whose join_ref is not its ref";
    }
    if (join != NULL && !join->is_left && !join->is_over && !may_be_missing) {
        return "a second join of a live topic";
    }
    if (join == NULL) {
        if (wire->count == SIM_WIRE_TOPICS || frame->topic.length >= SIM_TOPIC_BYTES) {
            return "a topic that nobody knows";
        }
        join = &wire->joins[wire->count++];
        (void)snprintf(join->topic, sizeof join->topic, "%.*s", (int)frame->topic.length,
                       frame->topic.data);
    }
    join->join_ref = join_ref;
    join->is_answered = join->is_left = join->is_over = false;
    return NULL;
}

static const char *take_leave(sim_wire_join *join, const phxi_envelope *frame)
{
    bool is_meant = join != NULL && sim_wire_ref(frame->join_ref) == join->join_ref;
    if (!is_meant || join->is_left) {
        return "a leave of what is not joined";
    }
    join->is_left = true;
    return NULL;
}

static const char *take_push(const sim_wire_join *join, const phxi_envelope *frame)
{
    if (join == NULL || !join->is_answered || join->is_left) {
        return "a push on a topic that is not joined";
    }
    return sim_wire_ref(frame->join_ref) != join->join_ref ? "a push with a stale join_ref" : NULL;
}

const char *sim_wire_take(sim_wire *wire, const phxi_envelope *frame, bool may_be_missing)
{
    uint64_t ref = sim_wire_ref(frame->ref);
    if (ref == 0 || ref <= wire->last_ref) {
        return "a ref that does not grow";
    }
    wire->last_ref = ref;
    if (sim_wire_is(frame->topic, "phoenix")) {
        return take_heartbeat(frame);
    }
    if (sim_wire_is(frame->event, "phx_join")) {
        return take_join(wire, frame, may_be_missing);
    }
    sim_wire_join *join = sim_wire_find(wire, frame->topic);
    return sim_wire_is(frame->event, "phx_leave") ? take_leave(join, frame)
                                                  : take_push(join, frame);
}

bool sim_wire_decode_binary(const uint8_t *data, size_t length, phxi_envelope *out)
{
    memset(out, 0, sizeof *out);
    if (length < 5 || data[0] != 0) {
        return false;
    }
    phx_slice *const parts[] = {&out->join_ref, &out->ref, &out->topic, &out->event};
    size_t at = 5;
    for (size_t i = 0; i < 4; i++) {
        size_t part = data[1 + i];
        if (part > length - at) {
            return false;
        }
        *parts[i] = (phx_slice){(const char *)data + at, part};
        at += part;
    }
    out->payload = (phx_slice){(const char *)data + at, length - at};
    out->is_binary = true;
    return true;
}
