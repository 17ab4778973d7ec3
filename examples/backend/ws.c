/* SPDX-License-Identifier: MIT */
/*
 * Frames and messages; see ws.h. The upgrade is in upgrade.c.
 */
#include "ws.h"

#include "longpoll.h"
#include "socket.h"

enum {
    CODE_PROTOCOL = 1002,
    CODE_UTF8 = 1007,
    CODE_TOO_BIG = 1009,
    CODE_INTERNAL_ERROR = 1011
};

void ws_send(struct conn *conn, enum ws_opcode opcode, const struct bytes *payload)
{
    struct bytes frame = {0};
    if (conn->longpoll != NULL) {
        longpoll_send(conn, slice_from(payload));
        return;
    }
    if (conn->is_ending) {
        return;
    }
    ws_frame_compose(&frame, opcode, slice_from(payload));
    frame.failed = frame.failed || payload->failed;
    conn_send(conn, &frame);
}

void ws_close(struct conn *conn, uint16_t code)
{
    struct bytes frame = {0};
    if (!conn->is_ending && !conn->is_dead) {
        ws_frame_compose_close(&frame, code);
        conn_send(conn, &frame);
        conn_end(conn);
    }
}

static void deliver(struct conn *conn, enum ws_opcode opcode, struct slice message)
{
    if (opcode == WS_TEXT && !slice_is_utf8(message)) {
        ws_close(conn, CODE_UTF8);
        return;
    }
    socket_received(conn->socket, opcode == WS_BINARY, message);
}

static void take_fragment(struct conn *conn, const struct ws_frame *frame)
{
    struct socket *socket = conn->socket;
    if (socket->fragments.len + frame->payload.len > conn->app->options->max_message_bytes) {
        ws_close(conn, CODE_TOO_BIG);
        return;
    }
    bytes_slice(&socket->fragments, frame->payload);
    if (socket->fragments.failed) {
        ws_close(conn, CODE_INTERNAL_ERROR);
    } else if (frame->is_final) {
        const enum ws_opcode opcode = socket->fragments_opcode;
        socket->fragments_opcode = WS_CONTINUATION;
        deliver(conn, opcode, slice_from(&socket->fragments));
        bytes_free(&socket->fragments);
    }
}

static void take_data(struct conn *conn, const struct ws_frame *frame)
{
    struct socket *socket = conn->socket;
    const bool in_fragments = socket->fragments_opcode != WS_CONTINUATION;
    if (in_fragments != (frame->opcode == WS_CONTINUATION)) {
        ws_close(conn, CODE_PROTOCOL);
    } else if (!in_fragments && frame->is_final) {
        deliver(conn, frame->opcode, frame->payload);
    } else {
        if (!in_fragments) {
            socket->fragments_opcode = frame->opcode;
        }
        take_fragment(conn, frame);
    }
}

static void take_frame(struct conn *conn, const struct ws_frame *frame)
{
    struct bytes pong = {0};
    switch (frame->opcode) {
    case WS_PING:
        bytes_slice(&pong, frame->payload);
        ws_send(conn, WS_PONG, &pong);
        bytes_free(&pong);
        break;
    case WS_PONG:
        break;
    case WS_CLOSE:
        ws_close(conn, ws_close_answer(frame->payload));
        break;
    case WS_CONTINUATION:
    case WS_TEXT:
    case WS_BINARY:
        take_data(conn, frame);
        break;
    }
}

size_t ws_input(struct conn *conn, char *data, size_t len)
{
    struct ws_frame frame;
    size_t consumed = 0;
    uint16_t code = 0;
    switch (ws_frame_parse(data, len, conn->app->options->max_message_bytes, &frame, &consumed,
                           &code)) {
    case WS_FRAME:
        take_frame(conn, &frame);
        break;
    case WS_BAD:
        ws_close(conn, code);
        break;
    case WS_MORE:
        break;
    }
    return consumed;
}
