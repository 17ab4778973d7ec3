/* SPDX-License-Identifier: MIT */
/*
 * What a session reports to its owner, and how it says what went wrong. Whatever ends it passes
 * through report_closed(), and nothing comes after.
 */
#include <stdio.h>

#include "longpoll/connection.h"
#include "support/alloc.h"

enum {
    CLOSE_NO_STATUS = 1005,
    CLOSE_FORBIDDEN = 1008,
    CLOSE_TOO_LARGE = 1009,
    CLOSE_SERVER_ERROR = 1011,
    CLOSE_SESSION_GONE = 3410, /* phoenix.js's own */
};

void phxi_longpoll_free(phx_connection *connection)
{
    phx_allocator allocator = connection->allocator;
    phxi_lines_free(&connection->lines);
    phxi_buffer_free(&connection->message);
    phxi_buffer_free(&connection->url);
    phxi_buffer_free(&connection->auth_token);
    phxi_buffer_free(&connection->session_token);
    phxi_free(&allocator, connection->headers);
    phxi_request_copy_free(&allocator, &connection->copy);
    phxi_free(&allocator, connection);
}

/* --- events: false if it was released inside one, and is gone --- */

static bool end_event(phx_connection *connection)
{
    connection->is_reporting = false;
    if (connection->is_released) {
        phxi_longpoll_free(connection);
        return false;
    }
    return true;
}

bool phxi_longpoll_report_opened(phx_connection *connection)
{
    connection->is_reporting = true;
    connection->events.opened(connection->events.user_data, "");
    return end_event(connection);
}

bool phxi_longpoll_report_message(phx_connection *connection, const uint8_t *data, size_t length)
{
    connection->is_reporting = true;
    connection->events.message(connection->events.user_data, PHX_FRAME_TEXT, data, length);
    return end_event(connection);
}

bool phxi_longpoll_report_written(phx_connection *connection, size_t length)
{
    connection->is_reporting = true;
    connection->events.written(connection->events.user_data, length);
    return end_event(connection);
}

void phxi_longpoll_cancel(phx_connection *connection, uint64_t *id)
{
    const phx_http *http = connection->transport->http;
    if (*id != 0) {
        http->cancel(http->user_data, *id);
        *id = 0;
    }
}

static void report_closed(phx_connection *connection, const phx_error *error)
{
    connection->state = LONGPOLL_CLOSED;
    phxi_longpoll_cancel(connection, &connection->poll_id);
    phxi_longpoll_cancel(connection, &connection->post_id);
    phxi_timer_cancel(&connection->transport->timers, &connection->timer);
    phxi_lines_free(&connection->lines);
    connection->is_reporting = true;
    connection->events.closed(connection->events.user_data, error);
    (void)end_event(connection);
}

void phxi_longpoll_fail(phx_connection *connection, phx_status status, int32_t close_code,
                        const char *message)
{
    phx_error error = {.struct_size = (uint32_t)sizeof error,
                       .status = connection->state == LONGPOLL_CLOSING ? PHX_OK : status,
                       .close_code = connection->state == LONGPOLL_OPEN ? close_code : 0,
                       .message = message};
    report_closed(connection, &error);
}

void phxi_longpoll_fail_plainly(phx_connection *connection, phx_status status)
{
    phxi_longpoll_fail(connection, status, 0, phx_status_message(status));
}

void phxi_longpoll_fail_by_size(phx_connection *connection)
{
    phxi_longpoll_fail(connection, PHX_ERROR_FRAME_TOO_LARGE, CLOSE_TOO_LARGE,
                       phx_status_message(PHX_ERROR_FRAME_TOO_LARGE));
}

/* --- what went wrong with a request --- */

/* No answer came: before the session the http port's own words, after it what phoenix.js makes of
 * it. */
void phxi_longpoll_fail_by_network(phx_connection *connection, const phx_error *cause)
{
    if (cause->status == PHX_ERROR_TOO_LARGE) {
        phxi_longpoll_fail_by_size(connection);
    } else if (connection->state == LONGPOLL_CONNECTING) {
        phx_error error = *cause;
        error.http_status = 0;
        report_closed(connection, &error);
    } else if (cause->status == PHX_ERROR_TIMEOUT) {
        phxi_longpoll_fail(connection, PHX_ERROR_TIMEOUT, CLOSE_NO_STATUS,
                           "the server stopped answering");
    } else if (cause->status == PHX_ERROR_NO_MEMORY) {
        phxi_longpoll_fail_plainly(connection, PHX_ERROR_NO_MEMORY);
    } else {
        phxi_longpoll_fail(connection, PHX_ERROR_CONNECTION_LOST, CLOSE_SERVER_ERROR,
                           cause->message);
    }
}

/* No session came about. */
static void fail_by_refusal(phx_connection *connection, int32_t status, const phx_error *http)
{
    bool is_about_token = status == 401 || status == 403;
    char message[64];
    (void)snprintf(message, sizeof message, "the server refused the long poll with status %d",
                   (int)status);
    phx_error error = {
        .struct_size = (uint32_t)sizeof error,
        .status = is_about_token ? PHX_ERROR_UNAUTHORIZED : PHX_ERROR_UPGRADE_REFUSED,
        .http_status = status,
        .retry_after_ms = http->retry_after_ms,
        .message = message,
    };
    report_closed(connection, &error);
}

void phxi_longpoll_fail_by_status(phx_connection *connection, int32_t status, const phx_error *http)
{
    if (connection->state == LONGPOLL_CONNECTING) {
        fail_by_refusal(connection, status != 0 ? status : http->http_status, http);
    } else if (status == 410) {
        phxi_longpoll_fail(connection, PHX_ERROR_CONNECTION_LOST, CLOSE_SESSION_GONE,
                           "session_gone");
    } else if (status == 403) {
        phxi_longpoll_fail(connection, PHX_ERROR_CONNECTION_LOST, CLOSE_FORBIDDEN, "forbidden");
    } else {
        phxi_longpoll_fail(connection, PHX_ERROR_CONNECTION_LOST, CLOSE_SERVER_ERROR,
                           "internal server error");
    }
}
