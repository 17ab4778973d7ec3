/* SPDX-License-Identifier: MIT */
/*
 * What goes out: messages, pongs, our close frame. A message is copied once, behind room for a
 * frame's head, and masked where it lies just before it leaves; a large one leaves in fragments, so
 * that a pong need not wait for all of it. What one turn of the loop writes is bounded.
 */
#include "curl/websocket.h"

#include <string.h>

#include "support/alloc.h"

enum {
    FRAGMENT_BYTES = 64 * 1024,
    MAX_WRITES = 32,   /* a turn; each of a fragment at most */
    MAX_CONTROLS = 64, /* pongs that wait; older ones need no answer any more (RFC 6455, 5.5.3) */
};

struct outgoing {
    outgoing *next;
    phxi_websocket_opcode opcode;
    size_t length;
    size_t offset;   /* of what no frame was made of yet */
    uint8_t bytes[]; /* PHXI_WEBSOCKET_MAX_HEAD_BYTES of room, and the payload */
};

static phx_status append(phx_connection *connection, outgoing_list *list,
                         phxi_websocket_opcode opcode, const uint8_t *data, size_t length)
{
    outgoing *one = length < SIZE_MAX / 2
                        ? phxi_alloc(&connection->transport->allocator,
                                     sizeof *one + PHXI_WEBSOCKET_MAX_HEAD_BYTES + length)
                        : NULL;
    if (one == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    *one = (outgoing){.opcode = opcode, .length = length};
    if (length > 0) {
        memcpy(one->bytes + PHXI_WEBSOCKET_MAX_HEAD_BYTES, data, length);
    }
    *(list->last != NULL ? &list->last->next : &list->first) = one;
    list->last = one;
    list->count++;
    return PHX_OK;
}

static outgoing *pop(outgoing_list *list)
{
    outgoing *one = list->first;
    list->first = one->next;
    list->last = list->first != NULL ? list->last : NULL;
    list->count--;
    one->next = NULL;
    return one;
}

static void drop_all(phx_connection *connection, outgoing_list *list)
{
    while (list->first != NULL) {
        phxi_free(&connection->transport->allocator, pop(list));
    }
}

void phxi_curl_websocket_free_frames(phx_connection *connection)
{
    drop_all(connection, &connection->controls);
    drop_all(connection, &connection->messages);
    phxi_free(&connection->transport->allocator, connection->current);
    connection->current = NULL;
    phxi_websocket_reader_free(&connection->reader);
}

phx_status phxi_curl_websocket_send(phx_connection *connection, phx_frame_kind kind,
                                    const uint8_t *data, size_t length)
{
    if (connection->state != STATE_OPEN) {
        return PHX_ERROR_INVALID_STATE;
    }
    phx_status status = append(
        connection, &connection->messages,
        kind == PHX_FRAME_BINARY ? PHXI_WEBSOCKET_BINARY : PHXI_WEBSOCKET_TEXT, data, length);
    if (status == PHX_OK) {
        phxi_curl_websocket_set_due(connection);
    }
    return status;
}

/* Without memory for it, the server waits in vain for this pong, and notices. */
void phxi_curl_websocket_answer_ping(phx_connection *connection, const phxi_websocket_event *event)
{
    if (connection->is_close_begun) {
        return;
    }
    if (connection->controls.count == MAX_CONTROLS) {
        phxi_free(&connection->transport->allocator, pop(&connection->controls));
    }
    if (append(connection, &connection->controls, PHXI_WEBSOCKET_PONG, event->data,
               event->length) == PHX_OK) {
        phxi_curl_websocket_set_due(connection);
    }
}

static void begin_frame(phx_connection *connection, uint8_t *payload, phxi_websocket_opcode opcode,
                        bool is_final, size_t length)
{
    uint8_t head[PHXI_WEBSOCKET_MAX_HEAD_BYTES];
    uint8_t mask[PHXI_WEBSOCKET_MASK_BYTES];
    phxi_curl_websocket_random(connection->transport, mask, sizeof mask);
    size_t size = phxi_websocket_write_head(head, opcode, is_final, length, mask);
    phxi_websocket_mask(payload, length, mask);
    /* Over the room before the payload, or over what of the message was sent before. */
    memcpy(payload - size, head, size);
    connection->frame = payload - size;
    connection->frame_left = size + length;
}

static void begin_next_of_current(phx_connection *connection)
{
    outgoing *one = connection->current;
    size_t left = one->length - one->offset;
    size_t length = left < FRAGMENT_BYTES ? left : FRAGMENT_BYTES;
    uint8_t *payload = one->bytes + PHXI_WEBSOCKET_MAX_HEAD_BYTES + one->offset;
    phxi_websocket_opcode opcode = one->offset > 0 ? PHXI_WEBSOCKET_CONTINUATION : one->opcode;
    one->offset += length;
    connection->frame_payload = length;
    begin_frame(connection, payload, opcode, length == left, length);
}

static void begin_close(phx_connection *connection)
{
    uint8_t *payload = connection->close_frame + PHXI_WEBSOCKET_MAX_HEAD_BYTES;
    size_t reason = strlen(connection->close_reason);
    bool has_code = connection->close_code != PHXI_WEBSOCKET_NO_CODE;
    payload[0] = (uint8_t)(connection->close_code >> 8);
    payload[1] = (uint8_t)connection->close_code;
    memcpy(payload + 2, connection->close_reason, reason);
    connection->is_close_begun = true;
    connection->frame_payload = 0;
    begin_frame(connection, payload, PHXI_WEBSOCKET_CLOSE, true, has_code ? 2 + reason : 0);
}

/* Nobody reads a message behind the server's close frame, or behind a rule that it broke. */
static bool has_message(const phx_connection *connection)
{
    return connection->messages.first != NULL && connection->error.status == PHX_OK;
}

static bool has_next(const phx_connection *connection)
{
    return !connection->is_close_begun &&
           (connection->controls.first != NULL || has_message(connection) ||
            connection->state == STATE_CLOSING);
}

/* Pongs first, then messages, then our close frame. */
static void begin_next(phx_connection *connection)
{
    bool is_control = connection->controls.first != NULL;
    if (is_control || has_message(connection)) {
        connection->current = pop(is_control ? &connection->controls : &connection->messages);
        begin_next_of_current(connection);
    } else {
        begin_close(connection);
    }
}

static bool is_message(const outgoing *one)
{
    return one->opcode == PHXI_WEBSOCKET_TEXT || one->opcode == PHXI_WEBSOCKET_BINARY;
}

static void end_frame(phx_connection *connection)
{
    outgoing *one = connection->current;
    connection->current = NULL;
    if (one == NULL) {
        connection->is_close_sent = true;
        return;
    }
    connection->unreported_bytes += is_message(one) ? connection->frame_payload : 0;
    if (one->offset < one->length) {
        one->next = connection->messages.first;
        connection->messages.first = one;
        connection->messages.last =
            connection->messages.last != NULL ? connection->messages.last : one;
        connection->messages.count++;
    } else {
        phxi_free(&connection->transport->allocator, one);
    }
}

/* True: nothing is left, or libcurl takes no more, or enough for this turn. False: it is over. */
static bool write_frames(phx_connection *connection, bool *out_is_blocked)
{
    for (int i = 0; i < MAX_WRITES; i++) {
        if (connection->frame_left == 0 && !has_next(connection)) {
            return true;
        }
        if (connection->frame_left == 0) {
            begin_next(connection);
        }
        size_t sent = 0;
        CURLcode code =
            curl_easy_send(connection->easy, connection->frame, connection->frame_left, &sent);
        if (code == CURLE_AGAIN) {
            *out_is_blocked = true;
            return true;
        }
        if (code != CURLE_OK) {
            phxi_curl_websocket_lost(connection);
            return false;
        }
        connection->frame += sent;
        connection->frame_left -= sent;
        if (connection->frame_left == 0) {
            end_frame(connection);
        }
    }
    return true;
}

static bool report_written(phx_connection *connection)
{
    size_t written = connection->unreported_bytes;
    if (written == 0) {
        return connection->state != STATE_OVER;
    }
    connection->unreported_bytes = 0;
    phxi_curl_websocket_begin_event(connection);
    connection->events.written(connection->events.user_data, written);
    return phxi_curl_websocket_end_event(connection);
}

bool phxi_curl_websocket_flush(phx_connection *connection)
{
    if (connection->state == STATE_UPGRADING) {
        return connection->is_request_sent || phxi_curl_websocket_send_request(connection);
    }
    bool is_blocked = false;
    if (!write_frames(connection, &is_blocked)) {
        return false;
    }
    if (connection->is_close_sent && connection->is_peer_closed) {
        phxi_curl_websocket_finish(connection);
        return false;
    }
    phxi_curl_websocket_watch(connection);
    if (!is_blocked && (connection->frame_left > 0 || has_next(connection))) {
        phxi_curl_websocket_set_due(connection);
    }
    return report_written(connection);
}

void phxi_curl_websocket_watch(phx_connection *connection)
{
    bool is_upgrading = connection->state == STATE_UPGRADING;
    bool wants_write = is_upgrading ? !connection->is_request_sent : connection->frame_left > 0;
    uint32_t events = PHX_POLL_READ | (wants_write ? (uint32_t)PHX_POLL_WRITE : 0U);
    if (events == connection->watched_events) {
        return;
    }
    connection->watched_events = events;
    phx_status status = phx_loop_modify(connection->transport->loop, connection->watch, events);
    if (status != PHX_OK) {
        phxi_curl_websocket_set_error(connection, status, "the connection cannot be watched");
        phxi_curl_websocket_finish(connection);
    }
}
