/* SPDX-License-Identifier: MIT */
/*
 * phx_client over ports of the test's.
 */
#include "client_fixture.h"

#include <stdio.h>

#include "testing.h"

enum {
    STEP_MS = 100,
    TURNS = 8,
};

static void write_line(client_fixture *fixture, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void write_line(client_fixture *fixture, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof fixture->lines - fixture->length;
    int written = vsnprintf(fixture->lines + fixture->length, room, format, arguments);
    va_end(arguments);
    assert_true(written >= 0 && (size_t)written < room);
    fixture->length += (size_t)written;
}

static int length_of(phx_slice slice)
{
    return (int)slice.length;
}

/* --- ports --- */

static uint64_t monotonic_ms(void *user_data)
{
    return ((client_fixture *)user_data)->now_ms;
}

static int64_t wall_ms(void *user_data)
{
    return (int64_t)((client_fixture *)user_data)->now_ms;
}

static phx_status fill(void *user_data, uint8_t *bytes, size_t length)
{
    (void)user_data;
    memset(bytes, 7, length);
    return PHX_OK;
}

static phx_status wait_for_nothing(void *user_data, uint32_t timeout_ms)
{
    (void)user_data;
    (void)timeout_ms;
    return PHX_OK;
}

static void wake(void *user_data)
{
    (void)user_data;
}

static phx_status watch(void *user_data, int32_t fd, uint32_t events, phx_watch_fn fn,
                        void *fn_user_data, phx_watch **out_watch)
{
    (void)user_data;
    (void)fd;
    (void)events;
    (void)fn;
    (void)fn_user_data;
    *out_watch = NULL;
    return PHX_ERROR_SYSTEM;
}

static phx_status modify(void *user_data, phx_watch *watched, uint32_t events)
{
    (void)user_data;
    (void)watched;
    (void)events;
    return PHX_ERROR_SYSTEM;
}

static void unwatch(void *user_data, phx_watch *watched)
{
    (void)user_data;
    (void)watched;
}

static phx_status read_token(void *user_data, bool is_refresh, char *buffer, size_t capacity,
                             size_t *out_length)
{
    (void)is_refresh;
    const client_fixture *fixture = user_data;
    *out_length = strlen(fixture->token);
    assert_true(*out_length <= capacity);
    memcpy(buffer, fixture->token, *out_length);
    return PHX_OK;
}

static phx_status open_connection(void *user_data, const phx_transport_request *request,
                                  const phx_transport_events *events, phx_connection **out)
{
    client_fixture *fixture = user_data;
    assert_false(fixture->is_alive);
    fixture->events = *events;
    fixture->is_alive = true;
    *out = (phx_connection *)fixture;
    bool has_subprotocols = request->subprotocols != NULL;
    write_line(fixture, "open %s%s%s\n", request->url, has_subprotocols ? " " : "",
               has_subprotocols ? request->subprotocols : "");
    return PHX_OK;
}

static void run_receive(void *user_data)
{
    client_fixture *fixture = user_data;
    fixture->events.message(fixture->events.user_data, PHX_FRAME_TEXT,
                            (const uint8_t *)fixture->pending, strlen(fixture->pending));
}

static void post(client_fixture *fixture, phx_task_fn run)
{
    fixture->task = (phx_loop_task){.user_data = fixture, .run = run};
    assert_int_equal(phx_loop_post(phx_client_loop(fixture->client), &fixture->task), PHX_OK);
}

/* Answers a join within the turn that sent it. */
static void answer_join(client_fixture *fixture, const char *frame)
{
    char refs[64];
    char topic[64];
    if (sscanf(frame, "[%63[^,],%*[^,],\"%63[^\"]\",\"phx_join\"", refs, topic) == 2) {
        (void)snprintf(fixture->pending, sizeof fixture->pending,
                       "[%s,%s,\"%s\",\"phx_reply\",{\"status\":\"%s\",\"response\":{\"a\":1}}]",
                       refs, refs, topic, fixture->auto_reply);
        post(fixture, run_receive);
    }
}

static phx_status send_frame(void *user_data, phx_connection *connection, phx_frame_kind kind,
                             const uint8_t *data, size_t length)
{
    (void)connection;
    client_fixture *fixture = user_data;
    assert_true(fixture->is_alive);
    if (kind == PHX_FRAME_BINARY) {
        write_line(fixture, "> binary %zu\n", length);
        return PHX_OK;
    }
    write_line(fixture, "> %.*s\n", (int)length, (const char *)data);
    if (fixture->auto_reply != NULL) {
        char text[512];
        (void)snprintf(text, sizeof text, "%.*s", (int)length, (const char *)data);
        answer_join(fixture, text);
    }
    return PHX_OK;
}

static void close_connection(void *user_data, phx_connection *connection, uint16_t code,
                             const char *reason)
{
    (void)connection;
    (void)reason;
    write_line(user_data, "close %u\n", (unsigned)code);
}

static void release_connection(void *user_data, phx_connection *connection)
{
    (void)connection;
    client_fixture *fixture = user_data;
    assert_true(fixture->is_alive);
    fixture->is_alive = false;
    write_line(fixture, "drop\n");
}

/* --- callbacks --- */

static void on_status(void *user_data, const phx_client_status *status)
{
    static const char *const names[] = {"disconnected", "connecting",   "connected",
                                        "waiting",      "unauthorized", "closing"};
    write_line(user_data, "status %s %s\n", names[status->state],
               phx_status_name(status->error.status));
}

static void on_state(void *user_data, phx_channel channel, phx_channel_state state,
                     const phx_reply *reply)
{
    static const char *const names[] = {"closed",  "joining", "joined",
                                        "errored", "refused", "leaving"};
    (void)channel;
    write_line(user_data, "channel %s %s%s%.*s\n", names[state],
               phx_status_name(reply->error.status), reply->response.length > 0 ? " " : "",
               length_of(reply->response), reply->response.data);
}

static void write_message(client_fixture *fixture, const char *name, const phx_message *message)
{
    write_line(fixture, "message %s %.*s %.*s\n", name, length_of(message->event),
               message->event.data, length_of(message->payload), message->payload.data);
}

static void on_message(void *user_data, const phx_message *message)
{
    write_message(user_data, "all", message);
}

static void on_params(void *user_data, phx_join_params *params)
{
    const client_fixture *fixture = user_data;
    char json[32];
    int length = snprintf(json, sizeof json, "{\"n\":%d}", (int)fixture->join_params);
    assert_int_equal(phx_join_params_set(params, json, (size_t)length), PHX_OK);
}

static void on_reply(void *user_data, const phx_reply *reply)
{
    write_line(user_data, "reply %s%s%.*s\n", phx_status_name(reply->error.status),
               reply->response.length > 0 ? " " : "", length_of(reply->response),
               reply->response.data);
}

static void on_named_message(void *user_data, const phx_message *message)
{
    const client_subscriber *subscriber = user_data;
    write_message(subscriber->fixture, subscriber->name, message);
}

/* --- the client --- */

void client_fixture_init(client_fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->now_ms = 1000000;
    fixture->token = "token";
    fixture->clock = (phx_clock){(uint32_t)sizeof(phx_clock), fixture, monotonic_ms, wall_ms};
    fixture->random = (phx_random){(uint32_t)sizeof(phx_random), fixture, fill};
    fixture->poller = (phx_poller){(uint32_t)sizeof(phx_poller),
                                   fixture,
                                   wait_for_nothing,
                                   wake,
                                   watch,
                                   modify,
                                   unwatch,
                                   NULL};
    fixture->transport = (phx_transport){(uint32_t)sizeof(phx_transport),
                                         fixture,
                                         open_connection,
                                         send_frame,
                                         close_connection,
                                         release_connection,
                                         NULL};
    fixture->keychain = (phx_keychain){
        .struct_size = (uint32_t)sizeof(phx_keychain), .user_data = fixture, .read = read_token};
    phx_loop_config_init(&fixture->loop_config);
    fixture->loop_config.clock = &fixture->clock;
    fixture->loop_config.random = &fixture->random;
    fixture->loop_config.poller = &fixture->poller;
    phx_client_config_init(&fixture->config);
    fixture->config.url = "ws://localhost/socket";
    fixture->config.loop_config = &fixture->loop_config;
    fixture->config.transport = &fixture->transport;
    fixture->config.reconnect.kind = PHX_BACKOFF_STEPPED;
    fixture->config.rejoin.kind = PHX_BACKOFF_STEPPED;
    fixture->config.on_status = on_status;
    fixture->config.user_data = fixture;
}

void client_fixture_start(client_fixture *fixture)
{
    assert_int_equal(phx_client_new(&fixture->config, &fixture->client), PHX_OK);
}

void client_fixture_stop(client_fixture *fixture)
{
    phx_client_release(fixture->client);
    assert_false(fixture->is_alive);
}

void client_fixture_turn(client_fixture *fixture)
{
    for (size_t i = 0; i < TURNS; i++) {
        assert_int_equal(phx_client_poll(fixture->client, 0), PHX_OK);
    }
}

void client_fixture_connect(client_fixture *fixture)
{
    phx_client_connect(fixture->client);
    client_fixture_turn(fixture);
}

void client_fixture_disconnect(client_fixture *fixture)
{
    phx_client_disconnect(fixture->client);
    client_fixture_turn(fixture);
}

static void run_opened(void *user_data)
{
    client_fixture *fixture = user_data;
    fixture->events.opened(fixture->events.user_data, "");
}

void client_fixture_opened(client_fixture *fixture)
{
    post(fixture, run_opened);
    client_fixture_turn(fixture);
}

static phx_error ending;

static void run_closed(void *user_data)
{
    client_fixture *fixture = user_data;
    fixture->events.closed(fixture->events.user_data, &ending);
}

void client_fixture_closed(client_fixture *fixture, phx_status status, int32_t close_code)
{
    ending = (phx_error){
        .struct_size = (uint32_t)sizeof ending, .status = status, .close_code = close_code};
    post(fixture, run_closed);
    client_fixture_turn(fixture);
}

void client_fixture_receive(client_fixture *fixture, const char *text)
{
    assert_true(strlen(text) < sizeof fixture->pending);
    memcpy(fixture->pending, text, strlen(text) + 1);
    post(fixture, run_receive);
    client_fixture_turn(fixture);
}

void client_fixture_advance(client_fixture *fixture, uint32_t ms)
{
    while (ms > 0) {
        uint32_t step_ms = ms < STEP_MS ? ms : STEP_MS;
        fixture->now_ms += step_ms;
        ms -= step_ms;
        client_fixture_turn(fixture);
    }
}

void client_fixture_go_online(client_fixture *fixture)
{
    client_fixture_connect(fixture);
    client_fixture_opened(fixture);
}

phx_channel client_fixture_join(client_fixture *fixture, const char *topic, uint32_t timeout_ms)
{
    phx_channel_options options;
    phx_channel_options_init(&options);
    options.on_params = on_params;
    options.on_state = on_state;
    options.on_message = on_message;
    options.user_data = fixture;
    options.timeout_ms = timeout_ms;
    phx_channel channel;
    assert_int_equal(phx_channel_join(fixture->client, topic, &options, &channel), PHX_OK);
    client_fixture_turn(fixture);
    return channel;
}

void client_fixture_push(client_fixture *fixture, phx_channel channel, const char *event,
                         uint32_t timeout_ms)
{
    phx_push push = {
        .event = event, .timeout_ms = timeout_ms, .on_reply = on_reply, .user_data = fixture};
    assert_int_equal(phx_channel_push(fixture->client, channel, &push, NULL), PHX_OK);
    client_fixture_turn(fixture);
}

phx_subscription client_fixture_subscribe_fn(client_fixture *fixture, phx_channel channel,
                                             const char *event, phx_message_fn fn, void *user_data)
{
    phx_subscribe subscribe = {.event = event, .on_message = fn, .user_data = user_data};
    phx_subscription subscription;
    assert_int_equal(phx_channel_subscribe(fixture->client, channel, &subscribe, &subscription),
                     PHX_OK);
    return subscription;
}

phx_subscription client_fixture_subscribe(client_fixture *fixture, phx_channel channel,
                                          const char *event, const char *name)
{
    assert_true(fixture->subscriber_count < CLIENT_FIXTURE_SUBSCRIBERS);
    client_subscriber *subscriber = &fixture->subscribers[fixture->subscriber_count++];
    *subscriber = (client_subscriber){fixture, name};
    return client_fixture_subscribe_fn(fixture, channel, event, on_named_message, subscriber);
}

void client_fixture_unsubscribe(client_fixture *fixture, phx_subscription subscription)
{
    assert_int_equal(phx_channel_unsubscribe(fixture->client, subscription), PHX_OK);
    client_fixture_turn(fixture);
}

void client_fixture_expect_at(client_fixture *fixture, const char *expected, const char *file,
                              int line)
{
    _assert_string_equal(fixture->lines, expected, file, line);
    client_fixture_forget(fixture);
}

bool client_fixture_saw(const client_fixture *fixture, const char *text)
{
    return strstr(fixture->lines, text) != NULL;
}

void client_fixture_forget(client_fixture *fixture)
{
    fixture->length = 0;
    fixture->lines[0] = '\0';
}
