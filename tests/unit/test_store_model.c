/* SPDX-License-Identifier: MIT */
/*
 * The store against an array: thousands of random operations a seed, and after each one the order,
 * the look-ups, the changes replayed onto the previous snapshot, and every snapshot that is still
 * held.
 */
#include <stdio.h>
#include <stdlib.h>

#include "community/store.h"
#include "failing_allocator.h"
#include "feed_posts.h"
#include "post_list.h"

enum {
    MAX_KEPT = 12,
    VERSIONS = 3
};

typedef struct kept_snapshot {
    const community_snapshot *snapshot;
    post_list copy;
} kept_snapshot;

typedef struct model_world {
    failing_allocator allocator;
    communityi_store *store;
    uint64_t seed;
    size_t max_posts;
    size_t ids;
    post_list model;
    post_list replayed; /* what an app that follows the batches shows */
    kept_snapshot kept[MAX_KEPT];
} model_world;

static const community_post *random_post(model_world *world)
{
    char json[128];
    (void)snprintf(json, sizeof json, "{\"id\":%zu,\"likes_count\":%zu}",
                   random_below(&world->seed, world->ids), random_below(&world->seed, VERSIONS));
    return make_post(&world->allocator.port, json);
}

/* The four live events and append; each says whether the feed changes. */
static bool model_put(model_world *world, const community_post *post, bool may_insert, size_t index,
                      bool drops_last)
{
    post_list *model = &world->model;
    size_t at = list_find(model, post);
    if (at < model->count) {
        bool is_other = !communityi_post_equals(model->posts[at], post);
        if (is_other) {
            list_replace(model, at, post);
        }
        return is_other;
    }
    if (!may_insert || (model->count == world->max_posts && !drops_last)) {
        return false;
    }
    if (model->count == world->max_posts) {
        list_remove(model, model->count - 1);
    }
    list_insert(model, index, post);
    return true;
}

static void do_prepend(model_world *world)
{
    const community_post *post = random_post(world);
    bool changed;
    assert_int_equal(communityi_store_prepend(world->store, post, &changed), PHX_OK);
    assert_int_equal(changed, model_put(world, post, true, 0, true));
    community_post_release(post);
}

static void do_append(model_world *world)
{
    const community_post *post = random_post(world);
    bool changed;
    assert_int_equal(communityi_store_append(world->store, post, &changed), PHX_OK);
    assert_int_equal(changed, model_put(world, post, true, world->model.count, false));
    community_post_release(post);
}

static void do_replace(model_world *world)
{
    const community_post *post = random_post(world);
    bool changed;
    assert_int_equal(communityi_store_replace(world->store, post, &changed), PHX_OK);
    assert_int_equal(changed, model_put(world, post, false, 0, false));
    community_post_release(post);
}

static void do_remove(model_world *world)
{
    const community_post *post = random_post(world);
    size_t at = list_find(&world->model, post);
    bool is_held = at < world->model.count;
    bool changed;
    assert_int_equal(
        communityi_store_remove(world->store, post->id.data, post->id.length, &changed), PHX_OK);
    assert_int_equal(changed, is_held);
    if (is_held) {
        list_remove(&world->model, at);
    }
    community_post_release(post);
}

static void do_patch(model_world *world)
{
    const community_post *post = random_post(world);
    size_t at = list_find(&world->model, post);
    communityi_patch patch = {.id = post->id.data,
                              .id_length = post->id.length,
                              .has_likes = true,
                              .likes_count = post->likes_count};
    bool changed;
    assert_int_equal(communityi_store_patch(world->store, &patch, &changed), PHX_OK);
    bool is_other =
        at < world->model.count && world->model.posts[at]->likes_count != post->likes_count;
    assert_int_equal(changed, is_other);
    if (is_other) {
        list_replace(&world->model, at, post);
    }
    community_post_release(post);
}

