/* SPDX-License-Identifier: MIT */
/*
 * The router of route.h. A stalled backend leaves requests where they are, unread, until it is
 * let go; only the control endpoint still answers then.
 */
#include "route.h"

#include "json.h"
#include "longpoll.h"
#include "rest.h"
#include "ws.h"

void route_answer(struct conn *conn, const struct http_request *request, int status,
                  struct slice json)
{
    struct bytes data = {0};
    http_compose(&data, &(struct http_answer){.status = status,
                                              .body = json,
                                              .is_json = json.len > 0,
                                              .close = !request->keep_alive});
    conn_send(conn, &data);
    if (!request->keep_alive) {
        conn_end(conn);
    }
}

void route_error(struct conn *conn, const struct http_request *request, int status,
                 const char *detail)
{
    struct bytes json = {0};
    bytes_text(&json, "{\"errors\":{\"detail\":");
    json_encode(&json, slice_of(detail));
    bytes_text(&json, "}}");
    route_answer(conn, request, json.failed ? 500 : status, slice_from(&json));
    bytes_free(&json);
}

/* A request that cannot be understood, or is too large: the rest of it is not worth reading. */
static void answer_broken(struct conn *conn, int status)
{
    struct bytes json = {0};
    struct bytes data = {0};
    bytes_text(&json, "{\"errors\":{\"detail\":");
    json_encode(&json, slice_of(http_reason(status)));
    bytes_text(&json, "}}");
    http_compose(&data,
                 &(struct http_answer){
                     .status = status, .body = slice_from(&json), .is_json = true, .close = true});
    bytes_free(&json);
    conn_send(conn, &data);
    conn_end(conn);
}

static void answer_refusal(struct conn *conn, const struct http_request *request)
{
    struct bytes data = {0};
    const struct control *control = &conn->app->control;
    conn->app->counters.refused++;
    http_compose(&data, &(struct http_answer){.status = control->refuse_status,
                                              .body = SLICE(""),
                                              .retry_after_s = control->retry_after_s,
                                              .close = !request->keep_alive});
    conn_send(conn, &data);
    if (!request->keep_alive) {
        conn_end(conn);
    }
}

static void dispatch(struct conn *conn, const struct http_request *request)
{
    const bool is_upgrade = slice_is(request->path, "/community/websocket");
    const bool is_rest = slice_starts_with(request->path, "/api/community/");
    conn->app->counters.requests++;
    if (conn->is_control) {
        control_handle(conn, request);
    } else if ((is_upgrade || is_rest) && control_refuses(conn->app, is_upgrade)) {
        answer_refusal(conn, request);
    } else if (is_upgrade) {
        ws_upgrade(conn, request);
    } else if (is_rest) {
        rest_handle(conn, request);
    } else if (slice_is(request->path, "/community/longpoll")) {
        longpoll_handle(conn, request);
    } else {
        route_error(conn, request, 404, "Not Found");
    }
}

static void tell_continue(struct conn *conn)
{
    struct bytes data = {0};
    if (!conn->told_continue) {
        conn->told_continue = true;
        bytes_text(&data, "HTTP/1.1 100 Continue\r\n\r\n");
        conn_send(conn, &data);
    }
}

static bool is_stalled(struct conn *conn, const struct http_request *request)
{
    conn->is_control = conn->app->options->control && slice_starts_with(request->path, "/control/");
    return conn->app->control.is_stalled && !conn->is_control;
}

size_t route_input(struct conn *conn, struct slice in)
{
    struct http_request request;
    size_t consumed = 0;
    int status = 0;
    switch (http_parse(in, conn->app->options->max_message_bytes, &request, &consumed, &status)) {
    case HTTP_MORE:
        break;
    case HTTP_MORE_BODY:
        if (request.expects_continue && !is_stalled(conn, &request)) {
            tell_continue(conn);
        }
        break;
    case HTTP_BAD:
        answer_broken(conn, status);
        break;
    case HTTP_DONE:
        if (is_stalled(conn, &request)) {
            consumed = 0;
            break;
        }
        conn->told_continue = false;
        dispatch(conn, &request);
        break;
    }
    http_request_free(&request);
    return consumed;
}
