/* SPDX-License-Identifier: MIT */
/*
 * The actions: each checked against what the world knows, and noted there.
 */
#include "engine_actions.h"

#include "wire/envelope.h"
#include "wire/json_reader.h"

enum {
    /* One input does not lead to more. */
    MAX_ACTIONS = 16384,
    CLIENT_HEADER_BYTES = 5 /* of a client's binary frame */
};

static void read_all(phx_slice text)
{
    volatile char sum = 0;
    for (size_t i = 0; i < text.length; i++) {
        sum = (char)(sum ^ text.data[i]);
    }
}

static bool is_text(phx_slice slice, const char *text)
{
    return slice.length == strlen(text) && memcmp(slice.data, text, slice.length) == 0;
}

static void check_payload(phx_slice payload, bool is_binary)
{
    read_all(payload);
    FUZZ_CHECK(is_binary || payload.data == NULL ||
               phxi_json_is_valid(payload.data, payload.length));
}

static void check_reply(const phx_reply *reply)
{
    FUZZ_CHECK(reply->error.message != NULL);
    FUZZ_CHECK(fuzz_is_utf8(reply->status.data, reply->status.length));
    check_payload(reply->response, reply->is_binary);
    if (reply->error.status == PHX_OK && reply->status.data != NULL) {
        FUZZ_CHECK(is_text(reply->status, "ok"));
    }
}

/* --- frames --- */

static uint64_t ref_of(phx_slice text)
{
    uint64_t ref = 0;
    for (size_t i = 0; i < text.length; i++) {
        FUZZ_CHECK(text.data[i] >= '0' && text.data[i] <= '9');
        ref = ref * 10 + (uint64_t)(text.data[i] - '0');
    }
    return ref;
}

static void decode_binary(const phxi_action *action, phxi_envelope *out)
{
    phx_slice *const fields[] = {&out->join_ref, &out->ref, &out->topic, &out->event};
    size_t position = CLIENT_HEADER_BYTES;
    FUZZ_CHECK(action->frame_length >= position && action->frame[0] == 0);
    for (size_t i = 0; i < 4; i++) {
        size_t size = action->frame[1 + i];
        FUZZ_CHECK(size <= action->frame_length - position);
        *fields[i] = (phx_slice){(const char *)action->frame + position, size};
        position += size;
    }
    out->payload =
        (phx_slice){(const char *)action->frame + position, action->frame_length - position};
}

static void note_ref(engine_world *world, uint64_t ref)
{
    FUZZ_CHECK(ref != 0);
    for (size_t i = 0; i < world->ref_count; i++) {
        FUZZ_CHECK(world->refs[i] != ref);
    }
    if (world->ref_count < WORLD_REFS) {
        world->refs[world->ref_count++] = ref;
    }
}

static size_t topic_index(phx_slice topic)
{
    size_t index = 0;
    while (index < WORLD_TOPICS && !fuzz_equals(world_topic(index), topic)) {
        index++;
    }
    return index;
}

static void take_push_frame(engine_world *world, const phxi_envelope *frame, size_t topic,
                            uint64_t ref)
{
    uint64_t id = 0;
    for (size_t i = 1; i < frame->payload.length && frame->payload.data[i] != ','; i++) {
        id = id * 10 + (uint64_t)(frame->payload.data[i] - '0');
    }
    FUZZ_CHECK(id > 0 && id <= world->push_count);
    world_push *push = &world->pushes[id - 1];
    const world_channel *channel = &world->channels[push->channel_id - 1];
    FUZZ_CHECK(!push->is_sent);
    FUZZ_CHECK(channel->topic == topic);
    FUZZ_CHECK(channel->is_live && channel->state == PHX_CHANNEL_JOINED);
    push->is_sent = true;
    push->ref = ref;
}

static void take_channel_frame(engine_world *world, const phxi_envelope *frame, uint64_t join_ref,
                               uint64_t ref)
{
    size_t topic = topic_index(frame->topic);
    FUZZ_CHECK(topic < WORLD_TOPICS);
    if (is_text(frame->event, "phx_join")) {
        const world_channel *channel = world_channel_of_topic(world, topic);
        FUZZ_CHECK(join_ref == ref);
        FUZZ_CHECK(channel != NULL && channel->state == PHX_CHANNEL_JOINING);
        world->join_refs[topic] = ref;
        return;
    }
    FUZZ_CHECK(join_ref != 0 && join_ref == world->join_refs[topic]);
    if (!is_text(frame->event, "phx_leave")) {
        take_push_frame(world, frame, topic, ref);
    }
}

static void note_frame(engine_world *world, size_t topic, uint64_t join_ref, uint64_t ref)
{
    world->frames[world->frame_count++ % WORLD_FRAMES] =
        (world_frame){.topic = topic, .join_ref = join_ref, .ref = ref};
}

