/* SPDX-License-Identifier: MIT */
/*
 * The tree when it is tall: tens of thousands of posts that come at the ends, go everywhere, and
 * are built anew, with snapshots on the way. The posts' numbers say what the order has to be.
 */
#include "community/tree.h"

#include <stdio.h>
#include <stdlib.h>

#include "community/snapshot.h"
#include "failing_allocator.h"
#include "feed_posts.h"

enum {
    MANY = 40000
};

typedef struct tall_forest {
    failing_allocator allocator;
    communityi_tree tree;
    communityi_tree_item *items; /* [MANY] */
    const community_snapshot *snapshots[5];
} tall_forest;

static void put(tall_forest *forest, size_t index, size_t number)
{
    char json[64];
    (void)snprintf(json, sizeof json, "{\"id\":%zu}", number);
    const community_post *post = make_post(&forest->allocator.port, json);
    forest->items[number].post = post;
    assert_int_equal(communityi_tree_reserve(&forest->tree), PHX_OK);
    communityi_tree_insert(&forest->tree, index, &forest->items[number]);
    community_post_release(post);
}

static void drop(tall_forest *forest, size_t number)
{
    assert_int_equal(communityi_tree_reserve(&forest->tree), PHX_OK);
    communityi_tree_remove(&forest->tree, communityi_tree_position(&forest->items[number]));
    forest->items[number].leaf = NULL;
}

static void keep_snapshot(tall_forest *forest, size_t index)
{
    community_snapshot *snapshot = communityi_snapshot_new(&forest->allocator.port);
    assert_non_null(snapshot);
    communityi_snapshot_show(snapshot, &forest->tree);
    forest->snapshots[index] = snapshot;
}

/* The tree holds exactly the items that have a leaf, in the order of their numbers. */
static void check(const tall_forest *forest)
{
    size_t index = 0;
    for (size_t i = 0; i < MANY; i++) {
        if (forest->items[i].leaf != NULL) {
            assert_int_equal(communityi_tree_position(&forest->items[i]), index);
            assert_ptr_equal(communityi_tree_at(&forest->tree, index), &forest->items[i]);
            assert_int_equal(strtoul(forest->items[i].post->id.data, NULL, 10), i);
            index++;
        }
    }
    assert_int_equal(forest->tree.count, index);
}

/* Each `step`th number from `first` to `last`. */
static void check_snapshot(const community_snapshot *snapshot, size_t first, size_t last,
                           size_t step)
{
    size_t count = (last - first) / step + 1;
    assert_int_equal(community_snapshot_count(snapshot), count);
    for (size_t i = 0; i < count; i++) {
        const community_post *post = community_snapshot_post(snapshot, i);
        assert_int_equal(strtoul(post->id.data, NULL, 10), first + i * step);
    }
}

static void grow_at_the_ends(tall_forest *forest)
{
    for (size_t i = MANY / 2; i-- > 0;) {
        put(forest, 0, i); /* as new posts come */
    }
    keep_snapshot(forest, 0);
    for (size_t i = MANY / 2; i < MANY; i++) {
        put(forest, i, i); /* as pages come */
    }
    check(forest);
    keep_snapshot(forest, 1);
}

static void drop_every_other(tall_forest *forest)
{
    for (size_t i = 0; i < MANY; i += 2) {
        drop(forest, i);
    }
    check(forest);
    keep_snapshot(forest, 2);
}

static void grow_in_between(tall_forest *forest)
{
    for (size_t i = 0; i < MANY; i += 2) {
        put(forest, i, i);
    }
    check(forest);
    keep_snapshot(forest, 3);
}

static void build_of_odd(tall_forest *forest)
{
    communityi_tree_item **items = malloc(MANY / 2 * sizeof *items);
    for (size_t i = 0; i < MANY; i += 2) {
        forest->items[i].leaf = NULL;
        items[i / 2] = &forest->items[i + 1];
    }
    assert_int_equal(communityi_tree_reserve_build(&forest->tree, MANY / 2), PHX_OK);
    communityi_tree_build(&forest->tree, items, MANY / 2);
    assert_true(forest->tree.spare_count < 20);
    free(items);
    check(forest);
    keep_snapshot(forest, 4);
}

static void drop_at_random(tall_forest *forest)
{
    uint64_t seed = 3;
    while (forest->tree.count > 1) {
        communityi_tree_item *item =
            communityi_tree_at(&forest->tree, random_below(&seed, forest->tree.count));
        drop(forest, (size_t)(item - forest->items));
        if (forest->tree.count % 4096 == 0) {
            check(forest);
        }
    }
    check(forest);
}

/* The height, by the nodes that it takes to be ready for a change. */
static void check_is_one_leaf(tall_forest *forest)
{
    communityi_tree same = {.allocator = forest->tree.allocator, .root = forest->tree.root};
    assert_int_equal(communityi_tree_reserve(&same), PHX_OK);
    assert_int_equal(same.spare_count, 4);
    same.root = NULL;
    communityi_tree_free(&same);
}

static void a_tall_tree_keeps_its_order(void **state)
{
    (void)state;
    tall_forest *forest = calloc(1, sizeof *forest);
    failing_allocator_init(&forest->allocator);
    communityi_tree_init(&forest->tree, &forest->allocator.port);
    forest->items = calloc(MANY, sizeof *forest->items);
    grow_at_the_ends(forest);
    drop_every_other(forest);
    grow_in_between(forest);
    build_of_odd(forest);
    drop_at_random(forest);
    check_is_one_leaf(forest);
    communityi_tree_free(&forest->tree);
    assert_int_equal(forest->tree.count, 0);

    check_snapshot(forest->snapshots[0], 0, MANY / 2 - 1, 1);
    check_snapshot(forest->snapshots[1], 0, MANY - 1, 1);
    check_snapshot(forest->snapshots[2], 1, MANY - 1, 2);
    check_snapshot(forest->snapshots[3], 0, MANY - 1, 1);
    check_snapshot(forest->snapshots[4], 1, MANY - 1, 2);
    for (size_t i = 0; i < COUNT_OF(forest->snapshots); i++) {
        community_snapshot_release(forest->snapshots[i]);
    }
    assert_int_equal(forest->allocator.live_blocks, 0);
    free(forest->items);
    free(forest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tall_tree_keeps_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
