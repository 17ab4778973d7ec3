/* SPDX-License-Identifier: MIT */
/*
 * The rows of a sync's pages, in the server's order and each id once, and their merge with the
 * overlay into the store.
 */
#ifndef COMMUNITYI_SYNC_ROWS_H
#define COMMUNITYI_SYNC_ROWS_H

#include "community/overlay.h"
#include "community/store.h"

typedef struct communityi_row communityi_row;

typedef struct communityi_rows {
    const phx_allocator *allocator;
    phxi_map map;
    communityi_row *first;
    communityi_row *last;
} communityi_rows;

void communityi_rows_init(communityi_rows *rows, const phx_allocator *allocator,
                          const uint64_t seed[2]);
void communityi_rows_free(communityi_rows *rows);
void communityi_rows_clear(communityi_rows *rows);

/* Appends what the store holds. PHX_ERROR_NO_MEMORY: some may have been. */
PHX_MUST_CHECK phx_status communityi_rows_add_store(communityi_rows *rows,
                                                    const communityi_store *store);

/* Appends the posts of a page, but for ids that are there. *out_count: posts in the page, *out_new:
 * of them, appended. PHX_ERROR_UNEXPECTED_RESPONSE with *out_reason, PHX_ERROR_NO_MEMORY: some may
 * have been. */
PHX_MUST_CHECK phx_status communityi_rows_add_page(communityi_rows *rows, const void *body,
                                                   size_t length, size_t *out_count,
                                                   size_t *out_new, const char **out_reason);

/* The last row that still exists: one that was deleted is no place for the server to go on from.
 * Borrowed; NULL: none. */
const community_post *communityi_rows_cursor(const communityi_rows *rows,
                                             const communityi_overlay *overlay);

/* How many rows still exist. */
size_t communityi_rows_count_existing(const communityi_rows *rows,
                                      const communityi_overlay *overlay);

/*
 * Whether the rows reach down to the last post that the store holds and the server still lists, so
 * that a merge takes none of it away. The store's first `unsettled` posts are no evidence: between
 * them and the rest posts may have been missed. The rest lies without a gap in the server's list,
 * so a row right below one of it, and not of it, means that all below was deleted.
 */
bool communityi_rows_cover(const communityi_rows *rows, const communityi_store *store,
                           size_t unsettled);

/* Makes the store equal to: the posts that are new since and in no page, the newest first; then the
 * rows, less what was deleted, each in its newest version. PHX_ERROR_NO_MEMORY: the store is as it
 * was. */
PHX_MUST_CHECK phx_status communityi_rows_merge(const communityi_rows *rows,
                                                const communityi_overlay *overlay,
                                                communityi_store *store);

/* Appends the rows below the store's posts, less what was deleted and what it holds, each in its
 * newest version, as far as there is room. posts[]: has room for every row; those appended, one
 * reference each, the caller's; NULL: not wanted. PHX_ERROR_NO_MEMORY: some may have been. */
PHX_MUST_CHECK phx_status communityi_rows_append(const communityi_rows *rows,
                                                 const communityi_overlay *overlay,
                                                 communityi_store *store,
                                                 const community_post **posts, size_t *out_count);

#endif
