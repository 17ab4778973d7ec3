/* SPDX-License-Identifier: MIT */
/*
 * The server's side, in bytes.
 */
#include "engine_server.h"

#include <stdio.h>

enum {
    MESSAGE_BYTES = 1024,
    /* Of timers and answers until all is well. */
    MAX_ROUNDS = 2000,
    /* Of silence: a heartbeat's interval, its time-out and another one's, and the longest join
     * before it. */
    LONGEST_SILENCE_MS = 30000 + 10000 + 10000 + 600000
};

typedef struct server_message {
    phx_slice topic;
    uint64_t join_ref; /* 0: null */
    uint64_t ref;      /* 0: null */
    const char *event;
    const char *status;
    const char *response;
} server_message;

typedef struct server_text {
    char data[MESSAGE_BYTES];
    size_t length;
} server_text;

static void put(server_text *out, const char *data, size_t length)
{
    FUZZ_CHECK(length <= sizeof out->data - out->length);
    if (length > 0) {
        memcpy(out->data + out->length, data, length);
    }
    out->length += length;
}

static void put_text(server_text *out, const char *data)
{
    put(out, data, strlen(data));
}

/* The topics need no other escape. */
static void put_string(server_text *out, phx_slice string)
{
    put_text(out, "\"");
    for (size_t i = 0; i < string.length; i++) {
        if (string.data[i] == '"' || string.data[i] == '\\') {
            put_text(out, "\\");
        }
        put(out, string.data + i, 1);
    }
    put_text(out, "\"");
}

static void put_ref(server_text *out, uint64_t ref)
{
    char number[32];
    (void)snprintf(number, sizeof number, "\"%llu\"", (unsigned long long)ref);
    put_text(out, ref == 0 ? "null" : number);
}

static void compose_text(const server_message *message, server_text *out)
{
    put_text(out, "[");
    put_ref(out, message->join_ref);
    put_text(out, ",");
    put_ref(out, message->ref);
    put_text(out, ",");
    put_string(out, message->topic);
    put_text(out, ",\"");
    put_text(out, message->event);
    put_text(out, "\",");
    if (strcmp(message->event, "phx_reply") == 0) {
        put_text(out, "{\"status\":\"");
        put_text(out, message->status);
        put_text(out, "\",\"response\":");
        put_text(out, message->response);
        put_text(out, "}]");
    } else {
        put_text(out, message->response);
        put_text(out, "]");
    }
}

/* A push, a reply or, without a join_ref, a broadcast. */
static void compose_binary(const server_message *message, server_text *out)
{
    char join_ref[24];
    char ref[24];
    int join_ref_bytes =
        snprintf(join_ref, sizeof join_ref, "%llu", (unsigned long long)message->join_ref);
    int ref_bytes = snprintf(ref, sizeof ref, "%llu", (unsigned long long)message->ref);
    bool is_reply = strcmp(message->event, "phx_reply") == 0;
    char kind = is_reply ? 1 : message->join_ref != 0 ? 0 : 2;
    const char *last = is_reply ? message->status : message->event;
    const phx_slice fields[] = {
        {join_ref, kind == 2 ? 0 : (size_t)join_ref_bytes},
        {ref, kind == 1 ? (size_t)ref_bytes : 0},
        message->topic,
        {last, strlen(last)},
    };
    put(out, &kind, 1);
    for (size_t i = 0; i < 4; i++) {
        bool is_there = i >= 2 || kind == 1 || (i == 0 && kind == 0);
        char size = (char)fields[i].length;
        put(out, &size, is_there ? 1 : 0);
    }
    for (size_t i = 0; i < 4; i++) {
        put(out, fields[i].data, fields[i].length);
    }
    put_text(out, message->response);
}

static void say(engine_world *world, uint64_t epoch, const server_message *message, bool is_binary)
{
    server_text out = {.length = 0};
    if (is_binary) {
        compose_binary(message, &out);
    } else {
        compose_text(message, &out);
    }
    world->saying = (world_saying){.is_known = true,
                                   .topic = message->topic,
                                   .join_ref = message->join_ref,
                                   .ref = message->ref};
    world_receive(world, epoch, is_binary ? PHX_FRAME_BINARY : PHX_FRAME_TEXT, out.data,
                  out.length);
    world->saying.is_known = false;
}

static phx_slice frame_topic(const world_frame *frame)
{
    return frame->topic == WORLD_TOPICS ? (phx_slice){"phoenix", 7} : world_topic(frame->topic);
}

static world_frame *frame_at(engine_world *world, size_t back)
{
    size_t count = world->frame_count < WORLD_FRAMES ? world->frame_count : WORLD_FRAMES;
    return count == 0 ? NULL
                      : &world->frames[(world->frame_count - 1 - back % count) % WORLD_FRAMES];
}

