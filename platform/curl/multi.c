/* SPDX-License-Identifier: MIT */
/*
 * The callbacks between libcurl and the loop.
 */
#include "curl/multi.h"

static bool report_finished(phxi_curl_multi *multi)
{
    CURLMsg *message;
    int left = 0;
    while ((message = curl_multi_info_read(multi->handle, &left)) != NULL) {
        if (!multi->finished(multi->user_data, message->easy_handle, message->data.result)) {
            return false;
        }
    }
    return true;
}

static void on_ready(void *user_data, int32_t fd, uint32_t events)
{
    phxi_curl_multi *multi = user_data;
    int running = 0;
    int what = (events & PHX_POLL_READ) != 0 ? CURL_CSELECT_IN : 0;
    what |= (events & PHX_POLL_WRITE) != 0 ? CURL_CSELECT_OUT : 0;
    what |= (events & PHX_POLL_ERROR) != 0 ? CURL_CSELECT_ERR : 0;
    (void)curl_multi_socket_action(multi->handle, fd, what, &running);
    (void)report_finished(multi);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user_data, void *socket_data)
{
    phxi_curl_multi *multi = user_data;
    phx_watch *watch = socket_data;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL) {
            phx_loop_unwatch(multi->loop, watch);
            (void)curl_multi_assign(multi->handle, fd, NULL);
        }
        return 0;
    }
    uint32_t events = (what & CURL_POLL_IN) != 0 ? (uint32_t)PHX_POLL_READ : 0U;
    events |= (what & CURL_POLL_OUT) != 0 ? (uint32_t)PHX_POLL_WRITE : 0U;
    phx_status status = PHX_OK;
    if (watch != NULL) {
        status = phx_loop_modify(multi->loop, watch, events);
    } else {
        status = phx_loop_watch(multi->loop, fd, events, on_ready, multi, &watch);
        (void)curl_multi_assign(multi->handle, fd, watch);
    }
    if (status != PHX_OK) {
        multi->failed(multi->user_data, easy, status);
    }
    return 0; /* an error would end all transfers, not this one */
}

static int on_timer(CURLM *handle, long timeout_ms, void *user_data)
{
    phxi_curl_multi *multi = user_data;
    (void)handle;
    multi->deadline_ms =
        timeout_ms < 0 ? UINT64_MAX : phx_loop_now_ms(multi->loop) + (uint64_t)timeout_ms;
    return 0;
}

bool phxi_curl_multi_turn(phxi_curl_multi *multi, uint64_t now_ms)
{
    if (now_ms < multi->deadline_ms) {
        return true;
    }
    int running = 0;
    multi->deadline_ms = UINT64_MAX;
    (void)curl_multi_socket_action(multi->handle, CURL_SOCKET_TIMEOUT, 0, &running);
    return report_finished(multi);
}

void phxi_curl_multi_free(phxi_curl_multi *multi)
{
    if (multi->handle != NULL) {
        (void)curl_multi_cleanup(multi->handle);
        multi->handle = NULL;
        multi->deadline_ms = UINT64_MAX;
    }
}

phx_status phxi_curl_multi_init(phxi_curl_multi *multi, long max_connections)
{
    multi->deadline_ms = UINT64_MAX;
    multi->handle = curl_multi_init();
    if (multi->handle == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    CURLM *handle = multi->handle;
    bool is_set = curl_multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
                  curl_multi_setopt(handle, CURLMOPT_SOCKETDATA, multi) == CURLM_OK &&
                  curl_multi_setopt(handle, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
                  curl_multi_setopt(handle, CURLMOPT_TIMERDATA, multi) == CURLM_OK &&
                  curl_multi_setopt(handle, CURLMOPT_MAXCONNECTS, max_connections) == CURLM_OK;
    if (!is_set) {
        phxi_curl_multi_free(multi);
    }
    return is_set ? PHX_OK : PHX_ERROR_UNSUPPORTED;
}
