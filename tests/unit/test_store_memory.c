/* SPDX-License-Identifier: MIT */
/*
 * Out of memory in the store: each operation with each of its requests refused leaves the feed, the
 * pending changes and the snapshots as they were, works when memory is back, and leaks nothing.
 */
#include "community/store.h"
#include "failing_allocator.h"
#include "feed_posts.h"
#include "support/alloc.h"

/* 40 posts: three leaves and a root, which a snapshot holds too. 16 changes wait, as many as there
 * is room for, and the last one has used up spare nodes. */
#define UPPER "A0B0C0D0E0F0G0H0I0J0K0L0M0N0O0P0Q0R0S0T0U0V0W0X0Y0Z0"
#define FEED UPPER "a0b0c0d0e0f0g0h0i0j0k0l0m0n0"

typedef phx_status (*operation)(communityi_store *store, bool *changed);
typedef phx_status (*post_call)(communityi_store *store, const community_post *post, bool *changed);

/* What is given to the store comes from elsewhere, so that only its own requests are counted. */
static phx_status give(communityi_store *store, post_call call, const char *written, bool *changed)
{
    const community_post *post = read_post(&phxi_default_allocator, written);
    phx_status status = call(store, post, changed);
    community_post_release(post);
    return status;
}

static phx_status prepend_new(communityi_store *store, bool *changed)
{
    return give(store, communityi_store_prepend, "z0", changed);
}

static phx_status prepend_held(communityi_store *store, bool *changed)
{
    return give(store, communityi_store_prepend, "k1", changed);
}

static phx_status replace_held(communityi_store *store, bool *changed)
{
    return give(store, communityi_store_replace, "k1", changed);
}

static phx_status append_new(communityi_store *store, bool *changed)
{
    return give(store, communityi_store_append, "z0", changed);
}

static phx_status remove_held(communityi_store *store, bool *changed)
{
    return communityi_store_remove(store, "k", 1, changed);
}

static phx_status patch_held(communityi_store *store, bool *changed)
{
    communityi_patch patch = {.id = "k", .id_length = 1, .has_likes = true, .likes_count = 1};
    return communityi_store_patch(store, &patch, changed);
}

static phx_status assign_many(communityi_store *store, bool *changed)
{
    return assign_feed(store, &phxi_default_allocator, "z0k1y0n0A1x0w0B0C0D0E0F0G0q0r0s0t0u0v0",
                       changed);
}

static phx_status assign_none(communityi_store *store, bool *changed)
{
    return assign_feed(store, &phxi_default_allocator, "", changed);
}

static const struct {
    const char *name;
    operation call;
    uint32_t max_posts;
    const char *after;
} operations[] = {
    {"prepend_new", prepend_new, 50, "z0" FEED},
    {"prepend_new, full", prepend_new, 40, "z0" UPPER "a0b0c0d0e0f0g0h0i0j0k0l0m0"},
    {"prepend_held", prepend_held, 40, UPPER "a0b0c0d0e0f0g0h0i0j0k1l0m0n0"},
    {"replace_held", replace_held, 40, UPPER "a0b0c0d0e0f0g0h0i0j0k1l0m0n0"},
    {"append_new", append_new, 50, FEED "z0"},
    {"remove_held", remove_held, 40, UPPER "a0b0c0d0e0f0g0h0i0j0l0m0n0"},
    {"patch_held", patch_held, 40, UPPER "a0b0c0d0e0f0g0h0i0j0k1l0m0n0"},
    {"assign_many", assign_many, 40, "z0k1y0n0A1x0w0B0C0D0E0F0G0q0r0s0t0u0v0"},
    {"assign_none", assign_none, 40, ""},
};

/* A store with FEED in it; the last 16 posts came since the last batch. */
static communityi_store *begin(failing_allocator *allocator, uint32_t max_posts,
                               const community_snapshot **out_held)
{
    static const char feed[] = FEED;
    char first[sizeof feed];
    community_batch batch;
    bool changed;
    failing_allocator_refuse(allocator, 0, false);
    communityi_store *store = make_store(&allocator->port, max_posts);
    (void)snprintf(first, sizeof first, "%.48s", feed);
    assert_int_equal(assign_feed(store, &phxi_default_allocator, first, &changed), PHX_OK);
    assert_true(communityi_store_begin_batch(store, &batch));
    communityi_store_end_batch(store, &batch);
    for (const char *post = feed + 48; *post != '\0'; post += 2) {
        const community_snapshot *before = communityi_store_snapshot(store);
        assert_int_equal(give(store, communityi_store_append, post, &changed), PHX_OK);
        community_snapshot_release(before);
    }
    *out_held = communityi_store_snapshot(store);
    return store;
}

