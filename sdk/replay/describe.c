/* SPDX-License-Identifier: MIT */
/*
 * Inputs, actions and states as lines for people.
 */
#include "replay/player_input.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/utf8.h"

static const char *const client_states[] = {"disconnected", "connecting",   "connected",
                                            "waiting",      "unauthorized", "closing"};
static const char *const channel_states[] = {"closed",  "joining", "joined",
                                             "errored", "refused", "leaving"};

/* Whatever is longer than the line's 600 bytes is cut: the two names are 255 each. */
__attribute__((format(printf, 2, 3))) static phx_status add(phxi_buffer *out, const char *format,
                                                            ...)
{
    char line[600];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return phxi_buffer_append_text(out, line);
}

/* Whether a character may stand in a line: no control character of either set. */
static bool is_shown(const uint8_t *character, size_t length)
{
    bool is_control = length == 1 && (character[0] < 0x20 || character[0] == 0x7f);
    bool is_upper_control = length == 2 && character[0] == 0xc2 && character[1] < 0xa0;
    return length > 0 && !is_control && !is_upper_control;
}

/* A name as it is, but for what is no text, or would end one or do something to a terminal. */
static const char *shown(phx_slice name, char text[PHXI_RECORDING_MAX_NAME_BYTES + 1])
{
    if (name.data == NULL) {
        return "(longer than 255 bytes)";
    }
    const uint8_t *bytes = (const uint8_t *)name.data;
    size_t end =
        name.length < PHXI_RECORDING_MAX_NAME_BYTES ? name.length : PHXI_RECORDING_MAX_NAME_BYTES;
    size_t length = 0;
    for (size_t at = 0, step = 0; at < end; at += step) {
        step = phxi_utf8_character_length(bytes + at, end - at);
        if (is_shown(bytes + at, step)) {
            memcpy(text + length, bytes + at, step);
            length += step;
        } else {
            step = step == 0 ? 1 : step;
            text[length++] = '?';
        }
    }
    text[length] = '\0';
    return text;
}

static const char *status_text(phx_status status)
{
    const char *name = phx_status_name(status);
    return strncmp(name, "PHX_", 4) == 0 ? name + 4 : name;
}

static const char *ref_shown(bool is_there, uint64_t ref, char text[24])
{
    if (!is_there) {
        return "-";
    }
    (void)snprintf(text, 24, "%" PRIu64, ref);
    return ref != 0 ? text : "?";
}

static phx_status describe_message(phxi_buffer *out, const phxi_player_input *input)
{
    char topic[PHXI_RECORDING_MAX_NAME_BYTES + 1];
    char event[PHXI_RECORDING_MAX_NAME_BYTES + 1];
    char join_ref[24];
    char ref[24];
    const char *form = (input->bits & PHXI_MESSAGE_BINARY) != 0 ? " binary" : "";
    if ((input->bits & PHXI_MESSAGE_DECODED) == 0) {
        return add(out, "message%s of %" PRIu64 " bytes, not decoded\n", form, input->length);
    }
    const char *verdict = "";
    if ((input->bits & PHXI_MESSAGE_REPLY) != 0) {
        verdict = (input->bits & PHXI_MESSAGE_OK) != 0 ? " ok" : " not ok";
    }
    return add(out, "message%s [%s,%s,%s,%s]%s, payload of %" PRIu64 " bytes\n", form,
               ref_shown(input->has_join_ref, input->join_ref, join_ref),
               ref_shown(input->has_ref, input->ref, ref), shown(input->topic, topic),
               shown(input->event, event), verdict, input->payload_length);
}

static phx_status describe_closed(phxi_buffer *out, const phx_error *error)
{
    phx_status status = add(out, "closed: %s", status_text(error->status));
    if (status == PHX_OK && error->http_status != 0) {
        status = add(out, ", HTTP %d", (int)error->http_status);
    }
    if (status == PHX_OK && error->close_code != 0) {
        status = add(out, ", close code %d", (int)error->close_code);
    }
    if (status == PHX_OK && error->retry_after_ms != 0) {
        status = add(out, ", retry after %u ms", (unsigned)error->retry_after_ms);
    }
    return status == PHX_OK ? add(out, "\n") : status;
}

