/* SPDX-License-Identifier: MIT */
/*
 * What each REST route does, between the request's parameters and the store.
 */
#include "rest_calls.h"

#include "json.h"

enum {
    LIMIT_DEFAULT = 50,
    LIMIT_MAX = 1000
};

/* Turns anything but STORE_OK into the error that it means. */
static bool stored(struct rest_call *call, enum store_status status)
{
    if (status == STORE_MISSING) {
        rest_error(call, 404, "detail", "Not Found");
    } else if (status == STORE_FAILED) {
        rest_error(call, 500, "detail", "Internal Server Error");
    }
    return status == STORE_OK;
}

/* Decodes the request's "body" into `out`; false when the error has been set. */
static bool read_body(struct rest_call *call, struct bytes *out)
{
    struct slice document;
    struct slice text;
    if (call->request->body.len == 0) {
        rest_error(call, 422, "body", "can't be blank");
        return false;
    }
    if (!json_document(call->request->body, &document)) {
        rest_error(call, 400, "detail", "Bad Request");
        return false;
    }
    if (!json_member(document, "body", &text) || json_is_null(text)) {
        rest_error(call, 422, "body", "can't be blank");
        return false;
    }
    if (!json_is_string(text)) {
        rest_error(call, 422, "body", "is invalid");
        return false;
    }
    json_decode(text, out);
    if (out->failed) {
        rest_error(call, 500, "detail", "Internal Server Error");
        return false;
    }
    if (slice_is_blank(slice_from(out))) {
        rest_error(call, 422, "body", "can't be blank");
        return false;
    }
    return true;
}

/* Answers {"data": post}. */
static bool answer_post(struct rest_call *call, struct slice id, int status)
{
    bytes_text(&call->answer, "{\"data\":");
    if (!stored(call, store_post(call->app->store, id, &call->answer, NULL))) {
        return false;
    }
    bytes_char(&call->answer, '}');
    call->status = status;
    return true;
}

static void set_post_event(struct rest_call *call, const char *event, struct slice id)
{
    call->event = event;
    (void)stored(call, store_post(call->app->store, id, &call->event_payload, NULL));
}

/* Whether the post exists and the caller wrote it; sets the error if not. */
static bool is_own_post(struct rest_call *call)
{
    struct bytes post = {0};
    int64_t author = 0;
    const bool found = stored(call, store_post(call->app->store, call->post, &post, &author));
    bytes_free(&post);
    if (found && author != call->user->id) {
        rest_error(call, 403, "detail", "Only the author may do this");
        return false;
    }
    return found;
}

static bool read_limit(struct rest_call *call, int64_t *out)
{
    struct bytes text = {0};
    *out = LIMIT_DEFAULT;
    if (http_query(call->request->query, "limit", &text)) {
        *out = json_integer(slice_from(&text), 0);
    }
    bytes_free(&text);
    if (*out < 1) {
        rest_error(call, 422, "limit", "is invalid");
        return false;
    }
    *out = *out > LIMIT_MAX ? LIMIT_MAX : *out;
    return true;
}

void rest_list(struct rest_call *call)
{
    int64_t limit = 0;
    struct bytes id = {0};
    if (!read_limit(call, &limit)) {
        return;
    }
    const bool has_before = http_query(call->request->query, "before", &id);
    const struct slice before = slice_from(&id);
    bytes_text(&call->answer, "{\"data\":");
    if (stored(call,
               store_list(call->app->store, limit, has_before ? &before : NULL, &call->answer))) {
        bytes_char(&call->answer, '}');
        call->status = 200;
    }
    bytes_free(&id);
}

void rest_create(struct rest_call *call)
{
    char id[UUID_TEXT_SIZE];
    struct bytes body = {0};
    if (read_body(call, &body) &&
        stored(call, store_add_post(call->app->store, call->user->id, slice_from(&body), id)) &&
        answer_post(call, slice_of(id), 201)) {
        set_post_event(call, "new_post", slice_of(id));
    }
    bytes_free(&body);
}

void rest_show(struct rest_call *call)
{
    (void)answer_post(call, call->post, 200);
}

void rest_edit(struct rest_call *call)
{
    struct bytes body = {0};
    if (is_own_post(call) && read_body(call, &body) &&
        stored(call, store_edit_post(call->app->store, call->post, slice_from(&body))) &&
        answer_post(call, call->post, 200)) {
        set_post_event(call, "post_updated", call->post);
    }
    bytes_free(&body);
}

void rest_delete(struct rest_call *call)
{
    if (is_own_post(call) && stored(call, store_delete_post(call->app->store, call->post))) {
        call->status = 204;
        call->event = "post_deleted";
        bytes_text(&call->event_payload, "{\"id\":");
        store_append_id(call->app->store, call->post, &call->event_payload);
        bytes_char(&call->event_payload, '}');
    }
}

/* Whether the post is there; sets the error if not. */
static bool post_exists(struct rest_call *call)
{
    struct bytes post = {0};
    const bool exists = stored(call, store_post(call->app->store, call->post, &post, NULL));
    bytes_free(&post);
    return exists;
}

void rest_like(struct rest_call *call)
{
    if (post_exists(call) &&
        stored(call, store_toggle_like(call->app->store, call->post, call->user->id)) &&
        answer_post(call, call->post, 200)) {
        call->event = "post_likes_updated";
        (void)stored(call, store_likes(call->app->store, call->post, &call->event_payload));
    }
}

static void set_comments_event(struct rest_call *call)
{
    call->event = "post_comments_updated";
    (void)stored(call, store_comments_count(call->app->store, call->post, &call->event_payload));
}

void rest_add_comment(struct rest_call *call)
{
    char id[UUID_TEXT_SIZE];
    int64_t author = 0;
    struct bytes body = {0};
    struct store *store = call->app->store;
    if (post_exists(call) && read_body(call, &body) &&
        stored(call, store_add_comment(store, call->post, call->user->id, slice_from(&body), id))) {
        bytes_text(&call->answer, "{\"data\":");
        call->status = 201;
        if (stored(call, store_comment(store, call->post, slice_of(id), &call->answer, &author))) {
            bytes_char(&call->answer, '}');
            set_comments_event(call);
        }
    }
    bytes_free(&body);
}

void rest_delete_comment(struct rest_call *call)
{
    int64_t author = 0;
    struct bytes comment = {0};
    struct store *store = call->app->store;
    const bool found =
        stored(call, store_comment(store, call->post, call->item, &comment, &author));
    bytes_free(&comment);
    if (found && author != call->user->id) {
        rest_error(call, 403, "detail", "Only the author may do this");
    } else if (found && stored(call, store_delete_comment(store, call->item))) {
        call->status = 204;
        set_comments_event(call);
    }
}
