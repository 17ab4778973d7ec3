/* SPDX-License-Identifier: MIT */
/*
 * The transport port of a fallback: its functions and its place in the loop.
 */
#include <phx/platform.h>

#include "longpoll/fallback.h"
#include "support/alloc.h"

static phx_status open_connection(void *user_data, const phx_transport_request *request,
                                  const phx_transport_events *events,
                                  phx_connection **out_connection)
{
    phx_status status = PHX_OK;
    *out_connection =
        (phx_connection *)(void *)phxi_fallback_new(user_data, request, events, &status);
    return status;
}

static phx_status send_message(void *user_data, phx_connection *connection, phx_frame_kind kind,
                               const uint8_t *data, size_t length)
{
    (void)user_data;
    return phxi_fallback_send((fallback_connection *)(void *)connection, kind, data, length);
}

static void close_connection(void *user_data, phx_connection *connection, uint16_t code,
                             const char *reason)
{
    (void)user_data;
    phxi_fallback_close((fallback_connection *)(void *)connection, code, reason);
}

static void release_connection(void *user_data, phx_connection *connection)
{
    (void)user_data;
    phxi_fallback_release((fallback_connection *)(void *)connection);
}

static void turn(void *user_data, uint64_t now_ms)
{
    fallback_transport *transport = user_data;
    phxi_timer *timer = phxi_timer_pop_due(&transport->timers, now_ms);
    if (timer != NULL) {
        size_t offset = offsetof(fallback_connection, timer);
        phxi_fallback_advance((fallback_connection *)(void *)((char *)timer - offset));
    }
}

static uint64_t deadline_ms(void *user_data)
{
    const fallback_transport *transport = user_data;
    return phxi_timer_next_deadline(&transport->timers);
}

static void release_port(const phx_transport *port)
{
    if (port->release != NULL) {
        port->release(port->user_data);
    }
}

static void release(void *user_data)
{
    fallback_transport *transport = user_data;
    phx_loop_remove_source(transport->loop, &transport->source);
    release_port(transport->primary);
    release_port(transport->secondary);
    phx_allocator allocator = transport->allocator;
    phxi_free(&allocator, transport);
}

phx_status phx_transport_fallback(phx_loop *loop, const phx_transport *primary,
                                  const phx_transport *secondary, uint32_t fallback_ms,
                                  const phx_transport **out)
{
    const phx_allocator *allocator = phx_loop_allocator(loop);
    fallback_transport *transport = phxi_alloc_zero(allocator, sizeof *transport);
    *out = NULL;
    if (transport == NULL) {
        release_port(primary);
        release_port(secondary);
        return PHX_ERROR_NO_MEMORY;
    }
    transport->allocator = *allocator;
    transport->loop = loop;
    transport->primary = primary;
    transport->secondary = secondary;
    transport->fallback_ms = fallback_ms;
    transport->source =
        (phx_loop_source){.user_data = transport, .turn = turn, .deadline_ms = deadline_ms};
    phx_loop_add_source(loop, &transport->source);
    transport->port = (phx_transport){
        .struct_size = (uint32_t)sizeof(phx_transport),
        .user_data = transport,
        .open = open_connection,
        .send = send_message,
        .close = close_connection,
        .release_connection = release_connection,
        .release = release,
    };
    *out = &transport->port;
    return PHX_OK;
}
