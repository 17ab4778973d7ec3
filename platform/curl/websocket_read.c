/* SPDX-License-Identifier: MIT */
/*
 * What comes in: messages, pings, the server's close frame, the end. What one turn of the loop
 * reads is bounded, so that a flood on one connection does not starve the rest.
 */
#include "curl/websocket.h"

#include "support/alloc.h"

enum {
    MAX_READS = 4 /* a turn; each of 64 KiB at most */
};

void phxi_curl_websocket_lost(phx_connection *connection)
{
    /* Whoever has our close frame may hang up instead of answering it; and an error of ours stays
     * what ended this. */
    bool is_settled = connection->is_close_sent || connection->is_peer_closed ||
                      (connection->state == STATE_CLOSING && connection->error.status != PHX_OK);
    if (!is_settled) {
        phxi_curl_websocket_set_error(connection, PHX_ERROR_CONNECTION_LOST,
                                      "the connection was lost");
        connection->error.close_code = PHXI_WEBSOCKET_LOST;
    }
    phxi_curl_websocket_finish(connection);
}

static bool deliver(phx_connection *connection, const phxi_websocket_event *event)
{
    phxi_curl_websocket_begin_event(connection);
    connection->events.message(connection->events.user_data, event->frame_kind, event->data,
                               event->length);
    return phxi_curl_websocket_end_event(connection);
}

/* Begins to close for a reason that is not the app's; the error is set before. */
static void close_for(phx_connection *connection, uint16_t code)
{
    connection->error.close_code = code;
    if (connection->state == STATE_OPEN) {
        connection->state = STATE_CLOSING;
        connection->close_code = code;
        connection->deadline_ms =
            phx_loop_now_ms(connection->transport->loop) + connection->close_timeout_ms;
    }
    phxi_curl_websocket_set_due(connection);
}

static void take_close(phx_connection *connection, const phxi_websocket_event *event)
{
    char reason[PHXI_CURL_MAX_REASON_BYTES + 1];
    connection->is_peer_closed = true;
    if (connection->state == STATE_CLOSING) {
        /* The answer to our close frame, or one that crossed it; ours goes out in any case. */
        phxi_curl_websocket_set_due(connection);
        return;
    }
    for (size_t i = 0; i < event->length; i++) {
        uint8_t byte = event->data[i];
        reason[i] = byte < 0x20 || byte == 0x7f ? '?' : (char)byte;
    }
    reason[event->length] = '\0';
    phxi_curl_websocket_set_error(connection, PHX_ERROR_CONNECTION_LOST,
                                  "the server closed the connection with code %d%s%s",
                                  (int)event->close_code, reason[0] != '\0' ? ": " : "", reason);
    close_for(connection, event->close_code);
}

/* After a broken rule nothing that comes can be trusted; all of it is read, still, until the server
 * hangs up: a socket that is closed over unread bytes would take our close frame with it. */
static void take_failure(phx_connection *connection, const phxi_websocket_event *event)
{
    phxi_curl_websocket_set_error(connection, event->status, "the server sent %s", event->reason);
    close_for(connection, event->close_code);
}

static bool take_event(phx_connection *connection, const phxi_websocket_event *event)
{
    switch (event->kind) {
    case PHXI_WEBSOCKET_ON_MESSAGE:
        return connection->state != STATE_OPEN || deliver(connection, event);
    case PHXI_WEBSOCKET_ON_PING:
        phxi_curl_websocket_answer_ping(connection, event);
        return true;
    case PHXI_WEBSOCKET_ON_CLOSE:
        take_close(connection, event);
        return true;
    case PHXI_WEBSOCKET_ON_FAILURE:
        take_failure(connection, event);
        return true;
    default: /* a pong */
        return true;
    }
}

bool phxi_curl_websocket_take_frames(phx_connection *connection, const uint8_t *bytes,
                                     size_t length)
{
    phxi_websocket_event event;
    do {
        phxi_websocket_read(&connection->reader, &bytes, &length, &event);
        if (event.kind != PHXI_WEBSOCKET_ON_NOTHING && !take_event(connection, &event)) {
            return false;
        }
    } while (event.kind != PHXI_WEBSOCKET_ON_NOTHING);
    return true;
}

static bool take(phx_connection *connection, const uint8_t *bytes, size_t length)
{
    return connection->state == STATE_UPGRADING
               ? phxi_curl_websocket_take_answer(connection, bytes, length)
               : phxi_curl_websocket_take_frames(connection, bytes, length);
}

static bool end_of_stream(phx_connection *connection)
{
    if (connection->state == STATE_UPGRADING) {
        phxi_curl_websocket_lost_early(connection);
    } else {
        phxi_curl_websocket_lost(connection);
    }
    return false;
}

static bool receive_into(phx_connection *connection, uint8_t *bytes)
{
    for (int i = 0; i < MAX_READS; i++) {
        size_t got = 0;
        CURLcode code = curl_easy_recv(connection->easy, bytes, PHXI_CURL_RECEIVE_BYTES, &got);
        if (code == CURLE_AGAIN) {
            return true;
        }
        if (code != CURLE_OK || got == 0) {
            return end_of_stream(connection);
        }
        if (!take(connection, bytes, got)) {
            return false;
        }
        if (!connection->target.is_tls && got < PHXI_CURL_RECEIVE_BYTES) {
            return true; /* the socket is empty; if it is not, the poller says so */
        }
    }
    /* TLS may hold decrypted bytes that no poller knows of. */
    phxi_curl_websocket_set_due(connection);
    return true;
}

/* The buffer is there while it is used: an idle connection holds none. */
bool phxi_curl_websocket_receive(phx_connection *connection)
{
    const phx_allocator allocator = connection->transport->allocator; /* outlives both */
    uint8_t *bytes = phxi_alloc(&allocator, PHXI_CURL_RECEIVE_BYTES);
    if (bytes == NULL) {
        phxi_curl_websocket_set_error(connection, PHX_ERROR_NO_MEMORY,
                                      "no memory for what the server sends");
        phxi_curl_websocket_finish(connection);
        return false;
    }
    bool goes_on = receive_into(connection, bytes);
    phxi_free(&allocator, bytes);
    return goes_on;
}