/* Refuses the nth request of the operation. False: it made fewer. */
static bool try_with_refusal(failing_allocator *allocator, size_t row, size_t nth, bool all_after)
{
    const community_snapshot *held;
    bool changed = true;
    communityi_store *store = begin(allocator, operations[row].max_posts, &held);
    failing_allocator_refuse(allocator, nth, all_after);
    phx_status status = operations[row].call(store, &changed);
    bool is_refused = allocator->refused > 0;
    failing_allocator_refuse(allocator, 1, true);
    /* These cannot fail, memory or not. */
    if (is_refused) {
        assert_int_equal(status, PHX_ERROR_NO_MEMORY);
        assert_false(changed);
        assert_feed(store, FEED);
        assert_changes(store, "+24Y0 +25Z0 +26a0 +27b0 +28c0 +29d0 +30e0 +31f0 +32g0 +33h0 +34i0 "
                              "+35j0 +36k0 +37l0 +38m0 +39n0");
        failing_allocator_refuse(allocator, 0, false);
        status = operations[row].call(store, &changed);
        failing_allocator_refuse(allocator, 1, true);
    }
    assert_int_equal(status, PHX_OK);
    assert_true(changed);
    assert_feed(store, operations[row].after);
    communityi_store_clear(store);
    assert_feed(store, "");
    assert_changes(store, "!");
    communityi_store_free(store);
    assert_snapshot(held, FEED);
    community_snapshot_release(held);
    assert_int_equal(allocator->live_blocks, 0);
    return is_refused;
}

static void nothing_changes_without_memory(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(operations); row++) {
        failing_allocator allocator;
        failing_allocator_init(&allocator);
        size_t nth = 1;
        while (try_with_refusal(&allocator, row, nth, false)) {
            assert_true(try_with_refusal(&allocator, row, nth, true));
            nth++;
        }
        print_message("%s: %zu requests\n", operations[row].name, nth - 1);
        assert_true(nth > 1);
    }
}

/* From nothing: the store itself, and a feed that grows beyond one node. */
static void grow(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    communityi_store *store = NULL;
    phx_status status = communityi_store_new(&allocator->port, 64, feed_seed, &store);
    size_t count = 0;
    if (status != PHX_OK) {
        assert_int_equal(status, PHX_ERROR_NO_MEMORY);
        assert_null(store);
        assert_true(allocator->refused > 0);
        return;
    }
    for (const char *post = FEED; *post != '\0'; post += 2) {
        bool changed;
        status = give(store, communityi_store_prepend, post, &changed);
        assert_int_equal(changed, status == PHX_OK);
        count += changed ? 1 : 0;
        assert_int_equal(communityi_store_count(store), count);
        community_snapshot_release(communityi_store_snapshot(store));
        assert_true(status == PHX_OK || allocator->refused > 0);
    }
    communityi_store_free(store);
}

static void a_feed_grows_or_says_why_not(void **state)
{
    (void)state;
    assert_true(failing_allocator_torture(grow, NULL) > 40);
}

/* What it takes is a node now and then: one in every 15 posts, and its copies for a snapshot. */
static void a_full_feed_goes_on_in_the_memory_it_has(void **state)
{
    (void)state;
    enum {
        POSTS = 310
    };
    failing_allocator allocator;
    failing_allocator_init(&allocator);
    communityi_store *store = make_store(&allocator.port, 40);
    for (int i = 0; i < 2 * POSTS; i++) {
        char json[32];
        bool is_changed = false;
        if (i == POSTS) {
            failing_allocator_refuse(&allocator, 0, false);
        }
        (void)snprintf(json, sizeof json, "{\"id\":%d}", i);
        const community_post *post = make_post(&phxi_default_allocator, json);
        assert_int_equal(communityi_store_prepend(store, post, &is_changed), PHX_OK);
        assert_true(is_changed);
        community_post_release(post);
        community_batch batch;
        if (i % 31 == 0 && communityi_store_begin_batch(store, &batch)) {
            communityi_store_end_batch(store, &batch);
        }
    }
    assert_in_range(allocator.requests, 1, 5 * POSTS / 31);
    communityi_store_free(store);
    assert_int_equal(allocator.live_blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changes_without_memory),
        cmocka_unit_test(a_feed_grows_or_says_why_not),
        cmocka_unit_test(a_full_feed_goes_on_in_the_memory_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
