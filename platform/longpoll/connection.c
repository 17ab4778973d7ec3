/* SPDX-License-Identifier: MIT */
/*
 * The session's states: its polls, its posts, and the calls of the port.
 *
 * Phoenix has no message that closes a session: the server forgets it when nobody polls. So close()
 * only stops polling, lets what is queued (the leaves) go out, and reports the end.
 */
#include "longpoll/connection.h"

#include "longpoll/answer.h"
#include "support/alloc.h"

enum {
    /* As phoenix.js: a server answers a poll after 10 s at most, unless it is set otherwise. A link
     * that is dead is noticed by this, since there are no heartbeats. */
    REQUEST_TIMEOUT_MS = 20000,
    MAX_QUEUED_BYTES = 16 * 1024 * 1024,
    /* A poll's answer may hold many messages, as long as each keeps to its own limit. */
    MESSAGES_PER_ANSWER = 4,
    ANSWER_EXTRA_BYTES = 64 * 1024,
};

/* --- requests --- */

static phx_status send_request(phx_connection *connection, const phxi_buffer *body,
                               phx_http_done_fn done, uint64_t *out_id)
{
    const phx_transport_request *given = &connection->copy.request;
    bool is_post = body != NULL;
    size_t most = (SIZE_MAX - ANSWER_EXTRA_BYTES) / MESSAGES_PER_ANSWER;
    size_t max_bytes = given->max_message_bytes < most ? given->max_message_bytes : most;
    connection->headers[0] = is_post ? (phx_header){"Content-Type", "application/x-ndjson"}
                                     : (phx_header){"Accept", "application/json"};
    phx_http_request request = {
        .struct_size = (uint32_t)sizeof request,
        .method = is_post ? "POST" : "GET",
        .url = (const char *)connection->url.data,
        .headers = connection->headers,
        .header_count = connection->header_count,
        .body = body != NULL ? body->data : NULL,
        .body_length = body != NULL ? body->length : 0,
        .timeout_ms = connection->state == LONGPOLL_CONNECTING ? given->connect_timeout_ms
                                                               : REQUEST_TIMEOUT_MS,
        .max_response_bytes = max_bytes * MESSAGES_PER_ANSWER + ANSWER_EXTRA_BYTES,
    };
    const phx_http *http = connection->transport->http;
    return http->send(http->user_data, &request, done, connection, out_id);
}

static void on_poll_done(void *user_data, const phx_http_response *response);

static void poll_again(phx_connection *connection)
{
    phx_status status = send_request(connection, NULL, on_poll_done, &connection->poll_id);
    if (status != PHX_OK) {
        phxi_longpoll_fail_plainly(connection, status);
    }
}

static void on_post_done(void *user_data, const phx_http_response *response);

static phx_status post(phx_connection *connection)
{
    phxi_buffer body;
    phxi_buffer_init(&body, &connection->allocator, SIZE_MAX / 2);
    body.is_secret = true;
    phx_status status = phxi_lines_take(&connection->lines, &body, &connection->posted_bytes);
    if (status == PHX_OK) {
        status = send_request(connection, &body, on_post_done, &connection->post_id);
    }
    phxi_buffer_free(&body);
    return status;
}

/* Nothing is under way: posts what is queued, or ends a session that was to be closed. */
static void post_or_end(phx_connection *connection)
{
    phx_status status = PHX_OK;
    if (connection->lines.first != NULL) {
        status = post(connection);
    } else if (connection->state == LONGPOLL_CLOSING) {
        phxi_longpoll_fail(connection, PHX_OK, 0, "closed");
        return;
    }
    if (status != PHX_OK) {
        phxi_longpoll_fail_plainly(connection, status);
    }
}

static void on_post_done(void *user_data, const phx_http_response *response)
{
    phx_connection *connection = user_data;
    connection->post_id = 0;
    phxi_longpoll_answer answer;
    phxi_longpoll_answer_read(response->body, response->body_length, &answer);
    if (response->error.status != PHX_OK) {
        phxi_longpoll_fail_by_network(connection, &response->error);
    } else if (answer.status != 200) {
        phxi_longpoll_fail_by_status(connection, 500, &response->error);
    } else if (phxi_longpoll_report_written(connection, connection->posted_bytes) &&
               connection->post_id == 0) {
        post_or_end(connection);
    }
}

/* --- what a poll brings --- */

/* False: the connection is over. */
static bool deliver_one(phx_connection *connection, const phxi_json_token *token)
{
    const uint8_t *data = (const uint8_t *)token->text.data;
    size_t length = token->text.length;
    if (token->has_escapes) {
        connection->message.length = 0;
        if (phxi_buffer_reserve(&connection->message, length) != PHX_OK) {
            phxi_longpoll_fail_plainly(connection, PHX_ERROR_NO_MEMORY);
            return false;
        }
        data = connection->message.data;
        length = phxi_json_unescape(token, (char *)connection->message.data);
    }
    if (length > connection->copy.request.max_message_bytes) {
        phxi_longpoll_fail_by_size(connection);
        return false;
    }
    return phxi_longpoll_report_message(connection, data, length);
}

