/* SPDX-License-Identifier: MIT */
/*
 * The poller inside libwebsockets' service loop, and the context that transports on the same loop
 * share.
 */
#ifndef PHXI_LWS_POLLER_H
#define PHXI_LWS_POLLER_H

#include <phx/loop.h>

#include <libwebsockets.h>

enum {
    /* libwebsockets' own limit for each step of a connection: far beyond any sensible time-out of
     * ours, yet a bound for a socket that was dropped in the moment in which it set its timer. */
    PHXI_LWS_STEP_SECONDS = 300,
    /* The buffer in which libwebsockets composes requests, and into which it reads: the limits in
     * connection.h must fit in together. */
    PHXI_LWS_SERVICE_BYTES = 32 * 1024,
};

typedef struct phxi_lws_poller phxi_lws_poller;

/* A vhost that was made later than the poller. */
typedef struct phxi_lws_vhost {
    struct lws_vhost *vhost;
    struct phxi_lws_vhost *next; /* the poller's */
} phxi_lws_vhost;

extern const char phxi_lws_websocket_protocol[];
extern const struct lws_protocols phxi_lws_protocols[];

/* The poller of the loop; NULL: it has another one. */
phxi_lws_poller *phxi_lws_poller_of(const phx_loop *loop);

struct lws_context *phxi_lws_poller_context(const phxi_lws_poller *poller);

/* The vhost without TLS. */
struct lws_vhost *phxi_lws_poller_vhost(const phxi_lws_poller *poller);

/* Destroys the vhost once libwebsockets is not inside it any more, and frees the struct with
 * `allocator`. */
void phxi_lws_poller_retire(phxi_lws_poller *poller, phxi_lws_vhost *vhost);

/* Makes the present wait return, if there is one: for a deadline that was set inside it. */
void phxi_lws_poller_interrupt(phxi_lws_poller *poller);

const phx_allocator *phxi_lws_poller_allocator(const phxi_lws_poller *poller);

#endif
