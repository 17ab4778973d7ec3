/* SPDX-License-Identifier: MIT */
/*
 * A transport without a network: every connection ends at functions of the test, the server, which
 * accept or refuse it, see its frames, send some and drop it. What either side does arrives
 * latency_ms later, in order. Breaking the port's rules fails the test.
 */
#ifndef FAKE_TRANSPORT_H
#define FAKE_TRANSPORT_H

#include <phx/transport.h>

#include "fake_poller.h"

/* What the server does; each may be NULL. */
typedef struct fake_server_events {
    void *user_data;
    void (*attempt)(void *user_data, phx_connection *connection,
                    const phx_transport_request *request);
    void (*frame)(void *user_data, phx_connection *connection, phx_frame_kind kind,
                  const uint8_t *data, size_t length);
    /* The client closed, dropped or gave it up, or it ended otherwise. It may not be used any more.
     */
    void (*gone)(void *user_data, phx_connection *connection);
} fake_server_events;

typedef struct fake_transport {
    phx_transport port;
    fake_poller *poller;
    fake_server_events server;
    uint32_t latency_ms;
    uint32_t jitter_ms; /* and up to so much more, by chance; what goes one way stays in order */
    /* Asked before each open and send: what it returns instead of PHX_OK. NULL: nothing fails. */
    phx_status (*fails)(void *user_data, bool is_open);
    size_t attempts;
    size_t living;    /* connections and attempts that the client has not released */
    size_t most_open; /* accepted at a time */
    size_t open;
    size_t closes; /* close handshakes that the client began */
    bool is_released;
} fake_transport;

void fake_transport_init(fake_transport *transport, fake_poller *poller,
                         const fake_server_events *server);

/* The server answers an attempt: with the upgrade, or with an error (copied; its message is
 * static). */
void fake_connection_accept(phx_connection *connection);
void fake_connection_refuse(phx_connection *connection, const phx_error *error);
/* The server sends a message. */
void fake_connection_send(phx_connection *connection, phx_frame_kind kind, const void *data,
                          size_t length);
/* Nothing arrives for so long, on its way to the server or from it or both; then all of it does. */
void fake_connection_stall(phx_connection *connection, uint32_t ms, bool to_server, bool to_client);
/* Half open: nothing arrives any more on either side, not even the end. */
void fake_connection_cut(phx_connection *connection);
/* The server, or the network, ends it. close_code 1006: without a close frame. */
void fake_connection_drop(phx_connection *connection, int32_t close_code);

#endif
