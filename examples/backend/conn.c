/* SPDX-License-Identifier: MIT */
/*
 * The connection of conn.h. Nothing frees a connection but libwebsockets' own close callback, and
 * a session its timer, so that a walk over all connections may end any of them.
 */
#include "conn.h"

#include "log.h"
#include "longpoll.h"
#include "route.h"
#include "socket.h"
#include "ws.h"

#include <stdlib.h>
#include <sys/socket.h>

enum {
    WRITE_PIECE = 64 * 1024,
    IN_SLACK = 256 * 1024,
    LINGER_MS = 2000
};

struct chunk {
    struct chunk *next;
    struct bytes data;
    size_t sent;
};

static void on_timer(lws_sorted_usec_list_t *timer);

static void arm(struct conn *conn, uint64_t delay_us)
{
    lws_sul_schedule(conn->app->lws, 0, &conn->timer, on_timer, (lws_usec_t)delay_us);
}

static void on_timer(lws_sorted_usec_list_t *timer)
{
    struct conn *conn = lws_container_of(timer, struct conn, timer);
    const uint64_t idle_us = (uint64_t)conn->app->options->idle_ms * 1000;
    const uint64_t silent_us = (uint64_t)lws_now_usecs() - conn->heard_at_us;
    if (conn->is_ending || conn->is_dead) {
        conn_drop(conn);
    } else if (conn->app->control.is_stalled || conn->polling != NULL) {
        arm(conn, idle_us);
    } else if (silent_us < idle_us) {
        arm(conn, idle_us - silent_us);
    } else if (conn->socket != NULL) {
        ws_close(conn, 1002);
    } else {
        conn_drop(conn);
    }
}

struct conn *conn_new(struct app *app, struct lws *wsi)
{
    struct conn *conn = calloc(1, sizeof(*conn));
    if (conn == NULL) {
        return NULL;
    }
    conn->app = app;
    conn->wsi = wsi;
    conn->heard_at_us = (uint64_t)lws_now_usecs();
    conn->next = app->conns;
    app->conns = conn;
    if (wsi != NULL) {
        arm(conn, (uint64_t)app->options->idle_ms * 1000);
    }
    return conn;
}

static void free_first_chunk(struct conn *conn)
{
    struct chunk *chunk = conn->out_first;
    conn->out_first = chunk->next;
    conn->out_bytes -= chunk->data.len;
    bytes_free(&chunk->data);
    free(chunk);
}

void conn_free(struct conn *conn)
{
    struct conn **link = &conn->app->conns;
    while (*link != conn) {
        link = &(*link)->next;
    }
    *link = conn->next;
    lws_sul_schedule(conn->app->lws, 0, &conn->timer, NULL, LWS_SET_TIMER_USEC_CANCEL);
    socket_free(conn->socket);
    longpoll_free(conn->longpoll);
    if (conn->polling != NULL) {
        longpoll_forget(conn);
    }
    while (conn->out_first != NULL) {
        free_first_chunk(conn);
    }
    bytes_free(&conn->in);
    free(conn);
}

static bool is_waiting(const struct conn *conn)
{
    return conn->is_held || conn->is_ending || conn->is_dead || conn->polling != NULL ||
           (conn->socket != NULL && conn->app->control.is_stalled);
}

static size_t take_input(struct conn *conn, char *data, size_t len)
{
    return conn->longpoll != NULL ? longpoll_input(conn, data, len)
           : conn->socket != NULL ? ws_input(conn, data, len)
                                  : route_input(conn, (struct slice){data, len});
}

static void process(struct conn *conn)
{
    size_t used = 0;
    size_t step = 1;
    if (conn->is_processing) {
        return;
    }
    conn->is_processing = true;
    while (step > 0 && used < conn->in.len && !is_waiting(conn)) {
        step = take_input(conn, conn->in.data + used, conn->in.len - used);
        used += step;
    }
    bytes_consume(&conn->in, conn->is_ending ? conn->in.len : used);
    conn->is_processing = false;
}

void conn_received(struct conn *conn, struct slice data)
{
    conn->heard_at_us = (uint64_t)lws_now_usecs();
    if (conn->is_ending || conn->is_dead) {
        return;
    }
    bytes_slice(&conn->in, data);
    if (conn->in.failed ||
        conn->in.len > (size_t)conn->app->options->max_message_bytes + IN_SLACK) {
        log_line("dropping a connection: more came in than can be held");
        conn_drop(conn);
        return;
    }
    process(conn);
}

