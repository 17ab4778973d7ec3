/* SPDX-License-Identifier: MIT */
/*
 * Snapshots, as an app holds them on any thread. They outlive the store and the client, so each has
 * its own copy of the allocator.
 */
#include "community/snapshot.h"

#include <stdatomic.h>

#include "support/alloc.h"

struct community_snapshot {
    atomic_size_t references;
    phx_allocator allocator;
    communityi_tree_node *root; /* NULL: no post */
    size_t count;
};

community_snapshot *communityi_snapshot_new(const phx_allocator *allocator)
{
    community_snapshot *snapshot = phxi_alloc_zero(allocator, sizeof *snapshot);
    if (snapshot != NULL) {
        atomic_init(&snapshot->references, 1);
        snapshot->allocator = *allocator;
    }
    return snapshot;
}

void communityi_snapshot_show(community_snapshot *snapshot, const communityi_tree *tree)
{
    snapshot->root = communityi_tree_node_retain(tree->root);
    snapshot->count = tree->count;
}

size_t community_snapshot_count(const community_snapshot *snapshot)
{
    return snapshot->count;
}

const community_post *community_snapshot_post(const community_snapshot *snapshot, size_t index)
{
    const community_post *post = NULL;
    (void)community_snapshot_range(snapshot, index, &post, 1);
    return post;
}

size_t community_snapshot_range(const community_snapshot *snapshot, size_t first,
                                const community_post **posts, size_t capacity)
{
    size_t left = first < snapshot->count ? snapshot->count - first : 0;
    size_t wanted = left < capacity ? left : capacity;
    size_t copied = 0;
    while (copied < wanted) {
        copied += communityi_tree_node_posts(snapshot->root, snapshot->count, first + copied,
                                             posts + copied, wanted - copied);
    }
    return copied;
}

/* Only the references of a snapshot change. */
static community_snapshot *mutable_of(const community_snapshot *snapshot)
{
    return (community_snapshot *)(uintptr_t)snapshot;
}

const community_snapshot *community_snapshot_retain(const community_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&mutable_of(snapshot)->references, 1, memory_order_relaxed);
    return snapshot;
}

void community_snapshot_release(const community_snapshot *snapshot)
{
    if (snapshot == NULL) {
        return;
    }
    community_snapshot *block = mutable_of(snapshot);
    if (atomic_fetch_sub_explicit(&block->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    const phx_allocator allocator = block->allocator;
    if (block->root != NULL) {
        communityi_tree_node_release(block->root, &allocator);
    }
    phxi_free(&allocator, block);
}
