/* SPDX-License-Identifier: MIT */
/*
 * The world of longpoll_world.h.
 */
#include "longpoll_world.h"

#include <stdio.h>
#include <stdlib.h>

/* --- time --- */

static phx_status wait_no_time(void *user_data, uint32_t timeout_ms)
{
    longpoll_world *world = user_data;
    if (timeout_ms != UINT32_MAX) {
        world->now_ms += timeout_ms;
    }
    return PHX_OK;
}

static void wake(void *user_data)
{
    (void)user_data;
}

static uint64_t monotonic_ms(void *user_data)
{
    const longpoll_world *world = user_data;
    return world->now_ms;
}

static int64_t wall_ms(void *user_data)
{
    return (int64_t)monotonic_ms(user_data);
}

static phx_status fill(void *user_data, uint8_t *bytes, size_t length)
{
    (void)user_data;
    memset(bytes, 7, length);
    return PHX_OK;
}

static void begin(longpoll_world *world, const phx_allocator *allocator)
{
    *world =
        (longpoll_world){.now_ms = 1000, .connect_timeout_ms = 10000, .max_message_bytes = 1000};
    world->poller = (phx_poller){.struct_size = (uint32_t)sizeof world->poller,
                                 .user_data = world,
                                 .wait = wait_no_time,
                                 .wake = wake};
    world->clock = (phx_clock){.struct_size = (uint32_t)sizeof world->clock,
                               .user_data = world,
                               .monotonic_ms = monotonic_ms,
                               .wall_ms = wall_ms};
    world->random = (phx_random){
        .struct_size = (uint32_t)sizeof world->random, .user_data = world, .fill = fill};
    phx_loop_config config;
    phx_loop_config_init(&config);
    config.allocator = allocator;
    config.clock = &world->clock;
    config.random = &world->random;
    config.poller = &world->poller;
    phx_status status = phx_loop_new(&config, &world->loop);
    assert_true(status == PHX_OK || (allocator != NULL && status == PHX_ERROR_NO_MEMORY));
}

void world_run(longpoll_world *world, uint32_t ms)
{
    const uint64_t end_ms = world->now_ms + ms;
    do {
        assert_int_equal(phx_loop_poll(world->loop, (uint32_t)(end_ms - world->now_ms)), PHX_OK);
    } while (world->now_ms < end_ms);
    assert_int_equal(phx_loop_poll(world->loop, 0), PHX_OK);
}

/* --- the http port --- */

static char *copy_headers(const phx_http_request *request)
{
    size_t length = 1;
    for (size_t i = 0; i < request->header_count; i++) {
        length += strlen(request->headers[i].name) + strlen(request->headers[i].value) + 3;
    }
    char *text = calloc(1, length);
    assert_non_null(text);
    for (size_t i = 0; i < request->header_count; i++) {
        (void)sprintf(text + strlen(text), "%s: %s\n", request->headers[i].name,
                      request->headers[i].value);
    }
    return text;
}

static phx_status http_send(void *user_data, const phx_http_request *request, phx_http_done_fn done,
                            void *done_user_data, uint64_t *out_id)
{
    fake_http *http = user_data;
    *out_id = 0;
    if (http->refusal != PHX_OK) {
        return http->refusal;
    }
    assert_in_range(http->count, 0, WORLD_MAX_REQUESTS - 1);
    fake_request *made = &http->requests[http->count++];
    *made = (fake_request){
        .id = http->count,
        .method = strcmp(request->method, "GET") == 0 ? "GET" : "POST",
        .url = strdup(request->url),
        .headers = copy_headers(request),
        .body =
            strndup(request->body != NULL ? (const char *)request->body : "", request->body_length),
        .timeout_ms = request->timeout_ms,
        .deadline_ms = http->world->now_ms + request->timeout_ms,
        .max_response_bytes = request->max_response_bytes,
        .done = done,
        .done_user_data = done_user_data,
        .is_under_way = true,
    };
    assert_string_equal(request->method, made->method);
    *out_id = made->id;
    return PHX_OK;
}

