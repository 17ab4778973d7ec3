/* SPDX-License-Identifier: MIT */
/*
 * The http port on libcurl's multi interface, in any loop: libcurl says which descriptors to watch
 * and when to be called again. Requests are bounded by deadlines of the loop's clock, since libcurl
 * does not count the time that one waits for its turn.
 */
#include <phx/platform.h>

#include <string.h>

#include "curl/request.h"
#include "support/alloc.h"
#include "support/log.h"

enum {
    MAX_REQUESTS = 64,
    MAX_ACTIVE = 4
};

static const char pin_prefix[] = "sha256//";

/* A descriptor or a start that failed costs this request, reported from the loop. */
static void fail_later(curl_request *request, phx_status status)
{
    request->failure = status;
    phxi_timer_arm(&request->http->timers, &request->timer, 0);
}

/* Hands libcurl as many as may be under way, the oldest first. */
static void start_waiting(curl_http *http)
{
    curl_request *request = http->first_request;
    for (; request != NULL && http->active_count < MAX_ACTIVE; request = request->next) {
        if (request->is_active || request->failure != PHX_OK) {
            continue;
        }
        if (curl_multi_add_handle(http->multi, request->easy) == CURLM_OK) {
            request->is_active = true;
            http->active_count++;
        } else {
            fail_later(request, PHX_ERROR_NO_MEMORY);
        }
    }
}

static void unlink_request(curl_request *request)
{
    curl_http *http = request->http;
    if (request->is_active) {
        (void)curl_multi_remove_handle(http->multi, request->easy);
        http->active_count--;
    }
    phxi_timer_cancel(&http->timers, &request->timer);
    *(request->previous != NULL ? &request->previous->next : &http->first_request) = request->next;
    *(request->next != NULL ? &request->next->previous : &http->last_request) = request->previous;
    http->request_count--;
}

static void destroy(curl_http *http)
{
    while (http->first_request != NULL) {
        curl_request *request = http->first_request;
        unlink_request(request);
        phxi_curl_request_free(request);
    }
    if (http->multi != NULL) {
        (void)curl_multi_cleanup(http->multi);
    }
    phx_allocator allocator = http->allocator;
    phxi_free(&allocator, http->pins);
    phxi_tls_options_free(&allocator, &http->tls);
    phxi_curl_headers_free(http->proxy_headers);
    phxi_network_options_free(&http->network);
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

static bool complete_finished(curl_http *http)
{
    CURLMsg *message;
    int left = 0;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        curl_request *request = NULL;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
        phx_http_response response;
        phxi_curl_request_result(request, code, &response);
        if (!complete(request, &response)) {
            return false;
        }
    }
    return true;
}

static void on_ready(void *user_data, int32_t fd, uint32_t events)
{
    curl_http *http = user_data;
    int running = 0;
    int what = (events & PHX_POLL_READ) != 0 ? CURL_CSELECT_IN : 0;
    what |= (events & PHX_POLL_WRITE) != 0 ? CURL_CSELECT_OUT : 0;
    what |= (events & PHX_POLL_ERROR) != 0 ? CURL_CSELECT_ERR : 0;
    (void)curl_multi_socket_action(http->multi, fd, what, &running);
    (void)complete_finished(http);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user_data, void *socket_data)
{
    curl_http *http = user_data;
    phx_watch *watch = socket_data;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL) {
            phx_loop_unwatch(http->loop, watch);
            (void)curl_multi_assign(http->multi, fd, NULL);
        }
        return 0;
    }
    uint32_t events = (what & CURL_POLL_IN) != 0 ? (uint32_t)PHX_POLL_READ : 0U;
    events |= (what & CURL_POLL_OUT) != 0 ? (uint32_t)PHX_POLL_WRITE : 0U;
    phx_status status = PHX_OK;
    if (watch != NULL) {
        status = phx_loop_modify(http->loop, watch, events);
    } else {
        status = phx_loop_watch(http->loop, fd, events, on_ready, http, &watch);
        (void)curl_multi_assign(http->multi, fd, watch);
    }
    curl_request *request = NULL;
    if (status != PHX_OK && curl_easy_getinfo(easy, CURLINFO_PRIVATE, &request) == CURLE_OK &&
        request != NULL) {
        fail_later(request, status);
    }
    return 0; /* an error would end all requests, not this one */
}

