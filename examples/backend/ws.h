/* SPDX-License-Identifier: MIT */
/*
 * The WebSocket side of a connection: the upgrade's checks and answer, frames to messages, control
 * frames, closing. Close codes are Bandit's, which Phoenix runs on. Knows nothing of channels.
 */
#ifndef BACKEND_WS_H
#define BACKEND_WS_H

#include "conn.h"
#include "http.h"
#include "serializer.h"
#include "ws_frame.h"

/* Answers GET /community/websocket: 101 and a socket, or the status that refuses it. */
void ws_upgrade(struct conn *conn, const struct http_request *request);

/* The serializer that the query's vsn asks for; false if there is none. */
bool ws_serializer_of(struct slice query, enum serializer_version *out);

/* Takes one frame; returns how many bytes it was, 0 while it is not whole. */
size_t ws_input(struct conn *conn, char *data, size_t len);

void ws_send(struct conn *conn, enum ws_opcode opcode, const struct bytes *payload);
/* Sends a close frame (0: without a code), then ends the connection. */
void ws_close(struct conn *conn, uint16_t code);

#endif
