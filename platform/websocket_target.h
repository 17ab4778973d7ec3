/* SPDX-License-Identifier: MIT */
/*
 * Where a WebSocket goes, and what its upgrade request says: a private copy of what a
 * phx_transport_request gives, taken apart and bounded. Knows no network library.
 */
#ifndef PHXI_WEBSOCKET_TARGET_H
#define PHXI_WEBSOCKET_TARGET_H

#include <phx/transport.h>

#include "support/buffer.h"

enum {
    PHXI_MAX_TARGET_BYTES = 2000, /* libwebsockets cuts longer ones without a word */
    PHXI_MAX_AUTHORITY_BYTES = 120,
    PHXI_MAX_HEADERS_BYTES = 8 * 1024, /* all that the caller adds */
    PHXI_MAX_SUBPROTOCOLS_BYTES = 14 * 1024,
};

typedef struct phxi_websocket_target {
    phxi_buffer texts; /* all of the following; may hold a token; wiped */
    const char *host;  /* without the brackets of an IPv6 address */
    const char *authority;
    const char *path;         /* and query */
    const char *headers;      /* "Name: value\r\n", and so on */
    const char *subprotocols; /* "": none */
    uint16_t port;
    bool is_tls;
    bool is_ipv6_literal;
    bool is_loopback;
} phxi_websocket_target;

/* The statuses of phx_transport's open(), and why in the log for `component`. On failure *out is
 * empty. allocator: borrowed, and outlives *out. */
PHX_MUST_CHECK phx_status phxi_websocket_target_copy(const phx_allocator *allocator,
                                                     const phx_log *log, const char *component,
                                                     const phx_transport_request *request,
                                                     phxi_websocket_target *out);
void phxi_websocket_target_free(phxi_websocket_target *target);

#endif
