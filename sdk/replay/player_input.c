/* SPDX-License-Identifier: MIT */
/*
 * Reads inputs, and gives them to the engine. A message comes as a frame that is composed anew:
 * with the refs and names that it had, and a payload that the engine does not look at.
 */
#include "replay/player_input.h"

#include <string.h>

enum {
    MAX_PAYLOAD_BYTES = 64 * 1024 * 1024,
};

/* --- read --- */

static uint64_t read_ref(phxi_tape *tape, bool *out_is_there)
{
    uint64_t kind = phxi_tape_get(tape);
    *out_is_there = kind != PHXI_REF_ABSENT;
    tape->is_broken = tape->is_broken || kind > PHXI_REF_NUMBER;
    return kind == PHXI_REF_NUMBER ? phxi_tape_get(tape) : 0;
}

static void read_message(phxi_tape *tape, phxi_player_input *out)
{
    out->id = phxi_tape_get(tape);
    out->length = phxi_tape_get(tape);
    PHXI_TAPE(tape, out->bits);
    if ((out->bits & PHXI_MESSAGE_DECODED) != 0) {
        out->join_ref = read_ref(tape, &out->has_join_ref);
        out->ref = read_ref(tape, &out->has_ref);
        out->topic = phxi_tape_get_name(tape);
        out->event = phxi_tape_get_name(tape);
        out->payload_length = phxi_tape_get(tape);
    }
}

static void read_push(phxi_tape *tape, phxi_player_input *out)
{
    out->id = phxi_tape_get(tape);
    out->channel_id = phxi_tape_get(tape);
    PHXI_TAPE(tape, out->timeout_ms);
    PHXI_TAPE(tape, out->is_binary);
    out->name = phxi_tape_get_name(tape);
    out->length = phxi_tape_get(tape);
    tape->is_broken = tape->is_broken || out->name.data == NULL || out->length > MAX_PAYLOAD_BYTES;
}

static void read_closed(phxi_tape *tape, phxi_player_input *out)
{
    out->id = phxi_tape_get(tape);
    out->error.struct_size = (uint32_t)sizeof out->error;
    PHXI_TAPE(tape, out->error.status);
    PHXI_TAPE(tape, out->error.http_status);
    PHXI_TAPE(tape, out->error.close_code);
    PHXI_TAPE(tape, out->error.os_code);
    PHXI_TAPE(tape, out->error.retry_after_ms);
}

static void read_body(phxi_tape *tape, phxi_player_input *out)
{
    switch (out->kind) {
    case PHXI_INPUT_JOIN:
        out->id = phxi_tape_get(tape);
        PHXI_TAPE(tape, out->timeout_ms);
        PHXI_TAPE(tape, out->overflow);
        out->name = phxi_tape_get_name(tape);
        tape->is_broken = tape->is_broken || out->name.data == NULL;
        break;
    case PHXI_INPUT_SEND_JOIN:
        out->channel_id = phxi_tape_get(tape);
        out->length = phxi_tape_get(tape);
        tape->is_broken = tape->is_broken || out->length > MAX_PAYLOAD_BYTES;
        break;
    case PHXI_INPUT_LEAVE:
    case PHXI_INPUT_REJOIN:
        out->channel_id = phxi_tape_get(tape);
        break;
    case PHXI_INPUT_PUSH:
        read_push(tape, out);
        break;
    case PHXI_INPUT_CANCEL:
    case PHXI_INPUT_OPENED:
        out->id = phxi_tape_get(tape);
        break;
    case PHXI_INPUT_SKIP_HEARTBEATS:
        out->length = phxi_tape_get(tape);
        break;
    case PHXI_INPUT_CLOSED:
        read_closed(tape, out);
        break;
    case PHXI_INPUT_MESSAGE:
        read_message(tape, out);
        break;
    case PHXI_INPUT_WRITTEN:
        out->id = phxi_tape_get(tape);
        out->length = phxi_tape_get(tape);
        break;
    default:
        break;
    }
}

bool phxi_player_input_read(phxi_tape *tape, uint64_t last_now_ms, phxi_player_input *out)
{
    memset(out, 0, sizeof *out);
    uint64_t kind = phxi_tape_get(tape);
    if (tape->is_broken || kind == PHXI_INPUT_CHECKPOINT || kind >= PHXI_INPUT_COUNT) {
        return false;
    }
    out->kind = (phxi_input)kind;
    out->now_ms = last_now_ms + phxi_unzigzag(phxi_tape_get(tape));
    read_body(tape, out);
    return !tape->is_broken;
}