static void fail_at_once(engine_world *world, phx_status *fails)
{
    phx_error error = {.struct_size = (uint32_t)sizeof error, .status = *fails};
    *fails = PHX_OK;
    world->has_failed_at_once = true;
    world_closed(world, world->epoch, &error);
}

static void take_send(engine_world *world, const phxi_action *action)
{
    phxi_envelope frame = {0};
    phxi_buffer scratch;
    const char *reason;
    phxi_buffer_init(&scratch, &world->allocator.port, action->frame_length);
    FUZZ_CHECK(world->is_alive && world->is_open && !world->is_closing);
    FUZZ_CHECK(action->epoch == world->epoch);
    FUZZ_CHECK(action->frame_length <= world->config.max_frame_bytes);
    world->unsent += action->frame_length;
    if (action->frame_kind == PHX_FRAME_BINARY) {
        decode_binary(action, &frame);
    } else {
        size_t nth = world->allocator.refuse_at;
        world->allocator.refuse_at = 0;
        FUZZ_CHECK(phxi_envelope_decode_text(action->frame, action->frame_length, &scratch, &frame,
                                             &reason) == PHX_OK);
        world->allocator.refuse_at = nth;
    }
    uint64_t join_ref = ref_of(frame.join_ref);
    uint64_t ref = ref_of(frame.ref);
    note_ref(world, ref);
    bool is_heartbeat = frame.join_ref.data == NULL;
    if (is_heartbeat) {
        FUZZ_CHECK(is_text(frame.topic, "phoenix") && is_text(frame.event, "heartbeat"));
    } else {
        take_channel_frame(world, &frame, join_ref, ref);
    }
    note_frame(world, is_heartbeat ? WORLD_TOPICS : topic_index(frame.topic), join_ref, ref);
    phxi_buffer_free(&scratch);
    if (world->send_fails != PHX_OK) {
        fail_at_once(world, &world->send_fails);
    }
}

/* --- the connection --- */

static void forget_connection(engine_world *world)
{
    world->is_alive = false;
    world->is_open = false;
    world->is_closing = false;
    world->unsent = 0;
    world->frame_count = 0;
    memset(world->join_refs, 0, sizeof world->join_refs);
}

static void take_open(engine_world *world, const phxi_action *action)
{
    FUZZ_CHECK(!world->is_alive);
    FUZZ_CHECK(action->epoch > world->epoch);
    FUZZ_CHECK(!world->is_over);
    forget_connection(world);
    world->epoch = action->epoch;
    world->is_alive = true;
    world->state = PHX_CLIENT_CONNECTING; /* told right behind it */
    if (world->open_fails != PHX_OK) {
        fail_at_once(world, &world->open_fails);
    }
}

static void take_close(engine_world *world, const phxi_action *action)
{
    FUZZ_CHECK(world->is_alive && world->is_open && !world->is_closing);
    FUZZ_CHECK(action->close_code == 1000);
    world->is_closing = true;
}

static void take_status(engine_world *world)
{
    phx_client_status status = {.struct_size = (uint32_t)sizeof status};
    phxi_engine_read_status(world->engine, world->now_ms, &status);
    world->state = status.state;
}

/* --- channels and pushes --- */

static world_channel *channel_of(engine_world *world, const phxi_action *action)
{
    FUZZ_CHECK(action->channel_id > 0 && action->channel_id <= world->channel_count);
    world_channel *channel = &world->channels[action->channel_id - 1];
    FUZZ_CHECK(action->user == channel);
    FUZZ_CHECK(channel->is_live);
    return channel;
}

/* Which states may follow which. `is_between`: one that was not told yet may lie between. */
static bool is_legal(const world_channel *channel, phx_channel_state next, bool is_between)
{
    if (is_between && next == PHX_CHANNEL_ERRORED) {
        return channel->state != PHX_CHANNEL_LEAVING;
    }
    if (!channel->is_told) {
        return next == PHX_CHANNEL_JOINING;
    }
    switch (channel->state) {
    case PHX_CHANNEL_JOINING:
        return next != PHX_CHANNEL_JOINING;
    case PHX_CHANNEL_JOINED:
        return next == PHX_CHANNEL_ERRORED || next == PHX_CHANNEL_LEAVING ||
               next == PHX_CHANNEL_CLOSED;
    case PHX_CHANNEL_ERRORED:
    case PHX_CHANNEL_REFUSED:
        return next == PHX_CHANNEL_JOINING || next == PHX_CHANNEL_CLOSED;
    case PHX_CHANNEL_LEAVING:
        return next == PHX_CHANNEL_CLOSED;
    default:
        return false;
    }
}

/* An answer of the server's belongs to what was sent with its ref, on its topic, in the join of
 * now.
 */
