/* SPDX-License-Identifier: MIT */
/*
 * What a user does: the REST calls of the community. All are asynchronous and cancellable, and each
 * that is accepted completes exactly once, on the loop's thread. They work in every state of the
 * connection: they have a connection of their own.
 */
#ifndef COMMUNITY_REST_H
#define COMMUNITY_REST_H

#include <community/client.h>

PHX_NONNULL_BEGIN

/* Names a call that was accepted. */
typedef struct community_request {
    uint64_t id;
} community_request;

/* Borrowed for the callback; retain the posts that are kept. */
typedef struct community_result {
    uint32_t struct_size;
    /*
     * error.status: PHX_OK. PHX_ERROR_UNAUTHORIZED (401), PHX_ERROR_FORBIDDEN (403),
     * PHX_ERROR_NOT_FOUND (404, 410), PHX_ERROR_INVALID_REQUEST (400, 409, 413, 422),
     * PHX_ERROR_RATE_LIMITED (429), PHX_ERROR_SERVER (5xx), PHX_ERROR_REFUSED (any other that is
     * not 2xx): error.message says what the server said. PHX_ERROR_UNEXPECTED_RESPONSE: a list that
     * is none. PHX_ERROR_NO_TOKEN, PHX_ERROR_KEYCHAIN*: nothing was sent. PHX_ERROR_TIMEOUT,
     * PHX_ERROR_TLS*, PHX_ERROR_CONNECTION_*, ...: see is_outcome_unknown. PHX_ERROR_CANCELLED,
     * PHX_ERROR_CLOSED.
     */
    phx_error error;
    /* A write failed in a way that leaves open whether the server did it. */
    bool is_outcome_unknown;
    /* create, edit, like: the post as the server has it; comments: the post if the server sent it;
     * else NULL. */
    const community_post *PHX_NULLABLE post;
    /* list: newest first. */
    const community_post *PHX_NULLABLE const *PHX_NULLABLE posts;
    size_t post_count;
    /* The answer's body, whatever it was. */
    phx_slice body;
} community_result;

typedef void (*community_done_fn)(void *PHX_NULLABLE user_data, const community_result *result)
    PHX_SENDABLE;

/*
 * Common to all: texts are copied; they are NUL-terminated UTF-8. done may be NULL. *out_request
 * may be NULL; it is {0} on failure. PHX_ERROR_INVALID_ARGUMENT: empty or invalid text.
 * PHX_ERROR_UNSUPPORTED: no api_url. PHX_ERROR_QUEUE_FULL: max_requests are under way.
 * PHX_ERROR_NO_MEMORY. Threads: any.
 */

/* GET posts: at most `limit` (0: page_posts) that follow before_id (NULL: from the newest). Does
 * not touch the feed. */
PHX_API PHX_MUST_CHECK phx_status community_client_list_posts(
    community_client *client, uint32_t limit, const char *PHX_NULLABLE before_id,
    PHX_NULLABLE community_done_fn done, void *PHX_NULLABLE user_data,
    community_request *PHX_NULLABLE out_request);

/*
 * Extends the feed downwards by one page of at most page_posts, within max_posts, while live events
 * go on; what they say of its posts wins over it. A sync that is under way is waited for, or one
 * that becomes necessary meanwhile; calls made together are done one after the other. done comes
 * after the batch that shows the posts. result: the posts that were appended, newest first; none
 * with PHX_OK: the feed is full, or the server has no more. PHX_ERROR_DISCONNECTED: not connected,
 * or not any more before the page was there; the feed is as it was, and the app may ask again once
 * connected. Nothing is retried but for a refused token.
 */
PHX_API PHX_MUST_CHECK phx_status community_client_load_older(
    community_client *client, PHX_NULLABLE community_done_fn done, void *PHX_NULLABLE user_data,
    community_request *PHX_NULLABLE out_request);

PHX_API PHX_MUST_CHECK phx_status community_client_create_post(
    community_client *client, const char *body, PHX_NULLABLE community_done_fn done,
    void *PHX_NULLABLE user_data, community_request *PHX_NULLABLE out_request);

PHX_API PHX_MUST_CHECK phx_status
community_client_edit_post(community_client *client, const char *post_id, const char *body,
                           PHX_NULLABLE community_done_fn done, void *PHX_NULLABLE user_data,
                           community_request *PHX_NULLABLE out_request);

PHX_API PHX_MUST_CHECK phx_status community_client_delete_post(
    community_client *client, const char *post_id, PHX_NULLABLE community_done_fn done,
    void *PHX_NULLABLE user_data, community_request *PHX_NULLABLE out_request);

/* Likes the post, or takes the like back: what it does depends on what was before. */
PHX_API PHX_MUST_CHECK phx_status community_client_toggle_like(
    community_client *client, const char *post_id, PHX_NULLABLE community_done_fn done,
    void *PHX_NULLABLE user_data, community_request *PHX_NULLABLE out_request);

PHX_API PHX_MUST_CHECK phx_status
community_client_create_comment(community_client *client, const char *post_id, const char *body,
                                PHX_NULLABLE community_done_fn done, void *PHX_NULLABLE user_data,
                                community_request *PHX_NULLABLE out_request);

PHX_API PHX_MUST_CHECK phx_status community_client_delete_comment(
    community_client *client, const char *post_id, const char *comment_id,
    PHX_NULLABLE community_done_fn done, void *PHX_NULLABLE user_data,
    community_request *PHX_NULLABLE out_request);

/* The call completes with PHX_ERROR_CANCELLED, unless it has completed before; the server may have
 * done it all the same. An unknown or stale request does nothing. Never fails. Threads: any. */
PHX_API void community_client_cancel(community_client *client, community_request request);

PHX_NONNULL_END

#endif
