/* SPDX-License-Identifier: MIT */
/*
 * Likes that are shown early. A post is in the list exactly while the store holds a version of it
 * that differs from the server's by the user's like.
 */
#include "community/likes.h"

#include <string.h>

#include "support/alloc.h"

typedef struct communityi_shown_like {
    struct communityi_shown_like *next;
    const community_post *base; /* the server's version, as far as its likes go */
} shown_like;

void communityi_likes_init(communityi_likes *likes, const phx_allocator *allocator,
                           communityi_store *store, phx_slice user_id)
{
    *likes = (communityi_likes){.allocator = allocator, .store = store, .user_id = user_id};
}

static bool is_same(phx_slice a, phx_slice b)
{
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

static shown_like **find(communityi_likes *likes, phx_slice post_id)
{
    shown_like **place = &likes->first;
    while (*place != NULL && !is_same((*place)->base->id, post_id)) {
        place = &(*place)->next;
    }
    return place;
}

static void forget(communityi_likes *likes, shown_like **place)
{
    shown_like *shown = *place;
    *place = shown->next;
    community_post_release(shown->base);
    phxi_free(likes->allocator, shown);
}

void communityi_likes_free(communityi_likes *likes)
{
    while (likes->first != NULL) {
        forget(likes, &likes->first);
    }
}

static bool is_liked(const communityi_likes *likes, const community_post *post)
{
    for (size_t i = 0; i < post->liked_by_count; i++) {
        if (is_same(post->liked_by_user_ids[i], likes->user_id)) {
            return true;
        }
    }
    return false;
}

/* Whether the post has to change for the wish to come true. One that is not known changes nothing.
 */
static bool is_unlike(const communityi_likes *likes, const community_post *post,
                      communityi_like_wish wish)
{
    return wish != COMMUNITYI_WISH_UNKNOWN &&
           is_liked(likes, post) != (wish == COMMUNITYI_WISH_LIKED);
}

/* The post, if it is in the feed and says who likes it. */
static const community_post *likable(const communityi_likes *likes, phx_slice post_id)
{
    const community_post *post =
        likes->user_id.data == NULL
            ? NULL
            : communityi_store_find(likes->store, post_id.data, post_id.length);
    return post != NULL && (post->members & COMMUNITY_POST_HAS_LIKED_BY) != 0 ? post : NULL;
}

static communityi_like_wish wish_for(bool is_liked)
{
    return is_liked ? COMMUNITYI_WISH_LIKED : COMMUNITYI_WISH_UNLIKED;
}

communityi_like_wish communityi_likes_wish(const communityi_likes *likes, phx_slice post_id)
{
    const community_post *post = likable(likes, post_id);
    return post == NULL ? COMMUNITYI_WISH_UNKNOWN : wish_for(!is_liked(likes, post));
}

static phx_status put_likes(communityi_likes *likes, phx_slice post_id, int64_t count,
                            const phx_slice *liked_by, size_t liked_by_count)
{
    const communityi_patch patch = {
        .id = post_id.data,
        .id_length = post_id.length,
        .has_likes = true,
        .likes_count = count,
        .liked_by_user_ids = liked_by,
        .liked_by_count = liked_by_count,
        .has_liked_by = true,
    };
    bool is_changed = false;
    return communityi_store_patch(likes->store, &patch, &is_changed);
}

static phx_status put_likes_of(communityi_likes *likes, const community_post *post)
{
    return put_likes(likes, post->id, post->likes_count, post->liked_by_user_ids,
                     post->liked_by_count);
}

/* Puts the user's id in, or takes it out. */
static phx_status put_toggled(communityi_likes *likes, const community_post *post)
{
    phx_slice *ids = phxi_alloc(likes->allocator, (post->liked_by_count + 1) * sizeof *ids);
    if (ids == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < post->liked_by_count; i++) {
        if (!is_same(post->liked_by_user_ids[i], likes->user_id)) {
            ids[count++] = post->liked_by_user_ids[i];
        }
    }
    int64_t likes_count = post->likes_count;
    if (is_liked(likes, post)) {
        likes_count -= likes_count > 0 ? 1 : 0;
    } else {
        ids[count++] = likes->user_id;
        likes_count += likes_count < INT64_MAX ? 1 : 0;
    }
    phx_status status = put_likes(likes, post->id, likes_count, ids, count);
    phxi_free(likes->allocator, ids);
    return status;
}

void communityi_likes_touch(communityi_likes *likes, communityi_outbox *outbox, phx_slice post_id)
{
    shown_like **place = &likes->first;
    while (*place != NULL) {
        if (post_id.data == NULL || is_same((*place)->base->id, post_id)) {
            forget(likes, place);
        } else {
            place = &(*place)->next;
        }
    }
    for (communityi_outbox_item *item = outbox->first; item != NULL; item = item->next) {
        item->is_touched =
            item->is_touched || post_id.data == NULL || is_same(item->call->post_id, post_id);
    }
}

void communityi_likes_done(communityi_likes *likes, const communityi_outbox_item *item,
                           const community_post *post)
{
    shown_like **place = find(likes, item->call->post_id);
    bool is_answered = post != NULL && is_same(post->id, item->call->post_id) &&
                       (post->members & COMMUNITY_POST_HAS_LIKED_BY) != 0;
    /* What the server has told since is newer than its answer, or will be followed by what is. */
    if (is_answered && !item->is_touched) {
        if (put_likes_of(likes, post) == PHX_OK && *place != NULL) {
            forget(likes, place);
        }
        return;
    }
    /* What is shown has come true, unless the server told of it already, or a later toggle is
     * shown. */
    communityi_like_wish came = is_answered ? wish_for(is_liked(likes, post)) : item->wish;
    if (*place != NULL && is_unlike(likes, (*place)->base, came)) {
        forget(likes, place);
    }
}

static bool is_outstanding(const communityi_outbox_item *item)
{
    return item->outcome == COMMUNITY_OUTCOME_NONE &&
           item->call->kind == COMMUNITYI_CALL_TOGGLE_LIKE;
}

/* Goes back to the server's version where nothing waits that says otherwise. */
static bool hide_void(communityi_likes *likes, const communityi_outbox *outbox)
{
    bool is_complete = true;
    shown_like **place = &likes->first;
    while (*place != NULL) {
        const community_post *base = (*place)->base;
        const communityi_outbox_item *like = communityi_outbox_last_like(outbox, base->id);
        bool is_void = like == NULL || !is_unlike(likes, base, like->wish);
        if (is_void && put_likes_of(likes, base) != PHX_OK) {
            is_complete = is_void = false;
        }
        if (is_void) {
            forget(likes, place);
        } else {
            place = &(*place)->next;
        }
    }
    return is_complete;
}

static bool show(communityi_likes *likes, const community_post *post)
{
    shown_like *shown = phxi_alloc(likes->allocator, sizeof *shown);
    if (shown == NULL) {
        return false;
    }
    const community_post *base = community_post_retain(post);
    if (put_toggled(likes, base) != PHX_OK) {
        community_post_release(base);
        phxi_free(likes->allocator, shown);
        return false;
    }
    *shown = (shown_like){.next = likes->first, .base = base};
    likes->first = shown;
    return true;
}

bool communityi_likes_refresh(communityi_likes *likes, const communityi_outbox *outbox)
{
    bool is_complete = hide_void(likes, outbox);
    for (const communityi_outbox_item *item = outbox->first; item != NULL; item = item->next) {
        const community_post *post =
            is_outstanding(item) ? likable(likes, item->call->post_id) : NULL;
        if (post == NULL || communityi_outbox_last_like(outbox, post->id) != item) {
            continue; /* gone from the feed, or a later one decides */
        }
        if (is_unlike(likes, post, item->wish) && !show(likes, post)) {
            is_complete = false;
        }
    }
    return is_complete;
}
