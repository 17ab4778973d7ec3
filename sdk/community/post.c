/* SPDX-License-Identifier: MIT */
/*
 * A post's block and its references, and what can be asked of a post. A post outlives the client
 * that made it, so the block itself knows how it is freed.
 */
#include <community/post.h>

#include <stdatomic.h>
#include <string.h>

#include "community/post_block.h"
#include "community/post_codec.h"
#include "support/alloc.h"

typedef struct post_block {
    community_post post; /* first: a post's address is its block's */
    atomic_size_t references;
    void *allocator_data;
    void (*deallocate)(void *user_data, void *block);
    phx_slice liked_by[];
} post_block;

/* Comparing members in another order is quadratic: beyond so many, another order is another post.
 */
enum {
    MAX_COMPARED_EXTRAS = 32
};

static const phx_slice empty_text = {"", 0};
static const phx_slice no_members = {"{}", 2};

/* The block of a post that only its references change. */
static post_block *block_of(const community_post *post)
{
    return (post_block *)(uintptr_t)post;
}

community_post *communityi_post_new(const phx_allocator *allocator, size_t liked_by_count,
                                    size_t text_bytes, char **out_text)
{
    size_t ids_bytes = liked_by_count * sizeof(phx_slice);
    post_block *block = phxi_alloc(allocator, sizeof *block + ids_bytes + text_bytes);
    if (block == NULL) {
        *out_text = NULL;
        return NULL;
    }
    atomic_init(&block->references, 1);
    block->allocator_data = allocator->user_data;
    block->deallocate = allocator->deallocate;
    block->post = (community_post){
        .struct_size = (uint32_t)sizeof(community_post),
        .id = empty_text,
        .body = empty_text,
        .author = {empty_text, empty_text, empty_text},
        .liked_by_user_ids = liked_by_count == 0 ? NULL : block->liked_by,
        .liked_by_count = liked_by_count,
        .extra_json = no_members,
    };
    *out_text = (char *)block->liked_by + ids_bytes;
    return &block->post;
}

phx_slice *communityi_post_ids(community_post *post)
{
    return block_of(post)->liked_by;
}

phx_slice communityi_text_put(char **at, phx_slice text)
{
    phxi_json_token token = {.kind = PHXI_JSON_STRING, .text = text};
    return communityi_text_put_token(at, &token);
}

phx_slice communityi_text_put_token(char **at, const phxi_json_token *token)
{
    if (token->text.length == 0) {
        return empty_text;
    }
    phx_slice copy = {*at, token->text.length};
    if (token->has_escapes) {
        copy.length = phxi_json_unescape(token, *at);
    } else {
        memcpy(*at, token->text.data, token->text.length);
    }
    (*at)[copy.length] = '\0';
    *at += copy.length + 1;
    return copy;
}

const community_post *community_post_retain(const community_post *post)
{
    atomic_fetch_add_explicit(&block_of(post)->references, 1, memory_order_relaxed);
    return post;
}

void community_post_release(const community_post *post)
{
    if (post == NULL) {
        return;
    }
    post_block *block = block_of(post);
    /* Nobody can take another reference where this is the only one: then reading does, which is a
     * fraction of the cost of changing it. */
    if (atomic_load_explicit(&block->references, memory_order_acquire) == 1 ||
        atomic_fetch_sub_explicit(&block->references, 1, memory_order_acq_rel) == 1) {
        block->deallocate(block->allocator_data, block);
    }
}

void communityi_post_prefetch(const community_post *post)
{
    __builtin_prefetch(post, 1);
    __builtin_prefetch(&block_of(post)->references, 1);
}

static bool slices_equal(phx_slice a, phx_slice b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool community_post_is_liked_by(const community_post *post, const char *user_id)
{
    phx_slice id = {user_id, strlen(user_id)};
    for (size_t i = 0; i < post->liked_by_count; i++) {
        if (slices_equal(post->liked_by_user_ids[i], id)) {
            return true;
        }
    }
    return false;
}

/* The value of the unknown member that `is_wanted` finds; the last of duplicates counts. */
static phx_slice find_extra(const community_post *post, const void *name,
                            bool (*is_wanted)(const phxi_json_token *key, const void *name))
{
    phxi_json_reader reader;
    phxi_json_token key;
    phx_slice found = {0};
    phxi_json_reader_init(&reader, post->extra_json.data, post->extra_json.length);
    (void)phxi_json_next(&reader, &key);
    while (phxi_json_next(&reader, &key) == PHXI_JSON_KEY) {
        phx_slice value;
        bool is_found = is_wanted(&key, name);
        if (!phxi_json_skip(&reader, &key, &value)) {
            break;
        }
        found = is_found ? value : found;
    }
    return found;
}

static bool key_means(const phxi_json_token *key, const void *name)
{
    return phxi_json_text_is(key, name);
}

phx_slice community_post_extra(const community_post *post, const char *name)
{
    return find_extra(post, name, key_means);
}

static bool key_is_written(const phxi_json_token *key, const void *raw_key)
{
    return slices_equal(key->text, *(const phx_slice *)raw_key);
}

static bool likers_equal(const community_post *a, const community_post *b)
{
    if (a->liked_by_count != b->liked_by_count) {
        return false;
    }
    for (size_t i = 0; i < a->liked_by_count; i++) {
        if (!slices_equal(a->liked_by_user_ids[i], b->liked_by_user_ids[i])) {
            return false;
        }
    }
    return true;
}

/* Whether every unknown member of `a` is in `b` with the same value. */
static bool has_extras_of(const community_post *b, const community_post *a)
{
    phxi_json_reader reader;
    phxi_json_token key;
    phxi_json_reader_init(&reader, a->extra_json.data, a->extra_json.length);
    (void)phxi_json_next(&reader, &key);
    for (int i = 0; phxi_json_next(&reader, &key) == PHXI_JSON_KEY; i++) {
        phx_slice value;
        if (i == MAX_COMPARED_EXTRAS || !phxi_json_skip(&reader, &key, &value) ||
            !slices_equal(value, find_extra(b, &key.text, key_is_written))) {
            return false;
        }
    }
    return true;
}

/* The nodes of a cluster may write the members of one map in different orders. */
static bool extras_equal(const community_post *a, const community_post *b)
{
    if (slices_equal(a->extra_json, b->extra_json)) {
        return true;
    }
    return a->extra_json.length == b->extra_json.length && has_extras_of(b, a) &&
           has_extras_of(a, b);
}

bool communityi_post_equals(const community_post *a, const community_post *b)
{
    if (a == b) {
        return true;
    }
    return a->members == b->members && a->likes_count == b->likes_count &&
           a->comments_count == b->comments_count && a->inserted_at_ms == b->inserted_at_ms &&
           a->updated_at_ms == b->updated_at_ms && slices_equal(a->id, b->id) &&
           slices_equal(a->body, b->body) && slices_equal(a->author.id, b->author.id) &&
           slices_equal(a->author.name, b->author.name) &&
           slices_equal(a->author.avatar_url, b->author.avatar_url) && likers_equal(a, b) &&
           extras_equal(a, b);
}
