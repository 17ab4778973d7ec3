/* SPDX-License-Identifier: MIT */
/*
 * libcurl's multi interface in any loop: libcurl says which descriptors to watch and when to be
 * called again.
 */
#ifndef PHXI_CURL_MULTI_H
#define PHXI_CURL_MULTI_H

#include <phx/loop.h>

#include <curl/curl.h>

typedef struct phxi_curl_multi {
    phx_loop *loop;
    CURLM *handle;        /* NULL: not made */
    uint64_t deadline_ms; /* when libcurl wants to be called */
    void *user_data;
    /* A transfer has ended. False: the owner of this struct is gone. */
    bool (*finished)(void *user_data, CURL *easy, CURLcode code);
    /* A descriptor of it cannot be watched. Called inside libcurl, so nothing may be done at once.
     */
    void (*failed)(void *user_data, CURL *easy, phx_status status);
} phxi_curl_multi;

/* The callbacks, user_data and loop are set before. max_connections: that are kept for later.
 * PHX_ERROR_NO_MEMORY, PHX_ERROR_UNSUPPORTED: there is no handle. */
PHX_MUST_CHECK phx_status phxi_curl_multi_init(phxi_curl_multi *multi, long max_connections);
/* All transfers were removed before. Ends the connections that were kept; may be made anew. */
void phxi_curl_multi_free(phxi_curl_multi *multi);
/* Calls libcurl if it is time. False: the owner is gone. */
bool phxi_curl_multi_turn(phxi_curl_multi *multi, uint64_t now_ms);

#endif
