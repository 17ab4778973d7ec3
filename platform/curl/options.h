/* SPDX-License-Identifier: MIT */
/*
 * What every transfer of libcurl has in common, requests and WebSockets alike: who is trusted,
 * which proxy is taken, and what libcurl's errors mean.
 */
#ifndef PHXI_CURL_OPTIONS_H
#define PHXI_CURL_OPTIONS_H

#include <phx/transport.h>

#include <curl/curl.h>

#include "network_options.h"
#include "tls_options.h"

typedef struct phxi_curl_options {
    phxi_tls_options tls;
    char *pins; /* as libcurl writes them; NULL: none */
    phxi_network_options network;
    struct curl_slist *proxy_headers; /* the proxy's credentials; NULL: none */
} phxi_curl_options;

typedef enum phxi_curl_proxy {
    PHXI_CURL_NO_PROXY,
    PHXI_CURL_GIVEN_PROXY,       /* network.proxy_url, which is not NULL */
    PHXI_CURL_ENVIRONMENT_PROXY, /* what the environment says */
} phxi_curl_proxy;

/* Sets libcurl up, too, if the program has not. PHX_ERROR_NO_MEMORY, and what phx_http_curl returns
 * for a wrong tls or network. On failure *out may hold something: free it. */
PHX_MUST_CHECK phx_status phxi_curl_options_init(phxi_curl_options *out,
                                                 const phx_allocator *allocator, const phx_tls *tls,
                                                 const phx_network *network);
void phxi_curl_options_free(phxi_curl_options *options, const phx_allocator *allocator);

/* The handle borrows from the options. */
CURLcode phxi_curl_options_apply(const phxi_curl_options *options, CURL *easy,
                                 phxi_curl_proxy proxy);

/* os_code: errno of a failed connect. */
phx_status phxi_curl_status(CURLcode code, int os_code);
/* What a proxy answered to CONNECT, if that is what the transfer ended with; else 0. */
long phxi_curl_proxy_refusal(CURL *easy);
/* One line: the server, the proxy ("": none), what happened, and libcurl's own words ("": none) of
 * how TLS failed, which never hold more than host names. */
void phxi_curl_describe(char *out, size_t capacity, const char *host, const char *proxy,
                        phx_status status, const char *curl_text);

/* Wipes them, too. */
void phxi_curl_headers_free(struct curl_slist *headers);

#endif
