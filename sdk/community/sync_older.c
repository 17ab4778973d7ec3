/* SPDX-License-Identifier: MIT */
/*
 * A page below the feed: wanted, asked for when the feed is whole, appended, told.
 */
#include "community/sync_state.h"
#include "support/alloc.h"

void communityi_sync_answer_older(communityi_sync *sync, phx_status status, const char *reason)
{
    if (sync->older_state == OLDER_WANTED) {
        sync->older_state = OLDER_ANSWERED;
        sync->older.status = status;
        sync->older.reason = reason;
    }
}

static void forget_older_posts(communityi_sync *sync)
{
    for (size_t i = 0; i < sync->older.count; i++) {
        community_post_release(sync->older.posts[i]);
    }
    if (sync->older.posts != NULL) {
        phxi_free(sync->config.allocator, sync->older.posts);
    }
    sync->older = (communityi_older){0};
}

/* The rows are a page below the feed. */
static phx_status extend(communityi_sync *sync, size_t row_count, const char **out_reason)
{
    communityi_older *older = &sync->older;
    size_t rows = sync->rows.map.count;
    if (rows > 0) {
        older->posts = phxi_alloc(sync->config.allocator, rows * sizeof(*older->posts));
        if (older->posts == NULL) {
            return PHX_ERROR_NO_MEMORY;
        }
    }
    phx_status status = communityi_rows_append(&sync->rows, &sync->overlay, sync->config.store,
                                               older->posts, &older->count);
    if (status == PHX_OK) {
        sync->has_more = row_count >= sync->limit ||
                         communityi_store_count(sync->config.store) >= sync->config.max_posts;
    }
    bool is_all_deleted = communityi_rows_count_existing(&sync->rows, &sync->overlay) == 0;
    if (status == PHX_OK && older->count == 0 && sync->has_more && !is_all_deleted &&
        communityi_store_count(sync->config.store) < sync->config.max_posts) {
        *out_reason = COMMUNITYI_PAGE_REPEATS;
        status = PHX_ERROR_UNEXPECTED_RESPONSE;
    }
    return status;
}

/* A page whose every post was deleted meanwhile is no answer while the server has more: it is asked
 * for again. */
void communityi_sync_extend(communityi_sync *sync, phx_status status, size_t row_count,
                            const char *reason, uint64_t now_ms)
{
    if (status == PHX_OK) {
        status = extend(sync, row_count, &reason);
    }
    bool is_again = status == PHX_OK && sync->older.count == 0 && sync->has_more;
    if (is_again) {
        forget_older_posts(sync);
    } else {
        communityi_sync_answer_older(sync, status, reason);
    }
    communityi_sync_enter(sync, DONE);
    communityi_sync_go_on(sync, now_ms);
}

void communityi_sync_want_older(communityi_sync *sync, uint64_t now_ms)
{
    if (sync->older_state != OLDER_UNWANTED) {
        return;
    }
    sync->older_state = OLDER_WANTED;
    if (sync->state == IDLE || sync->state == UNSYNCED) {
        communityi_sync_answer_older(sync, PHX_ERROR_DISCONNECTED, NULL);
    } else {
        communityi_sync_go_on(sync, now_ms);
    }
}

const communityi_older *communityi_sync_older(const communityi_sync *sync)
{
    return sync->older_state == OLDER_ANSWERED ? &sync->older : NULL;
}

void communityi_sync_drop_older(communityi_sync *sync)
{
    forget_older_posts(sync);
    sync->older_state = OLDER_UNWANTED;
    if (sync->state == EXTENDING) {
        communityi_sync_enter(sync, DONE);
    }
}
