/* SPDX-License-Identifier: MIT */
/*
 * The engine in virtual time, its actions as lines.
 */
#include "engine_harness.h"

#include <stdio.h>
#include <stdlib.h>

#include "phx/backoff.h"
#include "recording_check.h"
#include "testing.h"

enum {
    RECORDER_BYTES = 64 * 1024
};

static const char *const client_states[] = {"disconnected", "connecting",   "connected",
                                            "waiting",      "unauthorized", "closing"};
static const char *const channel_states[] = {"closed",  "joining", "joined",
                                             "errored", "refused", "leaving"};

static void write_text(engine_harness *harness, const char *text, size_t length)
{
    assert_true(harness->length + length < sizeof harness->lines);
    memcpy(harness->lines + harness->length, text, length);
    harness->length += length;
    harness->lines[harness->length] = '\0';
}

static void write_line_end(engine_harness *harness)
{
    write_text(harness, "\n", 1);
}

static void write_word(engine_harness *harness, const char *word)
{
    bool is_first = harness->length == 0 || harness->lines[harness->length - 1] == '\n';
    if (!is_first) {
        write_text(harness, " ", 1);
    }
    write_text(harness, word, strlen(word));
}

static void write_number(engine_harness *harness, uint64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    write_word(harness, text);
}

static void write_payload(engine_harness *harness, const void *data, size_t length, bool is_binary)
{
    write_word(harness, is_binary ? "0x" : "");
    for (size_t i = 0; is_binary && i < length; i++) {
        char hex[3];
        (void)snprintf(hex, sizeof hex, "%02x", ((const uint8_t *)data)[i]);
        write_text(harness, hex, 2);
    }
    if (!is_binary && length > 0) {
        write_text(harness, data, length);
    }
}

static void write_reply(engine_harness *harness, const phx_reply *reply)
{
    write_word(harness, phx_status_name(reply->error.status) + strlen("PHX_"));
    if (reply->response.data != NULL) {
        write_payload(harness, reply->response.data, reply->response.length, reply->is_binary);
    }
}

static void write_action(engine_harness *harness, const phxi_action *action)
{
    switch (action->kind) {
    case PHXI_ACTION_OPEN:
        harness->epoch = action->epoch;
        write_word(harness, action->is_refresh ? "open refresh" : "open");
        break;
    case PHXI_ACTION_SEND:
        write_word(harness, ">");
        write_payload(harness, action->frame, action->frame_length,
                      action->frame_kind == PHX_FRAME_BINARY);
        break;
    case PHXI_ACTION_CLOSE:
        write_word(harness, "close");
        write_number(harness, action->close_code);
        break;
    case PHXI_ACTION_DROP:
        write_word(harness, "drop");
        break;
    case PHXI_ACTION_STATUS:
        write_word(harness, "state");
        write_word(harness, client_states[harness_status(harness).state]);
        break;
    case PHXI_ACTION_ERROR:
        write_word(harness, "error");
        write_word(harness, phx_status_name(action->error.status) + strlen("PHX_"));
        break;
    case PHXI_ACTION_CHANNEL:
        write_word(harness, "channel");
        write_number(harness, action->channel_id);
        write_word(harness, channel_states[action->channel_state]);
        write_reply(harness, &action->reply);
        break;
    case PHXI_ACTION_MESSAGE:
        write_word(harness, "message");
        write_number(harness, action->channel_id);
        write_word(harness, "");
        write_text(harness, action->message.event.data, action->message.event.length);
        write_payload(harness, action->message.payload.data, action->message.payload.length,
                      action->message.is_binary);
        break;
    case PHXI_ACTION_REPLY:
        write_word(harness, "reply");
        write_number(harness, action->push_id);
        write_reply(harness, &action->reply);
        break;
    case PHXI_ACTION_JOIN_PARAMS:
        break;
    }
    write_line_end(harness);
}

void harness_drain(engine_harness *harness)
{
    phxi_action action;
    while (phxi_engine_pop(harness->engine, &action)) {
        if (action.kind == PHXI_ACTION_JOIN_PARAMS) {
            phx_slice payload = {harness->join_payload, strlen(harness->join_payload)};
            phxi_engine_send_join(harness->engine, harness->now_ms, action.channel_id, payload);
        } else {
            write_action(harness, &action);
        }
    }
}

phxi_engine_config harness_config(engine_harness *harness)
{
    phxi_engine_config config = {
        .allocator = &harness->allocator.port,
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
        .max_queued_bytes = 64 * 1024,
        .max_queued_pushes = 64,
        .max_channels = 100,
    };
    phxi_backoff_resolve(&config.reconnect, 250);
    phxi_backoff_resolve(&config.rejoin, 1000);
    return config;
}

void harness_start(engine_harness *harness, const phxi_engine_config *config)
{
    failing_allocator_init(&harness->allocator);
    phxi_engine_config chosen = config != NULL ? *config : harness_config(harness);
    chosen.recorder_bytes = chosen.recorder_bytes != 0 ? chosen.recorder_bytes : RECORDER_BYTES;
    harness->now_ms = 1000000;
    harness->epoch = 0;
    harness->join_payload = "{}";
    harness->length = 0;
    harness->lines[0] = '\0';
    assert_int_equal(phxi_engine_new(&chosen, &harness->engine), PHX_OK);
}

void harness_stop(engine_harness *harness)
{
    (void)recording_check(harness->engine);
    phxi_engine_free(harness->engine);
    assert_int_equal(atomic_load(&harness->allocator.live_blocks), 0);
}

int harness_prepare(void **state)
{
    static engine_harness harness;
    *state = &harness;
    return 0;
}

int harness_setup(void **state)
{
    (void)harness_prepare(state);
    harness_start(*state, NULL);
    return 0;
}