/* Takes what the feed holds and drops, edits, moves and adds some. */
static void random_target(model_world *world, post_list *target)
{
    size_t changes = random_below(&world->seed, 4) == 0 ? world->max_posts : 3;
    for (size_t i = 0; i < world->model.count; i++) {
        list_insert(target, i, world->model.posts[i]);
    }
    for (size_t i = random_below(&world->seed, changes + 1); i > 0; i--) {
        const community_post *post = random_post(world);
        size_t at = list_find(target, post);
        bool is_held = at < target->count;
        if (is_held) {
            list_remove(target, at);
        }
        if (random_below(&world->seed, 3) > 0 && target->count < MAX_MODEL) {
            bool is_edit = is_held && random_below(&world->seed, 2) == 0;
            list_insert(target, is_edit ? at : random_below(&world->seed, target->count + 1), post);
        }
        community_post_release(post);
    }
}

static void do_assign(model_world *world)
{
    post_list target = {0};
    random_target(world, &target);
    bool is_same = true;
    size_t cut = target.count < world->max_posts ? target.count : world->max_posts;
    for (size_t i = 0; i < cut || i < world->model.count; i++) {
        is_same = is_same && i < cut && i < world->model.count &&
                  communityi_post_equals(world->model.posts[i], target.posts[i]);
    }
    bool changed;
    assert_int_equal(communityi_store_assign(world->store, target.posts, target.count, &changed),
                     PHX_OK);
    assert_int_equal(changed, !is_same);
    list_clear(&world->model);
    for (size_t i = 0; i < cut; i++) {
        list_insert(&world->model, i, target.posts[i]);
    }
    list_clear(&target);
}

static void do_clear(model_world *world)
{
    communityi_store_clear(world->store);
    list_clear(&world->model);
}

static void assert_same_posts(const post_list *list, const community_snapshot *snapshot)
{
    const community_post *posts[MAX_MODEL];
    assert_int_equal(community_snapshot_count(snapshot), list->count);
    assert_int_equal(community_snapshot_range(snapshot, 0, posts, MAX_MODEL), list->count);
    for (size_t i = 0; i < list->count; i++) {
        assert_true(communityi_post_equals(posts[i], list->posts[i]));
    }
    assert_null(community_snapshot_post(snapshot, list->count));
}

static void replay(post_list *replayed, const community_change *change,
                   const community_snapshot *snapshot)
{
    switch (change->kind) {
    case COMMUNITY_CHANGE_INSERT:
        assert_in_range(change->index, 0, replayed->count);
        list_insert(replayed, change->index, change->post);
        break;
    case COMMUNITY_CHANGE_REPLACE:
        assert_in_range(change->index, 0, replayed->count - 1);
        assert_int_equal(list_find(replayed, change->post), change->index);
        assert_false(communityi_post_equals(replayed->posts[change->index], change->post));
        list_replace(replayed, change->index, change->post);
        break;
    case COMMUNITY_CHANGE_REMOVE:
        assert_in_range(change->index, 0, replayed->count - 1);
        assert_true(communityi_post_equals(replayed->posts[change->index], change->post));
        list_remove(replayed, change->index);
        break;
    default:
        assert_int_equal(change->kind, COMMUNITY_CHANGE_RESET);
        assert_null(change->post);
        list_clear(replayed);
        for (size_t i = 0; i < community_snapshot_count(snapshot); i++) {
            list_insert(replayed, i, community_snapshot_post(snapshot, i));
        }
        break;
    }
}

static void do_batch(model_world *world)
{
    community_batch batch;
    bool has_changes = communityi_store_has_changes(world->store);
    assert_int_equal(communityi_store_begin_batch(world->store, &batch), has_changes);
    if (!has_changes) {
        const community_snapshot *snapshot = communityi_store_snapshot(world->store);
        assert_same_posts(&world->model, snapshot);
        community_snapshot_release(snapshot);
        return;
    }
    assert_false(communityi_store_has_changes(world->store));
    assert_int_equal(batch.struct_size, sizeof batch);
    assert_true(batch.count > 0);
    if (random_below(&world->seed, 2) == 0) {
        do_prepend(world); /* the store may change under a batch */
    } else {
        assert_same_posts(&world->model, batch.snapshot);
    }
    for (size_t i = 0; i < batch.count; i++) {
        bool is_reset = batch.changes[i].kind == COMMUNITY_CHANGE_RESET;
        assert_true(!is_reset || batch.count == 1);
        replay(&world->replayed, &batch.changes[i], batch.snapshot);
    }
    assert_same_posts(&world->replayed, batch.snapshot);
    communityi_store_end_batch(world->store, &batch);
}

