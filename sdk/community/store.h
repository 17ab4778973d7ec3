/* SPDX-License-Identifier: MIT */
/*
 * The feed's posts in order: found by id without a scan, bounded, with immutable snapshots that
 * share all that did not change, and the exact list of changes since the last batch. Knows no
 * network and no time.
 */
#ifndef COMMUNITYI_STORE_H
#define COMMUNITYI_STORE_H

#include <community/feed.h>
#include <phx/ports.h>

#include "community/post_codec.h"

typedef struct communityi_store communityi_store;

/* `seed`: for the hash of ids. max_posts >= 1. PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status communityi_store_new(const phx_allocator *allocator, uint32_t max_posts,
                                               const uint64_t seed[2],
                                               communityi_store **out_store);
void communityi_store_free(communityi_store *store);

/*
 * The live events. Each retains what it keeps. *out_changed: whether the feed changed; an event for
 * a post that is not held (but for prepend), and one that says what is there already, change
 * nothing and emit nothing. PHX_ERROR_NO_MEMORY: all is as it was.
 */
/* new_post: to the top; one that is held is replaced in place. Beyond the capacity the last post
 * goes. */
PHX_MUST_CHECK phx_status communityi_store_prepend(communityi_store *store,
                                                   const community_post *post, bool *out_changed);
PHX_MUST_CHECK phx_status communityi_store_replace(communityi_store *store,
                                                   const community_post *post, bool *out_changed);
PHX_MUST_CHECK phx_status communityi_store_remove(communityi_store *store, const char *id,
                                                  size_t id_length, bool *out_changed);
PHX_MUST_CHECK phx_status communityi_store_patch(communityi_store *store,
                                                 const communityi_patch *patch, bool *out_changed);

/* Appends below the last post, for paging downwards; one that is held is replaced in place. Beyond
 * the capacity: nothing, *out_changed false. */
PHX_MUST_CHECK phx_status communityi_store_append(communityi_store *store,
                                                  const community_post *post, bool *out_changed);

/*
 * Makes the feed exactly posts[count] (no id twice; cut at the capacity), with as few changes as it
 * takes: a post that is equal is not replaced, one that stays in order is not moved. All or
 * nothing. PHX_ERROR_INVALID_ARGUMENT: an id twice. PHX_ERROR_NO_MEMORY.
 */
PHX_MUST_CHECK phx_status communityi_store_assign(communityi_store *store,
                                                  const community_post *const *posts, size_t count,
                                                  bool *out_changed);

/* Empties the feed; the pending changes become one reset (none if it was empty and had none
 * pending). Cannot fail. */
void communityi_store_clear(communityi_store *store);

size_t communityi_store_count(const communityi_store *store);
/* Borrowed; NULL: not held. */
const community_post *communityi_store_find(const communityi_store *store, const char *id,
                                            size_t id_length);
/* Borrowed; NULL: empty, or beyond the end. */
const community_post *communityi_store_at(const communityi_store *store, size_t index);

/* The pending changes become one reset. Cannot fail. */
void communityi_store_collapse(communityi_store *store);

bool communityi_store_has_changes(const communityi_store *store);

/* The feed now, retained for the caller; O(1) but for the first after a change. Cannot fail. */
const community_snapshot *communityi_store_snapshot(communityi_store *store);

/*
 * Takes the pending changes: *out_batch is valid until communityi_store_end_batch, which must
 * follow; the store may be changed in between. False: none are pending. The pending list is
 * bounded: beyond as many changes as max_posts (at least 1024) it collapses into one reset. Cannot
 * fail.
 */
bool communityi_store_begin_batch(communityi_store *store, community_batch *out_batch);
void communityi_store_end_batch(communityi_store *store, community_batch *batch);

#endif
