/* SPDX-License-Identifier: MIT */
/*
 * One TCP (or TLS) connection: the bytes that came and are not yet understood, a bounded queue of
 * bytes to go, and how it ends. Knows nothing of what the bytes say; route.h does for HTTP, and
 * ws.h once the connection is a WebSocket. A long-poll session is one too, without the TCP.
 */
#ifndef BACKEND_CONN_H
#define BACKEND_CONN_H

#include "app.h"
#include "bytes.h"

#include <libwebsockets.h>

struct chunk;
struct longpoll;
struct socket;

struct conn {
    struct app *app;
    struct lws *wsi; /* NULL: a long-poll session, with no connection of its own */
    struct conn *next;
    struct bytes in;
    struct chunk *out_first;
    struct chunk *out_last;
    size_t out_bytes;
    struct socket *socket;     /* set once it is a WebSocket, and in a session */
    struct longpoll *longpoll; /* a session's own state */
    struct longpoll *polling;  /* the session whose messages a request waits for */
    uint64_t heard_at_us;
    lws_sorted_usec_list_t timer;
    bool is_control;    /* asks the control endpoint: exempt from the faults that it makes */
    bool told_continue; /* "100 Continue" went out for the request that is coming in */
    bool is_processing; /* a request of it is being answered: waking it then does nothing */
    bool is_held;       /* a slow join blocks the socket, both ways */
    bool is_ending;     /* closes when the queue is sent; nothing is read any more */
    bool is_shut;       /* our side is closed; waits for the other's */
    bool is_dead;       /* libwebsockets has been asked to drop it */
};

struct conn *conn_new(struct app *app, struct lws *wsi);
void conn_free(struct conn *conn);

/* What the loop reports. conn_writable() returns false when the connection is done. */
void conn_received(struct conn *conn, struct slice data);
bool conn_writable(struct conn *conn);

/* Goes on with what has been received, and asks to write: call when a reason to wait is gone. */
void conn_wake(struct conn *conn);
/* Queues `data`, whose memory it takes. A full queue, or a failed one, drops the connection. */
void conn_send(struct conn *conn, struct bytes *data);
/* Closes politely once all that is queued has been sent. */
void conn_end(struct conn *conn);
/* Drops the connection at once, without a word; conn stays valid until the loop returns. */
void conn_drop(struct conn *conn);

#endif
