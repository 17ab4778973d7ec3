/* SPDX-License-Identifier: MIT */
/*
 * The ports of a client_fixture: a clock that stands still, a poller that waits for nothing, a
 * transport that writes down what it is asked for.
 */
#include <stdio.h>

#include "client_fixture.h"
#include "testing.h"

void client_fixture_write(client_fixture *fixture, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof fixture->lines - fixture->length;
    int written = vsnprintf(fixture->lines + fixture->length, room, format, arguments);
    va_end(arguments);
    assert_true(written >= 0 && (size_t)written < room);
    fixture->length += (size_t)written;
}

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
    client_fixture_write(fixture, "open %s%s%s\n", request->url, has_subprotocols ? " " : "",
                         has_subprotocols ? request->subprotocols : "");
    return PHX_OK;
}

void client_fixture_run_receive(void *user_data)
{
    client_fixture *fixture = user_data;
    fixture->events.message(fixture->events.user_data, PHX_FRAME_TEXT,
                            (const uint8_t *)fixture->pending, strlen(fixture->pending));
}

void client_fixture_post(client_fixture *fixture, phx_task_fn run)
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
        client_fixture_post(fixture, client_fixture_run_receive);
    }
}

static phx_status send_frame(void *user_data, phx_connection *connection, phx_frame_kind kind,
                             const uint8_t *data, size_t length)
{
    (void)connection;
    client_fixture *fixture = user_data;
    assert_true(fixture->is_alive);
    if (kind == PHX_FRAME_BINARY) {
        client_fixture_write(fixture, "> binary %zu\n", length);
        return PHX_OK;
    }
    client_fixture_write(fixture, "> %.*s\n", (int)length, (const char *)data);
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
    client_fixture_write(user_data, "close %u\n", (unsigned)code);
}

static void release_connection(void *user_data, phx_connection *connection)
{
    (void)connection;
    client_fixture *fixture = user_data;
    assert_true(fixture->is_alive);
    fixture->is_alive = false;
    client_fixture_write(fixture, "drop\n");
}

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
    fixture->config.user_data = fixture;
}