int harness_teardown(void **state)
{
    harness_stop(*state);
    return 0;
}

void harness_expect_at(engine_harness *harness, const char *expected, const char *file, int line)
{
    if (strcmp(harness->lines, expected) != 0) {
        print_error("%s:%d: expected\n%s--- but there was\n%s---\n", file, line, expected,
                    harness->lines);
    }
    _assert_string_equal(harness->lines, expected, file, line);
    harness_forget(harness);
}

void harness_forget(engine_harness *harness)
{
    harness->length = 0;
    harness->lines[0] = '\0';
}

bool harness_saw(const engine_harness *harness, const char *text)
{
    return strstr(harness->lines, text) != NULL;
}

void harness_connect(engine_harness *harness)
{
    phxi_engine_connect(harness->engine, harness->now_ms);
    harness_drain(harness);
}

void harness_disconnect(engine_harness *harness)
{
    phxi_engine_disconnect(harness->engine, harness->now_ms);
    harness_drain(harness);
}

void harness_probe(engine_harness *harness)
{
    phxi_engine_probe(harness->engine, harness->now_ms);
    harness_drain(harness);
}

void harness_token_changed(engine_harness *harness)
{
    phxi_engine_token_changed(harness->engine, harness->now_ms);
    harness_drain(harness);
}

phx_status harness_join(engine_harness *harness, uint64_t id, const char *topic)
{
    phxi_join_request request = {.id = id, .topic = {topic, strlen(topic)}};
    return harness_join_request(harness, &request);
}

phx_status harness_join_request(engine_harness *harness, const phxi_join_request *request)
{
    phx_status status = phxi_engine_join(harness->engine, harness->now_ms, request);
    harness_drain(harness);
    return status;
}

phx_status harness_push(engine_harness *harness, uint64_t id, uint64_t channel_id,
                        const char *event, const char *payload)
{
    phxi_push_request request = {.id = id,
                                 .channel_id = channel_id,
                                 .event = {event, strlen(event)},
                                 .payload = {payload, strlen(payload)}};
    return harness_push_request(harness, &request);
}

phx_status harness_push_request(engine_harness *harness, const phxi_push_request *request)
{
    phx_status status = phxi_engine_push(harness->engine, harness->now_ms, request);
    harness_drain(harness);
    return status;
}

void harness_leave(engine_harness *harness, uint64_t id)
{
    phxi_engine_leave(harness->engine, harness->now_ms, id);
    harness_drain(harness);
}

void harness_rejoin(engine_harness *harness, uint64_t id)
{
    phxi_engine_rejoin(harness->engine, harness->now_ms, id);
    harness_drain(harness);
}

void harness_cancel(engine_harness *harness, uint64_t push_id)
{
    phxi_engine_cancel(harness->engine, harness->now_ms, push_id);
    harness_drain(harness);
}

void harness_opened(engine_harness *harness)
{
    phxi_engine_opened(harness->engine, harness->now_ms, harness->epoch);
    harness_drain(harness);
}

void harness_closed(engine_harness *harness, phx_status status, int32_t close_code)
{
    phx_error error = {
        .struct_size = (uint32_t)sizeof error, .status = status, .close_code = close_code};
    phxi_engine_closed(harness->engine, harness->now_ms, harness->epoch, &error);
    harness_drain(harness);
}

void harness_refused(engine_harness *harness, phx_status status, int32_t http_status,
                     uint32_t retry_after_ms)
{
    phx_error error = {.struct_size = (uint32_t)sizeof error,
                       .status = status,
                       .http_status = http_status,
                       .retry_after_ms = retry_after_ms};
    phxi_engine_closed(harness->engine, harness->now_ms, harness->epoch, &error);
    harness_drain(harness);
}

/* A copy of exactly its size, given back as soon as the call returns: what reads beyond or keeps it
 * is found by the sanitizers. */
static void receive(engine_harness *harness, phx_frame_kind kind, const void *data, size_t length)
{
    uint8_t *copy = malloc(length == 0 ? 1 : length);
    assert_non_null(copy);
    memcpy(copy, data, length);
    phxi_engine_message(harness->engine, harness->now_ms, harness->epoch, kind, copy, length);
    harness_drain(harness);
    free(copy);
}

void harness_receive(engine_harness *harness, const char *text)
{
    receive(harness, PHX_FRAME_TEXT, text, strlen(text));
}

void harness_receive_binary(engine_harness *harness, const void *data, size_t length)
{
    receive(harness, PHX_FRAME_BINARY, data, length);
}

static void run_due(engine_harness *harness)
{
    while (phxi_engine_deadline_ms(harness->engine) <= harness->now_ms) {
        phxi_engine_advance(harness->engine, harness->now_ms);
        harness_drain(harness);
    }
}

void harness_advance(engine_harness *harness, uint64_t ms)
{
    uint64_t end_ms = harness->now_ms + ms;
    for (;;) {
        uint64_t deadline_ms = phxi_engine_deadline_ms(harness->engine);
        if (deadline_ms > end_ms) {
            break;
        }
        harness->now_ms = deadline_ms > harness->now_ms ? deadline_ms : harness->now_ms;
        run_due(harness);
    }
    harness->now_ms = end_ms;
}

void harness_sleep(engine_harness *harness, uint64_t ms)
{
    harness->now_ms += ms;
    run_due(harness);
}

void harness_go_online(engine_harness *harness)
{
    harness_connect(harness);
    harness_opened(harness);
    harness_forget(harness);
}

phx_client_status harness_status(const engine_harness *harness)
{
    phx_client_status status = {.struct_size = (uint32_t)sizeof status};
    phxi_engine_read_status(harness->engine, harness->now_ms, &status);
    return status;
}
