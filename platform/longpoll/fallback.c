/* SPDX-License-Identifier: MIT */
/*
 * The connection of fallback.h.
 *
 * The probe is a Phoenix heartbeat, sent when the primary has opened and before that is reported,
 * so that nothing of the owner's can be lost on a link that opens and carries nothing (proxies that
 * answer an upgrade and forward no frames). It costs a round trip at every connect. Its ref is no
 * number, and an engine's refs are numbers, so its answer is always known and is swallowed. Any
 * other message shows life too.
 */
#include "longpoll/fallback.h"

#include <stdio.h>
#include <string.h>

#include "support/alloc.h"
#include "support/config.h"
#include "support/log.h"
#include "wire/json_reader.h"

static const char probe[] = "[null,\"probe\",\"phoenix\",\"heartbeat\",{}]";

static bool end_event(fallback_connection *connection)
{
    connection->is_reporting = false;
    if (connection->is_released) {
        phx_allocator allocator = connection->allocator;
        phxi_request_copy_free(&allocator, &connection->copy);
        phxi_free(&allocator, connection);
        return false;
    }
    return true;
}

static void stop_timer(fallback_connection *connection)
{
    phxi_timer_cancel(&connection->transport->timers, &connection->timer);
}

static void arm(fallback_connection *connection, uint32_t after_ms)
{
    fallback_transport *transport = connection->transport;
    phxi_timer_arm(&transport->timers, &connection->timer,
                   phx_loop_now_ms(transport->loop) + after_ms);
}

static void drop_inner(fallback_connection *connection)
{
    phx_connection *inner = connection->inner;
    connection->inner = NULL;
    if (inner != NULL) {
        connection->carrier->release_connection(connection->carrier->user_data, inner);
    }
}

/* False: it was released inside the event, and is gone. */
static bool report_opened(fallback_connection *connection, const char *subprotocol)
{
    fallback_transport *transport = connection->transport;
    const phx_transport *carrier = connection->carrier;
    stop_timer(connection);
    connection->state = FALLBACK_OPEN;
    transport->port.skips_heartbeat =
        PHXI_HAS_MEMBER(carrier, skips_heartbeat) && carrier->skips_heartbeat;
    connection->is_reporting = true;
    connection->events.opened(connection->events.user_data, subprotocol);
    return end_event(connection);
}

static void forward_message(void *user_data, phx_frame_kind kind, const uint8_t *data,
                            size_t length)
{
    fallback_connection *connection = user_data;
    connection->is_reporting = true;
    connection->events.message(connection->events.user_data, kind, data, length);
    (void)end_event(connection);
}

static void forward_written(void *user_data, size_t length)
{
    fallback_connection *connection = user_data;
    connection->is_reporting = true;
    connection->events.written(connection->events.user_data, length);
    (void)end_event(connection);
}

static void report_closed(fallback_connection *connection, const phx_error *error)
{
    stop_timer(connection);
    connection->state = FALLBACK_CLOSED;
    connection->is_reporting = true;
    connection->events.closed(connection->events.user_data, error);
    (void)end_event(connection);
}

static void remember(fallback_connection *connection, const phx_error *error)
{
    phxi_config_copy(&connection->first_error, sizeof connection->first_error, error);
    (void)snprintf(connection->first_message, sizeof connection->first_message, "%s",
                   error->message != NULL ? error->message : phx_status_message(error->status));
    connection->first_error.message = connection->first_message;
}

/* Neither worked. The primary is what was asked for, so its reason counts, unless it was only slow
 * or the secondary got as far as being refused the token. */
static void report_failure(fallback_connection *connection, const phx_error *second)
{
    bool is_first =
        connection->first_error.status != PHX_OK && second->status != PHX_ERROR_UNAUTHORIZED;
    report_closed(connection, is_first ? &connection->first_error : second);
}

static phx_status open_inner(fallback_connection *connection, const phx_transport *carrier,
                             const phx_transport_events *events)
{
    connection->carrier = carrier;
    return carrier->open(carrier->user_data, &connection->copy.request, events, &connection->inner);
}

