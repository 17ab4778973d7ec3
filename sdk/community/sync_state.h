/* SPDX-License-Identifier: MIT */
/*
 * The inside of a sync, for sync.c and sync_older.c alone.
 */
#ifndef COMMUNITYI_SYNC_STATE_H
#define COMMUNITYI_SYNC_STATE_H

#include "community/overlay.h"
#include "community/retry.h"
#include "community/sync.h"
#include "community/sync_rows.h"

#define COMMUNITYI_PAGE_REPEATS "the page repeats posts of the pages before"

typedef enum sync_state {
    IDLE,     /* not subscribed, or refused */
    UNSYNCED, /* subscribed, and nothing to fetch from */
    FETCHING, /* a page is wanted */
    WAITING,  /* until due_ms, before the first page */
    DONE,
    EXTENDING, /* done, and a page below the feed is wanted */
} sync_state;

typedef enum older_state {
    OLDER_UNWANTED,
    OLDER_WANTED,
    OLDER_ANSWERED,
} older_state;

struct communityi_sync {
    communityi_sync_config config;
    sync_state state;
    communityi_overlay overlay;
    communityi_rows rows;
    communityi_retry retry;
    uint64_t page_id; /* of the page that is wanted or was last */
    uint32_t limit;   /* of that page */
    bool is_refresh;
    bool is_filling;   /* the rows begin with what is held; those below it are to be appended */
    uint64_t renewals; /* merges */
    bool has_more;     /* the server may have posts below the feed */
    size_t unsettled;  /* new posts since the feed was last without a gap; stays at SIZE_MAX */
    older_state older_state;
    communityi_older older; /* if answered */
    uint64_t due_ms;
    uint64_t done_ms;
    uint64_t count;
    uint64_t page_count;
};

/* Without a gap between its posts: live events keep it so. */
static inline bool communityi_sync_is_whole(const communityi_sync *sync)
{
    return sync->state == DONE || sync->state == EXTENDING;
}

/* sync.c */
/* Drops what is under way, and goes on in `state`. */
void communityi_sync_enter(communityi_sync *sync, sync_state state);
/* In DONE: begins what waited for the feed to be whole. */
void communityi_sync_go_on(communityi_sync *sync, uint64_t now_ms);

/* sync_older.c */
/* The outcome, if a page below the feed is wanted. */
void communityi_sync_answer_older(communityi_sync *sync, phx_status status, const char *reason);
/* The rows are the page below the feed, of row_count posts; or it failed as `status` says. */
void communityi_sync_extend(communityi_sync *sync, phx_status status, size_t row_count,
                            const char *reason, uint64_t now_ms);

#endif
