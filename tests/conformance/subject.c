/* SPDX-License-Identifier: MIT */
/*
 * The engine under a script's steps.
 */
#include "subject.h"

#include <stdlib.h>
#include <string.h>

#include "phx/backoff.h"

enum {
    NO_TIMEOUT_MS = 0x3fffffff,
    CLOSED_NORMALLY = 1000,
};

static char *copy_text(const char *data, size_t length)
{
    char *copy = malloc(length + 1);
    if (copy == NULL) {
        abort();
    }
    if (length > 0) {
        memcpy(copy, data, length);
    }
    copy[length] = '\0';
    return copy;
}

static conf_effect *add(conf_subject *subject, effect_kind kind)
{
    if (subject->effect_count == SUBJECT_MAX_EFFECTS) {
        abort();
    }
    conf_effect *effect = &subject->effects[subject->effect_count++];
    memset(effect, 0, sizeof *effect);
    effect->kind = kind;
    effect->at_ms = subject->now_ms;
    return effect;
}

static void add_outcome(conf_subject *subject, size_t push, phx_status status, phx_slice text)
{
    conf_effect *outcome = add(subject, EFFECT_OUTCOME);
    outcome->number = push;
    outcome->status = status;
    outcome->text = copy_text(text.data, text.length);
}

static void add_message(conf_subject *subject, const phxi_action *action)
{
    conf_effect *message = add(subject, EFFECT_MESSAGE);
    message->number = (size_t)action->channel_id - 1;
    message->is_binary = action->message.is_binary;
    message->text = copy_text(action->message.event.data, action->message.event.length);
    message->data = copy_text(action->message.payload.data, action->message.payload.length);
    message->length = action->message.payload.length;
}

static void add_frame(conf_subject *subject, const phxi_action *action)
{
    conf_effect *frame = add(subject, EFFECT_FRAME);
    frame->is_binary = action->frame_kind == PHX_FRAME_BINARY;
    frame->data = copy_text((const char *)action->frame, action->frame_length);
    frame->length = action->frame_length;
}

static void begin_close(conf_subject *subject, uint16_t code)
{
    add(subject, EFFECT_CLOSE)->number = code;
    int64_t latency_ms = subject->close_latency_ms;
    subject->closes_at_ms = latency_ms < 0 ? UINT64_MAX : subject->now_ms + (uint64_t)latency_ms;
}

static void drop(conf_subject *subject)
{
    if (subject->is_up) {
        add(subject, EFFECT_CLOSE)->number = CLOSED_NORMALLY;
    }
    subject->is_up = false;
    subject->closes_at_ms = UINT64_MAX;
}

static void send_params(conf_subject *subject, const phxi_action *action)
{
    const char *params = subject->params[action->channel_id - 1];
    phx_slice payload = {params, strlen(params)};
    phxi_engine_send_join(subject->engine, subject->now_ms, action->channel_id, payload);
}

static void take(conf_subject *subject, const phxi_action *action)
{
    switch (action->kind) {
    case PHXI_ACTION_OPEN:
        subject->epoch = action->epoch;
        subject->is_up = false;
        add(subject, EFFECT_OPEN);
        break;
    case PHXI_ACTION_SEND:
        add_frame(subject, action);
        break;
    case PHXI_ACTION_CLOSE:
        subject->is_up = false;
        begin_close(subject, action->close_code);
        break;
    case PHXI_ACTION_DROP:
        drop(subject);
        break;
    case PHXI_ACTION_JOIN_PARAMS:
        send_params(subject, action);
        break;
    case PHXI_ACTION_CHANNEL:
        subject->channels[action->channel_id - 1] = action->channel_state;
        break;
    case PHXI_ACTION_MESSAGE:
        add_message(subject, action);
        break;
    case PHXI_ACTION_REPLY:
        add_outcome(subject, (size_t)action->push_id - 1, action->reply.error.status,
                    action->reply.status);
        break;
    case PHXI_ACTION_STATUS:
    case PHXI_ACTION_ERROR:
        break;
    }
}

static void drain(conf_subject *subject)
{
    phxi_action action;
    while (phxi_engine_pop(subject->engine, &action)) {
        take(subject, &action);
    }
}

phxi_engine_config subject_defaults(void)
{
    phxi_engine_config config = {
        .random_seed = 1,
        .hash_seed = {2, 3},
        .reconnect = {.kind = PHX_BACKOFF_STEPPED},
        .rejoin = {.kind = PHX_BACKOFF_STEPPED},
        .connect_timeout_ms = 10000,
        .heartbeat_interval_ms = 30000,
        .heartbeat_timeout_ms = 10000,
        .probe_timeout_ms = 3000,
        .push_timeout_ms = 10000,
        .close_timeout_ms = 2000,
        .max_frame_bytes = 1024 * 1024,
        .max_queued_bytes = 1024 * 1024,
        .max_queued_pushes = 64,
        .max_channels = SUBJECT_MAX_CHANNELS,
    };
    phxi_backoff_resolve(&config.reconnect, 250);
    phxi_backoff_resolve(&config.rejoin, 1000);
    return config;
}

