/* SPDX-License-Identifier: MIT */
/*
 * The feed as an app sees it: snapshots, and the changes from one to the next.
 */
#ifndef COMMUNITY_FEED_H
#define COMMUNITY_FEED_H

#include <community/post.h>

PHX_NONNULL_BEGIN

/* The feed at one moment, newest first. Immutable, reference-counted, cheap to take and keep. */
typedef struct community_snapshot community_snapshot;

/* Threads: any. */
PHX_API size_t community_snapshot_count(const community_snapshot *snapshot);

/* The post at `index`, borrowed from the snapshot; NULL beyond the end. Logarithmic. Threads: any.
 */
PHX_API const community_post *PHX_NULLABLE
community_snapshot_post(const community_snapshot *snapshot, size_t index);

/* Copies up to `capacity` post pointers from `first` on into posts[], borrowed from the snapshot,
 * and returns how many. For drawing a window of the feed. Threads: any. */
PHX_API size_t community_snapshot_range(const community_snapshot *snapshot, size_t first,
                                        const community_post *PHX_NULLABLE *PHX_NONNULL posts,
                                        size_t capacity);

/* One more reference; returns `snapshot`. Threads: any. */
PHX_API const community_snapshot *community_snapshot_retain(const community_snapshot *snapshot);

/* One reference less. NULL does nothing. Threads: any. */
PHX_API void community_snapshot_release(const community_snapshot *PHX_NULLABLE snapshot);

typedef enum PHX_ENUM(community_change_kind) {
    COMMUNITY_CHANGE_INSERT = 1, /* `post` is now at `index`; what was there and below moved down */
    COMMUNITY_CHANGE_REPLACE,    /* `post` took the place of an older version of itself at `index`
                                  */
    COMMUNITY_CHANGE_REMOVE,     /* `post`, as it was, is no longer at `index`; what was below moved
                                  * up
                                  */
    COMMUNITY_CHANGE_RESET, /* everything before is void: the batch's snapshot is the whole feed
                             */
} PHX_ENUM_NAME(community_change_kind);

typedef struct community_change {
    community_change_kind kind;
    size_t index;
    const community_post *PHX_NULLABLE post; /* borrowed from the batch; NULL for a reset */
} community_change;

/*
 * The changes of one turn of the loop. Applied one after the other, each to the outcome of those
 * before it, they lead exactly from the previous batch's snapshot (at first: an empty feed) to this
 * one's. A reset is always the only change of its batch. Borrowed for the callback; retain what is
 * kept.
 */
typedef struct community_batch {
    uint32_t struct_size;
    const community_change *changes;
    size_t count; /* at least 1 */
    const community_snapshot *snapshot;
} community_batch;

PHX_NONNULL_END

#endif
