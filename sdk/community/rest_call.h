/* SPDX-License-Identifier: MIT */
/*
 * The REST calls: composing what is sent, and understanding what came back. Pure; sends nothing,
 * and never sees the token but to put it into its header.
 */
#ifndef COMMUNITYI_REST_CALL_H
#define COMMUNITYI_REST_CALL_H

#include <community/rest.h>

#include "support/buffer.h"

typedef enum communityi_call_kind {
    COMMUNITYI_CALL_LIST_POSTS,
    COMMUNITYI_CALL_CREATE_POST,
    COMMUNITYI_CALL_EDIT_POST,
    COMMUNITYI_CALL_DELETE_POST,
    COMMUNITYI_CALL_TOGGLE_LIKE,
    COMMUNITYI_CALL_CREATE_COMMENT,
    COMMUNITYI_CALL_DELETE_COMMENT,
    COMMUNITYI_CALL_KIND_COUNT,
} communityi_call_kind;

/* What a call says; absent parts have data NULL. Borrowed. */
typedef struct communityi_call {
    communityi_call_kind kind;
    phx_slice post_id; /* of a list: before_id */
    phx_slice comment_id;
    phx_slice text;
    uint32_t limit;
} communityi_call;

/* What copies of its texts take, each with a NUL behind it. */
size_t communityi_call_bytes(const communityi_call *call);

/* Random bytes in an Idempotency-Key, and its text with the NUL. */
enum {
    COMMUNITYI_KEY_BYTES = 16,
    COMMUNITYI_KEY_TEXT_BYTES = 2 * COMMUNITYI_KEY_BYTES + 1
};
enum {
    COMMUNITYI_REST_MESSAGE_BYTES = 256
};

/* "GET", "POST", ... */
const char *communityi_rest_method(communityi_call_kind kind);
bool communityi_rest_is_write(communityi_call_kind kind);
/* Whether the call has the ids and the text that its kind needs. */
bool communityi_rest_is_whole(const communityi_call *call);

/* Appends the URL, NUL-terminated, and the JSON body (nothing for a call without one).
 * PHX_ERROR_NO_MEMORY, PHX_ERROR_TOO_LARGE. */
PHX_MUST_CHECK phx_status communityi_rest_compose(const communityi_call *call, const char *api_url,
                                                  phxi_buffer *url, phxi_buffer *body);

/* The value of the Authorization header, NUL-terminated. PHX_ERROR_KEYCHAIN: the token is empty or
 * holds what no header can carry. PHX_ERROR_NO_MEMORY. `out` should be a secret. */
PHX_MUST_CHECK phx_status communityi_rest_authorization(const char *token, size_t length,
                                                        phxi_buffer *out);

/* The text of an Idempotency-Key. */
void communityi_rest_key_text(const uint8_t key[COMMUNITYI_KEY_BYTES],
                              char out[COMMUNITYI_KEY_TEXT_BYTES]);

/* What became of a call. Stays where it is: the result points into it. */
typedef struct communityi_answer {
    community_result result; /* its message is in `message` or static; the posts are the answer's */
    const community_post **posts;
    size_t capacity;
    char message[COMMUNITYI_REST_MESSAGE_BYTES];
} communityi_answer;

/* Only whether and why a response is a failure; its body is not decoded, and there is nothing to
 * free. */
void communityi_rest_refusal(const phx_http_response *response, communityi_answer *out);
/* Understands a response; borrows its body. Every outcome is in out->result. Free with
 * communityi_answer_free. */
void communityi_rest_interpret(const phx_allocator *allocator, communityi_call_kind kind,
                               const phx_http_response *response, communityi_answer *out);
/* The same for a call that failed without a response. */
void communityi_rest_fail(communityi_answer *out, phx_status status, bool is_outcome_unknown);
void communityi_answer_free(const phx_allocator *allocator, communityi_answer *answer);

/* PHX_OK for 2xx, else as community_result says. */
phx_status communityi_rest_status(int32_t http_status);

#endif
