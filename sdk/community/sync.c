/* SPDX-License-Identifier: MIT */
/*
 * The sync's states and waits. Its rows and their merge are in sync_rows.c.
 */
#include "community/sync.h"

#include "community/overlay.h"
#include "community/retry.h"
#include "community/sync_rows.h"
#include "support/alloc.h"

typedef enum sync_state {
    IDLE,     /* not subscribed, or refused */
    UNSYNCED, /* subscribed, and nothing to fetch from */
    FETCHING, /* a page is wanted */
    WAITING,  /* until due_ms, before the first page */
    DONE,
} sync_state;

struct communityi_sync {
    communityi_sync_config config;
    sync_state state;
    communityi_overlay overlay;
    communityi_rows rows;
    communityi_retry retry;
    uint64_t page_id; /* of the page that is wanted or was last */
    bool is_refresh;
    bool is_cut; /* the feed was full: the server may have more */
    uint64_t due_ms;
    uint64_t done_ms;
    uint64_t count;
    uint64_t page_count;
};

phx_status communityi_sync_new(const communityi_sync_config *config, communityi_sync **out_sync)
{
    communityi_sync *sync = phxi_alloc_zero(config->allocator, sizeof *sync);
    *out_sync = sync;
    if (sync == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    sync->config = *config;
    communityi_overlay_init(&sync->overlay, config->allocator, config->max_noted_ids, config->seed);
    communityi_rows_init(&sync->rows, config->allocator, config->max_posts, config->seed);
    communityi_retry_init(&sync->retry, config->seed[0] ^ config->seed[1]);
    return PHX_OK;
}

void communityi_sync_free(communityi_sync *sync)
{
    if (sync != NULL) {
        communityi_overlay_free(&sync->overlay);
        communityi_rows_free(&sync->rows);
        phxi_free(sync->config.allocator, sync);
    }
}

/* Drops what is under way, and goes on in `state`. */
static void enter(communityi_sync *sync, sync_state state)
{
    communityi_overlay_clear(&sync->overlay);
    communityi_rows_clear(&sync->rows);
    sync->is_refresh = false;
    sync->state = state;
}

static void want_next_page(communityi_sync *sync)
{
    sync->page_id++;
    sync->is_refresh = false;
}

static void fetch(communityi_sync *sync)
{
    enter(sync, FETCHING);
    want_next_page(sync);
    sync->count++;
}

static void restart(communityi_sync *sync, uint32_t at_least_ms, uint64_t now_ms)
{
    if (sync->state == DONE && now_ms - sync->done_ms >= COMMUNITYI_RETRY_MAX_MS) {
        communityi_retry_reset(&sync->retry);
    }
    uint32_t delay_ms = communityi_retry_delay_ms(&sync->retry);
    sync->due_ms = now_ms + (delay_ms > at_least_ms ? delay_ms : at_least_ms);
    enter(sync, WAITING);
}

void communityi_sync_begin(communityi_sync *sync)
{
    if (sync->config.has_pages) {
        fetch(sync);
    } else {
        enter(sync, UNSYNCED);
    }
}

void communityi_sync_end(communityi_sync *sync)
{
    enter(sync, IDLE);
}

void communityi_sync_lost(communityi_sync *sync, uint64_t now_ms)
{
    if (sync->state == FETCHING || sync->state == DONE) {
        restart(sync, 0, now_ms);
    }
}

void communityi_sync_hurry(communityi_sync *sync)
{
    if (sync->state == WAITING) {
        fetch(sync);
    }
}

/* A feed that was full and lost a post has room for what the server has below: the rows that are
 * held, and pages from there on. */
static void fill_up(communityi_sync *sync, uint64_t now_ms)
{
    size_t count = communityi_store_count(sync->config.store);
    if (count >= sync->config.max_posts) {
        sync->is_cut = true;
    } else if (sync->is_cut && sync->state == DONE) {
        enter(sync, FETCHING);
        want_next_page(sync);
        if (communityi_rows_add_store(&sync->rows, sync->config.store) != PHX_OK) {
            restart(sync, 0, now_ms);
        }
    }
}

phx_status communityi_sync_live(communityi_sync *sync, communityi_live *live, uint64_t now_ms,
                                bool *out_changed)
{
    phx_status status = communityi_live_apply(live, sync->config.store, out_changed);
    if (status == PHX_OK && sync->state == FETCHING &&
        communityi_overlay_note(&sync->overlay, live) != PHX_OK) {
        communityi_sync_lost(sync, now_ms); /* the feed has the event; only the sync missed it */
    } else if (status != PHX_OK) {
        communityi_sync_lost(sync, now_ms);
    }
    fill_up(sync, now_ms);
    return status;
}

communityi_sync_page communityi_sync_wanted(const communityi_sync *sync)
{
    if (sync->state != FETCHING) {
        return (communityi_sync_page){0};
    }
    uint32_t limit = sync->config.page_posts < sync->config.max_posts ? sync->config.page_posts
                                                                      : sync->config.max_posts;
    const community_post *cursor = communityi_rows_cursor(&sync->rows, &sync->overlay);
    return (communityi_sync_page){
        .id = sync->page_id,
        .limit = limit,
        .before_id = cursor == NULL ? NULL : cursor->id.data,
        .before_length = cursor == NULL ? 0 : cursor->id.length,
        .is_refresh = sync->is_refresh,
    };
}

static phx_status finish(communityi_sync *sync, uint64_t now_ms)
{
    phx_status status = communityi_rows_merge(&sync->rows, &sync->overlay, sync->config.store);
    if (status == PHX_OK) {
        enter(sync, DONE);
        sync->done_ms = now_ms;
        sync->is_cut = communityi_store_count(sync->config.store) >= sync->config.max_posts;
    }
    return status;
}

phx_status communityi_sync_answer(communityi_sync *sync, uint64_t id, const void *body,
                                  size_t length, uint64_t now_ms, const char **out_reason)
{
    *out_reason = NULL;
    if (sync->state != FETCHING || id != sync->page_id) {
        return PHX_OK;
    }
    uint32_t limit = communityi_sync_wanted(sync).limit;
    size_t row_count = 0;
    size_t new_count = 0;
    phx_status status =
        communityi_rows_add_page(&sync->rows, body, length, &row_count, &new_count, out_reason);
    sync->page_count += status == PHX_OK ? 1 : 0;
    bool is_last = row_count < limit || communityi_rows_is_full(&sync->rows, &sync->overlay);
    if (status == PHX_OK && !is_last && new_count == 0) {
        *out_reason = "the page repeats posts of the pages before";
        status = PHX_ERROR_UNEXPECTED_RESPONSE;
    }
    if (status == PHX_OK && is_last) {
        status = finish(sync, now_ms);
    } else if (status == PHX_OK) {
        want_next_page(sync);
    }
    if (status != PHX_OK) {
        restart(sync, 0, now_ms);
    }
    return status;
}

bool communityi_sync_failed(communityi_sync *sync, uint64_t id, phx_status status,
                            uint32_t retry_after_ms, uint64_t now_ms)
{
    if (sync->state != FETCHING || id != sync->page_id) {
        return false;
    }
    if (status != PHX_ERROR_UNAUTHORIZED && status != PHX_ERROR_FORBIDDEN) {
        restart(sync, retry_after_ms, now_ms);
        return false;
    }
    if (sync->is_refresh) {
        enter(sync, IDLE);
        return true;
    }
    sync->page_id++;
    sync->is_refresh = true;
    return false;
}

uint64_t communityi_sync_deadline_ms(const communityi_sync *sync)
{
    return sync->state == WAITING ? sync->due_ms : UINT64_MAX;
}

void communityi_sync_advance(communityi_sync *sync, uint64_t now_ms)
{
    if (sync->state == WAITING && now_ms >= sync->due_ms) {
        fetch(sync);
    }
}

community_freshness communityi_sync_freshness(const communityi_sync *sync)
{
    switch (sync->state) {
    case IDLE:
        break;
    case UNSYNCED:
        return COMMUNITY_UNSYNCED;
    case FETCHING:
    case WAITING:
        return COMMUNITY_SYNCING;
    case DONE:
        return COMMUNITY_LIVE;
    }
    return COMMUNITY_STALE;
}

uint64_t communityi_sync_count(const communityi_sync *sync)
{
    return sync->count;
}

uint64_t communityi_sync_page_count(const communityi_sync *sync)
{
    return sync->page_count;
}
