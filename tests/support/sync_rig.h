/* SPDX-License-Identifier: MIT */
/*
 * A sync by script: pages and live events interleaved. A post is written "ID:BODY" here; its id is
 * a number, its likes and comments are 0 until an event says otherwise.
 */
#ifndef SYNC_RIG_H
#define SYNC_RIG_H

#include "community/sync.h"

typedef struct rig {
    const phx_allocator *allocator;
    communityi_store *store;
    communityi_sync *sync;
    uint64_t now_ms;
} rig;

/* Not begun yet; stop it also when this fails. */
phx_status rig_try_start(rig *r, const phx_allocator *allocator, uint32_t max_posts,
                         uint32_t page_posts, uint32_t max_noted_ids);
/* The same; a first fill stops at initial_posts. */
phx_status rig_try_start_initial(rig *r, const phx_allocator *allocator, uint32_t max_posts,
                                 uint32_t page_posts, uint32_t initial_posts,
                                 uint32_t max_noted_ids);
/* And begun. */
void rig_start_initial(rig *r, uint32_t max_posts, uint32_t page_posts, uint32_t initial_posts);
void rig_start(rig *r, uint32_t max_posts, uint32_t page_posts);
void rig_stop(rig *r);
/* A live event; one that cannot be decoded is one that was lost. */
phx_status rig_event(rig *r, communityi_live_kind kind, const char *json, bool *out_changed);
/* The same, and it must go well. */
void rig_live(rig *r, communityi_live_kind kind, const char *json);
/* The answer to the page that is wanted: "5:five 4:four". */
phx_status rig_answer(rig *r, const char *posts);
/* The page that is wanted begins below this post; NULL: at the top; "-": none is wanted. */
void rig_expect_wanted(const rig *r, const char *before);
/* The store is "5:five+2/1 4:four": +likes/comments where there are any. */
void rig_expect_feed(const rig *r, const char *expected);
community_freshness rig_freshness(const rig *r);

#endif
