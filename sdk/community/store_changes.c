/* SPDX-License-Identifier: MIT */
/*
 * Two lists, so that the store may change while a batch is under way. A reset takes no memory: that
 * is why clearing the feed cannot fail.
 */
#include "community/store_changes.h"

#include "support/alloc.h"

/* A list that grew beyond this is not kept for the next batch. */
enum {
    SMALLEST_LIST = 16,
    LARGEST_KEPT_LIST = 1024
};

static const community_change reset_change = {.kind = COMMUNITY_CHANGE_RESET};

void communityi_changes_init(communityi_changes *changes, const phx_allocator *allocator,
                             size_t limit)
{
    *changes = (communityi_changes){.allocator = allocator, .limit = limit};
}

static void empty_list(const phx_allocator *allocator, communityi_change_list *list,
                       size_t largest_kept)
{
    for (size_t i = 0; i < list->count; i++) {
        community_post_release(list->items[i].post);
    }
    list->count = 0;
    if (list->capacity > largest_kept) {
        phxi_free(allocator, list->items);
        *list = (communityi_change_list){0};
    }
}

void communityi_changes_free(communityi_changes *changes)
{
    empty_list(changes->allocator, &changes->pending, 0);
    empty_list(changes->allocator, &changes->taken, 0);
}

phx_status communityi_changes_reserve(communityi_changes *changes, size_t count)
{
    communityi_change_list *list = &changes->pending;
    if (changes->is_reset || count > changes->limit - list->count ||
        count <= list->capacity - list->count) {
        return PHX_OK; /* it is void, or becomes so, or there is room */
    }
    size_t capacity = list->capacity == 0 ? SMALLEST_LIST : list->capacity;
    while (capacity < list->count + count) {
        capacity *= 2;
    }
    community_change *items =
        phxi_realloc(changes->allocator, list->items, capacity * sizeof *items);
    if (items == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    list->items = items;
    list->capacity = capacity;
    return PHX_OK;
}

void communityi_changes_add(communityi_changes *changes, community_change_kind kind, size_t index,
                            const community_post *post)
{
    communityi_change_list *list = &changes->pending;
    if (changes->is_reset) {
        return;
    }
    if (list->count == list->capacity || list->count == changes->limit) {
        communityi_changes_reset(changes);
        return;
    }
    list->items[list->count++] = (community_change){kind, index, community_post_retain(post)};
}

void communityi_changes_reset(communityi_changes *changes)
{
    empty_list(changes->allocator, &changes->pending, LARGEST_KEPT_LIST);
    changes->is_reset = true;
}

bool communityi_changes_are_pending(const communityi_changes *changes)
{
    return changes->is_reset || changes->pending.count > 0;
}

const community_change *communityi_changes_take(communityi_changes *changes, size_t *out_count)
{
    if (changes->is_reset) {
        changes->is_reset = false;
        *out_count = 1;
        return &reset_change;
    }
    communityi_change_list empty = changes->taken;
    changes->taken = changes->pending;
    changes->pending = empty;
    *out_count = changes->taken.count;
    return changes->taken.items;
}

void communityi_changes_drop_taken(communityi_changes *changes)
{
    empty_list(changes->allocator, &changes->taken, LARGEST_KEPT_LIST);
}
