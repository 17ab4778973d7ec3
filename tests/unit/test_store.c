/* SPDX-License-Identifier: MIT */
/*
 * What the feed's store does with each event, with lists, and beyond its bounds; each case by hand.
 */
#include "community/store.h"

#include "feed_posts.h"
#include "support/alloc.h"

static const phx_allocator *const memory = &phxi_default_allocator;

typedef phx_status (*post_call)(communityi_store *store, const community_post *post, bool *changed);

static bool give(communityi_store *store, post_call call, const char *written)
{
    const community_post *post = read_post(memory, written);
    bool changed = false;
    assert_int_equal(call(store, post, &changed), PHX_OK);
    community_post_release(post);
    return changed;
}

static bool remove_id(communityi_store *store, const char *id)
{
    bool changed = false;
    assert_int_equal(communityi_store_remove(store, id, strlen(id), &changed), PHX_OK);
    return changed;
}

static bool patch(communityi_store *store, communityi_patch_kind kind, const char *json)
{
    communityi_patch *patch = NULL;
    const char *reason = NULL;
    bool changed = false;
    assert_int_equal(communityi_patch_decode(memory, kind, json, strlen(json), &patch, &reason),
                     PHX_OK);
    assert_int_equal(communityi_store_patch(store, patch, &changed), PHX_OK);
    communityi_patch_free(memory, patch);
    return changed;
}

static communityi_store *feed_of(const char *written, uint32_t max_posts)
{
    communityi_store *store = make_store(memory, max_posts);
    bool changed;
    assert_int_equal(assign_feed(store, memory, written, &changed), PHX_OK);
    community_batch batch;
    if (communityi_store_begin_batch(store, &batch)) {
        communityi_store_end_batch(store, &batch);
    }
    return store;
}

/* new_post: prepend to the feed, dedup by id. */
static void a_new_post_goes_to_the_top(void **state)
{
    (void)state;
    communityi_store *store = feed_of("", 10);
    assert_true(give(store, communityi_store_prepend, "a0"));
    assert_true(give(store, communityi_store_prepend, "b0"));
    assert_feed(store, "b0a0");
    assert_changes(store, "+0a0 +0b0");
    assert_false(give(store, communityi_store_prepend, "a0"));
    assert_changes(store, "");
    assert_true(give(store, communityi_store_prepend, "a1"));
    assert_feed(store, "b0a1");
    assert_changes(store, "=1a1");
    communityi_store_free(store);
}

/* post_updated: replace in place. */
static void an_updated_post_is_replaced_in_place(void **state)
{
    (void)state;
    communityi_store *store = feed_of("a0b0c0", 10);
    assert_true(give(store, communityi_store_replace, "b1"));
    assert_false(give(store, communityi_store_replace, "b1"));
    assert_false(give(store, communityi_store_replace, "x1"));
    assert_feed(store, "a0b1c0");
    assert_changes(store, "=1b1");
    communityi_store_free(store);
}

/* post_deleted: remove. */
static void a_deleted_post_is_removed(void **state)
{
    (void)state;
    communityi_store *store = feed_of("a0b0c0", 10);
    assert_true(remove_id(store, "b"));
    assert_false(remove_id(store, "b"));
    assert_false(remove_id(store, "x"));
    assert_feed(store, "a0c0");
    assert_null(communityi_store_find(store, "b", 1));
    assert_true(remove_id(store, "a"));
    assert_true(remove_id(store, "c"));
    assert_feed(store, "");
    assert_changes(store, "-1b0 -0a0 -0c0");
    communityi_store_free(store);
}

/* post_likes_updated: likes only. */
static void likes_are_updated(void **state)
{
    (void)state;
    static const char json[] = "{\"id\":\"b\",\"likes_count\":2,\"liked_by_user_ids\":[4,\"x\"]}";
    communityi_store *store = feed_of("a0b0", 10);
    assert_true(patch(store, COMMUNITYI_PATCH_LIKES, json));
    assert_false(patch(store, COMMUNITYI_PATCH_LIKES, json));
    const community_post *post = communityi_store_find(store, "b", 1);
    assert_int_equal(post->likes_count, 2);
    assert_true(community_post_is_liked_by(post, "4") && community_post_is_liked_by(post, "x"));
    assert_changes(store, "=1b2");
    assert_false(patch(store, COMMUNITYI_PATCH_LIKES, "{\"id\":\"x\",\"likes_count\":2}"));
    assert_changes(store, "");
    communityi_store_free(store);
}

