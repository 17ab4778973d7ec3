/* SPDX-License-Identifier: MIT */
/*
 * HTTP exchanges that take virtual time both ways.
 */
#include "fake_http.h"

#include <stdio.h>
#include <stdlib.h>

#include "testing.h"

typedef struct fake_exchange {
    struct fake_exchange *next;
    fake_http *http;
    uint64_t id;
    phx_http_done_fn done;
    void *done_user_data;
    fake_request request;
    fake_response response;
} exchange;

static uint32_t with_jitter(fake_http *http, uint32_t ms)
{
    size_t range = (size_t)http->jitter_ms + 1;
    return ms + (uint32_t)random_below(&http->poller->random_state, range);
}

static void unlink_exchange(exchange *item)
{
    exchange **place = &item->http->first;
    while (*place != item) {
        place = &(*place)->next;
    }
    *place = item->next;
}

static void arrive_back(void *user_data)
{
    exchange *item = user_data;
    fake_response *response = &item->response;
    unlink_exchange(item);
    response->error.struct_size = (uint32_t)sizeof response->error;
    bool has_answer = response->error.status == PHX_OK;
    if (has_answer && response->error.http_status == 0) {
        response->error.http_status = 200;
    }
    if (response->error.message == NULL) {
        response->error.message = phx_status_message(response->error.status);
    }
    const phx_http_response answer = {
        .struct_size = (uint32_t)sizeof answer,
        .error = response->error,
        .was_sent = !response->is_unsent,
        .body = (const uint8_t *)response->body,
        .body_length = response->length != 0 ? response->length : strlen(response->body),
    };
    item->done(item->done_user_data, &answer);
    free(item);
}

static void arrive_at_server(void *user_data)
{
    exchange *item = user_data;
    fake_http *http = item->http;
    http->serve(http->user_data, &item->request, &item->response);
    fake_poller_after(http->poller, with_jitter(http, http->down_ms), arrive_back, item);
}

static void copy_header(fake_request *request, const phx_header *header)
{
    const struct {
        const char *name;
        char *out;
        size_t capacity;
    } known[] = {
        {"Authorization", request->authorization, sizeof request->authorization},
        {"Idempotency-Key", request->idempotency_key, sizeof request->idempotency_key},
        {"Content-Type", request->content_type, sizeof request->content_type},
    };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (strcmp(header->name, known[i].name) == 0) {
            (void)snprintf(known[i].out, known[i].capacity, "%s", header->value);
        }
    }
}

static phx_status port_send(void *user_data, const phx_http_request *request, phx_http_done_fn done,
                            void *done_user_data, uint64_t *out_id)
{
    fake_http *http = user_data;
    *out_id = 0;
    if (http->refuse_with != PHX_OK) {
        return http->refuse_with;
    }
    exchange *item = malloc(sizeof *item);
    assert_non_null(item);
    /* But for the body, which is large and ends at its first byte. */
    memset(item, 0, offsetof(exchange, response.body) + 1);
    item->response.length = 0;
    item->http = http;
    item->id = ++http->last_id;
    item->done = done;
    item->done_user_data = done_user_data;
    (void)snprintf(item->request.method, sizeof item->request.method, "%s", request->method);
    (void)snprintf(item->request.url, sizeof item->request.url, "%s", request->url);
    assert_true(request->body_length < sizeof item->request.body);
    if (request->body_length > 0) {
        memcpy(item->request.body, request->body, request->body_length);
    }
    for (size_t i = 0; i < request->header_count; i++) {
        copy_header(&item->request, &request->headers[i]);
    }
    item->next = http->first;
    http->first = item;
    http->requests++;
    http->last = item->request;
    *out_id = item->id;
    fake_poller_after(http->poller, with_jitter(http, http->up_ms), arrive_at_server, item);
    return PHX_OK;
}

static void drop(exchange *item)
{
    fake_poller_cancel(item->http->poller, item);
    unlink_exchange(item);
    free(item);
}

static void port_cancel(void *user_data, uint64_t id)
{
    fake_http *http = user_data;
    exchange *item = http->first;
    while (item != NULL && item->id != id) {
        item = item->next;
    }
    if (item != NULL) {
        http->cancels++;
        drop(item);
    }
}

static void port_release(void *user_data)
{
    fake_http *http = user_data;
    assert_false(http->is_released);
    http->is_released = true;
    while (http->first != NULL) {
        drop(http->first);
    }
}

void fake_http_init(fake_http *http, fake_poller *poller,
                    void (*serve)(void *user_data, const fake_request *request,
                                  fake_response *response),
                    void *user_data)
{
    *http = (fake_http){
        .port = {.struct_size = (uint32_t)sizeof(phx_http),
                 .user_data = http,
                 .send = port_send,
                 .cancel = port_cancel,
                 .release = port_release},
        .poller = poller,
        .serve = serve,
        .user_data = user_data,
        .up_ms = 5,
        .down_ms = 5,
    };
}

size_t fake_http_pending(const fake_http *http)
{
    size_t count = 0;
    for (const exchange *item = http->first; item != NULL; item = item->next) {
        count++;
    }
    return count;
}
