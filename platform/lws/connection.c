/* SPDX-License-Identifier: MIT */
/*
 * The life of a connection: made from a request, driven by one timer, ended once. Everything that
 * ends it goes through phxi_connection_finish, and everything that it reports at its end comes from
 * the loop's turn, so that no event is ever called from inside a call into the transport.
 */
#include "lws/connection.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "support/alloc.h"

/* Everything that was taken from elsewhere is given back before. */
static void free_connection(phx_connection *connection)
{
    lws_transport *transport = connection->transport;
    phxi_timer_cancel(&transport->timers, &connection->timer);
    phxi_frames_free(connection);
    phxi_websocket_target_free(&connection->target);
    phxi_buffer_free(&connection->tunnel_bytes);
    phxi_free(&transport->allocator, connection);
}

phx_connection *phxi_connection_new(lws_transport *transport, const phx_transport_request *request,
                                    const phx_transport_events *events, phx_status *out_status)
{
    phx_connection *connection = phxi_alloc_zero(&transport->allocator, sizeof *connection);
    if (connection == NULL) {
        *out_status = PHX_ERROR_NO_MEMORY;
        return NULL;
    }
    connection->transport = transport;
    connection->events = *events;
    connection->watched_fd = -1;
    phxi_buffer_init(&connection->tunnel_bytes, &transport->allocator, MAX_TUNNEL_BYTES);
    connection->tunnel_bytes.is_secret = true;
    phxi_buffer_init(&connection->gathered, &transport->allocator, request->max_message_bytes);
    *out_status = phxi_websocket_target_copy(&transport->allocator, phx_loop_log(transport->loop),
                                             "lws", request, &connection->target);
    if (*out_status != PHX_OK) {
        free_connection(connection);
        return NULL;
    }
    connection->is_proxied =
        transport->network.proxy_url != NULL && !connection->target.is_loopback;
    connection->close_timeout_ms = request->close_timeout_ms;
    connection->deadline_ms = phx_loop_now_ms(transport->loop) + request->connect_timeout_ms;
    connection->address_deadline_ms = UINT64_MAX;
    phxi_connection_set_due(connection);
    return connection;
}

void phxi_connection_rearm(phx_connection *connection)
{
    uint64_t deadline_ms = connection->is_due ? 0 : UINT64_MAX;
    bool has_deadline = connection->state == STATE_CONNECTING || connection->state == STATE_CLOSING;
    if (has_deadline && connection->deadline_ms < deadline_ms) {
        deadline_ms = connection->deadline_ms;
    }
    if (connection->state == STATE_CONNECTING && connection->address_deadline_ms < deadline_ms) {
        deadline_ms = connection->address_deadline_ms;
    }
    if (deadline_ms == UINT64_MAX) {
        phxi_timer_cancel(&connection->transport->timers, &connection->timer);
    } else {
        phxi_timer_arm(&connection->transport->timers, &connection->timer, deadline_ms);
    }
    phxi_lws_poller_interrupt(connection->transport->poller);
}

void phxi_connection_set_due(phx_connection *connection)
{
    connection->is_due = true;
    phxi_connection_rearm(connection);
}

void phxi_connection_set_error(phx_connection *connection, phx_status status, const char *format,
                               ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(connection->error_text, sizeof connection->error_text, format, arguments);
    va_end(arguments);
    connection->error = (phx_error){
        .struct_size = (uint32_t)sizeof(phx_error),
        .status = status,
        .message = connection->error_text,
    };
}

void phxi_connection_drop_socket(phx_connection *connection)
{
    phxi_attempt_stop_watching(connection);
    if (connection->wsi != NULL) {
        lws_set_opaque_user_data(connection->wsi, NULL);
        lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
        connection->wsi = NULL;
    }
}

static void let_go(phx_connection *connection)
{
    phxi_connection_drop_socket(connection);
    if (connection->lookup != NULL) {
        phxi_lookup_cancel(connection->lookup);
        connection->lookup = NULL;
    }
}

