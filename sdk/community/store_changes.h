/* SPDX-License-Identifier: MIT */
/*
 * The changes that wait for the next batch, bounded: too many become one reset. Knows nothing of
 * the feed that they change.
 */
#ifndef COMMUNITYI_STORE_CHANGES_H
#define COMMUNITYI_STORE_CHANGES_H

#include <community/feed.h>
#include <phx/ports.h>

typedef struct communityi_change_list {
    community_change *items;
    size_t count;
    size_t capacity;
} communityi_change_list;

typedef struct communityi_changes {
    const phx_allocator *allocator;
    size_t limit;
    bool is_reset; /* a reset waits, and nothing else */
    communityi_change_list pending;
    communityi_change_list taken; /* those of the batch that is under way */
} communityi_changes;

void communityi_changes_init(communityi_changes *changes, const phx_allocator *allocator,
                             size_t limit);
void communityi_changes_free(communityi_changes *changes);

/* Makes sure that `count` changes can be added, and that many will be. */
PHX_MUST_CHECK phx_status communityi_changes_reserve(communityi_changes *changes, size_t count);
/* Room was reserved. Retains the post. */
void communityi_changes_add(communityi_changes *changes, community_change_kind kind, size_t index,
                            const community_post *post);
/* All that waits becomes one reset. Cannot fail. */
void communityi_changes_reset(communityi_changes *changes);

bool communityi_changes_are_pending(const communityi_changes *changes);

/* Takes what waits, at least one change; *out_count of them, valid until
 * communityi_changes_drop_taken. */
const community_change *communityi_changes_take(communityi_changes *changes, size_t *out_count);
void communityi_changes_drop_taken(communityi_changes *changes);

#endif