phx_status phxi_describe_input(phxi_buffer *out, const phxi_player_input *input)
{
    static const char *const names[] = {
        [PHXI_INPUT_CHECKPOINT] = "checkpoint",
        [PHXI_INPUT_CONNECT] = "connect",
        [PHXI_INPUT_DISCONNECT] = "disconnect",
        [PHXI_INPUT_PROBE] = "probe",
        [PHXI_INPUT_TOKEN_CHANGED] = "token changed",
        [PHXI_INPUT_JOIN] = "join",
        [PHXI_INPUT_SEND_JOIN] = "join params for",
        [PHXI_INPUT_LEAVE] = "leave",
        [PHXI_INPUT_REJOIN] = "rejoin",
        [PHXI_INPUT_PUSH] = "push",
        [PHXI_INPUT_CANCEL] = "cancel push",
        [PHXI_INPUT_SHUT_DOWN] = "shut down",
        [PHXI_INPUT_SKIP_HEARTBEATS] = "heartbeats",
        [PHXI_INPUT_OPENED] = "opened",
        [PHXI_INPUT_CLOSED] = "closed",
        [PHXI_INPUT_MESSAGE] = "message",
        [PHXI_INPUT_WRITTEN] = "written",
        [PHXI_INPUT_ADVANCE] = "time",
    };
    char name[PHXI_RECORDING_MAX_NAME_BYTES + 1];
    const char *word = names[input->kind];
    switch (input->kind) {
    case PHXI_INPUT_JOIN:
        return add(out, "join channel %" PRIu64 " %s\n", input->id, shown(input->name, name));
    case PHXI_INPUT_SEND_JOIN:
        return add(out, "%s channel %" PRIu64 ", %" PRIu64 " bytes\n", word, input->channel_id,
                   input->length);
    case PHXI_INPUT_LEAVE:
    case PHXI_INPUT_REJOIN:
        return add(out, "%s channel %" PRIu64 "\n", word, input->channel_id);
    case PHXI_INPUT_PUSH:
        return add(out, "push %" PRIu64 " on channel %" PRIu64 " %s, %s%" PRIu64 " bytes\n",
                   input->id, input->channel_id, shown(input->name, name),
                   input->is_binary ? "binary, " : "", input->length);
    case PHXI_INPUT_CANCEL:
        return add(out, "%s %" PRIu64 "\n", word, input->id);
    case PHXI_INPUT_OPENED:
        return add(out, "%s connection %" PRIu64 "\n", word, input->id);
    case PHXI_INPUT_SKIP_HEARTBEATS:
        return add(out, "%s %s\n", word, input->length != 0 ? "off" : "on");
    case PHXI_INPUT_CLOSED:
        return describe_closed(out, &input->error);
    case PHXI_INPUT_MESSAGE:
        return describe_message(out, input);
    case PHXI_INPUT_WRITTEN:
        return add(out, "%s %" PRIu64 " bytes\n", word, input->length);
    default:
        return add(out, "%s\n", word);
    }
}

phx_status phxi_describe_action(phxi_buffer *out, const phxi_engine *engine,
                                const phxi_action *action)
{
    char event[PHXI_RECORDING_MAX_NAME_BYTES + 1];
    char head[PHXI_RECORDING_MAX_NAME_BYTES + 1];
    switch (action->kind) {
    case PHXI_ACTION_OPEN:
        return add(out, "open connection %" PRIu64 "%s\n", action->epoch,
                   action->is_refresh ? " with a fresh token" : "");
    case PHXI_ACTION_SEND: {
        size_t length = engine->popped_frame->head_length;
        phx_slice text = {(const char *)action->frame, length};
        bool is_binary = action->frame_kind == PHX_FRAME_BINARY;
        return add(out, "send %s, %zu bytes\n", is_binary ? "binary" : shown(text, head),
                   action->frame_length);
    }
    case PHXI_ACTION_CLOSE:
        return add(out, "close with %u\n", (unsigned)action->close_code);
    case PHXI_ACTION_DROP:
        return add(out, "drop connection\n");
    case PHXI_ACTION_STATUS:
        return add(out, "status %s\n", client_states[engine->state]);
    case PHXI_ACTION_ERROR:
        return add(out, "error %s\n", status_text(action->error.status));
    case PHXI_ACTION_JOIN_PARAMS:
        return add(out, "ask join params of channel %" PRIu64 "\n", action->channel_id);
    case PHXI_ACTION_CHANNEL:
        return add(out, "channel %" PRIu64 " %s: %s\n", action->channel_id,
                   channel_states[action->channel_state], status_text(action->reply.error.status));
    case PHXI_ACTION_MESSAGE:
        return add(out, "deliver %s to channel %" PRIu64 "\n", shown(action->message.event, event),
                   action->channel_id);
    case PHXI_ACTION_REPLY:
        return add(out, "push %" PRIu64 " done: %s\n", action->push_id,
                   status_text(action->reply.error.status));
    }
    return PHX_OK;
}

static phx_status describe_channel(phxi_buffer *out, const phxi_channel *channel)
{
    char topic[PHXI_RECORDING_MAX_NAME_BYTES + 1];
    unsigned waiting = 0;
    unsigned sent = 0;
    for (const phxi_push *push = channel->first_push; push != NULL; push = push->next) {
        sent += push->ref != 0 ? 1 : 0;
        waiting += push->ref == 0 ? 1 : 0;
    }
    return add(out, "channel %" PRIu64 " %s %s, %u pushes sent, %u waiting%s\n", channel->id,
               shown((phx_slice){channel->topic, channel->topic_length}, topic),
               channel_states[channel->state], sent, waiting,
               channel->is_waiting ? ", its join waits" : "");
}

phx_status phxi_describe_state(phxi_buffer *out, const phxi_engine *engine, uint64_t now_ms)
{
    phx_status status =
        add(out, "%s, %s, %u attempts failed, %zu bytes queued, %zu unsent",
            client_states[engine->state], engine->is_wanted ? "wanted" : "not wanted",
            (unsigned)engine->attempts, engine->buffered_bytes, engine->unsent_bytes);
    uint64_t deadline_ms = phxi_engine_deadline_ms(engine);
    if (status == PHX_OK && deadline_ms != UINT64_MAX) {
        status = add(out, ", next deadline in %" PRIu64 " ms",
                     deadline_ms > now_ms ? deadline_ms - now_ms : 0);
    }
    if (status == PHX_OK) {
        status = add(out, "\n");
    }
    const phxi_channel *channel = engine->first_channel;
    for (; channel != NULL && status == PHX_OK; channel = channel->next) {
        status = describe_channel(out, channel);
    }
    return status;
}