void phxi_connection_finish(phx_connection *connection)
{
    if (connection->state == STATE_OVER) {
        return;
    }
    connection->state = STATE_OVER;
    let_go(connection);
    phxi_connection_set_due(connection);
}

void phxi_connection_begin_event(phx_connection *connection)
{
    connection->is_in_event = true;
}

bool phxi_connection_end_event(phx_connection *connection)
{
    connection->is_in_event = false;
    if (connection->is_released) {
        free_connection(connection);
        return false;
    }
    return true;
}

void phxi_connection_release(phx_connection *connection)
{
    connection->state = STATE_OVER;
    connection->is_reported = true;
    let_go(connection);
    if (connection->is_in_event) {
        connection->is_released = true;
    } else {
        free_connection(connection);
    }
}

void phxi_connection_close(phx_connection *connection, uint16_t code, const char *reason)
{
    if (connection->state == STATE_CONNECTING) {
        phxi_connection_set_error(connection, PHX_ERROR_CANCELLED,
                                  "the attempt to connect was given up");
        phxi_connection_finish(connection);
        return;
    }
    if (connection->state != STATE_OPEN) {
        return;
    }
    phxi_connection_set_error(connection, PHX_OK, "closed");
    connection->state = STATE_CLOSING;
    connection->close_code = code;
    (void)snprintf(connection->close_reason, sizeof connection->close_reason, "%s", reason);
    connection->deadline_ms =
        phx_loop_now_ms(connection->transport->loop) + connection->close_timeout_ms;
    phxi_connection_rearm(connection);
    lws_callback_on_writable(connection->wsi);
}

static void report(phx_connection *connection)
{
    connection->is_reported = true;
    phxi_connection_begin_event(connection);
    connection->events.closed(connection->events.user_data, &connection->error);
    (void)phxi_connection_end_event(connection);
}

static void time_out(phx_connection *connection)
{
    if (connection->state == STATE_CONNECTING) {
        bool is_at_proxy = connection->is_proxied && !connection->is_tunnel_up;
        phxi_connection_set_error(
            connection, PHX_ERROR_TIMEOUT, "%s%s did not answer in time: %s",
            is_at_proxy ? "the proxy " : "",
            is_at_proxy ? connection->transport->network.proxy_name : connection->target.host,
            connection->lookup != NULL ? "its name was not resolved"
            : connection->is_proxy_up && !connection->is_tunnel_up
                ? "no way to the server came about"
            : !connection->is_tcp_up       ? "no connection came about"
            : !connection->is_request_sent ? "the TLS handshake did not end"
                                           : "the WebSocket upgrade was not answered");
    } else if (connection->error.status == PHX_OK) {
        phxi_connection_set_error(connection, PHX_ERROR_TIMEOUT,
                                  "the server did not answer the close frame");
        connection->error.close_code = 1006;
    }
    phxi_connection_finish(connection);
}

void phxi_connection_advance(phx_connection *connection, uint64_t now_ms)
{
    bool is_due = connection->is_due;
    connection->is_due = false;
    if (connection->state == STATE_OVER) {
        if (!connection->is_reported) {
            report(connection);
        }
        return;
    }
    bool is_bounded = connection->state == STATE_CONNECTING || connection->state == STATE_CLOSING;
    if (is_bounded && now_ms >= connection->deadline_ms) {
        time_out(connection);
    } else if (connection->state == STATE_CONNECTING && now_ms >= connection->address_deadline_ms) {
        phxi_connection_drop_socket(connection);
        phxi_attempt_failed(connection, 0);
    } else if (is_due && connection->state == STATE_CONNECTING) {
        if (connection->addresses.count == 0) {
            phxi_attempt_start(connection, now_ms);
        } else {
            phxi_attempt_next(connection, now_ms);
        }
    } else {
        phxi_connection_rearm(connection);
    }
}