static void http_cancel(void *user_data, uint64_t id)
{
    fake_http *http = user_data;
    assert_in_range(id, 1, http->count);
    fake_request *request = &http->requests[id - 1];
    assert_true(request->is_under_way);
    request->is_under_way = false;
    request->is_cancelled = true;
}

static void http_release(void *user_data)
{
    fake_http *http = user_data;
    http->is_released = true;
    phx_loop_remove_source(http->world->loop, &http->source);
}

static void finish(fake_request *request)
{
    phx_http_response response = {
        .struct_size = (uint32_t)sizeof response,
        .error = {.struct_size = (uint32_t)sizeof(phx_error),
                  .status = request->status,
                  .http_status = request->http_status,
                  .retry_after_ms = request->retry_after_ms,
                  .message = phx_status_message(request->status)},
        .was_sent = true,
        .body = (const uint8_t *)(request->answer != NULL ? request->answer : ""),
        .body_length = request->answer != NULL ? strlen(request->answer) : 0,
    };
    request->is_under_way = false;
    request->done(request->done_user_data, &response);
}

static void http_turn(void *user_data, uint64_t now_ms)
{
    fake_http *http = user_data;
    for (size_t i = 0; i < http->count; i++) {
        fake_request *request = &http->requests[i];
        if (request->is_under_way && !request->is_answered && now_ms >= request->deadline_ms) {
            request->is_answered = true;
            request->status = PHX_ERROR_TIMEOUT;
        }
        if (request->is_under_way && request->is_answered) {
            finish(request);
        }
    }
}

static uint64_t http_deadline_ms(void *user_data)
{
    const fake_http *http = user_data;
    uint64_t deadline_ms = UINT64_MAX;
    for (size_t i = 0; i < http->count; i++) {
        const fake_request *request = &http->requests[i];
        uint64_t due_ms = request->is_answered ? 0 : request->deadline_ms;
        deadline_ms = request->is_under_way && due_ms < deadline_ms ? due_ms : deadline_ms;
    }
    return deadline_ms;
}

fake_request *world_request(longpoll_world *world, size_t n)
{
    assert_true(n < world->http.count);
    return &world->http.requests[n];
}

static void answer(longpoll_world *world, size_t n, phx_status status, int32_t http_status,
                   const char *body)
{
    fake_request *request = world_request(world, n);
    assert_true(request->is_under_way);
    request->is_answered = true;
    request->status = status;
    request->http_status = http_status;
    request->answer = strdup(body);
    world_run(world, 0);
}

void world_answer_http(longpoll_world *world, size_t n, int32_t http_status, const char *body)
{
    answer(world, n, PHX_OK, http_status, body);
}

void world_answer(longpoll_world *world, size_t n, const char *body)
{
    world_answer_http(world, n, 200, body);
}

void world_fail_request(longpoll_world *world, size_t n, phx_status status)
{
    answer(world, n, status, 0, "");
}

/* --- the connection that is tested --- */