/* post_comments_updated: the count of comments only. */
static void comments_are_updated(void **state)
{
    (void)state;
    communityi_store *store = feed_of("a0b3", 10);
    assert_true(patch(store, COMMUNITYI_PATCH_COMMENTS, "{\"id\":\"b\",\"comments_count\":7}"));
    assert_false(patch(store, COMMUNITYI_PATCH_COMMENTS, "{\"id\":\"b\",\"comments_count\":7}"));
    assert_false(patch(store, COMMUNITYI_PATCH_COMMENTS, "{\"id\":\"x\",\"comments_count\":7}"));
    assert_int_equal(communityi_store_find(store, "b", 1)->comments_count, 7);
    assert_changes(store, "=1b3");
    communityi_store_free(store);
}

static void posts_are_appended_while_there_is_room(void **state)
{
    (void)state;
    communityi_store *store = feed_of("a0b0", 3);
    assert_true(give(store, communityi_store_append, "c0"));
    assert_false(give(store, communityi_store_append, "d0"));
    assert_false(give(store, communityi_store_append, "a0"));
    assert_true(give(store, communityi_store_append, "a1"));
    assert_feed(store, "a1b0c0");
    assert_changes(store, "+2c0 =0a1");
    communityi_store_free(store);
}

/* An app that shows at most so many never has to show more. */
static void the_last_post_goes_when_the_feed_is_full(void **state)
{
    (void)state;
    communityi_store *store = feed_of("a0b0", 2);
    assert_true(give(store, communityi_store_prepend, "c0"));
    assert_feed(store, "c0a0");
    assert_null(communityi_store_find(store, "b", 1));
    assert_changes(store, "-1b0 +0c0");
    communityi_store_free(store);
    store = feed_of("a0", 1);
    assert_true(give(store, communityi_store_prepend, "b0"));
    assert_feed(store, "b0");
    assert_changes(store, "-0a0 +0b0");
    communityi_store_free(store);
}

static void a_list_is_assigned_with_the_fewest_changes(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"", "", ""},
        {"a0b0c0", "a0b0c0", ""},
        {"a0b0", "x0a0b0", "+0x0"},
        {"a0b0", "a0b0x0", "+2x0"},
        {"a0b0", "a0x0b0", "+1x0"},
        {"a0b0c0", "a0c0", "-1b0"},
        {"a0b0c0", "b0c0", "-0a0"},
        {"a0b0c0", "a0b1c0", "=1b1"},
        {"a0b0c0", "a1b1c1", "=0a1 =1b1 =2c1"},
        {"", "a0b0", "+0a0 +1b0"},
        {"a0b0", "", "-1b0 -0a0"},
        {"a0b0", "x0y0", "-1b0 -0a0 +0x0 +1y0"},
        {"a0b0c0d0", "d0a0b0c0", "-3d0 +0d0"},
        {"a0b0c0d0", "b0c0d0a0", "-0a0 +3a0"},
        {"a0b0c0", "c1a0b0", "-2c0 +0c1"},
        {"a0b0c0d0", "x0b1d0", "-2c0 -0a0 +0x0 =1b1"},
        /* Of two that changed places, the edited one moves: its replacement comes for free. */
        {"a0b0", "b1a0", "-1b0 +0b1"},
        {"a0b0", "b0a1", "-0a0 +1a1"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        communityi_store *store = feed_of(rows[i][0], 10);
        bool changed;
        assert_int_equal(assign_feed(store, memory, rows[i][1], &changed), PHX_OK);
        assert_int_equal(changed, rows[i][2][0] != '\0');
        assert_feed(store, rows[i][1]);
        assert_changes(store, rows[i][2]);
        communityi_store_free(store);
    }
}

static void a_post_that_is_equal_is_kept_as_it_is(void **state)
{
    (void)state;
    communityi_store *store = feed_of("a0b0", 10);
    const community_post *a = communityi_store_at(store, 0);
    bool changed;
    assert_int_equal(assign_feed(store, memory, "b0a0", &changed), PHX_OK);
    assert_ptr_equal(communityi_store_find(store, "a", 1), a);
    communityi_store_free(store);
}

