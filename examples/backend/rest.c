/* SPDX-License-Identifier: MIT */
/*
 * The calls of rest.h. A write runs in one transaction with its stored answer, and is published
 * after the commit: what a channel hears of is in the database.
 */
#include "rest.h"

#include "json.h"
#include "rest_calls.h"
#include "route.h"
#include "topics.h"
#include "users.h"

#include <string.h>

enum {
    KEY_MAX = 255
};

void rest_error(struct rest_call *call, int status, const char *member, const char *text)
{
    const bool is_detail = strcmp(member, "detail") == 0;
    call->status = status;
    call->answer.len = 0;
    bytes_text(&call->answer, "{\"errors\":{");
    json_encode(&call->answer, slice_of(member));
    bytes_text(&call->answer, is_detail ? ":" : ":[");
    json_encode(&call->answer, slice_of(text));
    bytes_text(&call->answer, is_detail ? "}}" : "]}}");
}

static const struct user *authenticate(struct app *app, const struct http_request *request)
{
    struct slice token;
    const struct slice header = http_header(request, "authorization");
    const struct slice scheme = slice_until(header, ' ', &token);
    return http_same_text(scheme, "bearer") ? users_by_token(app, slice_trim(token)) : NULL;
}

/* What makes two requests under one key the same: method, path and body. */
static bool fingerprint(const struct http_request *request, uint8_t out_hash[SHA256_SIZE])
{
    struct bytes text = {0};
    bytes_slice(&text, request->method);
    bytes_char(&text, ' ');
    bytes_slice(&text, request->path);
    bytes_char(&text, '\n');
    bytes_slice(&text, request->body);
    const bool good = !text.failed && crypto_sha256(slice_from(&text), out_hash);
    bytes_free(&text);
    return good;
}

/* True when the stored answer of this key has been put into the call, or the key is refused. */
static bool replay(struct rest_call *call, struct slice key, struct answer *stored)
{
    struct answer earlier = {0};
    bool is_answered = true;
    const enum store_status status = store_answer(call->app->store, call->user->id, key, &earlier);
    if (status == STORE_FAILED) {
        rest_error(call, 500, "detail", "Internal Server Error");
    } else if (status == STORE_MISSING) {
        is_answered = false;
    } else if (!crypto_equal(earlier.fingerprint, stored->fingerprint, SHA256_SIZE)) {
        rest_error(call, 422, "detail", "Idempotency-Key was used for another request");
    } else {
        call->status = earlier.status;
        call->is_replayed = true;
        bytes_slice(&call->answer, slice_from(&earlier.body));
    }
    bytes_free(&earlier.body);
    return is_answered;
}

static bool is_success(const struct rest_call *call)
{
    return call->status >= 200 && call->status <= 299;
}

static bool keep_answer(struct rest_call *call, struct slice key, struct answer *stored)
{
    if (key.len == 0) {
        return true;
    }
    stored->status = call->status;
    stored->body = call->answer; /* borrowed for the call below */
    return store_put_answer(call->app->store, call->user->id, key, stored) == STORE_OK;
}

static void run_write(struct rest_call *call, rest_fn *run, struct slice key, struct answer *stored)
{
    if (!store_begin(call->app->store)) {
        rest_error(call, 500, "detail", "Internal Server Error");
        return;
    }
    if (key.len > 0 && replay(call, key, stored)) {
        store_rollback(call->app->store);
        return;
    }
    run(call);
    if (!is_success(call)) {
        store_rollback(call->app->store);
    } else if (call->answer.failed || call->event_payload.failed ||
               !keep_answer(call, key, stored)) {
        store_rollback(call->app->store);
        rest_error(call, 500, "detail", "Internal Server Error");
    } else if (!store_commit(call->app->store)) {
        rest_error(call, 500, "detail", "Internal Server Error");
    } else {
        feed_publish(call->app, call->event, slice_from(&call->event_payload));
    }
}

