/* SPDX-License-Identifier: MIT */
/*
 * The sessions of longpoll.h. Differences to Phoenix, which no client can tell from a quick or a
 * slow server: a POST is answered before a slow join in it has been, and where Phoenix lets a
 * request to a session that has crashed run into its time limit, it is answered at once.
 */
#include "longpoll.h"

#include "json.h"
#include "log.h"
#include "socket.h"
#include "users.h"
#include "ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH_LINES_MAX = 100,
    RECORD_HEAD = 5 /* of the input: 't' or 'b', and how long the message is */
};

struct longpoll {
    char token[2 * UUID_TEXT_SIZE + 8];
    struct bytes messages; /* JSON strings with commas between */
    bool is_broken;        /* a message was none that JSON can carry */
    struct conn *poll;     /* waits for messages, or NULL */
    bool keeps_alive;      /* what the poll wants done with its connection */
    uint64_t polled_at_us;
};

static void answer(struct conn *conn, int status, struct slice json, bool keep_alive)
{
    struct bytes data = {0};
    http_compose(&data, &(struct http_answer){.status = status,
                                              .body = json,
                                              .is_json = json.len > 0,
                                              .extra_headers = "access-control-allow-origin: *\r\n",
                                              .close = !keep_alive});
    conn_send(conn, &data);
    if (!keep_alive) {
        conn_end(conn);
    }
}

static void answer_status(struct conn *conn, int status, bool keep_alive)
{
    char json[32];
    (void)snprintf(json, sizeof(json), "{\"status\":%d}", status);
    answer(conn, 200, slice_of(json), keep_alive);
}

/* --- the poll --- */

/* With all that waits (200), or with nothing and what waits left for the next poll (204). */
static void answer_poll(struct longpoll *longpoll, int status)
{
    struct conn *poll = longpoll->poll;
    struct bytes json = {0};
    bool is_whole = true;
    bytes_text(&json, "{\"messages\":[");
    if (status == 200) {
        bytes_slice(&json, slice_from(&longpoll->messages));
        is_whole = !longpoll->is_broken && !longpoll->messages.failed;
        longpoll->is_broken = false;
        bytes_free(&longpoll->messages);
    }
    bytes_format(&json, "],\"status\":%d,\"token\":\"%s\"}", status, longpoll->token);
    is_whole = is_whole && !json.failed;
    longpoll->poll = NULL;
    longpoll->polled_at_us = (uint64_t)lws_now_usecs();
    poll->polling = NULL;
    answer(poll, is_whole ? 200 : 500, is_whole ? slice_from(&json) : SLICE(""),
           longpoll->keeps_alive);
    bytes_free(&json);
    conn_wake(poll);
}

static void on_timer(lws_sorted_usec_list_t *timer);

/* When the session has something to do next. */
static void schedule(struct conn *session)
{
    const struct longpoll *longpoll = session->longpoll;
    const uint64_t window_us = (uint64_t)session->app->options->window_ms * 1000;
    const uint64_t now_us = (uint64_t)lws_now_usecs();
    const bool waits = longpoll->poll != NULL;
    const uint64_t due_us = longpoll->polled_at_us + (waits ? window_us : window_us * 3 / 2);
    const bool has_news = longpoll->messages.len > 0 || longpoll->is_broken;
    const bool is_now = session->is_dead || (waits && has_news && !session->is_held);
    lws_sul_schedule(session->app->lws, 0, &session->timer, on_timer,
                     is_now || due_us <= now_us ? 1 : (lws_usec_t)(due_us - now_us));
}

static void on_timer(lws_sorted_usec_list_t *timer)
{
    struct conn *session = lws_container_of(timer, struct conn, timer);
    struct longpoll *longpoll = session->longpoll;
    const bool has_news = longpoll->messages.len > 0 || longpoll->is_broken;
    if (session->is_dead) {
        lws_cancel_service(session->app->lws); /* the program may wait for the last one to go */
        conn_free(session);
        return;
    }
    if (longpoll->poll == NULL) {
        longpoll_end(session);
    } else {
        answer_poll(longpoll, has_news && !session->is_held ? 200 : 204);
    }
    schedule(session);
}

void longpoll_wake(struct conn *session)
{
    schedule(session);
}

void longpoll_send(struct conn *session, struct slice message)
{
    struct longpoll *longpoll = session->longpoll;
    if (session->is_dead) {
        return;
    }
    if (!slice_is_utf8(message)) {
        longpoll->is_broken = true;
    } else {
        bytes_text(&longpoll->messages, longpoll->messages.len > 0 ? "," : "");
        json_encode(&longpoll->messages, message);
    }
    if (longpoll->messages.len > session->app->options->max_queue_bytes) {
        log_line("ending a long-poll session: it does not read its messages");
        session->app->counters.slow_consumers++;
        longpoll_end(session);
    }
    schedule(session);
}

void longpoll_end(struct conn *session)
{
    if (session->is_dead) {
        return;
    }
    session->is_dead = true;
    if (session->longpoll->poll != NULL) {
        answer_poll(session->longpoll, 204);
    }
    schedule(session);
}

void longpoll_forget(struct conn *poll)
{
    poll->polling->poll = NULL;
    poll->polling = NULL;
}

void longpoll_free(struct longpoll *longpoll)
{
    if (longpoll != NULL) {
        bytes_free(&longpoll->messages);
        free(longpoll);
    }
}

/* --- what is posted --- */

size_t longpoll_input(struct conn *session, const char *data, size_t len)
{
    uint32_t size = 0;
    if (len < RECORD_HEAD) {
        return 0;
    }
    memcpy(&size, data + 1, sizeof(size));
    if (len < RECORD_HEAD + size) {
        return 0;
    }
    socket_received(session->socket, data[0] == 'b', (struct slice){data + RECORD_HEAD, size});
    return RECORD_HEAD + size;
}

