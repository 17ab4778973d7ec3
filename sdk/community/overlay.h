/* SPDX-License-Identifier: MIT */
/*
 * What live events said while a sync was under way, by post id. It wins over the rows of the pages,
 * which may have been read before. Pure; bounded.
 */
#ifndef COMMUNITYI_OVERLAY_H
#define COMMUNITYI_OVERLAY_H

#include "community/live.h"
#include "support/map.h"

typedef struct communityi_overlay_entry {
    phxi_map_entry link;
    struct communityi_overlay_entry *next;       /* of all */
    struct communityi_overlay_entry *next_newer; /* of those that came by new_post, oldest first */
    const community_post *post;                  /* the latest whole version */
    communityi_patch *likes;                     /* without a whole version: the latest counts */
    communityi_patch *comments;
    bool is_new;
    bool is_deleted;
} communityi_overlay_entry;

typedef struct communityi_overlay {
    const phx_allocator *allocator;
    phxi_map map;
    communityi_overlay_entry *entries;
    communityi_overlay_entry *oldest_new;
    size_t max_entries;
} communityi_overlay;

void communityi_overlay_init(communityi_overlay *overlay, const phx_allocator *allocator,
                             size_t max_entries, const uint64_t seed[2]);
void communityi_overlay_free(communityi_overlay *overlay);

/* Forgets everything. */
void communityi_overlay_clear(communityi_overlay *overlay);

/*
 * Takes note of an event, and takes its patch over if it is needed (live->patch is NULL then).
 * PHX_ERROR_QUEUE_FULL: max_entries ids are noted. PHX_ERROR_NO_MEMORY. The overlay is as it was
 * then.
 */
PHX_MUST_CHECK phx_status communityi_overlay_note(communityi_overlay *overlay,
                                                  communityi_live *live);

/* Whether the post was deleted, as far as live events know. */
bool communityi_overlay_is_deleted(const communityi_overlay *overlay, phx_slice id);

/* The newest version of a page's row, one reference, the caller's. Not for a deleted one.
 * PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status communityi_overlay_resolve(const communityi_overlay *overlay,
                                                     const community_post *row,
                                                     const community_post **out_post);

#endif
