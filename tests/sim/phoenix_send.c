/* SPDX-License-Identifier: MIT */
/*
 * What the server sends, now or later: it takes effect in the server's books when it is handed to
 * the connection, since a client cannot act on it before.
 */
#include <stdlib.h>

#include "sim.h"

typedef struct parcel {
    sim_endpoint *endpoint;
    uint64_t serial;
    sim_message message; /* its slices point behind */
    char bytes[];
} parcel;

static void take_effect(sim_endpoint *endpoint, const sim_message *message)
{
    sim_wire_join *join = sim_wire_find(&endpoint->wire, message->topic);
    if (join == NULL || join->join_ref != message->join_ref) {
        return;
    }
    join->is_answered = join->is_answered || message->effect == SIM_JOINED;
    join->is_over = join->is_over || message->effect == SIM_OVER;
}

static void hand_over(sim_endpoint *endpoint, const sim_message *message)
{
    if (message->effect == SIM_ACCEPT) {
        endpoint->is_accepted = true;
        endpoint->heard_ms = endpoint->world->app.poller.now_ms;
        fake_connection_accept(endpoint->connection);
        return;
    }
    take_effect(endpoint, message);
    sim_note_bytes(endpoint->world, endpoint->is_feed ? "feed <" : "rooms <", message->bytes.data,
                   message->bytes.length);
    fake_connection_send(endpoint->connection,
                         message->is_binary ? PHX_FRAME_BINARY : PHX_FRAME_TEXT,
                         message->bytes.data, message->bytes.length);
    const sim_wire_join *join = sim_wire_find(&endpoint->wire, message->topic);
    if (message->effect == SIM_JOINED && sim_wire_is_joined(join)) {
        sim_phoenix_joined(endpoint, join->topic, join->join_ref);
    }
}

static void arrive(void *user_data)
{
    parcel *item = user_data;
    if (item->endpoint->connection != NULL && item->endpoint->serial == item->serial) {
        hand_over(item->endpoint, &item->message);
    }
    free(item);
}

void sim_phoenix_send(sim_endpoint *endpoint, uint32_t delay_ms, const sim_message *message)
{
    if (endpoint->connection == NULL) {
        return;
    }
    if (delay_ms == 0) {
        hand_over(endpoint, message);
        return;
    }
    parcel *item = malloc(sizeof *item + message->bytes.length + message->topic.length);
    assert_non_null(item);
    item->endpoint = endpoint;
    item->serial = endpoint->serial;
    item->message = *message;
    char *topic = item->bytes + message->bytes.length;
    if (message->bytes.length > 0) {
        memcpy(item->bytes, message->bytes.data, message->bytes.length);
    }
    if (message->topic.length > 0) {
        memcpy(topic, message->topic.data, message->topic.length);
    }
    item->message.bytes.data = item->bytes;
    item->message.topic.data = topic;
    fake_poller_after(&endpoint->world->app.poller, delay_ms, arrive, item);
}

void sim_phoenix_send_text(sim_endpoint *endpoint, const char *text)
{
    const sim_message message = {.bytes = {text, strlen(text)}};
    sim_phoenix_send(endpoint, 0, &message);
}