/* --- the secondary's events --- */

static void on_second_opened(void *user_data, const char *subprotocol)
{
    fallback_connection *connection = user_data;
    fallback_transport *transport = connection->transport;
    if (connection->state != FALLBACK_SECOND) {
        return;
    }
    transport->is_primary_given_up = !transport->has_primary_passed;
    (void)report_opened(connection, subprotocol);
}

static void on_second_closed(void *user_data, const phx_error *error)
{
    fallback_connection *connection = user_data;
    if (connection->state == FALLBACK_SECOND) {
        report_failure(connection, error);
    } else {
        report_closed(connection, error);
    }
}

static phx_status open_second(fallback_connection *connection)
{
    phx_transport_events events = {
        .user_data = connection,
        .opened = on_second_opened,
        .message = forward_message,
        .written = forward_written,
        .closed = on_second_closed,
    };
    connection->state = FALLBACK_SECOND;
    return open_inner(connection, connection->transport->secondary, &events);
}

static phx_error error_of(phx_status status)
{
    return (phx_error){.struct_size = (uint32_t)sizeof(phx_error),
                       .status = status,
                       .message = phx_status_message(status)};
}

/* Gives the primary up for this connection. What it took of the time to connect is gone. */
static void fall_back(fallback_connection *connection)
{
    phx_transport_request *request = &connection->copy.request;
    uint64_t spent_ms = phx_loop_now_ms(connection->transport->loop) - connection->begun_ms;
    const char *reason = connection->first_error.status != PHX_OK ? connection->first_message
                         : connection->state == FALLBACK_PROBING  ? "it carries nothing"
                                                                  : "it takes too long";
    phxi_log(phx_loop_log(connection->transport->loop), PHX_LOG_INFO, "phx",
             "falling back to the second transport: %s", reason);
    stop_timer(connection);
    drop_inner(connection);
    phx_error error = error_of(PHX_ERROR_TIMEOUT);
    if (spent_ms >= request->connect_timeout_ms) {
        report_failure(connection, &error);
        return;
    }
    request->connect_timeout_ms -= (uint32_t)spent_ms;
    phx_status status = open_second(connection);
    if (status != PHX_OK) {
        error = error_of(status);
        report_failure(connection, &error);
    }
}

/* --- the primary's events --- */

static void on_first_opened(void *user_data, const char *subprotocol)
{
    fallback_connection *connection = user_data;
    const phx_transport *primary = connection->transport->primary;
    if (connection->state != FALLBACK_TRYING) {
        return;
    }
    (void)snprintf(connection->subprotocol, sizeof connection->subprotocol, "%s", subprotocol);
    connection->state = FALLBACK_PROBING;
    connection->probe_unwritten = sizeof probe - 1;
    connection->is_probe_unanswered = true;
    if (primary->send(primary->user_data, connection->inner, PHX_FRAME_TEXT, (const uint8_t *)probe,
                      sizeof probe - 1) == PHX_OK) {
        arm(connection, connection->transport->fallback_ms);
    } else {
        arm(connection, 0);
    }
}

/* Whether the frame is an array whose second element is the probe's ref. */
static bool is_probe_answer(phx_frame_kind kind, const uint8_t *data, size_t length)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phx_slice raw;
    phxi_json_reader_init(&reader, data, length);
    if (kind != PHX_FRAME_TEXT || phxi_json_next(&reader, &token) != PHXI_JSON_ARRAY_BEGIN) {
        return false;
    }
    (void)phxi_json_next(&reader, &token);
    return phxi_json_skip(&reader, &token, &raw) &&
           phxi_json_next(&reader, &token) == PHXI_JSON_STRING &&
           phxi_json_text_is(&token, "probe");
}

