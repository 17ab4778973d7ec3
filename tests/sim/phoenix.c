/* SPDX-License-Identifier: MIT */
/*
 * The server: whom it lets in, what it broadcasts, and what befalls it and the network.
 */
#include <stdio.h>

#include "sim.h"
#include "support/alloc.h"

enum {
    /* Phoenix ends a socket that says nothing for so long. */
    IDLE_LIMIT_MS = 60000
};

#define BEARER "phoenix, base64url.bearer.phx."

/* --- connections --- */

static phx_status status_of(int32_t http_status)
{
    if (http_status == 407) {
        return PHX_ERROR_PROXY;
    }
    return http_status == 401 || http_status == 403 ? PHX_ERROR_UNAUTHORIZED
                                                    : PHX_ERROR_UPGRADE_REFUSED;
}

static void refuse(sim_endpoint *endpoint)
{
    sim_world *world = endpoint->world;
    size_t index = sim_below(world, SIM_HTTP_STATUSES);
    int32_t http_status = sim_http_statuses[index];
    world->coverage.http_statuses[index]++;
    bool is_waiting = (http_status == 429 || http_status == 503) && sim_below(world, 2) == 0;
    const phx_error error = {.status = status_of(http_status),
                             .http_status = http_status,
                             .retry_after_ms =
                                 is_waiting ? 1000 * (uint32_t)(1 + sim_below(world, 20)) : 0,
                             .message = "refused"};
    sim_note(world, "refused", (uint64_t)http_status, error.retry_after_ms);
    fake_connection_refuse(endpoint->connection, &error);
}

static void fail_attempt(sim_endpoint *endpoint, phx_status status)
{
    const phx_error error = {.status = status, .message = phx_status_message(status)};
    fake_connection_refuse(endpoint->connection, &error);
}

static void answer_attempt(sim_endpoint *endpoint, bool is_let_in)
{
    sim_world *world = endpoint->world;
    const sim_message accept = {.effect = SIM_ACCEPT};
    if (world->app.poller.now_ms < world->phoenix.down_until_ms) {
        fail_attempt(endpoint, PHX_ERROR_CONNECTION_REFUSED);
    } else if (sim_happens(world, SIM_HANDSHAKE_SILENT)) {
        return;
    } else if (sim_happens(world, SIM_HANDSHAKE_FAILED)) {
        size_t index = sim_below(world, SIM_FAILURES);
        world->coverage.failures[index]++;
        fail_attempt(endpoint, sim_failures[index]);
    } else if (sim_happens(world, SIM_HANDSHAKE_REFUSED)) {
        refuse(endpoint);
    } else if (!is_let_in) {
        const phx_error error = {
            .status = PHX_ERROR_UNAUTHORIZED, .http_status = 403, .message = "refused"};
        fake_connection_refuse(endpoint->connection, &error);
    } else if (sim_happens(world, SIM_HANDSHAKE_SLOW)) {
        sim_phoenix_send(endpoint, 100 + (uint32_t)sim_below(world, 12000), &accept);
    } else {
        sim_phoenix_send(endpoint, 0, &accept);
    }
}

/* In the query, or in the sub-protocol and nowhere else. */
static void check_token(const sim_endpoint *endpoint, const phx_transport_request *request)
{
    char expected[300];
    const char *token = endpoint->keychain->token;
    if (request->subprotocols != NULL) {
        sim_rule_text(request->url, "a URL");
        size_t encoded = (strlen(token) * 4 + 2) / 3;
        sim_check(strlen(request->subprotocols) == strlen(BEARER) + encoded &&
                      strncmp(request->subprotocols, BEARER, strlen(BEARER)) == 0,
                  "sub-protocols that are none: %s", request->subprotocols);
        return;
    }
    (void)snprintf(expected, sizeof expected, "token=%s&vsn=2.0.0", token);
    sim_check(strstr(request->url, expected) != NULL, "an attempt without the keychain's token");
}

static void on_attempt(void *user_data, phx_connection *connection,
                       const phx_transport_request *request)
{
    sim_endpoint *endpoint = user_data;
    sim_world *world = endpoint->world;
    uint64_t now_ms = world->app.poller.now_ms;
    sim_note(world, endpoint->is_feed ? "feed attempt" : "rooms attempt", endpoint->serial, 0);
    sim_check(endpoint->connection == NULL && endpoint->transport->living <= 1,
              "a second connection beside the first");
    sim_check(endpoint->unwanted_since_ms == UINT64_MAX || endpoint->unwanted_since_ms >= now_ms,
              "an attempt after the disconnect");
    check_token(endpoint, request);
    *endpoint = (sim_endpoint){.world = world,
                               .transport = endpoint->transport,
                               .keychain = endpoint->keychain,
                               .connection = connection,
                               .serial = endpoint->serial + 1,
                               .refused_before = world->memory.refused,
                               .is_feed = endpoint->is_feed,
                               .unwanted_since_ms = endpoint->unwanted_since_ms};
    answer_attempt(endpoint, strcmp(endpoint->keychain->token, world->phoenix.token) == 0);
}

