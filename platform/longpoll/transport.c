/* SPDX-License-Identifier: MIT */
/*
 * The transport port on long polls: its functions and its place in the loop.
 */
#include <phx/platform.h>

#include "longpoll/connection.h"
#include "support/alloc.h"

static phx_status open_connection(void *user_data, const phx_transport_request *request,
                                  const phx_transport_events *events,
                                  phx_connection **out_connection)
{
    phx_status status = PHX_OK;
    *out_connection = phxi_longpoll_new(user_data, request, events, &status);
    return status;
}

static phx_status send_message(void *user_data, phx_connection *connection, phx_frame_kind kind,
                               const uint8_t *data, size_t length)
{
    (void)user_data;
    return phxi_longpoll_send(connection, kind, data, length);
}

static void close_connection(void *user_data, phx_connection *connection, uint16_t code,
                             const char *reason)
{
    (void)user_data;
    (void)code; /* there is nobody to tell it to */
    (void)reason;
    phxi_longpoll_close(connection);
}

static void release_connection(void *user_data, phx_connection *connection)
{
    (void)user_data;
    phxi_longpoll_release(connection);
}

static void turn(void *user_data, uint64_t now_ms)
{
    longpoll_transport *transport = user_data;
    phxi_timer *timer = phxi_timer_pop_due(&transport->timers, now_ms);
    if (timer != NULL) {
        size_t offset = offsetof(phx_connection, timer);
        phxi_longpoll_advance((phx_connection *)(void *)((char *)timer - offset));
    }
}

static uint64_t deadline_ms(void *user_data)
{
    const longpoll_transport *transport = user_data;
    return phxi_timer_next_deadline(&transport->timers);
}

static void release_http(const phx_http *http)
{
    if (http->release != NULL) {
        http->release(http->user_data);
    }
}

static void release(void *user_data)
{
    longpoll_transport *transport = user_data;
    phx_loop_remove_source(transport->loop, &transport->source);
    release_http(transport->http);
    phx_allocator allocator = transport->allocator;
    phxi_free(&allocator, transport);
}

phx_status phx_transport_longpoll(phx_loop *loop, const phx_http *http, const phx_transport **out)
{
    const phx_allocator *allocator = phx_loop_allocator(loop);
    longpoll_transport *transport = phxi_alloc_zero(allocator, sizeof *transport);
    *out = NULL;
    if (transport == NULL) {
        release_http(http);
        return PHX_ERROR_NO_MEMORY;
    }
    transport->allocator = *allocator;
    transport->loop = loop;
    transport->http = http;
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
        .skips_heartbeat = true,
    };
    *out = &transport->port;
    return PHX_OK;
}