static void handle_write(struct rest_call *call, rest_fn *run)
{
    struct answer stored = {0};
    const struct slice key = http_header(call->request, "idempotency-key");
    if (key.len > KEY_MAX || !slice_is_utf8(key)) {
        rest_error(call, 422, "idempotency_key", "is invalid");
    } else if (!fingerprint(call->request, stored.fingerprint)) {
        rest_error(call, 500, "detail", "Internal Server Error");
    } else {
        run_write(call, run, key, &stored);
    }
}

static const struct {
    const char *method;
    const char *collection; /* what stands behind the post's id, if anything */
    bool has_post;
    bool has_item;
    rest_fn *run;
} routes[] = {
    {"GET", "", false, false, rest_list},
    {"POST", "", false, false, rest_create},
    {"GET", "", true, false, rest_show},
    {"PUT", "", true, false, rest_edit},
    {"PATCH", "", true, false, rest_edit},
    {"DELETE", "", true, false, rest_delete},
    {"POST", "like", true, false, rest_like},
    {"POST", "comments", true, false, rest_add_comment},
    {"DELETE", "comments", true, true, rest_delete_comment},
};

/* /api/community/posts[/POST[/COLLECTION[/ITEM]]] */
static rest_fn *find_route(struct rest_call *call)
{
    struct slice rest = slice_skip(call->request->path, strlen("/api/community/"));
    const struct slice root = slice_until(rest, '/', &rest);
    call->post = slice_until(rest, '/', &rest);
    const struct slice collection = slice_until(rest, '/', &rest);
    call->item = rest;
    for (size_t i = 0; slice_is(root, "posts") && i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (slice_is(call->request->method, routes[i].method) &&
            slice_is(collection, routes[i].collection) &&
            (call->post.len > 0) == routes[i].has_post &&
            (call->item.len > 0) == routes[i].has_item) {
            return routes[i].run;
        }
    }
    return NULL;
}

static void run_call(struct rest_call *call)
{
    call->user = authenticate(call->app, call->request);
    rest_fn *run = find_route(call);
    if (call->user == NULL) {
        rest_error(call, 401, "detail", "Unauthorized");
    } else if (!call->user->is_member) {
        rest_error(call, 403, "detail", "You have not joined the community");
    } else if (run == NULL) {
        rest_error(call, 404, "detail", "Not Found");
    } else if (slice_is(call->request->method, "GET")) {
        run(call);
    } else {
        handle_write(call, run);
    }
}

static void answer(struct conn *conn, struct rest_call *call)
{
    struct bytes data = {0};
    http_compose(&data, &(struct http_answer){.status = call->status,
                                              .body = slice_from(&call->answer),
                                              .is_json = call->status != 204,
                                              .extra_headers = call->is_replayed
                                                                   ? "idempotent-replayed: true\r\n"
                                                                   : NULL,
                                              .close = !call->request->keep_alive});
    conn_send(conn, &data);
    if (!call->request->keep_alive) {
        conn_end(conn);
    }
}

void rest_handle(struct conn *conn, const struct http_request *request)
{
    struct rest_call call = {.app = conn->app, .request = request};
    run_call(&call);
    if (call.answer.failed) {
        route_error(conn, request, 500, "Internal Server Error");
    } else {
        answer(conn, &call);
    }
    bytes_free(&call.answer);
    bytes_free(&call.event_payload);
}

bool rest_create_post(struct app *app, const struct user *author, struct slice body)
{
    struct rest_call call = {.app = app, .user = author};
    struct answer stored = {0};
    struct http_request request = {.method = SLICE("POST")};
    struct bytes json = {0};
    bytes_text(&json, "{\"body\":");
    json_encode(&json, body);
    bytes_char(&json, '}');
    request.body = slice_from(&json);
    call.request = &request;
    if (json.failed) {
        rest_error(&call, 500, "detail", "Internal Server Error");
    } else {
        run_write(&call, rest_create, SLICE(""), &stored);
    }
    bytes_free(&json);
    bytes_free(&call.answer);
    bytes_free(&call.event_payload);
    return is_success(&call);
}