static void check_answer(const engine_world *world, const world_channel *channel, uint64_t ref)
{
    const world_saying *saying = &world->saying;
    if (saying->is_known) {
        FUZZ_CHECK(saying->ref == ref);
        FUZZ_CHECK(fuzz_equals(saying->topic, world_topic(channel->topic)));
        FUZZ_CHECK(saying->join_ref == 0 || saying->join_ref == world->join_refs[channel->topic]);
    }
}

static void take_channel_state(engine_world *world, const phxi_action *action)
{
    world_channel *channel = channel_of(world, action);
    check_reply(&action->reply);
    FUZZ_CHECK(is_legal(channel, action->channel_state, world->has_failed_at_once));
    if (action->channel_state == PHX_CHANNEL_JOINED) {
        check_answer(world, channel, world->join_refs[channel->topic]);
    }
    channel->is_told = true;
    channel->state = action->channel_state;
    if (channel->state == PHX_CHANNEL_CLOSED) {
        channel->is_live = false;
        for (size_t i = 0; i < world->push_count; i++) {
            const world_push *push = &world->pushes[i];
            FUZZ_CHECK(!push->is_pending || push->channel_id != channel->id);
        }
    }
}

static void take_message(engine_world *world, const phxi_action *action)
{
    const world_channel *channel = channel_of(world, action);
    const phx_message *message = &action->message;
    FUZZ_CHECK(channel->state == PHX_CHANNEL_JOINED || channel->state == PHX_CHANNEL_JOINING);
    FUZZ_CHECK(message->channel.id == channel->id);
    FUZZ_CHECK(fuzz_equals(message->topic, world_topic(channel->topic)));
    FUZZ_CHECK(fuzz_is_utf8(message->event.data, message->event.length));
    FUZZ_CHECK(!is_text(message->event, "phx_close") && !is_text(message->event, "phx_error"));
    check_payload(message->payload, message->is_binary);
}

static void take_reply(engine_world *world, const phxi_action *action)
{
    const phx_reply *reply = &action->reply;
    FUZZ_CHECK(action->push_id > 0 && action->push_id <= world->push_count);
    world_push *push = &world->pushes[action->push_id - 1];
    FUZZ_CHECK(action->user == push);
    FUZZ_CHECK(push->is_pending);
    push->is_pending = false;
    check_reply(reply);
    bool is_servers = reply->error.status == PHX_OK || reply->error.status == PHX_ERROR_REFUSED;
    FUZZ_CHECK(is_servers == (reply->status.data != NULL));
    FUZZ_CHECK(!is_servers || push->is_sent);
    if (is_servers) {
        check_answer(world, &world->channels[push->channel_id - 1], push->ref);
    }
    /* Frames behind one that failed are not sent any more, and count as lost with it. */
    FUZZ_CHECK(reply->error.status != PHX_ERROR_DISCONNECTED || push->is_sent ||
               world->has_failed_at_once);
    FUZZ_CHECK(reply->error.status != PHX_ERROR_QUEUE_FULL || !push->is_sent);
}

static void take_params(engine_world *world, const phxi_action *action)
{
    const world_channel *channel = channel_of(world, action);
    FUZZ_CHECK(channel->state == PHX_CHANNEL_JOINING);
    phxi_engine_send_join(world->engine, world->now_ms, action->channel_id,
                          (phx_slice){"{\"a\":1}", 7});
}

static void take(engine_world *world, const phxi_action *action)
{
    switch (action->kind) {
    case PHXI_ACTION_OPEN:
        take_open(world, action);
        break;
    case PHXI_ACTION_SEND:
        take_send(world, action);
        break;
    case PHXI_ACTION_CLOSE:
        take_close(world, action);
        break;
    case PHXI_ACTION_DROP:
        FUZZ_CHECK(world->is_alive);
        forget_connection(world);
        break;
    case PHXI_ACTION_STATUS:
        take_status(world);
        break;
    case PHXI_ACTION_ERROR:
        FUZZ_CHECK(action->error.status != PHX_OK && action->error.message != NULL);
        break;
    case PHXI_ACTION_JOIN_PARAMS:
        take_params(world, action);
        break;
    case PHXI_ACTION_CHANNEL:
        take_channel_state(world, action);
        break;
    case PHXI_ACTION_MESSAGE:
        take_message(world, action);
        break;
    case PHXI_ACTION_REPLY:
        take_reply(world, action);
        break;
    }
}

void world_carry_out(engine_world *world)
{
    phxi_action action;
    world->has_failed_at_once = false;
    for (size_t i = 0; phxi_engine_pop(world->engine, &action); i++) {
        FUZZ_CHECK(i < MAX_ACTIONS);
        world->saw_action = true;
        take(world, &action);
    }
}