static void note(longpoll_world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note(longpoll_world *world, const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    world->log_length += (size_t)snprintf(world->log + world->log_length,
                                          WORLD_LOG_BYTES - world->log_length, "%s; ", line);
    if (world->send_in != NULL && strncmp(line, world->send_in, strlen(world->send_in)) == 0) {
        world->send_in = NULL;
        assert_int_equal(world_send(world, "[\"sent inside\"]"), PHX_OK);
    }
    if (world->close_in != NULL && strncmp(line, world->close_in, strlen(world->close_in)) == 0) {
        world->close_in = NULL;
        world->transport->close(world->transport->user_data, world->connection, 1000, "");
    }
    if (world->release_in != NULL &&
        strncmp(line, world->release_in, strlen(world->release_in)) == 0) {
        world_release_connection(world);
    }
}

static void on_opened(void *user_data, const char *subprotocol)
{
    note(user_data, "opened %s", subprotocol);
}

static void on_message(void *user_data, phx_frame_kind kind, const uint8_t *data, size_t length)
{
    assert_int_equal(kind, PHX_FRAME_TEXT);
    assert_non_null(data);
    note(user_data, "message %.*s", (int)length, (const char *)data);
}

static void on_written(void *user_data, size_t length)
{
    note(user_data, "written %zu", length);
}

static void on_closed(void *user_data, const phx_error *error)
{
    assert_non_null(error->message);
    note(user_data, "closed %s %d %d", phx_status_name(error->status), (int)error->close_code,
         (int)error->http_status);
}

void world_begin_with(longpoll_world *world, const phx_allocator *allocator)
{
    begin(world, allocator);
    fake_http *http = &world->http;
    if (world->loop == NULL) {
        return;
    }
    http->world = world;
    http->port = (phx_http){.struct_size = (uint32_t)sizeof http->port,
                            .user_data = http,
                            .send = http_send,
                            .cancel = http_cancel,
                            .release = http_release};
    http->source =
        (phx_loop_source){.user_data = http, .turn = http_turn, .deadline_ms = http_deadline_ms};
    phx_loop_add_source(world->loop, &http->source);
    phx_status status = phx_transport_longpoll(world->loop, &http->port, &world->transport);
    assert_int_equal(status, world->transport != NULL ? PHX_OK : PHX_ERROR_NO_MEMORY);
    assert_true(status == PHX_OK || allocator != NULL);
}

void world_begin(longpoll_world *world)
{
    world_begin_with(world, NULL);
}

void world_begin_fallback(longpoll_world *world, uint32_t fallback_ms)
{
    begin(world, NULL);
    played_transport_init(&world->primary, false);
    played_transport_init(&world->secondary, true);
    assert_int_equal(phx_transport_fallback(world->loop, &world->primary.port,
                                            &world->secondary.port, fallback_ms, &world->transport),
                     PHX_OK);
}

void world_end(longpoll_world *world)
{
    if (world->connection != NULL) {
        world_release_connection(world);
    }
    for (size_t i = 0; i < world->http.count; i++) {
        fake_request *request = &world->http.requests[i];
        assert_false(request->is_under_way);
        free(request->url);
        free(request->headers);
        free(request->body);
        free(request->answer);
    }
    if (world->transport != NULL) {
        world->transport->release(world->transport->user_data);
    }
    assert_int_equal(world->http.is_released, world->http.world != NULL);
    assert_int_equal(world->primary.is_released, world->primary.port.release != NULL);
    assert_int_equal(world->secondary.is_released, world->secondary.port.release != NULL);
    phx_loop_release(world->loop);
}

phx_status world_open(longpoll_world *world, const char *url)
{
    phx_transport_request request = {
        .struct_size = (uint32_t)sizeof request,
        .url = url,
        .headers = world->given_headers,
        .header_count = world->given_header_count,
        .subprotocols = world->subprotocols,
        .connect_timeout_ms = world->connect_timeout_ms,
        .max_message_bytes = world->max_message_bytes,
        .close_timeout_ms = 2000,
    };
    phx_transport_events events = {
        .user_data = world,
        .opened = on_opened,
        .message = on_message,
        .written = on_written,
        .closed = on_closed,
    };
    return world->transport->open(world->transport->user_data, &request, &events,
                                  &world->connection);
}

void world_release_connection(longpoll_world *world)
{
    phx_connection *connection = world->connection;
    world->connection = NULL;
    world->transport->release_connection(world->transport->user_data, connection);
}

phx_status world_send(longpoll_world *world, const char *text)
{
    return world->transport->send(world->transport->user_data, world->connection, PHX_FRAME_TEXT,
                                  (const uint8_t *)text, strlen(text));
}

void world_expect(longpoll_world *world, const char *log)
{
    assert_string_equal(world->log, log);
    world->log[0] = '\0';
    world->log_length = 0;
}

void world_open_session(longpoll_world *world)
{
    assert_int_equal(world_open(world, "ws://host/socket/websocket?vsn=2.0.0"), PHX_OK);
    world_answer(world, 0, "{\"status\":410,\"token\":\"t0k\",\"messages\":[]}");
    world_expect(world, "opened ; ");
}
