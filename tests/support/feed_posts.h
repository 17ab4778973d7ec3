/* SPDX-License-Identifier: MIT */
/*
 * Posts, feeds and changes for the tests of the feed, written as text: "a0b2" is a feed of the
 * posts with the ids a and b, the second in its version 2 (its likes_count).
 */
#ifndef FEED_POSTS_H
#define FEED_POSTS_H

#include <stdio.h>

#include "community/store.h"
#include "testing.h"

enum {
    MAX_WRITTEN_POSTS = 64
};

static const uint64_t feed_seed[2] = {0x0123456789abcdefu, 0xfedcba9876543210u};

/* A post with one reference; a test that needs one that is malformed has a bug of its own. */
static inline const community_post *make_post(const phx_allocator *allocator, const char *json)
{
    const community_post *post = NULL;
    const char *reason = NULL;
    phx_status status = communityi_post_decode(allocator, json, strlen(json), &post, &reason);
    if (status != PHX_OK) {
        fail_msg("%s: %s", json, reason == NULL ? "no memory" : reason);
    }
    return post;
}

/* written[0]: the id, written[1]: the version. */
static inline const community_post *read_post(const phx_allocator *allocator, const char *written)
{
    char json[64];
    (void)snprintf(json, sizeof json, "{\"id\":\"%c\",\"likes_count\":%c}", written[0], written[1]);
    return make_post(allocator, json);
}

/* Fills posts[]; each has one reference. */
static inline size_t read_feed(const phx_allocator *allocator, const char *written,
                               const community_post **posts)
{
    size_t count = strlen(written) / 2;
    for (size_t i = 0; i < count; i++) {
        posts[i] = read_post(allocator, written + 2 * i);
    }
    return count;
}

static inline void release_posts(const community_post *const *posts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        community_post_release(posts[i]);
    }
}

static inline communityi_store *make_store(const phx_allocator *allocator, uint32_t max_posts)
{
    communityi_store *store = NULL;
    assert_int_equal(communityi_store_new(allocator, max_posts, feed_seed, &store), PHX_OK);
    return store;
}

static inline phx_status assign_feed(communityi_store *store, const phx_allocator *allocator,
                                     const char *written, bool *out_changed)
{
    const community_post *posts[MAX_WRITTEN_POSTS] = {0};
    size_t count = read_feed(allocator, written, posts);
    phx_status status = communityi_store_assign(store, posts, count, out_changed);
    release_posts(posts, count);
    return status;
}

static inline void write_post(char *out, const community_post *post)
{
    (void)snprintf(out, 3, "%c%d", post->id.data[0], (int)post->likes_count);
}

static inline void assert_snapshot(const community_snapshot *snapshot, const char *written)
{
    char shown[2 * MAX_WRITTEN_POSTS + 1] = "";
    for (size_t i = 0; i < community_snapshot_count(snapshot); i++) {
        write_post(shown + 2 * i, community_snapshot_post(snapshot, i));
    }
    assert_string_equal(shown, written);
}

/* What the store holds, by each way of asking. */
static inline void assert_feed(communityi_store *store, const char *written)
{
    const community_snapshot *snapshot = communityi_store_snapshot(store);
    assert_snapshot(snapshot, written);
    community_snapshot_release(snapshot);
    assert_int_equal(communityi_store_count(store), strlen(written) / 2);
    for (size_t i = 0; i < strlen(written) / 2; i++) {
        const community_post *post = communityi_store_at(store, i);
        assert_ptr_equal(post, communityi_store_find(store, written + 2 * i, 1));
        assert_int_equal(post->id.data[0], written[2 * i]);
        assert_int_equal(post->likes_count, written[2 * i + 1] - '0');
    }
    assert_null(communityi_store_at(store, strlen(written) / 2));
}

/* Takes the batch and asserts what is in it: "+0a0 =1b1 -2c0 !" are the four kinds with their index
 * and post, "" is no batch. */
static inline void assert_changes(communityi_store *store, const char *written)
{
    static const char *const kinds = "?+=-!";
    community_batch batch;
    char shown[512] = "";
    if (communityi_store_begin_batch(store, &batch)) {
        for (size_t i = 0; i < batch.count; i++) {
            const community_change *change = &batch.changes[i];
            size_t used = strlen(shown);
            (void)snprintf(shown + used, sizeof shown - used, "%s%c", i == 0 ? "" : " ",
                           kinds[change->kind]);
            if (change->post != NULL) {
                char post[3];
                write_post(post, change->post);
                used = strlen(shown);
                (void)snprintf(shown + used, sizeof shown - used, "%zu%s", change->index, post);
            }
        }
        communityi_store_end_batch(store, &batch);
    }
    assert_string_equal(shown, written);
}

#endif
