/* SPDX-License-Identifier: MIT */
/*
 * Splitting and composing the URLs of sockets and requests (RFC 3986, http, https, ws, wss only).
 */
#ifndef PHXI_URL_H
#define PHXI_URL_H

#include <phx/base.h>
#include <phx/status.h>

#include "support/buffer.h"

typedef struct phxi_url {
    phx_slice scheme;  /* as written; compare without case */
    bool is_secure;    /* wss, https */
    bool is_websocket; /* ws, wss */
    phx_slice host;    /* without the brackets of an IPv6 address */
    bool is_ipv6_literal;
    uint16_t port;       /* the scheme's default if none is written */
    phx_slice authority; /* host:port as written, for the Host header; without user information */
    phx_slice path;      /* "" or from the slash on */
    phx_slice query;     /* without the '?'; absent: data NULL */
} phxi_url;

/* Splits `url`; slices point into it. PHX_ERROR_INVALID_URL: another scheme, user information, no
 * host, a bad port, white space, control or non-ASCII characters, a fragment; *out_reason says
 * which, in static text, and is NULL otherwise. */
PHX_MUST_CHECK phx_status phxi_url_parse(const char *url, phxi_url *out, const char **out_reason);

/* Whether the host is localhost, *.localhost, 127.0.0.0/8 or ::1 by its spelling. */
bool phxi_url_is_loopback(const phxi_url *url);

/* What follows appends to a buffer and leaves what it holds as it was when it fails:
 * PHX_ERROR_TOO_LARGE, PHX_ERROR_NO_MEMORY. */

/* Appends text[length] percent-encoded: all but RFC 3986's unreserved characters. */
PHX_MUST_CHECK phx_status phxi_url_append_encoded(phxi_buffer *out, const char *text,
                                                  size_t length);

/* Appends "name=value", encoded, behind '?' or '&' as `out` demands (a '?' is in it already or
 * not). The brackets of nested names ("a[b]") are kept as they are. */
PHX_MUST_CHECK phx_status phxi_url_append_query(phxi_buffer *out, const char *name,
                                                const char *value, size_t value_length);

#endif