/* --- apply --- */

/* A name that was too long to be kept could not be any channel's. */
static phx_slice name_or_long(phx_slice name)
{
    static const char too_long[PHXI_RECORDING_MAX_NAME_BYTES + 1];
    return name.data != NULL ? name : (phx_slice){too_long, sizeof too_long};
}

static phx_slice ref_text(bool is_there, uint64_t ref, char text[24])
{
    if (!is_there) {
        return (phx_slice){NULL, 0};
    }
    return ref != 0 ? phxi_ref_text(ref, text) : (phx_slice){"x", 1};
}

static phx_status append_slice(phxi_buffer *out, phx_slice slice)
{
    return phxi_buffer_append(out, slice.data, slice.length);
}

/* A server's binary frame: kind 1 a reply, 0 a push with a join_ref, 2 a broadcast. */
static phx_status compose_binary(const phxi_envelope *envelope, phxi_buffer *out)
{
    phx_slice parts[4];
    size_t count = 0;
    uint8_t kind = envelope->is_reply ? 1 : envelope->join_ref.data != NULL ? 0 : 2;
    if (kind != 2) {
        parts[count++] = envelope->join_ref;
    }
    if (kind == 1) {
        parts[count++] = envelope->ref;
    }
    parts[count++] = envelope->topic;
    parts[count++] = kind == 1 ? envelope->status : envelope->event;
    phx_status status = phxi_buffer_append_byte(out, kind);
    for (size_t i = 0; i < count && status == PHX_OK; i++) {
        status = phxi_buffer_append_byte(out, (uint8_t)parts[i].length);
    }
    for (size_t i = 0; i < count && status == PHX_OK; i++) {
        status = append_slice(out, parts[i]);
    }
    return status;
}

static phx_status compose(const phxi_player_input *input, phxi_buffer *out)
{
    char join_ref[24];
    char ref[24];
    bool is_ok = (input->bits & PHXI_MESSAGE_OK) != 0;
    bool is_reply = (input->bits & PHXI_MESSAGE_REPLY) != 0;
    const char *payload = "{}";
    if (is_reply) {
        payload = is_ok ? "{\"status\":\"ok\",\"response\":{}}"
                        : "{\"status\":\"error\",\"response\":{}}";
    }
    phxi_envelope envelope = {
        .join_ref = ref_text(input->has_join_ref, input->join_ref, join_ref),
        .ref = ref_text(input->has_ref, input->ref, ref),
        .topic = name_or_long(input->topic),
        .event = name_or_long(input->event),
        .payload = {payload, strlen(payload)},
        .is_reply = is_reply,
        .status = is_ok ? (phx_slice){"ok", 2} : (phx_slice){"error", 5},
    };
    out->length = 0;
    if ((input->bits & PHXI_MESSAGE_DECODED) == 0) {
        return phxi_buffer_append_byte(out, 'x');
    }
    return (input->bits & PHXI_MESSAGE_BINARY) != 0 ? compose_binary(&envelope, out)
                                                    : phxi_envelope_encode_text(&envelope, out);
}

static phx_status give_message(const phxi_player_input *input, phxi_engine *engine,
                               phxi_buffer *frame)
{
    phx_status status = compose(input, frame);
    if (status == PHX_ERROR_NO_MEMORY) {
        return status;
    }
    bool is_binary = (input->bits & PHXI_MESSAGE_BINARY) != 0;
    uint64_t frames_in = engine->metrics.frames_in;
    phxi_engine_message(engine, input->now_ms, input->id,
                        is_binary ? PHX_FRAME_BINARY : PHX_FRAME_TEXT, frame->data, frame->length);
    if (engine->metrics.frames_in != frames_in) {
        engine->metrics.bytes_in += input->length - frame->length;
    }
    return PHX_OK;
}

/* So many bytes that nobody looks at; of more than any frame may have, one more is enough. */
static phx_status fill(phxi_buffer *filler, const phxi_engine *engine, uint64_t length,
                       phx_slice *out)
{
    uint64_t most = (uint64_t)engine->config.max_frame_bytes;
    size_t wanted = (size_t)(most < length ? most + 1 : length);
    filler->length = 0;
    if (phxi_buffer_reserve(filler, wanted + 1) != PHX_OK) {
        return PHX_ERROR_NO_MEMORY;
    }
    memset(filler->data, '0', wanted);
    *out = (phx_slice){(const char *)filler->data, wanted};
    return PHX_OK;
}

