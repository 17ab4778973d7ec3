/* SPDX-License-Identifier: MIT */
/*
 * A post of the community feed: one immutable, reference-counted block, readable on any thread.
 */
#ifndef COMMUNITY_POST_H
#define COMMUNITY_POST_H

#include <phx/base.h>

PHX_NONNULL_BEGIN

/* Which members the server sent, and not as null. */
typedef enum PHX_ENUM(community_post_members) {
    COMMUNITY_POST_HAS_BODY = 1 << 0,
    COMMUNITY_POST_HAS_AUTHOR = 1 << 1,
    COMMUNITY_POST_HAS_LIKES_COUNT = 1 << 2,
    COMMUNITY_POST_HAS_LIKED_BY = 1 << 3,
    COMMUNITY_POST_HAS_COMMENTS_COUNT = 1 << 4,
    COMMUNITY_POST_HAS_INSERTED_AT = 1 << 5,
    COMMUNITY_POST_HAS_UPDATED_AT = 1 << 6,
} PHX_ENUM_NAME(community_post_members);

/* Absent members are "" here. */
typedef struct community_author {
    phx_slice id; /* exact text of the server's integer or string */
    phx_slice name;
    phx_slice avatar_url;
} community_author;

/*
 * Every text is UTF-8, may hold U+0000, and is followed by a NUL byte that `length` does not count.
 * What is absent is "", 0 or no element: see `members`. Made by the SDK only; new fields are
 * appended.
 */
typedef struct community_post {
    uint32_t struct_size;
    uint32_t members; /* COMMUNITY_POST_HAS_*, or-ed */
    phx_slice id;     /* exact text of the server's integer or string; never empty */
    phx_slice body;
    community_author author;
    int64_t likes_count;
    int64_t comments_count;
    const phx_slice *PHX_NULLABLE liked_by_user_ids;
    size_t liked_by_count;
    int64_t inserted_at_ms; /* UTC milliseconds since 1970 */
    int64_t updated_at_ms;
    /* A JSON object of the members that this version does not know, as the server wrote them
     * ("title", "image_url", "media", ...); "{}" for none. An author with members that this version
     * does not know is in it too, whole, as "author". */
    phx_slice extra_json;
} community_post;

/* One more reference; returns `post`. Threads: any. */
PHX_API const community_post *community_post_retain(const community_post *post);

/* One reference less; the last one frees the post. NULL does nothing. Threads: any. */
PHX_API void community_post_release(const community_post *PHX_NULLABLE post);

/* Whether `user_id` is among liked_by_user_ids. Threads: any. */
PHX_API bool community_post_is_liked_by(const community_post *post, const char *user_id);

/* The JSON value of the unknown member `name`, borrowed from the post; data NULL: it has none.
 * Threads: any. */
PHX_API phx_slice community_post_extra(const community_post *post, const char *name);

PHX_NONNULL_END

#endif
