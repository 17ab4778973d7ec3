/* SPDX-License-Identifier: MIT */
/*
 * One HTTP request on libcurl, and the adapter that it belongs to, as the files of this folder
 * share them: http.c drives all requests of an adapter in the loop, request.c sets one up and reads
 * what became of it.
 */
#ifndef PHXI_CURL_REQUEST_H
#define PHXI_CURL_REQUEST_H

#include <phx/http.h>

#include <curl/curl.h>

#include "curl/multi.h"
#include "curl/options.h"
#include "support/buffer.h"
#include "support/timer_heap.h"

enum {
    /* Whole seconds after which a connection that was kept is not used again. It may be dead
     * without anybody having been told (the network changed, the server moved), and a request on it
     * would wait for its time-out. No longer than the socket takes to find that out, by a probe at
     * the soonest: so what is asked after a reconnect never goes to a connection from before. */
    PHXI_CURL_MAX_IDLE_S = 2
};

typedef struct curl_http {
    phx_http port;
    phx_allocator allocator;
    phx_loop *loop;
    phxi_curl_multi multi;     /* there while requests are, and a little longer */
    uint64_t idle_deadline_ms; /* when it goes; UINT64_MAX: there are requests, or it is gone */
    phxi_curl_options options;
    phx_loop_source source;
    phxi_timer_heap timers; /* the requests' deadlines */
    struct curl_request *first_request;
    struct curl_request *last_request;
    uint32_t active_count; /* of those that libcurl has */
    uint32_t request_count;
    uint64_t last_id;
    bool is_reporting;
    bool is_released; /* while reporting: freed when that is over */
} curl_http;

typedef struct curl_request {
    struct curl_request *next;
    struct curl_request *previous;
    curl_http *http;
    uint64_t id;
    phx_http_done_fn done;
    void *done_user_data;
    CURL *easy;
    struct curl_slist *headers; /* may hold a token */
    phxi_timer timer;
    phxi_buffer body; /* of the response */
    size_t header_bytes;
    size_t sent_body_length;
    bool is_active;
    bool is_idempotent;
    bool is_proxied;    /* by network.proxy_url */
    bool was_begun;     /* the request went to a connection at least once */
    phx_status failure; /* ours, which libcurl only sees as an aborted callback */
    char host[128];
    char curl_text[CURL_ERROR_SIZE];
    char error_text[2 * CURL_ERROR_SIZE];
} curl_request;

/* NULL: *out_status says why. */
curl_request *phxi_curl_request_new(curl_http *http, const phx_http_request *given,
                                    phx_status *out_status);
/* The easy handle was taken out of the multi handle before. */
void phxi_curl_request_free(curl_request *request);
/* Fills in what became of it; the texts and bytes are the request's. */
void phxi_curl_request_result(curl_request *request, CURLcode code, phx_http_response *out);
/* The same for one that libcurl has not finished. */
void phxi_curl_request_give_up(curl_request *request, phx_status status, phx_http_response *out);

#endif
