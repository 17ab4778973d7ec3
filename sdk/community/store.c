/* SPDX-License-Identifier: MIT */
/*
 * The live events on the feed, one function each, and what can be asked of it. Each first reserves
 * all memory that it can take, and cannot fail from then on.
 */
#include "community/store.h"

#include "community/store_state.h"
#include "support/alloc.h"

/* The pending changes may be at least so many. */
enum {
    SMALLEST_CHANGE_LIMIT = 1024
};

phx_status communityi_store_new(const phx_allocator *allocator, uint32_t max_posts,
                                const uint64_t seed[2], communityi_store **out_store)
{
    *out_store = NULL;
    communityi_store *store = phxi_alloc_zero(allocator, sizeof *store);
    if (store == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    store->empty = communityi_snapshot_new(allocator);
    if (store->empty == NULL) {
        phxi_free(allocator, store);
        return PHX_ERROR_NO_MEMORY;
    }
    store->allocator = allocator;
    store->max_posts = max_posts;
    phxi_map_init(&store->by_id, allocator, seed);
    communityi_tree_init(&store->tree, allocator);
    communityi_changes_init(&store->changes, allocator,
                            max_posts < SMALLEST_CHANGE_LIMIT ? SMALLEST_CHANGE_LIMIT : max_posts);
    *out_store = store;
    return PHX_OK;
}

communityi_store_entry *communityi_store_entry_of(communityi_tree_item *item)
{
    return PHXI_CONTAINER(communityi_store_entry, item, item);
}

communityi_store_entry *communityi_store_entry_find(const communityi_store *store, phx_slice id)
{
    phxi_map_entry *found = phxi_map_find(&store->by_id, id.data, id.length);
    return found == NULL ? NULL : PHXI_CONTAINER(communityi_store_entry, by_id, found);
}

void communityi_store_forget_snapshot(communityi_store *store)
{
    community_snapshot_release(store->current);
    store->current = NULL;
}

phx_status communityi_store_reserve(communityi_store *store, size_t changes)
{
    phx_status status = communityi_changes_reserve(&store->changes, changes);
    if (status == PHX_OK) {
        status = communityi_tree_reserve(&store->tree);
    }
    if (status == PHX_OK && store->spare == NULL) {
        store->spare = communityi_snapshot_new(store->allocator);
        status = store->spare == NULL ? PHX_ERROR_NO_MEMORY : PHX_OK;
    }
    return status;
}

static void drop_all(communityi_store *store)
{
    communityi_store_forget_snapshot(store);
    for (size_t i = 0; i < store->tree.count; i++) {
        phxi_free(store->allocator, communityi_store_entry_of(communityi_tree_at(&store->tree, i)));
    }
    phxi_map_free(&store->by_id);
    communityi_tree_clear(&store->tree);
}

void communityi_store_free(communityi_store *store)
{
    if (store == NULL) {
        return;
    }
    drop_all(store);
    communityi_tree_free(&store->tree);
    communityi_changes_free(&store->changes);
    community_snapshot_release(store->empty);
    community_snapshot_release(store->spare);
    phxi_free(store->allocator, store);
}

void communityi_store_clear(communityi_store *store)
{
    if (store->tree.count > 0 || communityi_store_has_changes(store)) {
        communityi_changes_reset(&store->changes);
    }
    drop_all(store);
}

/* Memory was reserved. The entry, which holds nothing then, is the caller's. */
static void remove_entry(communityi_store *store, communityi_store_entry *entry, size_t index)
{
    communityi_store_forget_snapshot(store);
    communityi_changes_add(&store->changes, COMMUNITY_CHANGE_REMOVE, index, entry->item.post);
    phxi_map_remove(&store->by_id, &entry->by_id);
    communityi_tree_remove(&store->tree, index);
}

/* Memory was reserved. Returns the entry of the post that went, for the one that comes. The posts
 * that go after this one are fetched while the next events are decoded: of a million posts none of
 * it is in a cache. */
static communityi_store_entry *remove_last(communityi_store *store)
{
    size_t index = store->tree.count - 1;
    communityi_tree_item *last = communityi_tree_at(&store->tree, index);
    communityi_tree_item *next = communityi_tree_prefetch(last);
    if (next != NULL) {
        phxi_map_prefetch(&store->by_id, &communityi_store_entry_of(next)->by_id);
    }
    remove_entry(store, communityi_store_entry_of(last), index);
    return communityi_store_entry_of(last);
}

static phx_status replace_entry(communityi_store *store, communityi_store_entry *entry,
                                const community_post *post, bool *out_changed)
{
    if (communityi_post_equals(entry->item.post, post)) {
        return PHX_OK;
    }
    phx_status status = communityi_store_reserve(store, 1);
    if (status != PHX_OK) {
        return status;
    }
    size_t index = communityi_tree_position(&entry->item);
    communityi_store_forget_snapshot(store);
    communityi_changes_add(&store->changes, COMMUNITY_CHANGE_REPLACE, index, post);
    entry->by_id.key = post->id.data; /* the same text, which lives as long as the new version */
    communityi_tree_replace(&store->tree, index, post);
    *out_changed = true;
    return PHX_OK;
}

/* Puts a post in that is not held. If there is no room, the last one goes. `hash`: of its id. */
static phx_status insert_post(communityi_store *store, size_t index, const community_post *post,
                              uint64_t hash, bool *out_changed)
{
    bool is_full = store->tree.count >= store->max_posts;
    communityi_store_entry *entry = NULL;
    phx_status status = communityi_store_reserve(store, is_full ? 2 : 1);
    if (status == PHX_OK && !is_full) {
        status = phxi_map_reserve(&store->by_id, 1);
    }
    if (status == PHX_OK && !is_full) {
        entry = phxi_alloc(store->allocator, sizeof *entry);
        status = entry == NULL ? PHX_ERROR_NO_MEMORY : PHX_OK;
    }
    if (status != PHX_OK) {
        return status;
    }
    communityi_store_forget_snapshot(store);
    if (is_full) {
        entry = remove_last(store);
    }
    entry->item = (communityi_tree_item){.post = post};
    communityi_changes_add(&store->changes, COMMUNITY_CHANGE_INSERT, index, post);
    phxi_map_insert_hashed(&store->by_id, &entry->by_id, hash, post->id.data, post->id.length);
    communityi_tree_insert(&store->tree, index, &entry->item);
    *out_changed = true;
    return PHX_OK;
}

/* Puts a post in its place if it is held, and else at `index`. `drops`: whether the last one may go
 * for it. */
static phx_status put_post(communityi_store *store, size_t index, const community_post *post,
                           bool drops, bool *out_changed)
{
    const phx_slice id = post->id;
    uint64_t hash = phxi_map_hash(&store->by_id, id.data, id.length);
    phxi_map_entry *found = phxi_map_find_hashed(&store->by_id, hash, id.data, id.length);
    *out_changed = false;
    if (found != NULL) {
        return replace_entry(store, PHXI_CONTAINER(communityi_store_entry, by_id, found), post,
                             out_changed);
    }
    return drops || store->tree.count < store->max_posts
               ? insert_post(store, index, post, hash, out_changed)
               : PHX_OK;
}

phx_status communityi_store_prepend(communityi_store *store, const community_post *post,
                                    bool *out_changed)
{
    return put_post(store, 0, post, true, out_changed);
}

phx_status communityi_store_append(communityi_store *store, const community_post *post,
                                   bool *out_changed)
{
    return put_post(store, store->tree.count, post, false, out_changed);
}

phx_status communityi_store_replace(communityi_store *store, const community_post *post,
                                    bool *out_changed)
{
    communityi_store_entry *entry = communityi_store_entry_find(store, post->id);
    *out_changed = false;
    return entry == NULL ? PHX_OK : replace_entry(store, entry, post, out_changed);
}

phx_status communityi_store_remove(communityi_store *store, const char *id, size_t id_length,
                                   bool *out_changed)
{
    communityi_store_entry *entry = communityi_store_entry_find(store, (phx_slice){id, id_length});
    *out_changed = false;
    if (entry == NULL) {
        return PHX_OK;
    }
    phx_status status = communityi_store_reserve(store, 1);
    if (status == PHX_OK) {
        remove_entry(store, entry, communityi_tree_position(&entry->item));
        phxi_free(store->allocator, entry);
        *out_changed = true;
    }
    return status;
}

phx_status communityi_store_patch(communityi_store *store, const communityi_patch *patch,
                                  bool *out_changed)
{
    const phx_slice id = {patch->id, patch->id_length};
    communityi_store_entry *entry = communityi_store_entry_find(store, id);
    const community_post *post;
    *out_changed = false;
    if (entry == NULL) {
        return PHX_OK;
    }
    phx_status status = communityi_post_patched(store->allocator, entry->item.post, patch, &post);
    if (status == PHX_OK) {
        status = replace_entry(store, entry, post, out_changed);
        community_post_release(post);
    }
    return status;
}

size_t communityi_store_count(const communityi_store *store)
{
    return store->tree.count;
}

const community_post *communityi_store_find(const communityi_store *store, const char *id,
                                            size_t id_length)
{
    communityi_store_entry *entry = communityi_store_entry_find(store, (phx_slice){id, id_length});
    return entry == NULL ? NULL : entry->item.post;
}

const community_post *communityi_store_at(const communityi_store *store, size_t index)
{
    return index < store->tree.count ? communityi_tree_at(&store->tree, index)->post : NULL;
}

void communityi_store_collapse(communityi_store *store)
{
    if (communityi_store_has_changes(store)) {
        communityi_changes_reset(&store->changes);
    }
}

bool communityi_store_has_changes(const communityi_store *store)
{
    return communityi_changes_are_pending(&store->changes);
}

const community_snapshot *communityi_store_snapshot(communityi_store *store)
{
    if (store->current == NULL && store->tree.count == 0) {
        store->current = community_snapshot_retain(store->empty);
    } else if (store->current == NULL) {
        communityi_snapshot_show(store->spare, &store->tree);
        store->current = store->spare;
        store->spare = NULL;
    }
    return community_snapshot_retain(store->current);
}

bool communityi_store_begin_batch(communityi_store *store, community_batch *out_batch)
{
    *out_batch = (community_batch){.struct_size = (uint32_t)sizeof *out_batch};
    if (!communityi_store_has_changes(store)) {
        return false;
    }
    out_batch->changes = communityi_changes_take(&store->changes, &out_batch->count);
    out_batch->snapshot = communityi_store_snapshot(store);
    return true;
}

void communityi_store_end_batch(communityi_store *store, community_batch *batch)
{
    communityi_changes_drop_taken(&store->changes);
    community_snapshot_release(batch->snapshot);
    *batch = (community_batch){0};
}