static void on_gone(void *user_data, phx_connection *connection)
{
    sim_endpoint *endpoint = user_data;
    if (endpoint->connection == connection) {
        endpoint->connection = NULL;
        endpoint->is_accepted = false;
        endpoint->wire = (sim_wire){.last_ref = 0};
    }
}

static void on_frame(void *user_data, phx_connection *connection, phx_frame_kind kind,
                     const uint8_t *data, size_t length)
{
    sim_endpoint *endpoint = user_data;
    phxi_buffer scratch;
    phxi_envelope frame;
    const char *reason = NULL;
    sim_check(connection == endpoint->connection && endpoint->is_accepted,
              "a frame on a connection that is not open");
    endpoint->heard_ms = endpoint->world->app.poller.now_ms;
    sim_note_bytes(endpoint->world, endpoint->is_feed ? "feed >" : "rooms >", data, length);
    sim_rule_bytes((phx_slice){(const char *)data, length}, "a frame");
    phxi_buffer_init(&scratch, &phxi_default_allocator, 1 << 16);
    bool is_sound = kind == PHX_FRAME_BINARY ? sim_wire_decode_binary(data, length, &frame)
                                             : phxi_envelope_decode_text(data, length, &scratch,
                                                                         &frame, &reason) == PHX_OK;
    sim_check(is_sound, "a frame that no server understands");
    sim_phoenix_frame(endpoint, &frame);
    phxi_buffer_free(&scratch);
}

static phx_status on_fail(void *user_data, bool is_open)
{
    const sim_endpoint *endpoint = user_data;
    if (!sim_happens(endpoint->world, is_open ? SIM_OPEN_FAILED : SIM_SEND_FAILED)) {
        return PHX_OK;
    }
    return sim_below(endpoint->world, 2) == 0 ? PHX_ERROR_NO_MEMORY : PHX_ERROR_SYSTEM;
}

void sim_phoenix_attach(sim_endpoint *endpoint)
{
    endpoint->transport->server = (fake_server_events){
        .user_data = endpoint, .attempt = on_attempt, .frame = on_frame, .gone = on_gone};
    endpoint->transport->fails = on_fail;
    endpoint->unwanted_since_ms = UINT64_MAX;
}

void sim_phoenix_drop(sim_endpoint *endpoint, bool is_any_code)
{
    sim_world *world = endpoint->world;
    size_t index = is_any_code ? sim_below(world, SIM_CLOSE_CODES) : 5;
    if (endpoint->connection == NULL) {
        return;
    }
    world->coverage.close_codes[index]++;
    if (!endpoint->is_feed) {
        world->coverage.drops[world->channels.state]++;
    }
    sim_note(world, "drop", endpoint->is_feed, (uint64_t)sim_close_codes[index]);
    fake_connection_drop(endpoint->connection, sim_close_codes[index]);
}

/* --- broadcasts --- */

void sim_phoenix_broadcast(sim_world *world, const char *topic, const char *event,
                           const char *payload)
{
    static char text[8192];
    sim_endpoint *endpoint =
        strncmp(topic, "room:", 5) == 0 ? &world->channels.end : &world->feed.end;
    sim_wire_join *join = sim_wire_find(&endpoint->wire, (phx_slice){topic, strlen(topic)});
    if (endpoint->connection == NULL || !sim_wire_is_joined(join)) {
        return;
    }
    bool is_presence = strncmp(event, "presence", 8) == 0;
    bool is_mangled = !is_presence && sim_happens(world, SIM_EVENT_MANGLED);
    size_t kept = strlen(payload) - (is_mangled ? 1 : 0);
    (void)snprintf(text, sizeof text, "[null,null,\"%s\",\"%s\",%.*s]", topic, event, (int)kept,
                   payload);
    sim_phoenix_send_text(endpoint, text);
    if (endpoint->is_feed && !is_mangled && sim_happens(world, SIM_EVENT_DOUBLED)) {
        sim_phoenix_send_text(endpoint, text);
    }
}

