/* SPDX-License-Identifier: MIT */
/*
 * The life of a connection: made from a request, driven by libcurl, its descriptor and one timer,
 * ended once. Everything that ends it goes through phxi_curl_websocket_finish, and what it reports
 * at its end comes from the loop's turn, so that no event is ever called from inside a call into
 * the transport.
 */
#include "curl/websocket.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "support/alloc.h"

/* libcurl closes its descriptor: nobody may watch it then. */
static void drop_easy(phx_connection *connection)
{
    if (connection->watch != NULL) {
        phx_loop_unwatch(connection->transport->loop, connection->watch);
        connection->watch = NULL;
    }
    if (connection->easy != NULL) {
        (void)curl_multi_remove_handle(connection->transport->multi.handle, connection->easy);
        curl_easy_cleanup(connection->easy);
        connection->easy = NULL;
    }
}

static void free_connection(phx_connection *connection)
{
    curl_transport *transport = connection->transport;
    drop_easy(connection);
    phxi_timer_cancel(&transport->timers, &connection->timer);
    phxi_curl_websocket_free_frames(connection);
    phxi_buffer_free(&connection->upgrade);
    phxi_websocket_target_free(&connection->target);
    phxi_free(&transport->allocator, connection);
}

static phx_status set_up(phx_connection *connection, const phx_transport_request *request)
{
    curl_transport *transport = connection->transport;
    phx_status status = phxi_websocket_target_copy(
        &transport->allocator, phx_loop_log(transport->loop), "curl", request, &connection->target);
    if (status != PHX_OK) {
        return status;
    }
    connection->is_proxied =
        transport->options.network.proxy_url != NULL && !connection->target.is_loopback;
    connection->close_timeout_ms = request->close_timeout_ms;
    connection->deadline_ms = phx_loop_now_ms(transport->loop) + request->connect_timeout_ms;
    return phxi_curl_websocket_start(connection, request->connect_timeout_ms);
}

phx_connection *phxi_curl_websocket_new(curl_transport *transport,
                                        const phx_transport_request *request,
                                        const phx_transport_events *events, phx_status *out_status)
{
    phx_connection *connection = phxi_alloc_zero(&transport->allocator, sizeof *connection);
    if (connection == NULL) {
        *out_status = PHX_ERROR_NO_MEMORY;
        return NULL;
    }
    connection->transport = transport;
    connection->events = *events;
    phxi_buffer_init(&connection->upgrade, &transport->allocator, 0);
    connection->upgrade.is_secret = true;
    phxi_websocket_reader_init(&connection->reader, &transport->allocator,
                               request->max_message_bytes);
    *out_status = set_up(connection, request);
    if (*out_status != PHX_OK) {
        free_connection(connection);
        return NULL;
    }
    phxi_curl_websocket_rearm(connection);
    return connection;
}

void phxi_curl_websocket_rearm(phx_connection *connection)
{
    bool is_bounded = connection->state != STATE_OPEN && connection->state != STATE_OVER;
    uint64_t deadline_ms = connection->is_due ? 0
                           : is_bounded       ? connection->deadline_ms
                                              : UINT64_MAX;
    phxi_timer_heap *timers = &connection->transport->timers;
    if (deadline_ms == UINT64_MAX) {
        phxi_timer_cancel(timers, &connection->timer);
    } else {
        phxi_timer_arm(timers, &connection->timer, deadline_ms);
    }
}

void phxi_curl_websocket_set_due(phx_connection *connection)
{
    if (!connection->is_due) {
        connection->is_due = true;
        phxi_curl_websocket_rearm(connection);
    }
}

void phxi_curl_websocket_set_error(phx_connection *connection, phx_status status,
                                   const char *format, ...)
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

void phxi_curl_websocket_finish(phx_connection *connection)
{
    if (connection->state != STATE_OVER) {
        connection->state = STATE_OVER;
        drop_easy(connection);
        phxi_curl_websocket_set_due(connection);
    }
}

void phxi_curl_websocket_begin_event(phx_connection *connection)
{
    connection->is_in_event = true;
}

bool phxi_curl_websocket_end_event(phx_connection *connection)
{
    connection->is_in_event = false;
    if (connection->is_released) {
        free_connection(connection);
        return false;
    }
    return connection->state != STATE_OVER;
}

void phxi_curl_websocket_release(phx_connection *connection)
{
    connection->state = STATE_OVER;
    connection->is_reported = true;
    if (connection->is_in_event) {
        drop_easy(connection);
        connection->is_released = true;
    } else {
        free_connection(connection);
    }
}

void phxi_curl_websocket_close(phx_connection *connection, uint16_t code, const char *reason)
{
    if (connection->state == STATE_CONNECTING || connection->state == STATE_UPGRADING) {
        phxi_curl_websocket_set_error(connection, PHX_ERROR_CANCELLED,
                                      "the attempt to connect was given up");
        phxi_curl_websocket_finish(connection);
        return;
    }
    if (connection->state != STATE_OPEN) {
        return;
    }
    phxi_curl_websocket_set_error(connection, PHX_OK, "closed");
    connection->state = STATE_CLOSING;
    connection->close_code = code;
    (void)snprintf(connection->close_reason, sizeof connection->close_reason, "%s", reason);
    connection->deadline_ms =
        phx_loop_now_ms(connection->transport->loop) + connection->close_timeout_ms;
    phxi_curl_websocket_set_due(connection);
}

static void report(phx_connection *connection)
{
    connection->is_reported = true;
    phxi_curl_websocket_begin_event(connection);
    connection->events.closed(connection->events.user_data, &connection->error);
    (void)phxi_curl_websocket_end_event(connection);
}

static void time_out(phx_connection *connection)
{
    if (connection->state != STATE_CLOSING) {
        phxi_curl_websocket_describe(connection, PHX_ERROR_TIMEOUT,
                                     phxi_curl_websocket_stage(connection));
    } else if (connection->error.status == PHX_OK) {
        phxi_curl_websocket_set_error(connection, PHX_ERROR_TIMEOUT,
                                      "the server did not answer the close frame");
        connection->error.close_code = PHXI_WEBSOCKET_LOST;
    }
    phxi_curl_websocket_finish(connection);
}

void phxi_curl_websocket_advance(phx_connection *connection, uint64_t now_ms)
{
    bool is_due = connection->is_due;
    connection->is_due = false;
    if (connection->state == STATE_OVER) {
        if (!connection->is_reported) {
            report(connection);
        }
        return;
    }
    phxi_curl_websocket_rearm(connection);
    if (connection->state != STATE_OPEN && now_ms >= connection->deadline_ms) {
        if (!connection->is_refused) {
            time_out(connection);
        } else {
            phxi_curl_websocket_finish(connection); /* the error is set; enough of the body */
        }
    } else if (is_due && connection->state == STATE_CONNECTING) {
        phxi_curl_websocket_finish(connection); /* its descriptor could not be watched */
    } else if (is_due && phxi_curl_websocket_flush(connection) && connection->target.is_tls) {
        (void)phxi_curl_websocket_receive(connection); /* what no poller knows of */
    }
}
