/* SPDX-License-Identifier: MIT */
/*
 * An HTTP port without a network: a function of the test answers. A request reaches it up_ms after
 * it was sent, and its answer comes down_ms later; with jitter_ms, each up to that much more, by
 * chance, so that answers overtake each other.
 */
#ifndef FAKE_HTTP_H
#define FAKE_HTTP_H

#include <phx/http.h>

#include "fake_poller.h"

typedef struct fake_request {
    char method[8];
    char url[1024];
    char authorization[256];
    char idempotency_key[64];
    char content_type[64];
    char body[4096];
} fake_request;

/* Filled by the test; zeroed before. A status of the transport instead of an answer: error.status.
 */
typedef struct fake_response {
    phx_error error; /* http_status 0: 200 */
    bool is_unsent;
    char body[256 * 1024];
    size_t length; /* 0: as long as the text */
} fake_response;

typedef struct fake_http {
    phx_http port;
    fake_poller *poller;
    void (*serve)(void *user_data, const fake_request *request, fake_response *response);
    void *user_data;
    uint32_t up_ms;
    uint32_t down_ms;
    uint32_t jitter_ms;
    phx_status refuse_with; /* what send() returns, if not PHX_OK */
    size_t requests;
    size_t cancels;
    uint64_t last_id;
    fake_request last;
    struct fake_exchange *first;
    bool is_released;
} fake_http;

void fake_http_init(fake_http *http, fake_poller *poller,
                    void (*serve)(void *user_data, const fake_request *request,
                                  fake_response *response),
                    void *user_data);
/* Requests that are under way. */
size_t fake_http_pending(const fake_http *http);

#endif