/* Half of the messages answer a frame truthfully as far as the refs go. */
void server_say(engine_world *world, fuzz_input *input)
{
    static const char *const events[] = {"phx_reply", "phx_reply", "phx_reply",     "phx_error",
                                         "phx_close", "shout",     "presence_state"};
    static const char *const statuses[] = {"ok", "ok", "ok", "error", "error", "wait", ""};
    static const char *const responses[] = {
        "{}",
        "{\"reason\":\"unauthorized\"}",
        "{\"reason\":\"unmatched topic\"}",
        "{\"reason\":\"join crashed\"}",
        "null",
        "[1,[2,[3]]]",
        "{\"reason\":\"not_found\",\"x\":\"\\u00fc\"}",
    };
    uint8_t choices = fuzz_byte(input);
    const world_frame *frame = frame_at(world, fuzz_byte(input));
    server_message message = {.topic = world_topic(choices % WORLD_TOPICS)};
    message.event = events[fuzz_below(input, sizeof events / sizeof events[0])];
    message.status = statuses[fuzz_below(input, sizeof statuses / sizeof statuses[0])];
    message.response = responses[fuzz_below(input, sizeof responses / sizeof responses[0])];
    if (frame != NULL) {
        message.topic = frame_topic(frame);
        message.join_ref = frame->join_ref;
        message.ref = frame->ref;
    }
    if ((choices & 0x80) != 0) {
        uint8_t lies = fuzz_byte(input);
        message.join_ref = (lies & 1) != 0 ? fuzz_number(input, 2) : message.join_ref;
        message.join_ref = (lies & 2) != 0 ? 0 : message.join_ref;
        message.ref = (lies & 4) != 0 ? fuzz_number(input, 2) : message.ref;
        message.ref = (lies & 8) != 0 ? 0 : message.ref;
        message.topic = (lies & 16) != 0 ? world_topic(fuzz_below(input, 8)) : message.topic;
    }
    uint64_t epoch = (choices & 0x60) == 0x60 ? world->epoch - fuzz_below(input, 3) : world->epoch;
    say(world, epoch, &message, (choices & 0x10) != 0);
}

/* --- a server that behaves --- */

static bool answer_one(engine_world *world)
{
    size_t count = world->frame_count < WORLD_FRAMES ? world->frame_count : WORLD_FRAMES;
    for (size_t back = count; back > 0; back--) {
        world_frame *frame = frame_at(world, back - 1);
        if (!frame->is_answered) {
            frame->is_answered = true;
            server_message message = {.topic = frame_topic(frame),
                                      .join_ref = frame->join_ref,
                                      .ref = frame->ref,
                                      .event = "phx_reply",
                                      .status = "ok",
                                      .response = "{}"};
            say(world, world->epoch, &message, false);
            return true;
        }
    }
    return false;
}

static bool is_well(engine_world *world)
{
    if (world->state != PHX_CLIENT_CONNECTED ||
        phxi_engine_metrics(world->engine)->pushes_pending > 0) {
        return false;
    }
    for (size_t i = 0; i < world->channel_count; i++) {
        const world_channel *channel = &world->channels[i];
        if (channel->is_live && channel->state != PHX_CHANNEL_JOINED &&
            channel->state != PHX_CHANNEL_REFUSED) {
            return false;
        }
    }
    return true;
}

/* False: there is nothing to do but to wait. */
static bool react(engine_world *world)
{
    if (world->state == PHX_CLIENT_CONNECTING && world->is_alive && !world->is_open) {
        world_opened(world, world->epoch);
        return true;
    }
    if (world->state == PHX_CLIENT_CLOSING && world->is_alive) {
        phx_error error = {.struct_size = (uint32_t)sizeof error, .close_code = 1000};
        world_closed(world, world->epoch, &error);
        return true;
    }
    return answer_one(world);
}

void server_behave(engine_world *world)
{
    failing_allocator_refuse(&world->allocator, 0, false);
    world->open_fails = PHX_OK;
    world->send_fails = PHX_OK;
    phxi_engine_connect(world->engine, world->now_ms);
    world_run_due(world);
    for (size_t round = 0; !is_well(world); round++) {
        FUZZ_CHECK(round < MAX_ROUNDS);
        world_written(world, world->epoch, world->unsent);
        if (!react(world)) {
            uint64_t deadline_ms = phxi_engine_deadline_ms(world->engine);
            FUZZ_CHECK(deadline_ms != UINT64_MAX);
            world->now_ms = deadline_ms > world->now_ms ? deadline_ms : world->now_ms;
        }
        world_run_due(world);
    }
}

void server_fall_silent(engine_world *world)
{
    failing_allocator_refuse(&world->allocator, 0, false);
    world->send_fails = PHX_OK;
    bool has_heartbeats = !world->is_skipping && world->config.heartbeat_interval_ms != UINT32_MAX;
    const uint64_t epoch = world->epoch;
    const uint64_t end_ms = world->now_ms + LONGEST_SILENCE_MS;
    while (has_heartbeats && world->is_alive && world->epoch == epoch &&
           world->state == PHX_CLIENT_CONNECTED) {
        uint64_t deadline_ms = phxi_engine_deadline_ms(world->engine);
        FUZZ_CHECK(deadline_ms <= end_ms);
        world->now_ms = deadline_ms > world->now_ms ? deadline_ms : world->now_ms;
        world_run_due(world);
    }
}