void conn_wake(struct conn *conn)
{
    if (!conn->is_dead) {
        process(conn);
        if (conn->longpoll != NULL) {
            longpoll_wake(conn);
        } else {
            lws_callback_on_writable(conn->wsi);
        }
    }
}

/* Small messages share a chunk: a burst is a few writes. False if this one needs its own. */
static bool join_last_chunk(struct conn *conn, struct bytes *data)
{
    struct chunk *last = conn->out_last;
    if (conn->out_first == NULL || last->data.len + data->len > WRITE_PIECE) {
        return false;
    }
    bytes_append(&last->data, data->data, data->len);
    if (last->data.failed) {
        last->data.failed = false;
        return false;
    }
    conn->out_bytes += data->len;
    bytes_free(data);
    return true;
}

static void append_chunk(struct conn *conn, struct chunk *chunk)
{
    if (conn->out_first == NULL) {
        conn->out_first = chunk;
    } else {
        conn->out_last->next = chunk;
    }
    conn->out_last = chunk;
    conn->out_bytes += chunk->data.len;
}

static void give_up(struct conn *conn, struct bytes *data, const char *why)
{
    if (!conn->is_dead) {
        log_line("dropping a connection: %s", why);
    }
    bytes_free(data);
    conn_drop(conn);
}

void conn_send(struct conn *conn, struct bytes *data)
{
    const size_t max = conn->app->options->max_queue_bytes;
    if (conn->longpoll != NULL) {
        bytes_free(data); /* a frame: nobody who polls gets to see one */
        return;
    }
    if (conn->out_bytes > max || data->len > max - conn->out_bytes) {
        conn->app->counters.slow_consumers += conn->is_dead ? 0 : 1;
        give_up(conn, data, "it does not read its messages");
        return;
    }
    if (data->failed || conn->is_dead) {
        give_up(conn, data, "out of memory");
        return;
    }
    if (!join_last_chunk(conn, data)) {
        struct chunk *chunk = calloc(1, sizeof(*chunk));
        if (chunk == NULL) {
            give_up(conn, data, "out of memory");
            return;
        }
        chunk->data = *data;
        *data = (struct bytes){0};
        append_chunk(conn, chunk);
    }
    lws_callback_on_writable(conn->wsi);
}

void conn_end(struct conn *conn)
{
    if (conn->longpoll != NULL) {
        longpoll_end(conn);
    } else if (!conn->is_ending) {
        conn->is_ending = true;
        arm(conn, (uint64_t)LINGER_MS * 1000);
        lws_callback_on_writable(conn->wsi);
    }
}

void conn_drop(struct conn *conn)
{
    if (conn->longpoll != NULL) {
        longpoll_end(conn);
    } else if (!conn->is_dead) {
        conn->is_dead = true;
        lws_set_timeout(conn->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
}

/* Our side is done. Without TLS the socket is closed for writing only, and read until the other
 * side ends too: closing while unread bytes are there would reset it, and lose what we sent. */
static bool finish(struct conn *conn)
{
    if (conn->app->options->cert != NULL) {
        return false;
    }
    if (!conn->is_shut) {
        conn->is_shut = true;
        (void)shutdown(lws_get_socket_fd(conn->wsi), SHUT_WR);
    }
    return true;
}

bool conn_writable(struct conn *conn)
{
    if (conn->is_dead) {
        return false;
    }
    if (conn->is_held || (conn->app->control.is_stalled && !conn->is_control)) {
        return true;
    }
    struct chunk *chunk = conn->out_first;
    if (chunk == NULL) {
        return !conn->is_ending || finish(conn);
    }
    const size_t left = chunk->data.len - chunk->sent;
    const size_t piece = left < WRITE_PIECE ? left : WRITE_PIECE;
    if (lws_write(conn->wsi, (unsigned char *)chunk->data.data + chunk->sent, piece,
                  LWS_WRITE_RAW) < 0) {
        return false;
    }
    chunk->sent += piece;
    if (chunk->sent == chunk->data.len) {
        free_first_chunk(conn);
    }
    if (conn->out_first != NULL || conn->is_ending) {
        lws_callback_on_writable(conn->wsi);
    }
    return true;
}
