/* SPDX-License-Identifier: MIT */
/*
 * Phoenix's long polls: a socket without a connection of its own. A session is a `conn` that no TCP
 * connection stands behind; what its socket says is kept until somebody polls, what is posted is
 * its input. It ends when nobody has polled for one and a half windows. Knows nothing of channels.
 */
#ifndef BACKEND_LONGPOLL_H
#define BACKEND_LONGPOLL_H

#include "conn.h"
#include "http.h"

/* Answers /community/longpoll: at once, or, for a poll that has to wait, later. */
void longpoll_handle(struct conn *conn, const struct http_request *request);

/* What conn.h and ws.h do when the connection is a session. */
size_t longpoll_input(struct conn *session, const char *data, size_t len);
void longpoll_send(struct conn *session, struct slice message);
void longpoll_wake(struct conn *session);
void longpoll_end(struct conn *session);
void longpoll_free(struct longpoll *longpoll);

/* A connection whose poll waits is going away. */
void longpoll_forget(struct conn *poll);

#endif