static phx_status give_payload(const phxi_player_input *input, phxi_engine *engine,
                               phxi_buffer *filler)
{
    phx_slice payload;
    phx_status status = fill(filler, engine, input->length, &payload);
    if (status != PHX_OK) {
        return status;
    }
    if (input->kind == PHXI_INPUT_SEND_JOIN) {
        phxi_engine_send_join(engine, input->now_ms, input->channel_id, payload);
        return PHX_OK;
    }
    phxi_push_request request = {
        .id = input->id,
        .channel_id = input->channel_id,
        .event = input->name,
        .payload = payload,
        .is_binary = input->is_binary,
        .timeout_ms = input->timeout_ms,
    };
    status = phxi_engine_push(engine, input->now_ms, &request);
    return status == PHX_ERROR_NO_MEMORY ? status : PHX_OK;
}

static phx_status give_join(const phxi_player_input *input, phxi_engine *engine,
                            const phxi_join_request *with)
{
    phxi_join_request request = *with;
    request.id = input->id;
    request.topic = input->name;
    request.timeout_ms = input->timeout_ms;
    request.overflow = input->overflow;
    const phxi_channel *same = phxi_channel_by_id(engine, input->id);
    if (same != NULL && same != phxi_channel_by_topic(engine, input->name)) {
        return PHX_OK; /* an id twice at a time: no device does that */
    }
    phx_status status = phxi_engine_join(engine, input->now_ms, &request);
    return status == PHX_ERROR_NO_MEMORY ? status : PHX_OK;
}

phx_status phxi_player_input_apply(const phxi_player_input *input, phxi_engine *engine,
                                   const phxi_join_request *request, phxi_buffer *frame,
                                   phxi_buffer *filler)
{
    uint64_t now_ms = input->now_ms;
    switch (input->kind) {
    case PHXI_INPUT_CONNECT:
        phxi_engine_connect(engine, now_ms);
        break;
    case PHXI_INPUT_DISCONNECT:
        phxi_engine_disconnect(engine, now_ms);
        break;
    case PHXI_INPUT_PROBE:
        phxi_engine_probe(engine, now_ms);
        break;
    case PHXI_INPUT_TOKEN_CHANGED:
        phxi_engine_token_changed(engine, now_ms);
        break;
    case PHXI_INPUT_JOIN:
        return give_join(input, engine, request);
    case PHXI_INPUT_SEND_JOIN:
        return give_payload(input, engine, filler);
    case PHXI_INPUT_LEAVE:
        phxi_engine_leave(engine, now_ms, input->channel_id);
        break;
    case PHXI_INPUT_REJOIN:
        phxi_engine_rejoin(engine, now_ms, input->channel_id);
        break;
    case PHXI_INPUT_PUSH:
        if (phxi_map_find(&engine->pushes_by_id, &input->id, sizeof input->id) == NULL) {
            return give_payload(input, engine, filler);
        }
        break;
    case PHXI_INPUT_CANCEL:
        phxi_engine_cancel(engine, now_ms, input->id);
        break;
    case PHXI_INPUT_SHUT_DOWN:
        phxi_engine_shut_down(engine, now_ms);
        break;
    case PHXI_INPUT_SKIP_HEARTBEATS:
        phxi_engine_skip_heartbeats(engine, input->length != 0);
        break;
    case PHXI_INPUT_OPENED:
        phxi_engine_opened(engine, now_ms, input->id);
        break;
    case PHXI_INPUT_CLOSED:
        phxi_engine_closed(engine, now_ms, input->id, &input->error);
        break;
    case PHXI_INPUT_MESSAGE:
        return give_message(input, engine, frame);
    case PHXI_INPUT_WRITTEN:
        phxi_engine_written(engine, input->id, (size_t)input->length);
        break;
    case PHXI_INPUT_ADVANCE:
        phxi_engine_advance(engine, now_ms);
        break;
    case PHXI_INPUT_CHECKPOINT:
    case PHXI_INPUT_COUNT:
        break;
    }
    return PHX_OK;
}
