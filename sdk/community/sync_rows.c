/* SPDX-License-Identifier: MIT */
/*
 * Rows of pages, linked in order and found by id.
 */
#include "community/sync_rows.h"

#include "support/alloc.h"

struct communityi_row {
    phxi_map_entry link; /* its key is the post's id */
    communityi_row *previous;
    communityi_row *next;
    const community_post *post;
};

void communityi_rows_init(communityi_rows *rows, const phx_allocator *allocator,
                          const uint64_t seed[2])
{
    *rows = (communityi_rows){.allocator = allocator};
    phxi_map_init(&rows->map, allocator, seed);
}

void communityi_rows_clear(communityi_rows *rows)
{
    while (rows->first != NULL) {
        communityi_row *row = rows->first;
        rows->first = row->next;
        phxi_map_remove(&rows->map, &row->link);
        community_post_release(row->post);
        phxi_free(rows->allocator, row);
    }
    rows->last = NULL;
}

void communityi_rows_free(communityi_rows *rows)
{
    communityi_rows_clear(rows);
    phxi_map_free(&rows->map);
}

typedef struct page_load {
    communityi_rows *rows;
    size_t count;
    size_t new_count;
} page_load;

/* Its reference becomes the row's, or is given back. */
static phx_status add_row(void *user_data, const community_post *post)
{
    page_load *load = user_data;
    communityi_rows *rows = load->rows;
    load->count++;
    if (phxi_map_find(&rows->map, post->id.data, post->id.length) != NULL) {
        community_post_release(post);
        return PHX_OK;
    }
    phx_status status = phxi_map_reserve(&rows->map, 1);
    communityi_row *row = status == PHX_OK ? phxi_alloc_zero(rows->allocator, sizeof *row) : NULL;
    if (row == NULL) {
        community_post_release(post);
        return PHX_ERROR_NO_MEMORY;
    }
    row->post = post;
    row->previous = rows->last;
    *(rows->last == NULL ? &rows->first : &rows->last->next) = row;
    rows->last = row;
    phxi_map_insert(&rows->map, &row->link, post->id.data, post->id.length);
    load->new_count++;
    return PHX_OK;
}

phx_status communityi_rows_add_store(communityi_rows *rows, const communityi_store *store)
{
    page_load load = {.rows = rows};
    phx_status status = PHX_OK;
    size_t count = communityi_store_count(store);
    for (size_t i = 0; i < count && status == PHX_OK; i++) {
        status = add_row(&load, community_post_retain(communityi_store_at(store, i)));
    }
    return status;
}

phx_status communityi_rows_add_page(communityi_rows *rows, const void *body, size_t length,
                                    size_t *out_count, size_t *out_new, const char **out_reason)
{
    page_load load = {.rows = rows};
    phx_status status =
        communityi_page_decode(rows->allocator, body, length, add_row, &load, out_reason);
    *out_count = load.count;
    *out_new = load.new_count;
    return status == PHX_ERROR_MALFORMED_FRAME ? PHX_ERROR_UNEXPECTED_RESPONSE : status;
}

const community_post *communityi_rows_cursor(const communityi_rows *rows,
                                             const communityi_overlay *overlay)
{
    const communityi_row *row = rows->last;
    while (row != NULL && communityi_overlay_is_deleted(overlay, row->post->id)) {
        row = row->previous;
    }
    return row == NULL ? NULL : row->post;
}

size_t communityi_rows_count_existing(const communityi_rows *rows,
                                      const communityi_overlay *overlay)
{
    size_t count = 0;
    for (const communityi_row *row = rows->first; row != NULL; row = row->next) {
        count += communityi_overlay_is_deleted(overlay, row->post->id) ? 0 : 1;
    }
    return count;
}

bool communityi_rows_cover(const communityi_rows *rows, const communityi_store *store,
                           size_t unsettled)
{
    size_t count = communityi_store_count(store);
    for (size_t i = count; i > unsettled; i--) {
        phx_slice id = communityi_store_at(store, i - 1)->id;
        phxi_map_entry *link = phxi_map_find(&rows->map, id.data, id.length);
        if (link != NULL) {
            return i == count || PHXI_CONTAINER(communityi_row, link, link)->next != NULL;
        }
    }
    return count <= unsettled;
}

/* Puts the posts that are new into posts[], the newest first. Returns how many. */
static size_t put_new(const communityi_rows *rows, const communityi_overlay *overlay,
                      const community_post **posts)
{
    size_t count = 0;
    for (const communityi_overlay_entry *entry = overlay->oldest_new; entry != NULL;
         entry = entry->next_newer) {
        if (!entry->is_deleted &&
            phxi_map_find(&rows->map, entry->link.key, entry->link.key_length) == NULL) {
            posts[count++] = community_post_retain(entry->post);
        }
    }
    for (size_t low = 0, high = count; low + 1 < high; low++) {
        const community_post *older = posts[low];
        posts[low] = posts[--high];
        posts[high] = older;
    }
    return count;
}

static phx_status put_rows(const communityi_rows *rows, const communityi_overlay *overlay,
                           const community_post **posts, size_t *count)
{
    for (const communityi_row *row = rows->first; row != NULL; row = row->next) {
        if (communityi_overlay_is_deleted(overlay, row->post->id)) {
            continue;
        }
        phx_status status = communityi_overlay_resolve(overlay, row->post, &posts[*count]);
        if (status != PHX_OK) {
            return status;
        }
        (*count)++;
    }
    return PHX_OK;
}

phx_status communityi_rows_merge(const communityi_rows *rows, const communityi_overlay *overlay,
                                 communityi_store *store)
{
    size_t room = rows->map.count + overlay->map.count;
    const community_post **posts = phxi_alloc(rows->allocator, room * sizeof(*posts));
    if (posts == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    size_t count = put_new(rows, overlay, posts);
    phx_status status = put_rows(rows, overlay, posts, &count);
    bool is_changed = false;
    if (status == PHX_OK) {
        status = communityi_store_assign(store, posts, count, &is_changed);
    }
    for (size_t i = 0; i < count; i++) {
        community_post_release(posts[i]);
    }
    phxi_free(rows->allocator, posts);
    return status;
}

phx_status communityi_rows_append(const communityi_rows *rows, const communityi_overlay *overlay,
                                  communityi_store *store, const community_post **posts,
                                  size_t *out_count)
{
    *out_count = 0;
    for (const communityi_row *row = rows->first; row != NULL; row = row->next) {
        phx_slice id = row->post->id;
        if (communityi_overlay_is_deleted(overlay, id) ||
            communityi_store_find(store, id.data, id.length) != NULL) {
            continue;
        }
        const community_post *post = NULL;
        bool is_appended = false;
        phx_status status = communityi_overlay_resolve(overlay, row->post, &post);
        if (status == PHX_OK) {
            status = communityi_store_append(store, post, &is_appended);
        }
        if (!is_appended) {
            community_post_release(post);
            return status;
        }
        if (posts == NULL) {
            community_post_release(post);
        } else {
            posts[*out_count] = post;
        }
        (*out_count)++;
    }
    return PHX_OK;
}
