/* SPDX-License-Identifier: MIT */
/*
 * The plainest feed: an array of posts, each with a reference. What the store is held against.
 */
#ifndef POST_LIST_H
#define POST_LIST_H

#include "community/post_codec.h"
#include "testing.h"

enum {
    MAX_MODEL = 400
};

typedef struct post_list {
    const community_post *posts[MAX_MODEL + 2];
    size_t count;
} post_list;

static inline void list_insert(post_list *list, size_t index, const community_post *post)
{
    memmove(&list->posts[index + 1], &list->posts[index],
            (list->count - index) * sizeof(const community_post *));
    list->posts[index] = community_post_retain(post);
    list->count++;
}

static inline void list_remove(post_list *list, size_t index)
{
    community_post_release(list->posts[index]);
    list->count--;
    memmove(&list->posts[index], &list->posts[index + 1],
            (list->count - index) * sizeof(const community_post *));
}

static inline void list_replace(post_list *list, size_t index, const community_post *post)
{
    community_post_retain(post);
    community_post_release(list->posts[index]);
    list->posts[index] = post;
}

static inline void list_clear(post_list *list)
{
    while (list->count > 0) {
        list_remove(list, list->count - 1);
    }
}

/* Where the id is; the count if it is not there. */
static inline size_t list_find(const post_list *list, const community_post *post)
{
    size_t i = 0;
    while (i < list->count &&
           (list->posts[i]->id.length != post->id.length ||
            memcmp(list->posts[i]->id.data, post->id.data, post->id.length) != 0)) {
        i++;
    }
    return i;
}

#endif
