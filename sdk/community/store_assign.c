/* SPDX-License-Identifier: MIT */
/*
 * Making the feed equal to a list. First a plan, which can fail and then leaves nothing behind;
 * then the changes and a tree that is built anew, which cannot.
 *
 * A post that stays in order costs nothing if it is equal and a replacement if it is not; any other
 * costs a removal, if it was held, and an insertion. So keeping an equal one saves two changes,
 * keeping an edited one saves one, and the heaviest sequence that can be kept leaves the fewest
 * changes.
 */
#include "community/store_order.h"
#include "community/store_state.h"
#include "support/alloc.h"

enum {
    SAVED_BY_EQUAL = 2,
    SAVED_BY_EDITED = 1
};

/* What becomes of a post that is held. */
typedef enum fate {
    FATE_GOES = 0,
    FATE_MOVES,
    FATE_STAYS
} fate;

typedef struct assignment {
    communityi_store *store;
    const community_post *const *posts;
    size_t count;
    size_t old_count;
    size_t changes;
    /* Each in one block of its own. */
    communityi_tree_item *
        *items;              /* [count]: those of the new feed; new ones are in the map already */
    communityi_order *order; /* [count] */
    size_t *best;            /* [old_count + 1]: for the order */
    uint8_t *fates;          /* [old_count] */
} assignment;

static phx_status plan_memory(assignment *plan)
{
    const phx_allocator *allocator = plan->store->allocator;
    plan->items = phxi_alloc_zero(allocator, plan->count * sizeof *plan->items);
    plan->order = phxi_alloc_zero(allocator, plan->count * sizeof *plan->order);
    plan->best = phxi_alloc(allocator, (plan->old_count + 1) * sizeof *plan->best);
    plan->fates = phxi_alloc_zero(allocator, plan->old_count);
    return plan->items != NULL && plan->order != NULL && plan->best != NULL && plan->fates != NULL
               ? PHX_OK
               : PHX_ERROR_NO_MEMORY;
}

static void plan_free(assignment *plan)
{
    const phx_allocator *allocator = plan->store->allocator;
    phxi_free(allocator, plan->items);
    phxi_free(allocator, plan->order);
    phxi_free(allocator, plan->best);
    phxi_free(allocator, plan->fates);
}

static bool is_new(const communityi_tree_item *item)
{
    return item->leaf == NULL;
}

/* Takes the new entries out of the map again. */
static void plan_undo(assignment *plan)
{
    for (size_t i = 0; plan->items != NULL && i < plan->count; i++) {
        if (plan->items[i] != NULL && is_new(plan->items[i])) {
            communityi_store_entry *entry = communityi_store_entry_of(plan->items[i]);
            phxi_map_remove(&plan->store->by_id, &entry->by_id);
            phxi_free(plan->store->allocator, entry);
        }
    }
}

static phx_status plan_new(assignment *plan, size_t index)
{
    communityi_store *store = plan->store;
    const community_post *post = plan->posts[index];
    phx_status status = phxi_map_reserve(&store->by_id, 1);
    if (status != PHX_OK) {
        return status;
    }
    communityi_store_entry *entry = phxi_alloc(store->allocator, sizeof *entry);
    if (entry == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    entry->item = (communityi_tree_item){.post = post};
    phxi_map_insert(&store->by_id, &entry->by_id, post->id.data, post->id.length);
    plan->items[index] = &entry->item;
    return PHX_OK;
}

static phx_status plan_held(assignment *plan, size_t index, communityi_tree_item *item)
{
    if (is_new(item)) {
        return PHX_ERROR_INVALID_ARGUMENT; /* its id came before in the list */
    }
    size_t old_index = communityi_tree_position(item);
    if (plan->fates[old_index] != FATE_GOES) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    bool is_equal = communityi_post_equals(item->post, plan->posts[index]);
    plan->items[index] = item;
    plan->fates[old_index] = FATE_MOVES;
    plan->order[index].place = old_index + 1;
    plan->order[index].weight = is_equal ? SAVED_BY_EQUAL : SAVED_BY_EDITED;
    return PHX_OK;
}

static phx_status plan_items(assignment *plan)
{
    phx_status status = PHX_OK;
    for (size_t i = 0; i < plan->count && status == PHX_OK; i++) {
        communityi_store_entry *entry =
            communityi_store_entry_find(plan->store, plan->posts[i]->id);
        status = entry == NULL ? plan_new(plan, i) : plan_held(plan, i, &entry->item);
    }
    return status;
}

static void plan_order(assignment *plan)
{
    communityi_order_keep(plan->order, plan->count, plan->best, plan->old_count);
    plan->changes = plan->old_count + plan->count;
    for (size_t i = 0; i < plan->count; i++) {
        const communityi_order *element = &plan->order[i];
        if (element->is_kept) {
            plan->fates[element->place - 1] = FATE_STAYS;
            plan->changes -= element->weight;
        }
    }
}

static phx_status plan_make(assignment *plan)
{
    phx_status status = plan_memory(plan);
    if (status == PHX_OK) {
        status = plan_items(plan);
    }
    if (status == PHX_OK) {
        plan_order(plan);
        status = communityi_store_reserve(plan->store, plan->changes);
    }
    if (status == PHX_OK && plan->changes > 0) {
        status = communityi_tree_reserve_build(&plan->store->tree, plan->count);
    }
    return status;
}

/* From the last up, so that each index is right when its turn comes. */
static void remove_old(assignment *plan)
{
    communityi_store *store = plan->store;
    for (size_t i = plan->old_count; i-- > 0;) {
        communityi_tree_item *item = communityi_tree_at(&store->tree, i);
        if (plan->fates[i] != FATE_STAYS) {
            communityi_changes_add(&store->changes, COMMUNITY_CHANGE_REMOVE, i, item->post);
        }
        if (plan->fates[i] == FATE_GOES) {
            communityi_store_entry *entry = communityi_store_entry_of(item);
            phxi_map_remove(&store->by_id, &entry->by_id);
            phxi_free(store->allocator, entry);
        }
    }
}

/* From the top down: all above an index is as it will be when its turn comes. */
static void place_new(assignment *plan)
{
    communityi_store *store = plan->store;
    for (size_t i = 0; i < plan->count; i++) {
        const communityi_order *element = &plan->order[i];
        communityi_tree_item *item = plan->items[i];
        if (element->weight != SAVED_BY_EQUAL) {
            item->post = plan->posts[i];
            communityi_store_entry_of(item)->by_id.key = item->post->id.data;
        }
        if (!element->is_kept) {
            communityi_changes_add(&store->changes, COMMUNITY_CHANGE_INSERT, i, item->post);
        } else if (element->weight == SAVED_BY_EDITED) {
            communityi_changes_add(&store->changes, COMMUNITY_CHANGE_REPLACE, i, item->post);
        }
    }
}

phx_status communityi_store_assign(communityi_store *store, const community_post *const *posts,
                                   size_t count, bool *out_changed)
{
    assignment plan = {
        .store = store,
        .posts = posts,
        .count = count < store->max_posts ? count : store->max_posts,
        .old_count = store->tree.count,
    };
    *out_changed = false;
    phx_status status = plan_make(&plan);
    if (status != PHX_OK) {
        plan_undo(&plan);
    } else if (plan.changes > 0) {
        communityi_store_forget_snapshot(store);
        remove_old(&plan);
        place_new(&plan);
        communityi_tree_build(&store->tree, plan.items, plan.count);
        *out_changed = true;
    }
    plan_free(&plan);
    return status;
}
