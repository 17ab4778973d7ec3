/* SPDX-License-Identifier: MIT */
/*
 * Live events by post id, folded into one entry each.
 */
#include "community/overlay.h"

#include <string.h>

#include "support/alloc.h"

typedef communityi_overlay_entry entry;

void communityi_overlay_init(communityi_overlay *overlay, const phx_allocator *allocator,
                             size_t max_entries, const uint64_t seed[2])
{
    *overlay = (communityi_overlay){.allocator = allocator, .max_entries = max_entries};
    phxi_map_init(&overlay->map, allocator, seed);
}

static void free_patch(const communityi_overlay *overlay, communityi_patch **patch)
{
    if (*patch != NULL) {
        communityi_patch_free(overlay->allocator, *patch);
        *patch = NULL;
    }
}

static void drop_content(communityi_overlay *overlay, entry *found)
{
    community_post_release(found->post);
    found->post = NULL;
    free_patch(overlay, &found->likes);
    free_patch(overlay, &found->comments);
}

void communityi_overlay_clear(communityi_overlay *overlay)
{
    while (overlay->entries != NULL) {
        entry *first = overlay->entries;
        overlay->entries = first->next;
        phxi_map_remove(&overlay->map, &first->link);
        drop_content(overlay, first);
        phxi_free(overlay->allocator, first);
    }
    overlay->oldest_new = NULL;
}

void communityi_overlay_free(communityi_overlay *overlay)
{
    communityi_overlay_clear(overlay);
    phxi_map_free(&overlay->map);
}

static entry *find(const communityi_overlay *overlay, phx_slice id)
{
    phxi_map_entry *link = phxi_map_find(&overlay->map, id.data, id.length);
    return link == NULL ? NULL : PHXI_CONTAINER(entry, link, link);
}

static phx_status add(communityi_overlay *overlay, phx_slice id, entry **out_entry)
{
    if (overlay->map.count >= overlay->max_entries) {
        return PHX_ERROR_QUEUE_FULL;
    }
    phx_status status = phxi_map_reserve(&overlay->map, 1);
    if (status != PHX_OK) {
        return status;
    }
    entry *added = phxi_alloc(overlay->allocator, sizeof *added + id.length);
    if (added == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    *added = (entry){.next = overlay->entries};
    char *key = (char *)(added + 1);
    memcpy(key, id.data, id.length);
    overlay->entries = added;
    phxi_map_insert(&overlay->map, &added->link, key, id.length);
    *out_entry = added;
    return PHX_OK;
}

/* Moves the entry to the end of the list of new posts: the newest. */
static void make_newest(communityi_overlay *overlay, entry *noted)
{
    entry **place = &overlay->oldest_new;
    while (*place != NULL) {
        if (*place == noted) {
            *place = noted->next_newer;
        } else {
            place = &(*place)->next_newer;
        }
    }
    noted->next_newer = NULL;
    *place = noted;
}

static void note_post(communityi_overlay *overlay, entry *noted, const communityi_live *live)
{
    bool is_creation = live->kind == COMMUNITYI_LIVE_NEW_POST;
    if (noted->is_deleted && !is_creation) {
        return; /* an edit that arrives after the deletion does not bring the post back */
    }
    drop_content(overlay, noted);
    noted->post = community_post_retain(live->post);
    if (is_creation && (!noted->is_new || noted->is_deleted)) {
        noted->is_new = true;
        make_newest(overlay, noted);
    }
    noted->is_deleted = false;
}

static phx_status note_counts(communityi_overlay *overlay, entry *noted, communityi_live *live)
{
    if (noted->is_deleted) {
        return PHX_OK;
    }
    if (noted->post != NULL) {
        const community_post *patched = NULL;
        phx_status status =
            communityi_post_patched(overlay->allocator, noted->post, live->patch, &patched);
        if (status == PHX_OK) {
            community_post_release(noted->post);
            noted->post = patched;
        }
        return status;
    }
    communityi_patch **slot =
        live->kind == COMMUNITYI_LIVE_LIKES_UPDATED ? &noted->likes : &noted->comments;
    free_patch(overlay, slot);
    *slot = live->patch;
    live->patch = NULL;
    return PHX_OK;
}

phx_status communityi_overlay_note(communityi_overlay *overlay, communityi_live *live)
{
    phx_slice id =
        live->post != NULL ? live->post->id : (phx_slice){live->patch->id, live->patch->id_length};
    entry *noted = find(overlay, id);
    if (noted == NULL) {
        phx_status status = add(overlay, id, &noted);
        if (status != PHX_OK) {
            return status;
        }
    }
    if (live->post != NULL) {
        note_post(overlay, noted, live);
        return PHX_OK;
    }
    if (live->kind == COMMUNITYI_LIVE_POST_DELETED) {
        drop_content(overlay, noted);
        noted->is_deleted = true;
        return PHX_OK;
    }
    return note_counts(overlay, noted, live);
}

bool communityi_overlay_is_deleted(const communityi_overlay *overlay, phx_slice id)
{
    const entry *found = find(overlay, id);
    return found != NULL && found->is_deleted;
}

phx_status communityi_overlay_resolve(const communityi_overlay *overlay, const community_post *row,
                                      const community_post **out_post)
{
    *out_post = NULL;
    const entry *found = find(overlay, row->id);
    if (found != NULL && found->post != NULL) {
        *out_post = community_post_retain(found->post);
        return PHX_OK;
    }
    const community_post *post = community_post_retain(row);
    const communityi_patch *patches[] = {found == NULL ? NULL : found->likes,
                                         found == NULL ? NULL : found->comments};
    for (size_t i = 0; i < sizeof patches / sizeof patches[0]; i++) {
        const community_post *patched = NULL;
        if (patches[i] == NULL) {
            continue;
        }
        phx_status status = communityi_post_patched(overlay->allocator, post, patches[i], &patched);
        community_post_release(post);
        if (status != PHX_OK) {
            return status;
        }
        post = patched;
    }
    *out_post = post;
    return PHX_OK;
}
