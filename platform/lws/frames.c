/* SPDX-License-Identifier: MIT */
/*
 * Messages in both directions, and the close handshake. Large messages leave in fragments, so that
 * what libwebsockets has to keep of a blocked write, and what a ping has to wait for, is small.
 */
#include "lws/connection.h"

#include <stdio.h>
#include <string.h>

#include "support/alloc.h"

enum {
    FRAGMENT_BYTES = 64 * 1024,
    KEPT_BYTES =
        64 * 1024, /* a gathering buffer that grew beyond it is not kept for the next message */
    CLOSE_NO_CODE = 1005,
    CLOSE_PROTOCOL_ERROR = 1002,
    CLOSE_BAD_DATA = 1007,
    CLOSE_TOO_LARGE = 1009,
    COMPRESSED_BIT = 0x40, /* the first of the reserved bits */
};

struct outgoing {
    outgoing *next;
    phx_frame_kind kind;
    size_t length;
    size_t offset;   /* of what has not been written yet */
    uint8_t bytes[]; /* LWS_PRE bytes of room, and the message */
};

phx_status phxi_frames_send(phx_connection *connection, phx_frame_kind kind, const uint8_t *data,
                            size_t length)
{
    if (connection->state != STATE_OPEN || connection->peer_code != 0) {
        return PHX_ERROR_INVALID_STATE;
    }
    outgoing *message = length < SIZE_MAX / 2 ? phxi_alloc(&connection->transport->allocator,
                                                           sizeof *message + LWS_PRE + length)
                                              : NULL;
    if (message == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    *message = (outgoing){.kind = kind, .length = length};
    if (length > 0) {
        memcpy(message->bytes + LWS_PRE, data, length);
    }
    if (connection->last_outgoing != NULL) {
        connection->last_outgoing->next = message;
    } else {
        connection->first_outgoing = message;
    }
    connection->last_outgoing = message;
    lws_callback_on_writable(connection->wsi);
    return PHX_OK;
}

static void pop_outgoing(phx_connection *connection)
{
    outgoing *message = connection->first_outgoing;
    connection->first_outgoing = message->next;
    if (connection->first_outgoing == NULL) {
        connection->last_outgoing = NULL;
    }
    phxi_free(&connection->transport->allocator, message);
}

void phxi_frames_free(phx_connection *connection)
{
    while (connection->first_outgoing != NULL) {
        pop_outgoing(connection);
    }
    phxi_buffer_free(&connection->gathered);
    phxi_inflate_free(connection);
}

/* Writes the next fragment of the first message. False: the connection is broken. */
static bool write_fragment(phx_connection *connection)
{
    outgoing *message = connection->first_outgoing;
    size_t left = message->length - message->offset;
    size_t length = left < FRAGMENT_BYTES ? left : FRAGMENT_BYTES;
    int protocol = message->kind == PHX_FRAME_BINARY ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    protocol = message->offset > 0 ? LWS_WRITE_CONTINUATION : protocol;
    protocol |= length < left ? LWS_WRITE_NO_FIN : 0;
    /* The frame's header is put before the bytes, over what of this message was written before. */
    if (lws_write(connection->wsi, message->bytes + LWS_PRE + message->offset, length,
                  (enum lws_write_protocol)protocol) < 0) {
        return false;
    }
    connection->unconfirmed_bytes += length;
    message->offset += length;
    if (message->offset == message->length) {
        pop_outgoing(connection);
    }
    return true;
}

/* Leaves the close frame and the wait for its answer to libwebsockets, which ends the socket after
 * that or after 5 s. The return value is what makes it do so. */
static int write_close(phx_connection *connection)
{
    connection->is_close_sent = true;
    lws_close_reason(connection->wsi, (enum lws_close_status)connection->close_code,
                     (unsigned char *)connection->close_reason, strlen(connection->close_reason));
    return -1;
}

static bool is_blocked(const phx_connection *connection)
{
    return lws_partial_buffered(connection->wsi) != 0 || lws_send_pipe_choked(connection->wsi) != 0;
}

static int report_written(phx_connection *connection)
{
    size_t written = connection->unconfirmed_bytes;
    if (written == 0 || lws_partial_buffered(connection->wsi) != 0) {
        return 0;
    }
    connection->unconfirmed_bytes = 0;
    phxi_connection_begin_event(connection);
    connection->events.written(connection->events.user_data, written);
    bool is_alive = phxi_connection_end_event(connection);
    return is_alive && connection->wsi != NULL ? 0 : -1;
}

int phxi_frames_write(phx_connection *connection)
{
    bool is_sending = connection->state == STATE_OPEN || connection->state == STATE_CLOSING;
    while (is_sending && connection->first_outgoing != NULL && !is_blocked(connection)) {
        if (!write_fragment(connection)) {
            return -1;
        }
    }
    bool is_flushed = connection->first_outgoing == NULL && !is_blocked(connection);
    if (is_flushed && connection->state == STATE_CLOSING && !connection->is_close_sent) {
        int result = report_written(connection);
        return result == 0 ? write_close(connection) : result;
    }
    if (connection->first_outgoing != NULL || lws_partial_buffered(connection->wsi) != 0 ||
        connection->state == STATE_CLOSING) {
        lws_callback_on_writable(connection->wsi);
    }
    return report_written(connection);
}

static int deliver(phx_connection *connection, phx_frame_kind kind, const uint8_t *data,
                   size_t length)
{
    phxi_connection_begin_event(connection);
    connection->events.message(connection->events.user_data, kind, data, length);
    bool is_alive = phxi_connection_end_event(connection);
    return is_alive && connection->wsi != NULL ? 0 : -1;
}

static int deliver_gathered(phx_connection *connection)
{
    phxi_buffer *gathered = &connection->gathered;
    int result = deliver(connection, connection->gathered_kind, gathered->data, gathered->length);
    if (result != 0) {
        return result;
    }
    connection->is_gathering = false;
    gathered->length = 0;
    if (gathered->capacity > KEPT_BYTES) {
        phxi_buffer_free(gathered);
    }
    return 0;
}

/* Ends the connection with a close frame of our own and an error that the app will see. */
static int refuse(phx_connection *connection, uint16_t code, phx_status status, const char *what)
{
    phxi_buffer_free(&connection->gathered);
    phxi_connection_close(connection, code, "");
    phxi_connection_set_error(connection, status, "the server sent %s", what);
    connection->error.close_code = code;
    return 0;
}

static int refuse_size(phx_connection *connection)
{
    char what[64];
    (void)snprintf(what, sizeof what, "a message of more than %zu bytes",
                   connection->gathered.max_bytes);
    return refuse(connection, CLOSE_TOO_LARGE, PHX_ERROR_FRAME_TOO_LARGE, what);
}

static int gather(phx_connection *connection, const uint8_t *data, size_t length, bool is_complete)
{
    phx_status status = connection->is_compressed
                            ? phxi_inflate_append(connection, data, length, is_complete)
                            : phxi_buffer_append(&connection->gathered, data, length);
    if (status == PHX_OK) {
        return 0;
    }
    if (status == PHX_ERROR_TOO_LARGE) {
        return refuse_size(connection);
    }
    if (status == PHX_ERROR_MALFORMED_FRAME) {
        return refuse(connection, CLOSE_BAD_DATA, status, "a message that does not decompress");
    }
    phxi_connection_set_error(connection, status, "no memory for a message from the server");
    phxi_connection_finish(connection);
    return -1;
}

/*
 * Notes whether a message that begins is compressed. False: a reserved bit is set where it must
 * not. libwebsockets looks at them only while no extension was agreed on.
 */
static bool check_reserved_bits(phx_connection *connection, bool is_inside_frame)
{
    int bits = connection->inflater != NULL ? lws_get_reserved_bits(connection->wsi) : 0;
    if (!connection->is_gathering && !is_inside_frame) {
        connection->is_compressed = bits == COMPRESSED_BIT;
        return (bits & ~COMPRESSED_BIT) == 0;
    }
    return bits == 0 || is_inside_frame;
}

int phxi_frames_receive(phx_connection *connection, const uint8_t *data, size_t length)
{
    if (connection->state != STATE_OPEN) {
        return 0;
    }
    struct lws *wsi = connection->wsi;
    size_t announced = lws_remaining_packet_payload(wsi);
    if (!check_reserved_bits(connection, connection->is_inside_frame)) {
        return refuse(connection, CLOSE_PROTOCOL_ERROR, PHX_ERROR_PROTOCOL,
                      "a frame with a reserved bit set");
    }
    connection->is_inside_frame = announced > 0;
    size_t room = connection->gathered.max_bytes - connection->gathered.length;
    if (!connection->is_compressed && (length > room || announced > room - length)) {
        return refuse_size(connection);
    }
    bool is_complete = lws_is_final_fragment(wsi) != 0;
    phx_frame_kind kind =
        lws_frame_is_binary(wsi) != 0 ? (phx_frame_kind)PHX_FRAME_BINARY : PHX_FRAME_TEXT;
    if (is_complete && !connection->is_gathering && !connection->is_compressed) {
        return deliver(connection, kind, data, length);
    }
    connection->is_gathering = true;
    connection->gathered_kind = kind;
    /* At least a byte of room, so that even an empty message in pieces has an address. */
    if (phxi_buffer_reserve(&connection->gathered, 0) != PHX_OK ||
        gather(connection, data, length, is_complete) != 0) {
        return -1;
    }
    bool is_open = connection->state == STATE_OPEN;
    return is_complete && is_open ? deliver_gathered(connection) : 0;
}

void phxi_frames_peer_closed(phx_connection *connection, const uint8_t *payload, size_t length)
{
    if (length < 2) {
        connection->peer_code = CLOSE_NO_CODE;
        return;
    }
    connection->peer_code = phxi_close_code_find(connection->transport, payload, length);
    size_t reason = length - 2 < MAX_CLOSE_REASON_BYTES ? length - 2 : MAX_CLOSE_REASON_BYTES;
    for (size_t i = 0; i < reason; i++) {
        uint8_t byte = payload[2 + i];
        connection->peer_reason[i] = byte < 0x20 || byte == 0x7f ? '?' : (char)byte;
    }
    connection->peer_reason[reason] = '\0';
}