static void a_list_is_cut_at_the_capacity(void **state)
{
    (void)state;
    communityi_store *store = feed_of("c0d0", 2);
    bool changed;
    assert_int_equal(assign_feed(store, memory, "a0b0c0", &changed), PHX_OK);
    assert_feed(store, "a0b0");
    assert_changes(store, "-1d0 -0c0 +0a0 +1b0");
    communityi_store_free(store);
}

static void a_list_with_an_id_twice_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"a0x0a0", "x0y0x1", "x0x0", "b0b1"};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        communityi_store *store = feed_of("a0b0", 10);
        bool changed = true;
        assert_int_equal(assign_feed(store, memory, rows[i], &changed), PHX_ERROR_INVALID_ARGUMENT);
        assert_false(changed);
        assert_feed(store, "a0b0");
        assert_changes(store, "");
        assert_null(communityi_store_find(store, "x", 1));
        communityi_store_free(store);
    }
}

static void clearing_is_one_reset(void **state)
{
    (void)state;
    communityi_store *store = feed_of("a0b0", 10);
    assert_true(give(store, communityi_store_prepend, "c0"));
    communityi_store_clear(store);
    assert_feed(store, "");
    assert_changes(store, "!");
    communityi_store_clear(store);
    assert_changes(store, "");
    assert_true(give(store, communityi_store_prepend, "d0"));
    assert_true(remove_id(store, "d"));
    communityi_store_clear(store);
    assert_true(give(store, communityi_store_prepend, "e0"));
    assert_feed(store, "e0");
    assert_changes(store, "!");
    communityi_store_free(store);
}

static void too_many_changes_become_one_reset(void **state)
{
    (void)state;
    communityi_store *store = feed_of("a0b0", 2);
    for (int i = 0; i < 1023; i++) {
        assert_true(give(store, communityi_store_replace, i % 2 == 0 ? "a1" : "a0"));
    }
    assert_true(give(store, communityi_store_replace, "b1"));
    community_batch batch;
    assert_true(communityi_store_begin_batch(store, &batch));
    assert_int_equal(batch.count, 1024);
    communityi_store_end_batch(store, &batch);
    for (int i = 0; i < 1023; i++) {
        assert_true(give(store, communityi_store_replace, i % 2 == 0 ? "a0" : "a1"));
    }
    assert_true(give(store, communityi_store_prepend, "c0")); /* two changes: one too many */
    assert_true(give(store, communityi_store_prepend, "d0"));
    assert_feed(store, "d0c0");
    assert_changes(store, "!");
    assert_true(give(store, communityi_store_prepend, "e0"));
    assert_changes(store, "-1c0 +0e0");
    communityi_store_free(store);
}

/* The bound is that of the capacity, if that is more, and no list that is short of room ends early.
 */
static void a_reset_comes_only_beyond_the_bound(void **state)
{
    (void)state;
    community_batch batch;
    communityi_store *store = feed_of("a0b0", 2);
    for (int i = 0; i < 15; i++) {
        assert_true(give(store, communityi_store_replace, i % 2 == 0 ? "a1" : "a0"));
    }
    assert_true(give(store, communityi_store_prepend, "c0"));
    assert_true(communityi_store_begin_batch(store, &batch));
    assert_int_equal(batch.count, 17);
    communityi_store_end_batch(store, &batch);
    communityi_store_free(store);

    /* The second one's list has to grow for its last change. */
    static const uint32_t bounds[] = {1500, 1025};
    for (size_t row = 0; row < COUNT_OF(bounds); row++) {
        store = feed_of("a0b0", bounds[row]);
        for (size_t count = bounds[row] - 1; count <= bounds[row] + 1; count++) {
            for (size_t i = 0; i < count; i++) {
                assert_true(remove_id(store, "a") || give(store, communityi_store_prepend, "a0"));
            }
            assert_true(communityi_store_begin_batch(store, &batch));
            assert_int_equal(batch.count, count <= bounds[row] ? count : 1);
            communityi_store_end_batch(store, &batch);
        }
        communityi_store_free(store);
    }
}

