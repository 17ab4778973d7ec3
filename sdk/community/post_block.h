/* SPDX-License-Identifier: MIT */
/*
 * The one block of memory that a post is: the struct, its references, how to free it, the array of
 * liked_by_user_ids, and the texts. Knows no JSON but the tokens that texts come from.
 */
#ifndef COMMUNITYI_POST_BLOCK_H
#define COMMUNITYI_POST_BLOCK_H

#include <community/post.h>
#include <phx/ports.h>

#include "wire/json_reader.h"

/* Whether no sum of sizes can overflow for a document of this length: no post takes more than 16
 * times its JSON, the struct aside ("1," becomes a slice and a text of two bytes). */
static inline bool communityi_length_is_safe(size_t length)
{
    return length <= SIZE_MAX / 64;
}

/* A post with one reference, room for `liked_by_count` ids and for texts of `text_bytes` in all,
 * which begins at *out_text. All texts are empty. NULL: out of memory. */
community_post *communityi_post_new(const phx_allocator *allocator, size_t liked_by_count,
                                    size_t text_bytes, char **out_text);

/* The liked_by_user_ids of a post that is being made. */
phx_slice *communityi_post_ids(community_post *post);

/* What a text takes in the block: an empty one nothing, others a final NUL. */
static inline size_t communityi_text_bytes(phx_slice text)
{
    return text.length == 0 ? 0 : text.length + 1;
}

/* Copies a text to *at, with a NUL behind it, and moves *at on. */
phx_slice communityi_text_put(char **at, phx_slice text);
/* The same for a token that may have escapes. */
phx_slice communityi_text_put_token(char **at, const phxi_json_token *token);

/* Has the processor fetch what releasing the post will look at. */
void communityi_post_prefetch(const community_post *post);

#endif
