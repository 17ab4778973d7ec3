/* SPDX-License-Identifier: MIT */
/*
 * Posts for the tests of the feed.
 */
#ifndef FEED_POSTS_H
#define FEED_POSTS_H

#include "community/post_codec.h"
#include "testing.h"

/* A post with one reference; a test that needs one that is malformed has a bug of its own. */
static inline const community_post *make_post(const phx_allocator *allocator, const char *json)
{
    const community_post *post = NULL;
    const char *reason = NULL;
    phx_status status = communityi_post_decode(allocator, json, strlen(json), &post, &reason);
    if (status != PHX_OK) {
        fail_msg("%s: %s", json, reason == NULL ? "no memory" : reason);
    }
    return post;
}

#endif
