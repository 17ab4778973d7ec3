/* SPDX-License-Identifier: MIT */
/*
 * The http port on libcurl. Requests are bounded by deadlines of the loop's clock, since libcurl
 * does not count the time that one waits for its turn.
 */
#include <phx/platform.h>

#include "curl/request.h"
#include "support/alloc.h"
#include "support/log.h"

enum {
    MAX_REQUESTS = 64,
    MAX_ACTIVE = 4,
    /* libcurl rounds a connection's age down to seconds: then it uses none of them again. */
    IDLE_MS = (PHXI_CURL_MAX_IDLE_S + 1) * 1000
};

/* A descriptor or a start that failed costs this request, reported from the loop. */
static void fail_later(curl_request *request, phx_status status)
{
    request->failure = status;
    phxi_timer_arm(&request->http->timers, &request->timer, 0);
}

static phx_status start(curl_request *request)
{
    curl_http *http = request->http;
    if (http->multi.handle == NULL) {
        phx_status status = phxi_curl_multi_init(&http->multi, MAX_ACTIVE);
        if (status != PHX_OK) {
            return status;
        }
    }
    return curl_multi_add_handle(http->multi.handle, request->easy) == CURLM_OK
               ? PHX_OK
               : PHX_ERROR_NO_MEMORY;
}

/* Hands libcurl as many as may be under way, the oldest first. */
static void start_waiting(curl_http *http)
{
    curl_request *request = http->first_request;
    for (; request != NULL && http->active_count < MAX_ACTIVE; request = request->next) {
        if (request->is_active || request->failure != PHX_OK) {
            continue;
        }
        phx_status status = start(request);
        if (status == PHX_OK) {
            request->is_active = true;
            http->active_count++;
        } else {
            fail_later(request, status);
        }
    }
}

static void unlink_request(curl_request *request)
{
    curl_http *http = request->http;
    if (request->is_active) {
        (void)curl_multi_remove_handle(http->multi.handle, request->easy);
        http->active_count--;
    }
    phxi_timer_cancel(&http->timers, &request->timer);
    *(request->previous != NULL ? &request->previous->next : &http->first_request) = request->next;
    *(request->next != NULL ? &request->next->previous : &http->last_request) = request->previous;
    http->request_count--;
    if (http->request_count == 0 && http->multi.handle != NULL) {
        http->idle_deadline_ms = phx_loop_now_ms(http->loop) + IDLE_MS;
    }
}

static void destroy(curl_http *http)
{
    while (http->first_request != NULL) {
        curl_request *request = http->first_request;
        unlink_request(request);
        phxi_curl_request_free(request);
    }
    phxi_curl_multi_free(&http->multi);
    phx_allocator allocator = http->allocator;
    phxi_curl_options_free(&http->options, &allocator);
    phxi_free(&allocator, http);
}

/* False: the adapter is gone. The request is out of all lists before its owner hears of it. */
static bool complete(curl_request *request, const phx_http_response *response)
{
    curl_http *http = request->http;
    unlink_request(request);
    http->is_reporting = true;
    request->done(request->done_user_data, response);
    http->is_reporting = false;
    phxi_curl_request_free(request);
    if (http->is_released) {
        destroy(http);
        return false;
    }
    start_waiting(http);
    return true;
}

static bool on_finished(void *user_data, CURL *easy, CURLcode code)
{
    curl_request *request = NULL;
    phx_http_response response;
    (void)user_data;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &request);
    phxi_curl_request_result(request, code, &response);
    return complete(request, &response);
}

static void on_failed(void *user_data, CURL *easy, phx_status status)
{
    curl_request *request = NULL;
    (void)user_data;
    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &request) == CURLE_OK && request != NULL) {
        fail_later(request, status);
    }
}