static void broadcast_binary(sim_world *world, const sim_room *room, const char *payload)
{
    char bytes[128];
    sim_endpoint *endpoint = &world->channels.end;
    phx_slice topic = {room->topic, strlen(room->topic)};
    if (endpoint->connection == NULL ||
        !sim_wire_is_joined(sim_wire_find(&endpoint->wire, topic))) {
        return;
    }
    int length = snprintf(bytes, sizeof bytes, "%c%c%c%stick%s", 2, (int)topic.length, 4,
                          room->topic, payload);
    const sim_message message = {.is_binary = true, .bytes = {bytes, (size_t)length}};
    sim_phoenix_send(endpoint, 0, &message);
}

static void tick(sim_world *world, sim_room *room)
{
    char payload[48];
    (void)snprintf(payload, sizeof payload, "{\"n\":%u}", ++room->last_number);
    if (sim_below(world, 6) == 0) {
        broadcast_binary(world, room, payload);
    } else {
        sim_phoenix_broadcast(world, room->topic, "tick", payload);
    }
}

static void meet(sim_world *world, sim_room *room)
{
    size_t who = sim_below(world, SIM_MEMBERS);
    uint32_t before = room->members[who];
    uint32_t after = sim_below(world, 3) == 0 ? 0 : ++room->last_member_ref;
    char joins[64] = "";
    char leaves[64] = "";
    char payload[192];
    room->members[who] = after;
    if (after != 0) {
        (void)snprintf(joins, sizeof joins, "\"user%zu\":{\"metas\":[{\"phx_ref\":\"r%u\"}]}", who,
                       after);
    }
    if (before != 0) {
        (void)snprintf(leaves, sizeof leaves, "\"user%zu\":{\"metas\":[{\"phx_ref\":\"r%u\"}]}",
                       who, before);
    }
    (void)snprintf(payload, sizeof payload, "{\"joins\":{%s},\"leaves\":{%s}}", joins, leaves);
    sim_phoenix_broadcast(world, room->topic, "presence_diff", payload);
}

/* --- life and its accidents --- */

void sim_phoenix_change_token(sim_world *world, bool is_known)
{
    sim_phoenix *phoenix = &world->phoenix;
    fake_keychain *const keychains[] = {&world->app.keychain, &world->channels.keychain};
    phoenix->token_number++;
    (void)snprintf(phoenix->token, sizeof phoenix->token, SIM_TOKEN "%u", phoenix->token_number);
    for (size_t i = 0; i < COUNT_OF(keychains); i++) {
        fake_keychain *keychain = keychains[i];
        /* An app without a user has none to renew. */
        bool is_logged_out = keychain->token[0] == '\0';
        char *place = is_known ? keychain->token : keychain->refreshed;
        bool is_told = !is_logged_out && (is_known || sim_below(world, 2) == 0);
        (void)snprintf(place, sizeof keychain->token, "%s",
                       is_told ? phoenix->token : (is_known ? keychain->token : ""));
    }
}

static void say_nonsense(sim_endpoint *endpoint)
{
    static const char *const malformed[] = {"",
                                            "{",
                                            "[]",
                                            "[1,2]",
                                            "[null,null,\"room:1\",\"tick\",{}",
                                            "[null,null,7,\"tick\",{}]",
                                            "[null,null,\"room:1\",\"tick\",{\"n\":01}]",
                                            "[null,null,\"room:1\",\"ti\nck\",{}]",
                                            "[null,null,\"room:1\",\"tick\",\"\xff\"]",
                                            "\xef\xbb\xbf[]",
                                            "[null,null,\"community:feed\",\"new_post\",{}]x",
                                            "[null,\"1\",\"room:1\",\"phx_reply\",{}]"};
    sim_world *world = endpoint->world;
    size_t index = sim_below(world, COUNT_OF(malformed) + 3);
    bool is_binary = index >= COUNT_OF(malformed);
    const char *text = is_binary ? "\x01\x09\x09\x09" : malformed[index];
    const sim_message message = {.is_binary = is_binary, .bytes = {text, strlen(text)}};
    sim_phoenix_send(endpoint, 0, &message);
}

static void say_to_nobody(sim_endpoint *endpoint)
{
    static const char *const strays[] = {
        "[null,null,\"nobody\",\"tick\",{}]",
        "[\"999999\",null,\"room:1\",\"tick\",{\"n\":1}]",
        "[\"999999\",\"999999\",\"room:0\",\"phx_error\",{}]",
        "[\"999999\",\"999999\",\"room:2\",\"phx_close\",{}]",
        "[\"999999\",\"999999\",\"community:feed\",\"phx_close\",{}]",
        "[null,\"999999\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
        "[\"999999\",\"999998\",\"room:1\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
        "[null,null,\"community:feed\",\"unheard_of\",{\"a\":[1,2]}]"};
    sim_phoenix_send_text(endpoint, strays[sim_below(endpoint->world, COUNT_OF(strays))]);
}

