/* SPDX-License-Identifier: MIT */
/*
 * Which of the stock transports is taken, and the poller that goes with it.
 */
#include <phx/platform.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/config.h"
#include "support/log.h"

#ifdef PHX_HAS_LWS
#include <libwebsockets.h>
#endif
#ifdef PHX_HAS_CURL
#include <curl/curl.h>
#endif

enum {
    FAST_LWS = 40405, /* 4.4.5, the first that reads frames in blocks */
    NAME_BYTES = 64,
};

#if defined(PHX_HAS_LWS) && defined(PHX_HAS_CURL)
/* "4.1.6", with or without more behind it, which may be another one than was compiled against. */
static long lws_version(void)
{
    const char *at = lws_get_library_version();
    long version = 0;
    for (int i = 0; i < 3; i++) {
        char *end = NULL;
        version = version * 100 + strtol(at, &end, 10);
        at = *end == '.' ? end + 1 : end;
    }
    return version;
}
#endif

static phx_transport_kind best_kind(const phx_network *network)
{
#if defined(PHX_HAS_LWS) && defined(PHX_HAS_CURL)
    return network->compress || lws_version() >= FAST_LWS ? PHX_TRANSPORT_LWS : PHX_TRANSPORT_CURL;
#elif defined(PHX_HAS_LWS)
    (void)network;
    return PHX_TRANSPORT_LWS;
#elif defined(PHX_HAS_CURL)
    (void)network;
    return PHX_TRANSPORT_CURL;
#else
    (void)network;
    return PHX_TRANSPORT_AUTO;
#endif
}

phx_transport_kind phx_platform_transport_kind(const phx_network *given)
{
    phx_network network;
    phxi_config_copy(&network, sizeof network, given);
    return network.transport != PHX_TRANSPORT_AUTO ? network.transport : best_kind(&network);
}

void phx_platform_transport_name(phx_transport_kind kind, char *out, size_t capacity)
{
    (void)snprintf(out, capacity, "none");
#ifdef PHX_HAS_LWS
    if (kind == PHX_TRANSPORT_LWS) {
        const char *version = lws_get_library_version(); /* "4.1.6-", and who built it */
        (void)snprintf(out, capacity, "libwebsockets %.*s", (int)strcspn(version, "-"), version);
    }
#endif
#ifdef PHX_HAS_CURL
    if (kind == PHX_TRANSPORT_CURL) {
        (void)snprintf(out, capacity, "libcurl %.40s", curl_version_info(CURLVERSION_NOW)->version);
    }
#endif
    (void)kind;
}

static phx_status make(phx_transport_kind kind, phx_loop *loop, const phx_tls *tls,
                       const phx_network *network, const phx_transport **out)
{
    switch (kind) {
    case PHX_TRANSPORT_LWS:
        return phx_transport_lws(loop, tls, network, out);
    case PHX_TRANSPORT_CURL:
        return phx_transport_curl(loop, tls, network, out);
    case PHX_TRANSPORT_AUTO:
        return PHX_ERROR_UNSUPPORTED;
    }
    return PHX_ERROR_INVALID_ARGUMENT;
}

phx_status phx_platform_transport(phx_loop *loop, const phx_tls *tls, const phx_network *given,
                                  const phx_transport **out)
{
    phx_network network;
    char name[NAME_BYTES];
    phxi_config_copy(&network, sizeof network, given);
    *out = NULL;
    phx_transport_kind kind = phx_platform_transport_kind(&network);
    phx_status status = make(kind, loop, tls, given, out);
    if (status == PHX_ERROR_UNSUPPORTED && network.transport == PHX_TRANSPORT_AUTO &&
        kind == PHX_TRANSPORT_LWS) {
        kind = PHX_TRANSPORT_CURL;
        status = make(kind, loop, tls, given, out);
    }
    if (status == PHX_OK) {
        phx_platform_transport_name(kind, name, sizeof name);
        phxi_log(phx_loop_log(loop), PHX_LOG_INFO, "phx", "WebSockets go over %s", name);
    }
    return status;
}

static phx_status poller_for(phx_transport_kind kind, const phx_allocator *allocator,
                             const phx_log *log, const phx_poller **out)
{
#ifdef PHX_HAS_EPOLL
    if (kind != PHX_TRANSPORT_LWS) {
        return phx_platform_epoll_poller(allocator, out);
    }
#endif
    (void)kind;
    return phx_platform_lws_poller(allocator, log, out);
}

phx_status phx_platform_poller(const phx_allocator *allocator, const phx_log *log,
                               const phx_poller **out)
{
    return poller_for(phx_platform_transport_kind(NULL), allocator, log, out);
}

phx_status phx_platform_loop_new(const phx_loop_config *given, const phx_network *network,
                                 phx_loop **out_loop)
{
    phx_loop_config config;
    phxi_config_copy(&config, sizeof config, given);
    config.struct_size = (uint32_t)sizeof config;
    phx_status status = PHX_OK;
    *out_loop = NULL;
    bool has_allocator = config.allocator == NULL || phxi_allocator_is_valid(config.allocator);
    if (config.poller == NULL && has_allocator) {
        status = poller_for(phx_platform_transport_kind(network), config.allocator, config.log,
                            &config.poller);
    }
    return status == PHX_OK ? phx_loop_new(&config, out_loop) : status;
}