/* Keeps a snapshot with a copy of what it shows, in the place of an older one. */
static void do_keep(model_world *world)
{
    kept_snapshot *kept = &world->kept[random_below(&world->seed, MAX_KEPT)];
    community_snapshot_release(kept->snapshot);
    list_clear(&kept->copy);
    kept->snapshot = communityi_store_snapshot(world->store);
    for (size_t i = 0; i < world->model.count; i++) {
        list_insert(&kept->copy, i, world->model.posts[i]);
    }
}

static void check_feed(const model_world *world)
{
    assert_int_equal(communityi_store_count(world->store), world->model.count);
    for (size_t i = 0; i < world->model.count; i++) {
        const community_post *post = communityi_store_at(world->store, i);
        assert_true(communityi_post_equals(post, world->model.posts[i]));
        assert_ptr_equal(communityi_store_find(world->store, post->id.data, post->id.length), post);
    }
    assert_null(communityi_store_at(world->store, world->model.count));
    assert_null(communityi_store_find(world->store, "no such", 7));
}

static void check_kept(const model_world *world)
{
    for (size_t i = 0; i < MAX_KEPT; i++) {
        if (world->kept[i].snapshot != NULL) {
            assert_same_posts(&world->kept[i].copy, world->kept[i].snapshot);
        }
    }
}

static void step(model_world *world)
{
    size_t dice = random_below(&world->seed, 100);
    if (dice < 34) {
        do_prepend(world);
    } else if (dice < 44) {
        do_append(world);
    } else if (dice < 54) {
        do_replace(world);
    } else if (dice < 66) {
        do_remove(world);
    } else if (dice < 74) {
        do_patch(world);
    } else if (dice < 80) {
        do_assign(world);
    } else if (dice < 90) {
        do_batch(world);
    } else if (dice < 99) {
        do_keep(world);
    } else if (random_below(&world->seed, 4) == 0) {
        do_clear(world);
    }
}

/* `is_store_first`: whether the store goes before the snapshots that are still held. */
static void tear_down(model_world *world, bool is_store_first)
{
    if (is_store_first) {
        communityi_store_free(world->store);
    }
    check_kept(world);
    for (size_t i = 0; i < MAX_KEPT; i++) {
        community_snapshot_release(world->kept[i].snapshot);
        list_clear(&world->kept[i].copy);
    }
    if (!is_store_first) {
        communityi_store_free(world->store);
    }
    list_clear(&world->model);
    list_clear(&world->replayed);
    assert_int_equal(world->allocator.live_blocks, 0);
}

static void run(uint64_t seed, size_t max_posts, size_t ids, size_t steps)
{
    static const uint64_t map_seed[2] = {1, 2};
    model_world *world = calloc(1, sizeof *world);
    failing_allocator_init(&world->allocator);
    world->seed = seed;
    world->max_posts = max_posts;
    world->ids = ids;
    assert_int_equal(
        communityi_store_new(&world->allocator.port, (uint32_t)max_posts, map_seed, &world->store),
        PHX_OK);
    for (size_t i = 0; i < steps; i++) {
        step(world);
        check_feed(world);
        if (i % 16 == 0) {
            check_kept(world);
        }
    }
    do_batch(world);
    tear_down(world, seed % 2 == 0);
    free(world);
}

static void the_store_is_an_array(void **state)
{
    (void)state;
    static const struct {
        size_t max_posts;
        size_t ids;
        size_t steps;
    } rows[] = {
        {1, 3, 1500},   {2, 4, 1500},   {3, 12, 1500},    {15, 60, 2000},
        {16, 64, 2000}, {17, 90, 2000}, {200, 260, 3000}, {MAX_MODEL, 4000, 4000},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            print_message("max_posts %zu, seed %llu\n", rows[i].max_posts,
                          (unsigned long long)seed);
            run(seed * 1000 + i, rows[i].max_posts, rows[i].ids, rows[i].steps);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_store_is_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