static void end_channel(sim_endpoint *endpoint, const char *event)
{
    sim_wire *wire = &endpoint->wire;
    if (wire->count == 0) {
        return;
    }
    const sim_wire_join *join = &wire->joins[sim_below(endpoint->world, wire->count)];
    char text[160];
    if (sim_wire_is_joined(join)) {
        int length = snprintf(text, sizeof text, "[\"%llu\",\"%llu\",\"%s\",\"%s\",{}]",
                              (unsigned long long)join->join_ref,
                              (unsigned long long)join->join_ref, join->topic, event);
        const sim_message message = {.effect = SIM_OVER,
                                     .topic = {join->topic, strlen(join->topic)},
                                     .join_ref = join->join_ref,
                                     .bytes = {text, (size_t)length}};
        sim_phoenix_send(endpoint, 0, &message);
    }
}

static void disturb_link(sim_world *world, sim_endpoint *endpoint)
{
    uint32_t ms = 200 + (uint32_t)sim_below(world, 15000);
    if (sim_happens(world, SIM_HALF_OPEN)) {
        endpoint->is_disturbed = true;
        fake_connection_cut(endpoint->connection);
    }
    if (sim_happens(world, SIM_STALL)) {
        endpoint->is_disturbed = true;
        fake_connection_stall(endpoint->connection, ms, true, true);
    }
    if (sim_happens(world, SIM_SLOW_CONSUMER)) {
        endpoint->is_disturbed = true;
        fake_connection_stall(endpoint->connection, ms, true, false);
    }
    if (sim_happens(world, SIM_DROP)) {
        sim_phoenix_drop(endpoint, true);
    }
}

static void disturb_channels(sim_world *world, sim_endpoint *endpoint)
{
    if (sim_happens(world, SIM_MALFORMED_FRAME)) {
        say_nonsense(endpoint);
    }
    if (sim_happens(world, SIM_STRAY_FRAME)) {
        say_to_nobody(endpoint);
    }
    if (sim_happens(world, SIM_CHANNEL_CRASH)) {
        end_channel(endpoint, "phx_error");
    }
    if (sim_happens(world, SIM_CHANNEL_CLOSE)) {
        end_channel(endpoint, "phx_close");
    }
}

static void check_idle(const sim_endpoint *endpoint)
{
    uint64_t silent_ms = endpoint->world->app.poller.now_ms - endpoint->heard_ms;
    sim_check(!endpoint->is_accepted || endpoint->is_disturbed || silent_ms < IDLE_LIMIT_MS,
              "nothing was heard of the client for %llu ms", (unsigned long long)silent_ms);
}

void sim_phoenix_step(sim_world *world)
{
    sim_endpoint *const ends[] = {&world->feed.end, &world->channels.end};
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        check_idle(ends[i]);
        if (ends[i]->is_accepted) {
            disturb_channels(world, ends[i]);
        }
        if (ends[i]->connection != NULL) {
            disturb_link(world, ends[i]);
        }
    }
    for (size_t i = sim_below(world, 4); i > 0; i--) {
        sim_room *room = &world->phoenix.rooms[sim_below(world, SIM_ROOMS)];
        if (sim_below(world, 4) == 0) {
            meet(world, room);
        } else {
            tick(world, room);
        }
    }
    if (sim_happens(world, SIM_SERVER_DOWN)) {
        world->phoenix.down_until_ms = world->app.poller.now_ms + sim_below(world, 20000);
        sim_phoenix_drop(ends[0], false);
        sim_phoenix_drop(ends[1], false);
    }
    world->app.server.is_down = world->app.poller.now_ms < world->phoenix.down_until_ms;
    if (sim_happens(world, SIM_TOKEN_EXPIRED)) {
        sim_phoenix_change_token(world, false);
        sim_phoenix_drop(ends[sim_below(world, 2)], false);
    }
}

void sim_phoenix_init(sim_world *world)
{
    for (size_t i = 0; i < SIM_ROOMS; i++) {
        (void)snprintf(world->phoenix.rooms[i].topic, SIM_TOPIC_BYTES, "room:%zu", i);
    }
    (void)snprintf(world->phoenix.token, sizeof world->phoenix.token, SIM_TOKEN "0");
}