static void turn(void *user_data, uint64_t now_ms)
{
    curl_http *http = user_data;
    if (!phxi_curl_multi_turn(&http->multi, now_ms)) {
        return;
    }
    if (now_ms >= http->idle_deadline_ms) {
        http->idle_deadline_ms = UINT64_MAX;
        phxi_curl_multi_free(&http->multi); /* with all connections: 40 kB, and a server's too */
    }
    phxi_timer *timer;
    while ((timer = phxi_timer_pop_due(&http->timers, now_ms)) != NULL) {
        curl_request *request =
            (curl_request *)(void *)((char *)timer - offsetof(curl_request, timer));
        phx_http_response response;
        phxi_curl_request_give_up(
            request, request->failure != PHX_OK ? request->failure : PHX_ERROR_TIMEOUT, &response);
        if (!complete(request, &response)) {
            return;
        }
    }
}

static uint64_t deadline_ms(void *user_data)
{
    const curl_http *http = user_data;
    uint64_t timers_ms = phxi_timer_next_deadline(&http->timers);
    uint64_t idle_ms = http->idle_deadline_ms;
    uint64_t own_ms = timers_ms < idle_ms ? timers_ms : idle_ms;
    return own_ms < http->multi.deadline_ms ? own_ms : http->multi.deadline_ms;
}

static void link_request(curl_http *http, curl_request *request)
{
    request->id = ++http->last_id;
    request->previous = http->last_request;
    *(http->last_request != NULL ? &http->last_request->next : &http->first_request) = request;
    http->last_request = request;
    http->request_count++;
    http->idle_deadline_ms = UINT64_MAX;
}

static phx_status send_request(void *user_data, const phx_http_request *given,
                               phx_http_done_fn done, void *done_user_data, uint64_t *out_id)
{
    curl_http *http = user_data;
    *out_id = 0;
    if (http->request_count >= MAX_REQUESTS) {
        return PHX_ERROR_QUEUE_FULL;
    }
    phx_status status = PHX_OK;
    curl_request *request = phxi_curl_request_new(http, given, &status);
    if (request == NULL) {
        return status;
    }
    request->done = done;
    request->done_user_data = done_user_data;
    link_request(http, request);
    phxi_timer_arm(&http->timers, &request->timer, phx_loop_now_ms(http->loop) + given->timeout_ms);
    start_waiting(http);
    *out_id = request->id;
    return PHX_OK;
}

static void cancel(void *user_data, uint64_t id)
{
    curl_http *http = user_data;
    curl_request *request = http->first_request;
    while (request != NULL && request->id != id) {
        request = request->next;
    }
    if (request != NULL) {
        unlink_request(request);
        phxi_curl_request_free(request);
        start_waiting(http);
    }
}

static void release(void *user_data)
{
    curl_http *http = user_data;
    phx_loop_remove_source(http->loop, &http->source);
    if (http->is_reporting) {
        http->is_released = true;
    } else {
        destroy(http);
    }
}

phx_status phx_http_curl(phx_loop *loop, const phx_tls *tls, const phx_network *network,
                         const phx_http **out)
{
    *out = NULL;
    const phx_allocator *allocator = phx_loop_allocator(loop);
    curl_http *http = phxi_alloc_zero(allocator, sizeof *http);
    if (http == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    http->allocator = *allocator;
    http->loop = loop;
    http->idle_deadline_ms = UINT64_MAX;
    http->multi = (phxi_curl_multi){.loop = loop,
                                    .deadline_ms = UINT64_MAX,
                                    .user_data = http,
                                    .finished = on_finished,
                                    .failed = on_failed};
    phx_status status = phxi_curl_options_init(&http->options, allocator, tls, network);
    if (status != PHX_OK) {
        destroy(http);
        return status;
    }
    http->source = (phx_loop_source){.user_data = http, .turn = turn, .deadline_ms = deadline_ms};
    phx_loop_add_source(loop, &http->source);
    http->port = (phx_http){
        .struct_size = (uint32_t)sizeof(phx_http),
        .user_data = http,
        .send = send_request,
        .cancel = cancel,
        .release = release,
    };
    *out = &http->port;
    return PHX_OK;
}
