/* SPDX-License-Identifier: MIT */
/*
 * Posts out of JSON, and new versions of posts. Pure; knows no feed.
 */
#ifndef COMMUNITYI_POST_CODEC_H
#define COMMUNITYI_POST_CODEC_H

#include <community/post.h>
#include <phx/ports.h>

#include "support/buffer.h"

/*
 * Decodes one post from the JSON object in data[length]: one allocation, one reference, the
 * caller's. Only `id` (an integer or a text that is not empty) is required. A known member of
 * another type than it has to be, a count that is negative or beyond int64, a time that is none,
 * makes the post malformed; null is absent. The last of duplicate keys counts. An author that holds
 * members that we do not know is among the unknown members too, whole and as it was written.
 * PHX_ERROR_MALFORMED_FRAME: *out_reason says why, in static text. PHX_ERROR_TOO_LARGE,
 * PHX_ERROR_NO_MEMORY.
 */
PHX_MUST_CHECK phx_status communityi_post_decode(const phx_allocator *allocator, const void *data,
                                                 size_t length, const community_post **out_post,
                                                 const char **out_reason);

/* The same for JSON that is known to be valid, such as a message's payload: see
 * phxi_json_reader_init_checked. */
PHX_MUST_CHECK phx_status communityi_post_decode_checked(const phx_allocator *allocator,
                                                         phx_slice json,
                                                         const community_post **out_post,
                                                         const char **out_reason);

/* A page of a list: {"data":[post,...]}, {"posts":[...]} or a bare array; other members are
 * ignored. `each` is called for every post in order, with a reference that becomes its own; a
 * status that it returns ends the decoding. Any malformed post makes the page malformed. */
typedef phx_status (*communityi_page_fn)(void *user_data, const community_post *post);
PHX_MUST_CHECK phx_status communityi_page_decode(const phx_allocator *allocator, const void *data,
                                                 size_t length, communityi_page_fn each,
                                                 void *user_data, const char **out_reason);

/* The post in the answer to a write: {"data":post} or {"post":post} or a bare post. Anything else,
 * also a malformed one: PHX_OK and *out_post NULL, since that is no failure of the write.
 * PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status communityi_answer_decode(const phx_allocator *allocator, const void *data,
                                                   size_t length, const community_post **out_post);

/* What the events that carry no whole post hold. All of it is in the patch's own block. */
typedef struct communityi_patch {
    const char *id; /* exact text, with a final NUL */
    size_t id_length;
    bool has_likes;
    int64_t likes_count;
    const phx_slice *liked_by_user_ids;
    size_t liked_by_count;
    bool has_liked_by; /* the event may lack the ids: then those of the post stay */
    bool has_comments;
    int64_t comments_count;
} communityi_patch;

/* Decodes {id}, {id, likes_count, liked_by_user_ids} or {id, comments_count}, whichever `needs`
 * says; one block, free with communityi_patch_free. Statuses as communityi_post_decode. */
typedef enum communityi_patch_kind {
    COMMUNITYI_PATCH_DELETE,
    COMMUNITYI_PATCH_LIKES,
    COMMUNITYI_PATCH_COMMENTS,
} communityi_patch_kind;
PHX_MUST_CHECK phx_status communityi_patch_decode(const phx_allocator *allocator,
                                                  communityi_patch_kind kind, const void *data,
                                                  size_t length, communityi_patch **out_patch,
                                                  const char **out_reason);
void communityi_patch_free(const phx_allocator *allocator, communityi_patch *patch);

/* A copy of `post` with the patch's counts, one reference; *out_post is `post` itself, retained, if
 * nothing would change. PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status communityi_post_patched(const phx_allocator *allocator,
                                                  const community_post *post,
                                                  const communityi_patch *patch,
                                                  const community_post **out_post);

/* Appends the post as a JSON object that communityi_post_decode makes an equal post of.
 * PHX_ERROR_NO_MEMORY, PHX_ERROR_TOO_LARGE: `out` is as it was. */
PHX_MUST_CHECK phx_status communityi_post_encode(const community_post *post, phxi_buffer *out);

/* Whether two versions of a post say the same, members that we do not know included. */
bool communityi_post_equals(const community_post *a, const community_post *b);

/* ISO 8601 as Ecto writes it: "2026-11-23T11:18:44" with 'T' or ' ', 0 to 6 digits of fraction,
 * 'Z', an offset
 * "+01:00" or no zone (UTC). Years 0000 to 9999; 24:00 is refused, a leap second counts as :59. */
bool communityi_time_parse(const char *text, size_t length, int64_t *out_ms);

/* Writes a time that communityi_time_parse gave as text that gives it again, terminated. Returns
 * its length. */
enum {
    COMMUNITYI_TIME_TEXT_BYTES = 40
};
size_t communityi_time_format(int64_t ms, char out[COMMUNITYI_TIME_TEXT_BYTES]);

#endif