/* False: the connection is over. One that was closed inside an event gets no more messages. */
static bool deliver(phx_connection *connection, phx_slice messages)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, messages.data, messages.length);
    (void)phxi_json_next(&reader, &token);
    while (phxi_json_next(&reader, &token) == PHXI_JSON_STRING) {
        if (!deliver_one(connection, &token)) {
            return false;
        }
        if (connection->state != LONGPOLL_OPEN) {
            return true;
        }
    }
    if (token.kind != PHXI_JSON_ARRAY_END) {
        phxi_longpoll_fail(connection, PHX_ERROR_PROTOCOL, PHXI_LONGPOLL_CLOSE_PROTOCOL,
                           "a polled message is no text");
        return false;
    }
    return true;
}

static bool begin_session(phx_connection *connection, const phxi_longpoll_answer *answer)
{
    phx_status status = phxi_longpoll_begin_session(connection, &answer->token);
    if (status != PHX_OK) {
        phxi_longpoll_fail_plainly(connection, status);
        return false;
    }
    connection->state = LONGPOLL_OPEN;
    return phxi_longpoll_report_opened(connection);
}

static void on_poll_done(void *user_data, const phx_http_response *response)
{
    phx_connection *connection = user_data;
    bool is_first = connection->state == LONGPOLL_CONNECTING;
    connection->poll_id = 0;
    phxi_longpoll_answer answer;
    phxi_longpoll_answer_read(response->body, response->body_length, &answer);
    bool goes_on = true;
    if (response->error.status != PHX_OK) {
        phxi_longpoll_fail_by_network(connection, &response->error);
        return;
    }
    if (is_first && answer.status == 410) {
        goes_on = begin_session(connection, &answer);
    } else if (!is_first && answer.status == 200 && answer.messages.data != NULL) {
        goes_on = deliver(connection, answer.messages);
    } else if (is_first || answer.status != 204) {
        phxi_longpoll_fail_by_status(connection, answer.status, &response->error);
        return;
    }
    if (goes_on && connection->state == LONGPOLL_OPEN) {
        poll_again(connection);
    }
}

/* --- the port's calls --- */

phx_connection *phxi_longpoll_new(longpoll_transport *transport,
                                  const phx_transport_request *request,
                                  const phx_transport_events *events, phx_status *out_status)
{
    phx_connection *connection = phxi_alloc_zero(&transport->allocator, sizeof *connection);
    if (connection == NULL) {
        *out_status = PHX_ERROR_NO_MEMORY;
        return NULL;
    }
    connection->transport = transport;
    connection->allocator = transport->allocator;
    connection->events = *events;
    phxi_lines_init(&connection->lines, &connection->allocator, MAX_QUEUED_BYTES);
    phxi_buffer_init(&connection->message, &connection->allocator, SIZE_MAX / 2);
    *out_status = phxi_request_copy_init(&connection->allocator, request, &connection->copy);
    if (*out_status == PHX_OK) {
        *out_status = phxi_longpoll_set_up(connection);
    }
    if (*out_status == PHX_OK) {
        *out_status = send_request(connection, NULL, on_poll_done, &connection->poll_id);
    }
    if (*out_status != PHX_OK) {
        phxi_longpoll_free(connection);
        return NULL;
    }
    return connection;
}

static void arm(phx_connection *connection, uint32_t after_ms)
{
    longpoll_transport *transport = connection->transport;
    phxi_timer_arm(&transport->timers, &connection->timer,
                   phx_loop_now_ms(transport->loop) + after_ms);
}

phx_status phxi_longpoll_send(phx_connection *connection, phx_frame_kind kind, const uint8_t *data,
                              size_t length)
{
    if (connection->state != LONGPOLL_OPEN) {
        return PHX_ERROR_INVALID_STATE;
    }
    phx_status status = phxi_lines_add(&connection->lines, kind, data, length);
    if (status == PHX_OK && connection->post_id == 0) {
        arm(connection, 0); /* later in this turn: what is sent together is posted together */
    }
    return status;
}

void phxi_longpoll_close(phx_connection *connection)
{
    if (connection->state == LONGPOLL_CONNECTING) {
        connection->state = LONGPOLL_GIVEN_UP;
    } else if (connection->state == LONGPOLL_OPEN) {
        connection->state = LONGPOLL_CLOSING;
    } else {
        return;
    }
    phxi_longpoll_cancel(connection, &connection->poll_id);
    phx_status status = PHX_OK;
    if (connection->post_id == 0 && connection->lines.first != NULL) {
        status = post(connection);
    }
    bool is_waiting = status == PHX_OK && connection->post_id != 0;
    arm(connection, is_waiting ? connection->copy.request.close_timeout_ms : 0);
}

void phxi_longpoll_advance(phx_connection *connection)
{
    if (connection->state == LONGPOLL_OPEN) {
        post_or_end(connection);
    } else if (connection->state == LONGPOLL_GIVEN_UP) {
        phxi_longpoll_fail(connection, PHX_ERROR_CANCELLED, 0,
                           "the attempt to connect was given up");
    } else {
        phxi_longpoll_fail(connection, PHX_OK, 0, "closed");
    }
}

void phxi_longpoll_release(phx_connection *connection)
{
    if (connection->state != LONGPOLL_CLOSED) {
        phxi_longpoll_cancel(connection, &connection->poll_id);
        phxi_longpoll_cancel(connection, &connection->post_id);
        phxi_timer_cancel(&connection->transport->timers, &connection->timer);
    }
    if (connection->is_reporting) {
        connection->is_released = true;
    } else {
        phxi_longpoll_free(connection);
    }
}
