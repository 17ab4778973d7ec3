/* SPDX-License-Identifier: MIT */
/*
 * The world of the http port's tests.
 */
#include "http_world.h"

#include "testing.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void world_begin_on(test_world *world, const phx_tls *tls, const phx_poller *poller)
{
    phx_loop_config config;
    phx_loop_config_init(&config);
    config.poller = poller;
    assert_int_equal(phx_loop_new(&config, &world->loop), PHX_OK);
    assert_int_equal(phx_http_curl(world->loop, tls, world->network, &world->http), PHX_OK);
}

void world_begin(test_world *world, server_script script)
{
    memset(world, 0, sizeof *world);
    world->times = 1;
    world_begin_on(world, NULL, NULL);
    world->server = script != NULL ? server_start(AF_INET, NULL, script, world) : NULL;
}

void world_end(test_world *world)
{
    if (world->http != NULL) {
        world->http->release(world->http->user_data);
    }
    phx_loop_release(world->loop);
    if (world->server != NULL) {
        server_stop(world->server);
    }
}

void world_done(void *user_data, const phx_http_response *response)
{
    test_answer *answer = user_data;
    assert_non_null(response->body);
    assert_non_null(response->error.message);
    answer->done++;
    answer->status = response->error.status;
    answer->http_status = response->error.http_status;
    answer->retry_after_ms = response->error.retry_after_ms;
    answer->os_code = response->error.os_code;
    answer->was_sent = response->was_sent;
    answer->body = malloc(response->body_length + 1);
    memcpy(answer->body, response->body, response->body_length);
    answer->body[response->body_length] = '\0';
    answer->body_length = response->body_length;
    (void)snprintf(answer->message, sizeof answer->message, "%s", response->error.message);
    assert_null(strstr(answer->message, "s3cret"));
    if (answer->then != NULL) {
        answer->then(answer);
    }
}

static const phx_header token[] = {{"Authorization", "Bearer s3cret"}};

phx_status world_send_to(test_world *world, const char *url, const char *method, const char *body,
                         test_answer *answer, uint64_t *out_id)
{
    uint64_t id = 0;
    const phx_http_request request = {
        .struct_size = (uint32_t)sizeof request,
        .method = method,
        .url = url,
        .headers = token,
        .header_count = 1,
        .body = (const uint8_t *)body,
        .body_length = body != NULL ? strlen(body) : 0,
        .timeout_ms = 5000,
        .max_response_bytes = MAX_BODY_BYTES,
    };
    phx_status status =
        world->http->send(world->http->user_data, &request, world_done, answer, &id);
    assert_int_equal(id != 0, status == PHX_OK);
    assert_int_equal(answer->done, 0);
    if (out_id != NULL) {
        *out_id = id;
    }
    return status;
}

const char *world_url(const test_world *world, const char *scheme)
{
    static char url[128];
    (void)snprintf(url, sizeof url, "%s://localhost:%u/api?secret=s3cret", scheme,
                   (unsigned)server_port(world->server));
    return url;
}

void world_request(test_world *world, const char *method, const char *body, test_answer *answer)
{
    assert_int_equal(world_send_to(world, world_url(world, "http"), method, body, answer, NULL),
                     PHX_OK);
}

void world_wait(test_world *world, const int *done)
{
    uint64_t start_ms = phx_loop_now_ms(world->loop);
    while (*done == 0) {
        assert_true(phx_loop_now_ms(world->loop) - start_ms < PATIENCE_MS);
        assert_int_equal(phx_loop_poll(world->loop, PUMP_MS), PHX_OK);
    }
}

void world_expect(test_answer *answer, phx_status status, int http_status, const char *body)
{
    if (answer->status != status) {
        fail_msg("%s instead of %s: %s", phx_status_name(answer->status), phx_status_name(status),
                 answer->message);
    }
    assert_int_equal(answer->http_status, http_status);
    assert_string_equal(answer->body, body);
    free(answer->body);
    answer->body = NULL;
}

bool read_request(test_stream *stream, test_world *world)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    char head[HEAD_BYTES] = "";
    char body[BODY_BYTES] = "";
    if (!stream_read_head(stream, head, sizeof head)) {
        return false;
    }
    const char *length_text = strstr(head, "Content-Length: ");
    size_t length = length_text != NULL ? (size_t)atol(length_text + 16) : 0;
    bool is_read = length < sizeof body && stream_read_all(stream, body, length);
    pthread_mutex_lock(&lock); /* several connections may be played at once */
    memcpy(world->head, head, sizeof head);
    memcpy(world->body, body, sizeof body);
    world->requests++;
    pthread_mutex_unlock(&lock);
    return is_read;
}

void play_answer_text(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    (void)index;
    for (int i = 0; i < world->times && read_request(stream, world); i++) {
        (void)stream_print(stream, "%s", world->text);
    }
    /* Kept open by the client, perhaps. */
    if (world->times > 1) {
        stream_drain(stream);
    }
}

void play_never_answer(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    stream_drain(stream);
}
