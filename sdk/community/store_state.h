/* SPDX-License-Identifier: MIT */
/*
 * What the store holds, for the files that it is made of: store.c and store_assign.c.
 */
#ifndef COMMUNITYI_STORE_STATE_H
#define COMMUNITYI_STORE_STATE_H

#include "community/snapshot.h"
#include "community/store.h"
#include "community/store_changes.h"
#include "community/tree.h"
#include "support/map.h"

/* A post that is held. The key in the map is the post's own id. */
typedef struct communityi_store_entry {
    phxi_map_entry by_id;
    communityi_tree_item item;
} communityi_store_entry;

struct communityi_store {
    const phx_allocator *allocator;
    size_t max_posts;
    phxi_map by_id;
    communityi_tree tree;
    communityi_changes changes;
    /* `current` is what was last taken, and NULL once the feed has changed. Then a `spare` is
     * there, so that taking the next cannot fail; `empty` is for a feed without posts. */
    const community_snapshot *current;
    const community_snapshot *empty;
    community_snapshot *spare;
};

/* NULL: not held. */
communityi_store_entry *communityi_store_entry_find(const communityi_store *store, phx_slice id);
communityi_store_entry *communityi_store_entry_of(communityi_tree_item *item);

/* Before a change: makes sure of the memory for what follows it. `changes`: how many will be added.
 */
PHX_MUST_CHECK phx_status communityi_store_reserve(communityi_store *store, size_t changes);
/* At a change: nodes that only the current snapshot shared with the tree are the tree's alone
 * again. */
void communityi_store_forget_snapshot(communityi_store *store);

#endif
