/* SPDX-License-Identifier: MIT */
/*
 * A private copy of a phx_network: the proxy's URL split, its credentials as the header that
 * carries them. Knows no network library.
 */
#ifndef PHXI_NETWORK_OPTIONS_H
#define PHXI_NETWORK_OPTIONS_H

#include <phx/transport.h>

#include "support/buffer.h"

typedef struct phxi_network_options {
    phxi_buffer texts;         /* all of the following; wiped */
    const char *proxy_url;     /* "http://HOST:PORT", without user information; NULL: no proxy */
    const char *proxy_host;    /* without the brackets of an IPv6 address */
    const char *authorization; /* "Proxy-Authorization: Basic ..."; "": none */
    const char *proxy_name;    /* HOST:PORT as written */
    uint16_t proxy_port;
    bool compress;
} phxi_network_options;

/* PHX_ERROR_INVALID_URL: the proxy's. PHX_ERROR_NO_MEMORY. On failure *out is empty. network: NULL
 * gives defaults. The allocator is borrowed and outlives *out. */
PHX_MUST_CHECK phx_status phxi_network_options_copy(const phx_allocator *allocator,
                                                    const phx_network *network,
                                                    phxi_network_options *out);
void phxi_network_options_free(phxi_network_options *options);

#endif