phxi_engine_config subject_phoenix_js(void)
{
    phxi_engine_config config = subject_defaults();
    config.connect_timeout_ms = NO_TIMEOUT_MS;
    config.close_timeout_ms = NO_TIMEOUT_MS;
    config.heartbeat_timeout_ms = config.heartbeat_interval_ms;
    config.is_heartbeat_strict = true;
    config.final_close_code = CLOSED_NORMALLY;
    config.max_queued_pushes = SUBJECT_MAX_PUSHES;
    return config;
}

void subject_start(conf_subject *subject, const phxi_engine_config *config)
{
    memset(subject, 0, sizeof *subject);
    failing_allocator_init(&subject->allocator);
    phxi_engine_config own = *config;
    own.allocator = &subject->allocator.port;
    subject->closes_at_ms = UINT64_MAX;
    if (phxi_engine_new(&own, &subject->engine) != PHX_OK) {
        abort();
    }
}

bool subject_stop(conf_subject *subject)
{
    subject_begin_step(subject);
    phxi_engine_free(subject->engine);
    for (size_t i = 0; i < SUBJECT_MAX_CHANNELS; i++) {
        free(subject->params[i]);
    }
    return atomic_load(&subject->allocator.live_blocks) == 0;
}

void subject_begin_step(conf_subject *subject)
{
    for (size_t i = 0; i < subject->effect_count; i++) {
        free(subject->effects[i].text);
        free(subject->effects[i].data);
    }
    subject->effect_count = 0;
}

void subject_connect(conf_subject *subject)
{
    phxi_engine_connect(subject->engine, subject->now_ms);
    drain(subject);
}

void subject_closed(conf_subject *subject, int32_t close_code)
{
    phx_error error = {.struct_size = (uint32_t)sizeof error,
                       .status = PHX_ERROR_CONNECTION_LOST,
                       .close_code = close_code};
    subject->is_up = false;
    subject->closes_at_ms = UINT64_MAX;
    phxi_engine_closed(subject->engine, subject->now_ms, subject->epoch, &error);
    drain(subject);
}

static void run_close(conf_subject *subject)
{
    if (subject->closes_at_ms <= subject->now_ms) {
        subject_closed(subject, CLOSED_NORMALLY);
    }
}

void subject_disconnect(conf_subject *subject, int64_t latency_ms)
{
    subject->close_latency_ms = latency_ms;
    phxi_engine_disconnect(subject->engine, subject->now_ms);
    drain(subject);
    run_close(subject);
}

void subject_opened(conf_subject *subject)
{
    subject->is_up = true;
    phxi_engine_opened(subject->engine, subject->now_ms, subject->epoch);
    drain(subject);
}

void subject_received(conf_subject *subject, phx_frame_kind kind, const void *data, size_t length)
{
    phxi_engine_message(subject->engine, subject->now_ms, subject->epoch, kind, data, length);
    drain(subject);
}

void subject_advance(conf_subject *subject, uint64_t ms)
{
    uint64_t end_ms = subject->now_ms + ms;
    for (;;) {
        uint64_t deadline_ms = phxi_engine_deadline_ms(subject->engine);
        bool is_close = subject->closes_at_ms < deadline_ms;
        uint64_t next_ms = is_close ? subject->closes_at_ms : deadline_ms;
        if (next_ms > end_ms) {
            break;
        }
        subject->now_ms = next_ms > subject->now_ms ? next_ms : subject->now_ms;
        if (is_close) {
            run_close(subject);
        } else {
            phxi_engine_advance(subject->engine, subject->now_ms);
            drain(subject);
        }
    }
    subject->now_ms = end_ms;
}

void subject_join(conf_subject *subject, size_t channel, const char *topic, const char *params,
                  uint32_t timeout_ms)
{
    phxi_join_request request = {
        .id = channel + 1, .topic = {topic, strlen(topic)}, .timeout_ms = timeout_ms};
    subject->params[channel] = copy_text(params, strlen(params));
    if (phxi_engine_join(subject->engine, subject->now_ms, &request) != PHX_OK) {
        abort();
    }
    drain(subject);
}

void subject_push(conf_subject *subject, size_t push, size_t channel, const char *event,
                  phx_slice payload, bool is_binary, uint32_t timeout_ms)
{
    phxi_push_request request = {
        .id = push + 1,
        .channel_id = channel + 1,
        .event = {event, strlen(event)},
        .payload = payload,
        .is_binary = is_binary,
        .timeout_ms = timeout_ms,
    };
    phx_status status = phxi_engine_push(subject->engine, subject->now_ms, &request);
    if (status != PHX_OK) {
        add_outcome(subject, push, status, (phx_slice){"", 0});
    }
    drain(subject);
}

void subject_leave(conf_subject *subject, size_t channel)
{
    phxi_engine_leave(subject->engine, subject->now_ms, channel + 1);
    drain(subject);
}

phx_client_state subject_state(const conf_subject *subject)
{
    phx_client_status status = {.struct_size = (uint32_t)sizeof status};
    phxi_engine_read_status(subject->engine, subject->now_ms, &status);
    return status.state;
}
