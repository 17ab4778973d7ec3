/* SPDX-License-Identifier: MIT */
/*
 * The events that carry a part of a post, and the new version of a post that comes of one.
 */
#include "community/post_block.h"
#include "community/post_codec.h"
#include "community/post_fields.h"
#include "support/alloc.h"

/* A patch's block: the ids and all texts follow the struct. */
typedef struct patch_block {
    communityi_patch patch; /* first: a patch's address is its block's */
    phx_slice liked_by[];
} patch_block;

static const uint32_t wanted_members[] = {
    [COMMUNITYI_PATCH_DELETE] = 0,
    [COMMUNITYI_PATCH_LIKES] = COMMUNITY_POST_HAS_LIKES_COUNT | COMMUNITY_POST_HAS_LIKED_BY,
    [COMMUNITYI_PATCH_COMMENTS] = COMMUNITY_POST_HAS_COMMENTS_COUNT,
};

static const char *parse_patch(communityi_post_fields *fields, communityi_patch_kind kind,
                               const void *data, size_t length)
{
    uint32_t wanted = wanted_members[kind];
    phxi_json_reader reader;
    phxi_json_reader_init(&reader, data, length);
    const char *reason = communityi_post_fields_parse(fields, wanted, &reader);
    if (reason == NULL && wanted != 0 && fields->members == 0) {
        return kind == COMMUNITYI_PATCH_LIKES ? "likes_count is missing"
                                              : "comments_count is missing";
    }
    return reason;
}

static phx_status build_patch(const phx_allocator *allocator, const communityi_post_fields *fields,
                              communityi_patch **out_patch)
{
    const size_t ids_bytes = fields->liked_by.count * sizeof(phx_slice);
    patch_block *block =
        phxi_alloc(allocator, sizeof *block + ids_bytes + communityi_text_bytes(fields->id.text) +
                                  fields->liked_by.text_bytes);
    if (block == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    char *at = (char *)block->liked_by + ids_bytes;
    phx_slice id = communityi_text_put_token(&at, &fields->id);
    communityi_ids_put(&fields->liked_by, block->liked_by, &at);
    block->patch = (communityi_patch){
        .id = id.data,
        .id_length = id.length,
        .has_likes = (fields->members & COMMUNITY_POST_HAS_LIKES_COUNT) != 0,
        .likes_count = fields->likes_count,
        .liked_by_user_ids = block->liked_by,
        .liked_by_count = fields->liked_by.count,
        .has_liked_by = (fields->members & COMMUNITY_POST_HAS_LIKED_BY) != 0,
        .has_comments = (fields->members & COMMUNITY_POST_HAS_COMMENTS_COUNT) != 0,
        .comments_count = fields->comments_count,
    };
    *out_patch = &block->patch;
    return PHX_OK;
}

phx_status communityi_patch_decode(const phx_allocator *allocator, communityi_patch_kind kind,
                                   const void *data, size_t length, communityi_patch **out_patch,
                                   const char **out_reason)
{
    communityi_post_fields fields;
    *out_patch = NULL;
    *out_reason = NULL;
    if (!communityi_length_is_safe(length)) {
        return PHX_ERROR_TOO_LARGE;
    }
    *out_reason = parse_patch(&fields, kind, data, length);
    return *out_reason != NULL ? PHX_ERROR_MALFORMED_FRAME
                               : build_patch(allocator, &fields, out_patch);
}

void communityi_patch_free(const phx_allocator *allocator, communityi_patch *patch)
{
    phxi_free(allocator, patch);
}

/* What the patched post will be, its pointers still into the post and the patch. */
static community_post merged(const community_post *post, const communityi_patch *patch)
{
    community_post after = *post;
    if (patch->has_likes) {
        after.likes_count = patch->likes_count;
        after.members |= COMMUNITY_POST_HAS_LIKES_COUNT;
    }
    if (patch->has_liked_by) {
        after.liked_by_user_ids = patch->liked_by_user_ids;
        after.liked_by_count = patch->liked_by_count;
        after.members |= COMMUNITY_POST_HAS_LIKED_BY;
    }
    if (patch->has_comments) {
        after.comments_count = patch->comments_count;
        after.members |= COMMUNITY_POST_HAS_COMMENTS_COUNT;
    }
    return after;
}

static phx_status copy_post(const phx_allocator *allocator, const community_post *post,
                            const community_post **out_post)
{
    size_t text_bytes =
        communityi_text_bytes(post->id) + communityi_text_bytes(post->body) +
        communityi_text_bytes(post->author.id) + communityi_text_bytes(post->author.name) +
        communityi_text_bytes(post->author.avatar_url) + communityi_text_bytes(post->extra_json);
    for (size_t i = 0; i < post->liked_by_count; i++) {
        text_bytes += communityi_text_bytes(post->liked_by_user_ids[i]);
    }
    char *at;
    community_post *copy = communityi_post_new(allocator, post->liked_by_count, text_bytes, &at);
    if (copy == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    copy->members = post->members;
    copy->likes_count = post->likes_count;
    copy->comments_count = post->comments_count;
    copy->inserted_at_ms = post->inserted_at_ms;
    copy->updated_at_ms = post->updated_at_ms;
    copy->id = communityi_text_put(&at, post->id);
    copy->body = communityi_text_put(&at, post->body);
    copy->author.id = communityi_text_put(&at, post->author.id);
    copy->author.name = communityi_text_put(&at, post->author.name);
    copy->author.avatar_url = communityi_text_put(&at, post->author.avatar_url);
    for (size_t i = 0; i < post->liked_by_count; i++) {
        communityi_post_ids(copy)[i] = communityi_text_put(&at, post->liked_by_user_ids[i]);
    }
    copy->extra_json = communityi_text_put(&at, post->extra_json);
    *out_post = copy;
    return PHX_OK;
}

phx_status communityi_post_patched(const phx_allocator *allocator, const community_post *post,
                                   const communityi_patch *patch, const community_post **out_post)
{
    community_post after = merged(post, patch);
    if (communityi_post_equals(post, &after)) {
        *out_post = community_post_retain(post);
        return PHX_OK;
    }
    *out_post = NULL;
    return copy_post(allocator, &after, out_post);
}
