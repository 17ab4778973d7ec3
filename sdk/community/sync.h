/* SPDX-License-Identifier: MIT */
/*
 * Keeping the feed without a gap. Subscribed first, pages are asked for from the newest post down,
 * until one is short, the capacity is reached, or they cover all that is held and at least
 * initial_posts; what live events said meanwhile wins over them; then the feed is made equal to
 * both in one step. Whatever spoils that starts it again, after a wait. A feed that is equal is
 * extended downwards by a page at a time, when that is wanted.
 *
 * Sans-I/O: whoever drives it sends the page that is wanted and hands in the answer. An input may
 * change what is wanted, so that is looked at after each.
 */
#ifndef COMMUNITYI_SYNC_H
#define COMMUNITYI_SYNC_H

#include <community/client.h>

#include "community/live.h"

typedef struct communityi_sync communityi_sync;

typedef struct communityi_sync_config {
    const phx_allocator *allocator;
    communityi_store *store; /* outlives the sync */
    uint32_t max_posts;
    uint32_t initial_posts; /* what a first fill fetches; at most max_posts */
    uint32_t page_posts;
    uint32_t max_noted_ids; /* live events of more posts during one sync start it again */
    bool has_pages;         /* there is a REST API to fetch from */
    uint64_t seed[2];
} communityi_sync_config;

/* A page that is wanted now. */
typedef struct communityi_sync_page {
    uint64_t id; /* names it; 0: none is wanted */
    uint32_t limit;
    const char *before_id; /* NULL: from the newest; borrowed until the next input */
    size_t before_length;
    bool is_refresh; /* the token of the last try was refused: ask the keychain for another */
} communityi_sync_page;

/* What became of a page below the feed. */
typedef struct communityi_older {
    phx_status status;  /* PHX_OK without a post: the feed is full, or the server has no more */
    const char *reason; /* static text, or NULL */
    const community_post **posts; /* those that were appended */
    size_t count;
} communityi_older;

/* PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status communityi_sync_new(const communityi_sync_config *config,
                                              communityi_sync **out_sync);
void communityi_sync_free(communityi_sync *sync);

/* Subscribed (anew): begins at once. Cannot fail. */
void communityi_sync_begin(communityi_sync *sync);
/* Not subscribed any more: gives up what is under way. Cannot fail. */
void communityi_sync_end(communityi_sync *sync);
/* An event was lost, or may have been: syncs again, once for many, and not too often. */
void communityi_sync_lost(communityi_sync *sync, uint64_t now_ms);
/* Ends a wait. */
void communityi_sync_hurry(communityi_sync *sync);

/*
 * A live event: applied to the store, and noted if a sync is under way. *out_changed: whether the
 * feed changed. PHX_ERROR_NO_MEMORY: the event is lost, and the feed will be synced for it.
 */
PHX_MUST_CHECK phx_status communityi_sync_live(communityi_sync *sync, communityi_live *live,
                                               uint64_t now_ms, bool *out_changed);

/*
 * Wants one page below the feed, until it is told of the outcome and drops it; further calls change
 * nothing. A sync that is under way is waited for, and one that becomes necessary meanwhile: the
 * page is then asked for anew. Cannot fail.
 */
void communityi_sync_want_older(communityi_sync *sync, uint64_t now_ms);
/* NULL: none yet. Borrowed until it is dropped. PHX_ERROR_DISCONNECTED: not subscribed, or not any
 * more. */
const communityi_older *communityi_sync_older(const communityi_sync *sync);
/* Gives up the page, or forgets its outcome. */
void communityi_sync_drop_older(communityi_sync *sync);

/* Which page is wanted. */
communityi_sync_page communityi_sync_wanted(const communityi_sync *sync);

/* How often every post of the feed became the server's version, and not only posts below. */
uint64_t communityi_sync_renewals(const communityi_sync *sync);

/* The answer to page `id`; that of another is ignored. PHX_ERROR_UNEXPECTED_RESPONSE: no list of
 * posts, and the sync starts again; *out_reason then says why, in static text. PHX_ERROR_NO_MEMORY:
 * likewise, and it is NULL. What is wrong with a page below the feed is the outcome of that alone,
 * and returned as PHX_OK. */
PHX_MUST_CHECK phx_status communityi_sync_answer(communityi_sync *sync, uint64_t id,
                                                 const void *body, size_t length, uint64_t now_ms,
                                                 const char **out_reason);

/* Page `id` was not to be had. True: the server refused the token, twice; nothing is wanted any
 * more. */
bool communityi_sync_failed(communityi_sync *sync, uint64_t id, phx_status status,
                            uint32_t retry_after_ms, uint64_t now_ms);

/* When the next wait ends; UINT64_MAX: none. */
uint64_t communityi_sync_deadline_ms(const communityi_sync *sync);
void communityi_sync_advance(communityi_sync *sync, uint64_t now_ms);

/* How the feed relates to the server's list. */
community_freshness communityi_sync_freshness(const communityi_sync *sync);

/* Syncs begun, and pages received. */
uint64_t communityi_sync_count(const communityi_sync *sync);
uint64_t communityi_sync_page_count(const communityi_sync *sync);

#endif
