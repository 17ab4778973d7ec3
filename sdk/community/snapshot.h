/* SPDX-License-Identifier: MIT */
/*
 * Making snapshots: a reference to the root of the store's tree as it is now.
 */
#ifndef COMMUNITYI_SNAPSHOT_H
#define COMMUNITYI_SNAPSHOT_H

#include <community/feed.h>
#include <phx/ports.h>

#include "community/tree.h"

/* One without posts, with one reference. NULL: out of memory. */
community_snapshot *communityi_snapshot_new(const phx_allocator *allocator);

/* Makes an empty one, which nobody else holds yet, show what the tree holds now. */
void communityi_snapshot_show(community_snapshot *snapshot, const communityi_tree *tree);

#endif