static void on_first_message(void *user_data, phx_frame_kind kind, const uint8_t *data,
                             size_t length)
{
    fallback_connection *connection = user_data;
    bool is_answer = connection->is_probe_unanswered && is_probe_answer(kind, data, length);
    if (is_answer) {
        connection->is_probe_unanswered = false;
    }
    if (connection->state == FALLBACK_PROBING) {
        connection->transport->has_primary_passed = true;
        if (!report_opened(connection, connection->subprotocol)) {
            return;
        }
    }
    if (!is_answer && connection->state == FALLBACK_OPEN) {
        forward_message(connection, kind, data, length);
    }
}

static void on_first_written(void *user_data, size_t length)
{
    fallback_connection *connection = user_data;
    size_t ours = length < connection->probe_unwritten ? length : connection->probe_unwritten;
    connection->probe_unwritten -= ours;
    if (length > ours && connection->state == FALLBACK_OPEN) {
        forward_written(connection, length - ours);
    }
}

static void on_first_closed(void *user_data, const phx_error *error)
{
    fallback_connection *connection = user_data;
    if (connection->state == FALLBACK_TRYING || connection->state == FALLBACK_PROBING) {
        remember(connection, error);
        fall_back(connection);
    } else {
        report_closed(connection, error);
    }
}

static phx_status open_first(fallback_connection *connection)
{
    phx_transport_events events = {
        .user_data = connection,
        .opened = on_first_opened,
        .message = on_first_message,
        .written = on_first_written,
        .closed = on_first_closed,
    };
    connection->state = FALLBACK_TRYING;
    phx_status status = open_inner(connection, connection->transport->primary, &events);
    if (status == PHX_OK) {
        arm(connection, connection->transport->fallback_ms);
    }
    return status;
}

/* --- the port's calls --- */

fallback_connection *phxi_fallback_new(fallback_transport *transport,
                                       const phx_transport_request *request,
                                       const phx_transport_events *events, phx_status *out_status)
{
    fallback_connection *connection = phxi_alloc_zero(&transport->allocator, sizeof *connection);
    if (connection == NULL) {
        *out_status = PHX_ERROR_NO_MEMORY;
        return NULL;
    }
    connection->transport = transport;
    connection->allocator = transport->allocator;
    connection->events = *events;
    connection->begun_ms = phx_loop_now_ms(transport->loop);
    *out_status = phxi_request_copy_init(&connection->allocator, request, &connection->copy);
    if (*out_status == PHX_OK) {
        *out_status =
            transport->is_primary_given_up ? PHX_ERROR_UNSUPPORTED : open_first(connection);
        *out_status = *out_status != PHX_OK ? open_second(connection) : PHX_OK;
    }
    if (*out_status != PHX_OK) {
        phxi_request_copy_free(&transport->allocator, &connection->copy);
        phxi_free(&transport->allocator, connection);
        return NULL;
    }
    return connection;
}

phx_status phxi_fallback_send(fallback_connection *connection, phx_frame_kind kind,
                              const uint8_t *data, size_t length)
{
    const phx_transport *carrier = connection->carrier;
    if (connection->state != FALLBACK_OPEN) {
        return PHX_ERROR_INVALID_STATE;
    }
    return carrier->send(carrier->user_data, connection->inner, kind, data, length);
}

void phxi_fallback_close(fallback_connection *connection, uint16_t code, const char *reason)
{
    const phx_transport *carrier = connection->carrier;
    if (connection->inner == NULL || connection->state == FALLBACK_CLOSING ||
        connection->state == FALLBACK_CLOSED) {
        return;
    }
    if (connection->state != FALLBACK_OPEN) {
        connection->state = FALLBACK_CLOSING;
        stop_timer(connection);
    }
    carrier->close(carrier->user_data, connection->inner, code, reason);
}

void phxi_fallback_release(fallback_connection *connection)
{
    if (connection->state != FALLBACK_CLOSED) {
        stop_timer(connection);
    }
    drop_inner(connection);
    connection->is_released = true;
    if (!connection->is_reporting) {
        (void)end_event(connection);
    }
}

void phxi_fallback_advance(fallback_connection *connection)
{
    if (connection->state == FALLBACK_TRYING || connection->state == FALLBACK_PROBING) {
        fall_back(connection);
    }
}
