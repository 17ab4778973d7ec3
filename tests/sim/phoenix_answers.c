/* SPDX-License-Identifier: MIT */
/*
 * What the server answers: joins, leaves, heartbeats and pushes, as Phoenix does, late, twice, out
 * of turn or not at all if the seed says so.
 */
#include <stdio.h>

#include "sim.h"

enum {
    MAX_REPLY_BYTES = 8192
};

static char reply_text[MAX_REPLY_BYTES];

static uint32_t reply_delay_ms(sim_world *world)
{
    if (sim_happens(world, SIM_REPLY_LATE)) {
        return 500 + (uint32_t)sim_below(world, 14000);
    }
    return sim_happens(world, SIM_REPLY_REORDERED) ? 20 + (uint32_t)sim_below(world, 300) : 0;
}

/* Whether it went out, or will. */
static bool send_reply(sim_endpoint *endpoint, const sim_message *message)
{
    sim_world *world = endpoint->world;
    if (sim_happens(world, SIM_REPLY_LOST)) {
        return false;
    }
    uint32_t delay_ms = reply_delay_ms(world);
    sim_phoenix_send(endpoint, delay_ms, message);
    if (sim_happens(world, SIM_REPLY_DOUBLED)) {
        sim_message second = *message;
        second.effect = SIM_NO_EFFECT;
        sim_phoenix_send(endpoint, delay_ms + (uint32_t)sim_below(world, 50), &second);
    }
    return true;
}

static bool reply(sim_endpoint *endpoint, const phxi_envelope *frame, const char *status,
                  phx_slice response, sim_effect effect)
{
    int length = snprintf(
        reply_text, sizeof reply_text,
        "[%s%.*s%s,\"%.*s\",\"%.*s\",\"phx_reply\",{\"status\":\"%s\",\"response\":%.*s}]",
        frame->join_ref.data == NULL ? "null" : "\"", (int)frame->join_ref.length,
        frame->join_ref.data == NULL ? "" : frame->join_ref.data,
        frame->join_ref.data == NULL ? "" : "\"", (int)frame->ref.length, frame->ref.data,
        (int)frame->topic.length, frame->topic.data, status, (int)response.length, response.data);
    assert_true(length > 0 && (size_t)length < sizeof reply_text);
    const sim_message message = {.effect = effect,
                                 .topic = frame->topic,
                                 .join_ref = sim_wire_ref(frame->join_ref),
                                 .bytes = {reply_text, (size_t)length}};
    return send_reply(endpoint, &message);
}

static phx_slice text_of(const char *text)
{
    return (phx_slice){text, strlen(text)};
}

/* --- joins --- */

static bool refuse_join(sim_endpoint *endpoint, const phxi_envelope *frame)
{
    static const char *const responses[] = {
        "{\"reason\":\"unmatched topic\"}",
        "{\"reason\":\"not_a_member\"}",
        "{\"reason\":\"unauthorized\"}",
        "{\"reason\":\"token_expired\"}",
        "{\"reason\":\"join crashed\"}",
        "{\"reason\":\"too many channels joined\"}",
        "{}",
        "null",
        "\"\\ud83d\\ude00\"",
    };
    sim_world *world = endpoint->world;
    if (!sim_happens(world, SIM_JOIN_REFUSED)) {
        return false;
    }
    phx_slice response = text_of(responses[sim_below(world, COUNT_OF(responses))]);
    (void)reply(endpoint, frame, "error", response, SIM_OVER);
    return true;
}

/* The process of the older join ends behind the new one's answer. */
static void end_older(sim_endpoint *endpoint, const phxi_envelope *frame, uint64_t older_ref)
{
    char text[160];
    (void)snprintf(text, sizeof text, "[\"%llu\",\"%llu\",\"%.*s\",\"phx_close\",{}]",
                   (unsigned long long)older_ref, (unsigned long long)older_ref,
                   (int)frame->topic.length, frame->topic.data);
    sim_phoenix_send_text(endpoint, text);
}

static void on_join(sim_endpoint *endpoint, const phxi_envelope *frame, uint64_t live_ref)
{
    sim_world *world = endpoint->world;
    if (sim_happens(world, SIM_JOIN_SLOW)) {
        /* A slow join/3 holds the whole socket up. */
        endpoint->is_disturbed = true;
        fake_connection_stall(endpoint->connection, 500 + (uint32_t)sim_below(world, 12000), true,
                              true);
    }
    if (!refuse_join(endpoint, frame)) {
        (void)reply(endpoint, frame, "ok", text_of("{}"), SIM_JOINED);
        if (live_ref != 0) {
            end_older(endpoint, frame, live_ref);
        }
    }
}

