/* SPDX-License-Identifier: MIT */
/*
 * Drives a sync by script.
 */
#include "sync_rig.h"

#include <stdio.h>

#include "support/alloc.h"
#include "testing.h"

static const uint64_t seed[2] = {1, 2};

phx_status rig_try_start_initial(rig *r, const phx_allocator *allocator, uint32_t max_posts,
                                 uint32_t page_posts, uint32_t initial_posts,
                                 uint32_t max_noted_ids)
{
    *r = (rig){.allocator = allocator, .now_ms = 1000};
    phx_status status = communityi_store_new(allocator, max_posts, seed, &r->store);
    if (status != PHX_OK) {
        return status;
    }
    const communityi_sync_config config = {
        .allocator = allocator,
        .store = r->store,
        .max_posts = max_posts,
        .initial_posts = initial_posts,
        .page_posts = page_posts,
        .max_noted_ids = max_noted_ids,
        .has_pages = true,
        .seed = {1, 2},
    };
    return communityi_sync_new(&config, &r->sync);
}

phx_status rig_try_start(rig *r, const phx_allocator *allocator, uint32_t max_posts,
                         uint32_t page_posts, uint32_t max_noted_ids)
{
    return rig_try_start_initial(r, allocator, max_posts, page_posts, max_posts, max_noted_ids);
}

void rig_start_initial(rig *r, uint32_t max_posts, uint32_t page_posts, uint32_t initial_posts)
{
    assert_int_equal(rig_try_start_initial(r, &phxi_default_allocator, max_posts, page_posts,
                                           initial_posts, 4096),
                     PHX_OK);
    communityi_sync_begin(r->sync);
}

void rig_start(rig *r, uint32_t max_posts, uint32_t page_posts)
{
    assert_int_equal(rig_try_start(r, &phxi_default_allocator, max_posts, page_posts, 4096),
                     PHX_OK);
    communityi_sync_begin(r->sync);
}

void rig_stop(rig *r)
{
    communityi_sync_free(r->sync);
    if (r->store != NULL) {
        communityi_store_free(r->store);
    }
}

phx_status rig_event(rig *r, communityi_live_kind kind, const char *json, bool *out_changed)
{
    communityi_live live;
    const char *reason = NULL;
    phx_slice payload = {json, strlen(json)};
    phx_status status = communityi_live_decode(r->allocator, kind, payload, &live, &reason);
    if (status == PHX_OK) {
        status = communityi_sync_live(r->sync, &live, r->now_ms, out_changed);
        communityi_live_free(r->allocator, &live);
    } else {
        communityi_sync_lost(r->sync, r->now_ms);
    }
    return status;
}

void rig_live(rig *r, communityi_live_kind kind, const char *json)
{
    bool is_changed = false;
    assert_int_equal(rig_event(r, kind, json, &is_changed), PHX_OK);
}

/* "5:five 4:four" as a page's body. */
static const char *page_json(const char *posts)
{
    static char json[8192];
    size_t length = (size_t)snprintf(json, sizeof json, "[");
    while (*posts != '\0') {
        size_t id = strcspn(posts, ":");
        size_t end = strcspn(posts, " ");
        length += (size_t)snprintf(json + length, sizeof json - length,
                                   "%s{\"id\":%.*s,\"body\":\"%.*s\",\"likes_count\":0}",
                                   length > 1 ? "," : "", (int)id, posts, (int)(end - id - 1),
                                   posts + id + 1);
        posts += end;
        posts += *posts == ' ' ? 1 : 0;
    }
    (void)snprintf(json + length, sizeof json - length, "]");
    return json;
}

phx_status rig_answer(rig *r, const char *posts)
{
    const char *json = page_json(posts);
    const char *reason = NULL;
    communityi_sync_page page = communityi_sync_wanted(r->sync);
    return communityi_sync_answer(r->sync, page.id, json, strlen(json), r->now_ms, &reason);
}

void rig_expect_wanted(const rig *r, const char *before)
{
    communityi_sync_page page = communityi_sync_wanted(r->sync);
    if (before != NULL && strcmp(before, "-") == 0) {
        assert_int_equal(page.id, 0);
        return;
    }
    assert_int_not_equal(page.id, 0);
    if (before == NULL) {
        assert_null(page.before_id);
    } else {
        assert_non_null(page.before_id);
        assert_bytes(page.before_id, page.before_length, before, strlen(before));
    }
}

void rig_expect_feed(const rig *r, const char *expected)
{
    char text[4096] = "";
    size_t length = 0;
    for (size_t i = 0; i < communityi_store_count(r->store); i++) {
        const community_post *post = communityi_store_at(r->store, i);
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s:%s",
                                   i == 0 ? "" : " ", post->id.data, post->body.data);
        if (post->likes_count != 0 || post->comments_count != 0) {
            length += (size_t)snprintf(text + length, sizeof text - length, "+%d/%d",
                                       (int)post->likes_count, (int)post->comments_count);
        }
    }
    assert_string_equal(text, expected);
}

community_freshness rig_freshness(const rig *r)
{
    return communityi_sync_freshness(r->sync);
}
