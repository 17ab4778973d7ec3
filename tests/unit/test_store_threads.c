/* SPDX-License-Identifier: MIT */
/*
 * Snapshots and posts on other threads while the store changes: readers take what the store's
 * thread hands over, look at all of it, and let go of it last. Run under a thread sanitizer this
 * finds races; everywhere it finds a count of references that is wrong.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "community/store.h"
#include "failing_allocator.h"
#include "feed_posts.h"

enum {
    READERS = 3,
    CHANGES = 3000,
    POSTS = 1500
};

typedef struct mailbox {
    pthread_mutex_t lock;
    const community_snapshot *snapshot; /* NULL: taken */
    bool is_closed;
    atomic_size_t looked_at;
} mailbox;

/* The newest post has the highest number, and each below it is older. */
static void look_at(const community_snapshot *snapshot)
{
    const community_post *posts[POSTS];
    size_t count = community_snapshot_range(snapshot, 0, posts, POSTS);
    int64_t last = INT64_MAX;
    const community_post *middle = community_post_retain(posts[count / 2]);
    for (size_t i = 0; i < count; i++) {
        if (posts[i]->comments_count >= last) {
            abort();
        }
        last = posts[i]->comments_count;
    }
    community_snapshot_release(snapshot);
    if (!community_post_is_liked_by(middle, "7")) {
        abort();
    }
    community_post_release(middle);
}

static void *read_snapshots(void *user_data)
{
    mailbox *box = user_data;
    bool is_closed = false;
    while (!is_closed) {
        pthread_mutex_lock(&box->lock);
        const community_snapshot *snapshot = box->snapshot;
        if (snapshot != NULL) {
            community_snapshot_retain(snapshot);
        }
        is_closed = box->is_closed;
        pthread_mutex_unlock(&box->lock);
        if (snapshot != NULL) {
            look_at(snapshot);
            atomic_fetch_add(&box->looked_at, 1);
        }
    }
    return NULL;
}

static void hand_over(mailbox *box, const community_snapshot *snapshot, bool is_last)
{
    pthread_mutex_lock(&box->lock);
    const community_snapshot *before = box->snapshot;
    box->snapshot = snapshot;
    box->is_closed = is_last;
    pthread_mutex_unlock(&box->lock);
    community_snapshot_release(before);
}

static void change_feed(communityi_store *store, const phx_allocator *allocator, size_t i)
{
    char json[96];
    bool changed;
    (void)snprintf(json, sizeof json,
                   "{\"id\":%zu,\"comments_count\":%zu,\"liked_by_user_ids\":[7]}", i, i);
    const community_post *post = make_post(allocator, json);
    assert_int_equal(communityi_store_prepend(store, post, &changed), PHX_OK);
    community_post_release(post);
    if (i % 5 == 4) {
        (void)snprintf(json, sizeof json, "%zu", i - 3);
        assert_int_equal(communityi_store_remove(store, json, strlen(json), &changed), PHX_OK);
    }
    if (i % 3 == 2) {
        (void)snprintf(json, sizeof json, "%zu", i - 1);
        communityi_patch patch = {
            .id = json, .id_length = strlen(json), .has_likes = true, .likes_count = (int64_t)i};
        assert_int_equal(communityi_store_patch(store, &patch, &changed), PHX_OK);
    }
}

static void readers_see_feeds_that_do_not_change(void **state)
{
    (void)state;
    failing_allocator allocator;
    failing_allocator_init(&allocator);
    mailbox box = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t readers[READERS];
    communityi_store *store = make_store(&allocator.port, POSTS);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_snapshots, &box), 0);
    }
    for (size_t i = 0; i < CHANGES; i++) {
        change_feed(store, &allocator.port, i);
        hand_over(&box, communityi_store_snapshot(store), false);
    }
    while (atomic_load(&box.looked_at) == 0) {
        sched_yield();
    }
    communityi_store_free(store); /* the snapshots that are out live on */
    const community_snapshot *last = community_snapshot_retain(box.snapshot);
    hand_over(&box, NULL, true);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    }
    look_at(last);
    assert_int_equal(allocator.live_blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_see_feeds_that_do_not_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