static void take_message(struct conn *session, bool is_binary, struct slice message)
{
    struct bytes record = {0};
    const uint32_t size = (uint32_t)message.len;
    bytes_char(&record, is_binary ? 'b' : 't');
    bytes_append(&record, &size, sizeof(size));
    bytes_slice(&record, message);
    if (record.failed || (!is_binary && !slice_is_utf8(message))) {
        conn_drop(session);
    } else {
        conn_received(session, slice_from(&record));
    }
    bytes_free(&record);
}

/* A line is a JSON array, or the base64 of a binary message. False: it is neither. */
static bool take_line(struct conn *session, struct slice line)
{
    struct bytes binary = {0};
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    if (slice_starts_with(line, "[")) {
        take_message(session, false, line);
        return true;
    }
    const bool good = crypto_base64_decode(line, &binary);
    if (good) {
        take_message(session, true, slice_from(&binary));
    }
    bytes_free(&binary);
    return good;
}

static void publish(struct conn *conn, const struct http_request *request, struct conn *session)
{
    struct slice rest = request->body;
    bool good = true;
    if (slice_is(http_header(request, "content-type"), "application/x-ndjson")) {
        bool has_more = true;
        for (int i = 0; i < BATCH_LINES_MAX && has_more && good && !session->is_dead; i++) {
            const size_t before = rest.len;
            const struct slice line = slice_until(rest, '\n', &rest);
            has_more = line.len < before;
            good = take_line(session, line);
        }
    } else {
        take_message(session, false, rest);
    }
    if (good) {
        answer_status(conn, session->is_dead ? 408 : 200, request->keep_alive);
    } else {
        longpoll_end(session);
        answer(conn, 500, SLICE(""), request->keep_alive);
    }
}

/* --- sessions --- */

/* Newer clients name their session in a header, older ones in the query. */
static struct conn *find(struct app *app, const struct http_request *request)
{
    struct bytes token = {0};
    const struct slice header = http_header(request, "x-phoenix-longpoll-token");
    struct conn *found = NULL;
    bytes_slice(&token, header);
    if (header.len > 0 || http_query(request->query, "token", &token)) {
        for (struct conn *each = app->conns; each != NULL; each = each->next) {
            if (each->longpoll != NULL && !each->is_dead &&
                slice_is(slice_from(&token), each->longpoll->token)) {
                found = each;
            }
        }
    }
    bytes_free(&token);
    return found;
}

static const struct user *authenticate(struct app *app, const struct http_request *request)
{
    struct bytes token = {0};
    const struct slice header = http_header(request, "x-phoenix-authtoken");
    bytes_slice(&token, header);
    const bool found = header.len > 0 || http_query(request->query, "token", &token);
    const struct user *user = found ? users_by_token(app, slice_from(&token)) : NULL;
    bytes_free(&token);
    return user;
}

static struct conn *new_session(struct app *app, const struct user *user,
                                enum serializer_version version)
{
    char ids[2][UUID_TEXT_SIZE];
    struct longpoll *longpoll = calloc(1, sizeof(*longpoll));
    struct conn *session = longpoll != NULL ? conn_new(app, NULL) : NULL;
    if (session == NULL) {
        free(longpoll);
        return NULL;
    }
    session->longpoll = longpoll;
    session->socket = socket_new(session, user, version);
    longpoll->polled_at_us = (uint64_t)lws_now_usecs();
    if (session->socket == NULL || !crypto_uuid(ids[0]) || !crypto_uuid(ids[1])) {
        conn_free(session);
        return NULL;
    }
    (void)snprintf(longpoll->token, sizeof(longpoll->token), "lp.%s.%s", ids[0], ids[1]);
    schedule(session);
    return session;
}

static void begin(struct conn *conn, const struct http_request *request)
{
    enum serializer_version version = SERIALIZER_1;
    struct app *app = conn->app;
    const struct user *user = authenticate(app, request);
    if (user == NULL || !ws_serializer_of(request->query, &version)) {
        app->counters.refused++;
        answer_status(conn, 403, request->keep_alive);
        return;
    }
    const struct conn *session = new_session(app, user, version);
    if (session == NULL) {
        answer(conn, 503, SLICE(""), request->keep_alive);
        return;
    }
    struct bytes json = {0};
    bytes_format(&json, "{\"messages\":[],\"status\":410,\"token\":\"%s\"}",
                 session->longpoll->token);
    app->counters.longpolls++;
    answer(conn, json.failed ? 503 : 200, slice_from(&json), request->keep_alive);
    bytes_free(&json);
}

static void listen_for(struct conn *conn, const struct http_request *request, struct conn *session)
{
    struct longpoll *longpoll = session->longpoll;
    if (longpoll->poll != NULL) {
        answer_poll(longpoll, 204); /* of two polls the later one gets the messages */
    }
    longpoll->poll = conn;
    longpoll->keeps_alive = request->keep_alive;
    longpoll->polled_at_us = (uint64_t)lws_now_usecs();
    conn->polling = longpoll;
    schedule(session);
}

void longpoll_handle(struct conn *conn, const struct http_request *request)
{
    const bool is_post = slice_is(request->method, "POST");
    if (!is_post && !slice_is(request->method, "GET")) {
        answer(conn, 400, SLICE(""), request->keep_alive);
        return;
    }
    struct conn *session = find(conn->app, request);
    if (session != NULL && is_post) {
        publish(conn, request, session);
    } else if (session != NULL) {
        listen_for(conn, request, session);
    } else if (is_post) {
        answer_status(conn, 410, request->keep_alive);
    } else {
        begin(conn, request);
    }
}
