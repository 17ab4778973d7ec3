/* SPDX-License-Identifier: MIT */
/*
 * REST answers: what each HTTP status and body means to the caller.
 */
#include "community/rest_call.h"

#include "community/post_codec.h"
#include "support/alloc.h"
#include "wire/json.h"

phx_status communityi_rest_status(int32_t http_status)
{
    if (http_status >= 200 && http_status < 300) {
        return PHX_OK;
    }
    if (http_status >= 500 && http_status < 600) {
        return PHX_ERROR_SERVER;
    }
    switch (http_status) {
    case 401:
        return PHX_ERROR_UNAUTHORIZED;
    case 403:
        return PHX_ERROR_FORBIDDEN;
    case 404:
    case 410:
        return PHX_ERROR_NOT_FOUND;
    case 400:
    case 409:
    case 413:
    case 422:
        return PHX_ERROR_INVALID_REQUEST;
    case 429:
        return PHX_ERROR_RATE_LIMITED;
    default:
        return PHX_ERROR_REFUSED;
    }
}

void communityi_rest_fail(communityi_answer *out, phx_status status, bool is_outcome_unknown)
{
    out->result = (community_result){
        .struct_size = (uint32_t)sizeof out->result,
        .error = {.struct_size = (uint32_t)sizeof out->result.error,
                  .status = status,
                  .message = phx_status_message(status)},
        .is_outcome_unknown = is_outcome_unknown,
        .body = {"", 0},
    };
    out->posts = NULL;
    out->capacity = 0;
}

static phx_status keep_post(communityi_answer *out, const phx_allocator *allocator,
                            const community_post *post)
{
    size_t count = out->result.post_count;
    if (count == out->capacity) {
        size_t capacity = count == 0 ? 64 : 2 * count;
        const community_post **posts = phxi_alloc(allocator, capacity * sizeof(*posts));
        if (posts == NULL) {
            community_post_release(post);
            return PHX_ERROR_NO_MEMORY;
        }
        for (size_t i = 0; i < count; i++) {
            posts[i] = out->posts[i];
        }
        phxi_free(allocator, out->posts);
        out->posts = posts;
        out->capacity = capacity;
    }
    out->posts[count] = post;
    out->result.post_count = count + 1;
    return PHX_OK;
}

typedef struct list_load {
    communityi_answer *out;
    const phx_allocator *allocator;
} list_load;

static phx_status add_post(void *user_data, const community_post *post)
{
    const list_load *load = user_data;
    return keep_post(load->out, load->allocator, post);
}

static void drop_posts(communityi_answer *answer)
{
    for (size_t i = 0; i < answer->result.post_count; i++) {
        community_post_release(answer->posts[i]);
    }
    answer->result.post_count = 0;
}

static void decode_list(const phx_allocator *allocator, const phx_http_response *response,
                        communityi_answer *out)
{
    const char *reason = NULL;
    list_load load = {.out = out, .allocator = allocator};
    phx_status status = communityi_page_decode(allocator, response->body, response->body_length,
                                               add_post, &load, &reason);
    if (status != PHX_OK) {
        drop_posts(out);
        bool is_no_list = status == PHX_ERROR_MALFORMED_FRAME;
        out->result.error.status = is_no_list ? PHX_ERROR_UNEXPECTED_RESPONSE : status;
        out->result.error.message = is_no_list ? reason : phx_status_message(status);
    }
}

/* A write that succeeded stays one, whatever its body is. */
static void decode_written(const phx_allocator *allocator, const phx_http_response *response,
                           communityi_answer *out)
{
    const community_post *post = NULL;
    phx_status status =
        communityi_answer_decode(allocator, response->body, response->body_length, &post);
    if (status == PHX_OK && post != NULL && keep_post(out, allocator, post) == PHX_OK) {
        out->result.post = post;
    }
}

void communityi_rest_refusal(const phx_http_response *response, communityi_answer *out)
{
    const phx_error *error = &response->error;
    bool has_answer = error->status == PHX_OK;
    phx_status status = has_answer ? communityi_rest_status(error->http_status) : error->status;
    communityi_rest_fail(out, status, false);
    phx_error *result = &out->result.error;
    result->http_status = error->http_status;
    result->os_code = error->os_code;
    result->retry_after_ms = error->retry_after_ms;
    if (!has_answer && error->message != NULL && error->message[0] != '\0') {
        result->message = error->message;
    }
    if (has_answer && status != PHX_OK &&
        phxi_json_error_text(response->body, response->body_length, out->message,
                             sizeof out->message)) {
        result->message = out->message;
    }
}

void communityi_rest_interpret(const phx_allocator *allocator, communityi_call_kind kind,
                               const phx_http_response *response, communityi_answer *out)
{
    communityi_rest_refusal(response, out);
    phx_status status = out->result.error.status;
    bool is_open =
        response->error.status == PHX_OK ? status == PHX_ERROR_SERVER : response->was_sent;
    out->result.is_outcome_unknown = communityi_rest_is_write(kind) && is_open;
    if (response->error.status == PHX_OK) {
        out->result.body = (phx_slice){(const char *)response->body, response->body_length};
    }
    if (status == PHX_OK && kind == COMMUNITYI_CALL_LIST_POSTS) {
        decode_list(allocator, response, out);
        out->result.posts = out->posts;
    } else if (status == PHX_OK) {
        decode_written(allocator, response, out);
    }
}

void communityi_answer_free(const phx_allocator *allocator, communityi_answer *answer)
{
    drop_posts(answer);
    phxi_free(allocator, answer->posts);
    answer->posts = NULL;
}
