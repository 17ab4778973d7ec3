/* SPDX-License-Identifier: MIT */
/*
 * The sync's states and waits. Its rows and their merge are in sync_rows.c, pages below the feed in
 * sync_older.c.
 */
#include "community/sync_state.h"
#include "support/alloc.h"

phx_status communityi_sync_new(const communityi_sync_config *config, communityi_sync **out_sync)
{
    communityi_sync *sync = phxi_alloc_zero(config->allocator, sizeof *sync);
    *out_sync = sync;
    if (sync == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    sync->config = *config;
    communityi_overlay_init(&sync->overlay, config->allocator, config->max_noted_ids, config->seed);
    communityi_rows_init(&sync->rows, config->allocator, config->seed);
    communityi_retry_init(&sync->retry, config->seed[0] ^ config->seed[1]);
    return PHX_OK;
}

void communityi_sync_free(communityi_sync *sync)
{
    if (sync != NULL) {
        communityi_sync_drop_older(sync);
        communityi_overlay_free(&sync->overlay);
        communityi_rows_free(&sync->rows);
        phxi_free(sync->config.allocator, sync);
    }
}

void communityi_sync_enter(communityi_sync *sync, sync_state state)
{
    communityi_overlay_clear(&sync->overlay);
    communityi_rows_clear(&sync->rows);
    sync->is_refresh = false;
    sync->is_filling = false;
    sync->state = state;
    if (state == DONE || state == EXTENDING) {
        sync->unsettled = 0;
    } else if (state == IDLE || state == UNSYNCED) {
        communityi_sync_answer_older(sync, PHX_ERROR_DISCONNECTED, NULL);
    }
}

static uint32_t at_most(uint32_t limit, size_t room)
{
    return limit < room ? limit : (uint32_t)room;
}

/* No more than what a first fill still wants, or than there is room for below the feed. */
static uint32_t next_limit(const communityi_sync *sync)
{
    uint32_t limit = at_most(sync->config.page_posts, sync->config.max_posts);
    if (sync->state == EXTENDING) {
        return at_most(limit, sync->config.max_posts - communityi_store_count(sync->config.store));
    }
    size_t count = communityi_rows_count_existing(&sync->rows, &sync->overlay);
    size_t left = sync->config.initial_posts > count ? sync->config.initial_posts - count : 0;
    bool is_first = communityi_rows_cover(&sync->rows, sync->config.store, sync->unsettled);
    return is_first && left > 0 && sync->config.initial_posts < sync->config.max_posts
               ? at_most(limit, left)
               : limit;
}

static void want_next_page(communityi_sync *sync)
{
    sync->page_id++;
    sync->is_refresh = false;
    sync->limit = next_limit(sync);
}

static void fetch(communityi_sync *sync)
{
    communityi_sync_enter(sync, FETCHING);
    want_next_page(sync);
    sync->count++;
}

static void restart(communityi_sync *sync, uint32_t at_least_ms, uint64_t now_ms)
{
    if (communityi_sync_is_whole(sync) && now_ms - sync->done_ms >= COMMUNITYI_RETRY_MAX_MS) {
        communityi_retry_reset(&sync->retry);
    }
    uint32_t delay_ms = communityi_retry_delay_ms(&sync->retry);
    sync->due_ms = now_ms + (delay_ms > at_least_ms ? delay_ms : at_least_ms);
    communityi_sync_enter(sync, WAITING);
}

void communityi_sync_begin(communityi_sync *sync)
{
    if (sync->config.has_pages) {
        fetch(sync);
    } else {
        communityi_sync_enter(sync, UNSYNCED);
    }
}

void communityi_sync_end(communityi_sync *sync)
{
    communityi_sync_enter(sync, IDLE);
}

void communityi_sync_lost(communityi_sync *sync, uint64_t now_ms)
{
    if (sync->state == FETCHING || communityi_sync_is_whole(sync)) {
        restart(sync, 0, now_ms);
    }
}

void communityi_sync_hurry(communityi_sync *sync)
{
    if (sync->state == WAITING) {
        fetch(sync);
    }
}

/* A feed that has fewer posts than a first fill wants, after some were deleted, has room for what
 * the server has below: the rows that are held, and pages from there on. New posts may fill it
 * meanwhile; what was asked for below is given up then, before a held post has to go for a new one:
 * it would not join the feed any more. */
static void fill_up(communityi_sync *sync, uint64_t now_ms)
{
    size_t count = communityi_store_count(sync->config.store);
    if (count >= sync->config.max_posts) {
        sync->has_more = true;
        if (sync->is_filling || sync->state == EXTENDING) {
            communityi_sync_enter(sync, DONE);
        }
    } else if (count < sync->config.initial_posts && sync->has_more && sync->state == DONE) {
        communityi_sync_enter(sync, FETCHING);
        sync->is_filling = true;
        if (communityi_rows_add_store(&sync->rows, sync->config.store) == PHX_OK) {
            want_next_page(sync);
        } else {
            restart(sync, 0, now_ms);
        }
    }
}

phx_status communityi_sync_live(communityi_sync *sync, communityi_live *live, uint64_t now_ms,
                                bool *out_changed)
{
    phx_status status = communityi_live_apply(live, sync->config.store, out_changed);
    bool is_new = live->kind == COMMUNITYI_LIVE_NEW_POST && *out_changed;
    if (is_new && !communityi_sync_is_whole(sync) && sync->unsettled < SIZE_MAX) {
        sync->unsettled++;
    }
    bool is_missed = status != PHX_OK;
    if (!is_missed && (sync->state == FETCHING || sync->state == EXTENDING)) {
        is_missed = communityi_overlay_note(&sync->overlay, live) != PHX_OK; /* by the sync alone */
    }
    if (is_missed) {
        communityi_sync_lost(sync, now_ms);
    }
    communityi_sync_go_on(sync, now_ms);
    return status;
}

communityi_sync_page communityi_sync_wanted(const communityi_sync *sync)
{
    const community_post *cursor = NULL;
    if (sync->state == FETCHING) {
        cursor = communityi_rows_cursor(&sync->rows, &sync->overlay);
    } else if (sync->state == EXTENDING) {
        size_t count = communityi_store_count(sync->config.store);
        cursor = count == 0 ? NULL : communityi_store_at(sync->config.store, count - 1);
    } else {
        return (communityi_sync_page){0};
    }
    return (communityi_sync_page){
        .id = sync->page_id,
        .limit = sync->limit,
        .before_id = cursor == NULL ? NULL : cursor->id.data,
        .before_length = cursor == NULL ? 0 : cursor->id.length,
        .is_refresh = sync->is_refresh,
    };
}

void communityi_sync_go_on(communityi_sync *sync, uint64_t now_ms)
{
    fill_up(sync, now_ms);
    if (sync->state != DONE || sync->older_state != OLDER_WANTED) {
        return;
    }
    size_t count = communityi_store_count(sync->config.store);
    if (!sync->has_more || count >= sync->config.max_posts) {
        communityi_sync_answer_older(sync, PHX_OK, NULL);
    } else {
        communityi_sync_enter(sync, EXTENDING);
        want_next_page(sync);
    }
}

/* What is held stays as it is, likes that are shown early and all: only what is below is new. */
static phx_status add_below(communityi_sync *sync)
{
    size_t count = 0;
    return communityi_rows_append(&sync->rows, &sync->overlay, sync->config.store, NULL, &count);
}

static phx_status finish(communityi_sync *sync, bool is_end, uint64_t now_ms)
{
    phx_status status =
        sync->is_filling ? add_below(sync)
                         : communityi_rows_merge(&sync->rows, &sync->overlay, sync->config.store);
    if (status == PHX_OK) {
        sync->has_more =
            !is_end || communityi_store_count(sync->config.store) >= sync->config.max_posts;
        sync->done_ms = now_ms;
        sync->renewals += sync->is_filling ? 0 : 1;
        communityi_sync_enter(sync, DONE);
        communityi_sync_go_on(sync, now_ms);
    }
    return status;
}

/* Whether the rows are all that this sync wants. */
static bool is_enough(const communityi_sync *sync)
{
    size_t count = communityi_rows_count_existing(&sync->rows, &sync->overlay);
    return count >= sync->config.max_posts ||
           (count >= sync->config.initial_posts &&
            communityi_rows_cover(&sync->rows, sync->config.store, sync->unsettled));
}

static phx_status take_page(communityi_sync *sync, size_t row_count, size_t new_count,
                            uint64_t now_ms, const char **out_reason)
{
    bool is_end = row_count < sync->limit;
    if (is_end || is_enough(sync)) {
        return finish(sync, is_end, now_ms);
    }
    if (new_count == 0) {
        *out_reason = COMMUNITYI_PAGE_REPEATS;
        return PHX_ERROR_UNEXPECTED_RESPONSE;
    }
    want_next_page(sync);
    return PHX_OK;
}

phx_status communityi_sync_answer(communityi_sync *sync, uint64_t id, const void *body,
                                  size_t length, uint64_t now_ms, const char **out_reason)
{
    *out_reason = NULL;
    if (communityi_sync_wanted(sync).id != id || id == 0) {
        return PHX_OK;
    }
    size_t row_count = 0;
    size_t new_count = 0;
    phx_status status =
        communityi_rows_add_page(&sync->rows, body, length, &row_count, &new_count, out_reason);
    sync->page_count += status == PHX_OK ? 1 : 0;
    if (sync->state == EXTENDING) {
        communityi_sync_extend(sync, status, row_count, *out_reason, now_ms);
        *out_reason = NULL;
        return PHX_OK;
    }
    if (status == PHX_OK) {
        status = take_page(sync, row_count, new_count, now_ms, out_reason);
    }
    if (status != PHX_OK) {
        restart(sync, 0, now_ms);
    }
    return status;
}

uint64_t communityi_sync_renewals(const communityi_sync *sync)
{
    return sync->renewals;
}

static bool is_refusal(phx_status status)
{
    return status == PHX_ERROR_UNAUTHORIZED || status == PHX_ERROR_FORBIDDEN;
}

/* Below a post that the server does not know (any more) is no place to go on from: its deletion was
 * missed, or is on its way. */
static void fail_page(communityi_sync *sync, phx_status status, uint32_t retry_after_ms,
                      uint64_t now_ms)
{
    if (sync->state == EXTENDING && status != PHX_ERROR_NOT_FOUND) {
        communityi_sync_answer_older(sync, status, NULL);
        communityi_sync_enter(sync, DONE);
        communityi_sync_go_on(sync, now_ms);
    } else {
        restart(sync, retry_after_ms, now_ms);
    }
}

bool communityi_sync_failed(communityi_sync *sync, uint64_t id, phx_status status,
                            uint32_t retry_after_ms, uint64_t now_ms)
{
    if (communityi_sync_wanted(sync).id != id || id == 0) {
        return false;
    }
    if (!is_refusal(status)) {
        fail_page(sync, status, retry_after_ms, now_ms);
        return false;
    }
    if (sync->is_refresh) {
        communityi_sync_answer_older(sync, status, NULL);
        communityi_sync_enter(sync, IDLE);
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
    case EXTENDING:
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
