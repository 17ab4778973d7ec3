/* SPDX-License-Identifier: MIT */
/*
 * One connection over the first of two transports that works, as the files of the fallback share
 * it. It knows both through the port only, and of Phoenix one thing: that a heartbeat is answered.
 */
#ifndef PHXI_FALLBACK_H
#define PHXI_FALLBACK_H

#include <phx/transport.h>

#include "longpoll/request_copy.h"
#include "support/timer_heap.h"

typedef struct fallback_transport {
    phx_transport port;
    phx_allocator allocator;
    phx_loop *loop;
    phx_loop_source source;
    const phx_transport *primary;
    const phx_transport *secondary;
    uint32_t fallback_ms;
    phxi_timer_heap timers;
    bool has_primary_passed;  /* a probe, ever */
    bool is_primary_given_up; /* the secondary carried, and the primary never did */
} fallback_transport;

typedef enum fallback_state {
    FALLBACK_TRYING,  /* the primary is connecting */
    FALLBACK_PROBING, /* it is open, and has not shown yet that it carries anything */
    FALLBACK_SECOND,  /* the secondary is connecting */
    FALLBACK_OPEN,
    FALLBACK_CLOSING, /* before it was open: whatever ends it now is the end */
    FALLBACK_CLOSED,
} fallback_state;

typedef struct fallback_connection {
    fallback_transport *transport;
    phx_allocator allocator;
    phx_transport_events events;
    phxi_request_copy copy;
    fallback_state state;
    const phx_transport *carrier; /* whose connection is the inner one */
    phx_connection *inner;        /* NULL: there is none */
    uint64_t begun_ms;
    phxi_timer timer;
    char subprotocol[64];   /* what the primary's server chose */
    size_t probe_unwritten; /* bytes of the probe, which the owner did not send */
    bool is_probe_unanswered;
    phx_error first_error; /* the primary's; PHX_OK: it was only slow */
    char first_message[256];
    bool is_reporting;
    bool is_released;
} fallback_connection;

/* NULL: *out_status says why. */
fallback_connection *phxi_fallback_new(fallback_transport *transport,
                                       const phx_transport_request *request,
                                       const phx_transport_events *events, phx_status *out_status);
phx_status phxi_fallback_send(fallback_connection *connection, phx_frame_kind kind,
                              const uint8_t *data, size_t length);
void phxi_fallback_close(fallback_connection *connection, uint16_t code, const char *reason);
void phxi_fallback_release(fallback_connection *connection);
/* Its timer is due: the primary took too long. */
void phxi_fallback_advance(fallback_connection *connection);

#endif