static void a_snapshot_never_changes(void **state)
{
    (void)state;
    communityi_store *store = feed_of("a0b0", 3);
    const community_snapshot *before = communityi_store_snapshot(store);
    const community_snapshot *again = communityi_store_snapshot(store);
    assert_ptr_equal(before, again);
    community_snapshot_release(again);
    assert_true(give(store, communityi_store_prepend, "c0"));
    assert_true(give(store, communityi_store_replace, "a1"));
    const community_snapshot *between = communityi_store_snapshot(store);
    assert_ptr_not_equal(before, between);
    communityi_store_clear(store);
    const community_snapshot *after = communityi_store_snapshot(store);
    communityi_store_free(store);
    assert_snapshot(before, "a0b0");
    assert_snapshot(between, "c0a1b0");
    assert_snapshot(after, "");
    assert_ptr_equal(community_snapshot_retain(before), before);
    community_snapshot_release(before);
    assert_snapshot(before, "a0b0");
    community_snapshot_release(before);
    community_snapshot_release(between);
    community_snapshot_release(after);
    community_snapshot_release(NULL);
}

static void a_snapshot_gives_windows(void **state)
{
    (void)state;
    communityi_store *store = feed_of("a0b0c0", 3);
    const community_snapshot *snapshot = communityi_store_snapshot(store);
    const community_post *posts[4] = {0};
    assert_int_equal(community_snapshot_range(snapshot, 1, posts, 4), 2);
    assert_ptr_equal(posts[0], communityi_store_at(store, 1));
    assert_ptr_equal(posts[1], communityi_store_at(store, 2));
    assert_null(posts[2]);
    assert_int_equal(community_snapshot_range(snapshot, 0, posts, 0), 0);
    assert_int_equal(community_snapshot_range(snapshot, 3, posts, 4), 0);
    assert_int_equal(community_snapshot_range(snapshot, SIZE_MAX, posts, 4), 0);
    assert_ptr_equal(community_snapshot_post(snapshot, 2), communityi_store_at(store, 2));
    assert_null(community_snapshot_post(snapshot, 3));
    community_snapshot_release(snapshot);
    communityi_store_free(store);
}

/* What a batch gives stays as it is until it ends, whatever the feed does. */
static void the_feed_may_change_under_a_batch(void **state)
{
    (void)state;
    communityi_store *store = feed_of("", 10);
    community_batch batch;
    assert_true(give(store, communityi_store_prepend, "a0"));
    assert_true(communityi_store_begin_batch(store, &batch));
    assert_false(communityi_store_has_changes(store));
    assert_true(give(store, communityi_store_replace, "a1"));
    communityi_store_clear(store);
    assert_true(communityi_store_has_changes(store));
    assert_int_equal(batch.count, 1);
    assert_int_equal(batch.changes[0].kind, COMMUNITY_CHANGE_INSERT);
    assert_int_equal(batch.changes[0].post->likes_count, 0);
    assert_snapshot(batch.snapshot, "a0");
    communityi_store_end_batch(store, &batch);
    assert_changes(store, "!");
    communityi_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_post_goes_to_the_top),
        cmocka_unit_test(an_updated_post_is_replaced_in_place),
        cmocka_unit_test(a_deleted_post_is_removed),
        cmocka_unit_test(likes_are_updated),
        cmocka_unit_test(comments_are_updated),
        cmocka_unit_test(posts_are_appended_while_there_is_room),
        cmocka_unit_test(the_last_post_goes_when_the_feed_is_full),
        cmocka_unit_test(a_list_is_assigned_with_the_fewest_changes),
        cmocka_unit_test(a_post_that_is_equal_is_kept_as_it_is),
        cmocka_unit_test(a_list_is_cut_at_the_capacity),
        cmocka_unit_test(a_list_with_an_id_twice_is_refused),
        cmocka_unit_test(clearing_is_one_reset),
        cmocka_unit_test(too_many_changes_become_one_reset),
        cmocka_unit_test(a_reset_comes_only_beyond_the_bound),
        cmocka_unit_test(a_snapshot_never_changes),
        cmocka_unit_test(a_snapshot_gives_windows),
        cmocka_unit_test(the_feed_may_change_under_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