static int on_timer(CURLM *multi, long timeout_ms, void *user_data)
{
    curl_http *http = user_data;
    (void)multi;
    http->curl_deadline_ms =
        timeout_ms < 0 ? UINT64_MAX : phx_loop_now_ms(http->loop) + (uint64_t)timeout_ms;
    return 0;
}

static void turn(void *user_data, uint64_t now_ms)
{
    curl_http *http = user_data;
    if (now_ms >= http->curl_deadline_ms) {
        int running = 0;
        http->curl_deadline_ms = UINT64_MAX;
        (void)curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        if (!complete_finished(http)) {
            return;
        }
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
    return timers_ms < http->curl_deadline_ms ? timers_ms : http->curl_deadline_ms;
}

static void link_request(curl_http *http, curl_request *request)
{
    request->id = ++http->last_id;
    request->previous = http->last_request;
    *(http->last_request != NULL ? &http->last_request->next : &http->first_request) = request;
    http->last_request = request;
    http->request_count++;
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

static phx_status compose_pins(curl_http *http)
{
    if (http->tls.pin_count == 0) {
        return PHX_OK;
    }
    const size_t one = sizeof pin_prefix - 1 + PHXI_PIN_DIGEST_BYTES + 1;
    phxi_buffer pins;
    phxi_buffer_init(&pins, &http->allocator, http->tls.pin_count * one);
    phx_status status = PHX_OK;
    for (size_t i = 0; i < http->tls.pin_count && status == PHX_OK; i++) {
        bool is_last = i + 1 == http->tls.pin_count;
        status = phxi_buffer_append_text(&pins, pin_prefix);
        status = status == PHX_OK ? phxi_buffer_append_text(&pins, http->tls.pins[i]) : status;
        status = status == PHX_OK ? phxi_buffer_append_byte(&pins, is_last ? 0 : ';') : status;
    }
    http->pins = (char *)pins.data;
    return status;
}

/* In a list of ours, which is wiped: libcurl would keep copies of a user and a password. */
static phx_status compose_proxy_headers(curl_http *http)
{
    if (http->network.proxy_url == NULL || http->network.authorization[0] == '\0') {
        return PHX_OK;
    }
    http->proxy_headers = curl_slist_append(NULL, http->network.authorization);
    return http->proxy_headers != NULL ? PHX_OK : PHX_ERROR_NO_MEMORY;
}

static phx_status set_up(curl_http *http, const phx_tls *tls, const phx_network *network)
{
    phx_status status = phxi_tls_options_copy(&http->allocator, tls, &http->tls);
    if (status == PHX_OK) {
        status = compose_pins(http);
    }
    if (status == PHX_OK) {
        status = phxi_network_options_copy(&http->allocator, network, &http->network);
    }
    if (status == PHX_OK) {
        status = compose_proxy_headers(http);
    }
    if (status != PHX_OK) {
        return status;
    }
    /* An easy handle sets libcurl up if the program has not; a multi handle does not. */
    CURL *first = curl_easy_init();
    http->multi = first != NULL ? curl_multi_init() : NULL;
    curl_easy_cleanup(first);
    if (http->multi == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    bool is_set =
        curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
        curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http) == CURLM_OK &&
        curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
        curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http) == CURLM_OK &&
        curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)MAX_ACTIVE) == CURLM_OK;
    return is_set ? PHX_OK : PHX_ERROR_UNSUPPORTED;
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
    http->curl_deadline_ms = UINT64_MAX;
    phx_status status = set_up(http, tls, network);
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
