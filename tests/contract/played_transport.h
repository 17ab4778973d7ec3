/* SPDX-License-Identifier: MIT */
/*
 * A transport that the test plays, with at most one connection at a time.
 */
#ifndef PLAYED_TRANSPORT_H
#define PLAYED_TRANSPORT_H

#include <phx/transport.h>

typedef struct played_transport {
    phx_transport port;
    phx_transport_events events;
    size_t opens;
    phx_status refusal; /* what open() returns; PHX_OK: an attempt begins */
    bool has_connection;
    char *url;
    char *subprotocols;
    uint32_t connect_timeout_ms;
    char sent[4096]; /* each message and a newline */
    uint16_t close_code;
    bool is_released;
} played_transport;

void played_transport_init(played_transport *transport, bool skips_heartbeat);
void played_transport_opened(played_transport *transport);
void played_transport_message(played_transport *transport, const char *text);
void played_transport_closed(played_transport *transport, phx_status status, int32_t http_status);

#endif