static void send_presences(sim_endpoint *endpoint, const sim_room *room, uint64_t join_ref)
{
    char text[1024];
    size_t length =
        (size_t)snprintf(text, sizeof text, "[\"%llu\",null,\"%s\",\"presence_state\",{",
                         (unsigned long long)join_ref, room->topic);
    bool is_first = true;
    for (size_t i = 0; i < SIM_MEMBERS; i++) {
        if (room->members[i] != 0) {
            length += (size_t)snprintf(text + length, sizeof text - length,
                                       "%s\"user%zu\":{\"metas\":[{\"phx_ref\":\"r%u\"}]}",
                                       is_first ? "" : ",", i, room->members[i]);
            is_first = false;
        }
    }
    (void)snprintf(text + length, sizeof text - length, "}]");
    sim_phoenix_send_text(endpoint, text);
}

void sim_phoenix_joined(sim_endpoint *endpoint, const char *topic, uint64_t join_ref)
{
    sim_phoenix *phoenix = &endpoint->world->phoenix;
    for (size_t i = 0; i < SIM_ROOMS; i++) {
        if (strcmp(phoenix->rooms[i].topic, topic) == 0) {
            send_presences(endpoint, &phoenix->rooms[i], join_ref);
        }
    }
}

/* --- the rest --- */

static void on_leave(sim_endpoint *endpoint, const phxi_envelope *frame, bool was_live)
{
    if (!was_live) {
        return; /* a stale one is never answered */
    }
    (void)reply(endpoint, frame, "ok", text_of("{}"), SIM_NO_EFFECT);
    end_older(endpoint, frame, sim_wire_ref(frame->join_ref));
}

/* [1, lengths, join_ref, ref, topic, status, data] */
static bool reply_binary(sim_endpoint *endpoint, const phxi_envelope *frame)
{
    const phx_slice parts[] = {frame->join_ref, frame->ref, frame->topic, text_of("ok"),
                               frame->payload};
    size_t length = 5;
    reply_text[0] = 1;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        assert_true(length + parts[i].length < sizeof reply_text);
        if (i < 4) {
            reply_text[1 + i] = (char)parts[i].length;
        }
        memcpy(reply_text + length, parts[i].data, parts[i].length);
        length += parts[i].length;
    }
    const sim_message message = {.is_binary = true, .bytes = {reply_text, length}};
    return send_reply(endpoint, &message);
}

static void on_push(sim_endpoint *endpoint, const phxi_envelope *frame)
{
    sim_phoenix *phoenix = &endpoint->world->phoenix;
    uint32_t number = sim_number_of(frame->payload);
    sim_check(!endpoint->is_feed && number > 0 && number < SIM_PUSHES,
              "a push that nobody asked for");
    sim_check(phoenix->executed[number] == 0, "push %u came twice", number);
    phoenix->executed[number] = 1;
    bool went_out = false;
    if (sim_wire_is(frame->event, "silent")) {
        return;
    }
    if (frame->is_binary) {
        phoenix->answered_ok[number] = reply_binary(endpoint, frame);
        return;
    }
    if (sim_wire_is(frame->event, "echo")) {
        phoenix->answered_ok[number] = reply(endpoint, frame, "ok", frame->payload, SIM_NO_EFFECT);
        return;
    }
    went_out = reply(endpoint, frame, sim_wire_is(frame->event, "odd") ? "maybe" : "error",
                     text_of("{\"reason\":\"no\"}"), SIM_NO_EFFECT);
    phoenix->answered_error[number] = went_out;
}

void sim_phoenix_frame(sim_endpoint *endpoint, const phxi_envelope *frame)
{
    sim_world *world = endpoint->world;
    sim_wire_join *join = sim_wire_find(&endpoint->wire, frame->topic);
    uint64_t live_ref = sim_wire_is_joined(join) ? join->join_ref : 0;
    bool had_refusals = world->memory.refused > endpoint->refused_before;
    const char *wrong = sim_wire_take(&endpoint->wire, frame, had_refusals);
    sim_check(wrong == NULL, "%s (%.*s on %.*s)", wrong, (int)frame->event.length,
              frame->event.data, (int)frame->topic.length, frame->topic.data);
    if (sim_wire_is(frame->topic, "phoenix")) {
        (void)reply(endpoint, frame, "ok", text_of("{}"), SIM_NO_EFFECT);
    } else if (sim_wire_is(frame->event, "phx_join")) {
        on_join(endpoint, frame, live_ref);
    } else if (sim_wire_is(frame->event, "phx_leave")) {
        on_leave(endpoint, frame, live_ref != 0);
    } else if (live_ref != 0) { /* else its process is gone, and nobody answers */
        on_push(endpoint, frame);
    }
}
