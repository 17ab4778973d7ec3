/* SPDX-License-Identifier: MIT */
/*
 * The sync by script: pages and live events interleaved. A post is written "ID:BODY" here; its id is a
 * number, its likes and comments are 0 until an event says otherwise.
 */
#include <stdio.h>

#include "community/retry.h"
#include "community/sync.h"
#include "failing_allocator.h"
#include "support/alloc.h"
#include "testing.h"

static const uint64_t seed[2] = {1, 2};

typedef struct rig {
    const phx_allocator *allocator;
    communityi_store *store;
    communityi_sync *sync;
    uint64_t now_ms;
} rig;

static phx_status rig_try_start(rig *r, const phx_allocator *allocator, uint32_t max_posts,
                                uint32_t page_posts, uint32_t max_noted_ids)
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
        .page_posts = page_posts,
        .max_noted_ids = max_noted_ids,
        .has_pages = true,
        .seed = {1, 2},
    };
    return communityi_sync_new(&config, &r->sync);
}

static void rig_start(rig *r, uint32_t max_posts, uint32_t page_posts)
{
    assert_int_equal(rig_try_start(r, &phxi_default_allocator, max_posts, page_posts, 4096),
                     PHX_OK);
    communityi_sync_begin(r->sync);
}

static void rig_stop(rig *r)
{
    communityi_sync_free(r->sync);
    if (r->store != NULL) {
        communityi_store_free(r->store);
    }
}

static phx_status event(rig *r, communityi_live_kind kind, const char *json, bool *out_changed)
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

static void live(rig *r, communityi_live_kind kind, const char *json)
{
    bool is_changed = false;
    assert_int_equal(event(r, kind, json, &is_changed), PHX_OK);
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

static phx_status answer(rig *r, const char *posts)
{
    const char *json = page_json(posts);
    const char *reason = NULL;
    communityi_sync_page page = communityi_sync_wanted(r->sync);
    return communityi_sync_answer(r->sync, page.id, json, strlen(json), r->now_ms, &reason);
}

/* The page that is wanted now begins below this post; NULL: at the top; "-": none is wanted. */
static void expect_wanted(const rig *r, const char *before)
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

/* The store is "5:five+2/1 4:four": +likes/comments if there are any. */
static void expect_feed(const rig *r, const char *expected)
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

static community_freshness freshness(const rig *r)
{
    return communityi_sync_freshness(r->sync);
}

static void test_pages_until_one_is_short(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    assert_int_equal(communityi_sync_wanted(r.sync).limit, 2);
    expect_wanted(&r, NULL);
    assert_int_equal(answer(&r, "5:e 4:d"), PHX_OK);
    expect_wanted(&r, "4");
    expect_feed(&r, ""); /* nothing before all is there */
    assert_int_equal(answer(&r, "3:c 2:b"), PHX_OK);
    expect_wanted(&r, "2");
    assert_int_equal(freshness(&r), COMMUNITY_SYNCING);
    assert_int_equal(answer(&r, "1:a"), PHX_OK);
    expect_wanted(&r, "-");
    expect_feed(&r, "5:e 4:d 3:c 2:b 1:a");
    assert_int_equal(freshness(&r), COMMUNITY_LIVE);
    assert_int_equal(communityi_sync_page_count(r.sync), 3);
    assert_int_equal(communityi_sync_count(r.sync), 1);
    rig_stop(&r);
}

static void test_pages_until_the_capacity(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 3, 2);
    assert_int_equal(answer(&r, "5:e 4:d"), PHX_OK);
    assert_int_equal(answer(&r, "3:c 2:b"), PHX_OK);
    expect_feed(&r, "5:e 4:d 3:c");
    assert_int_equal(freshness(&r), COMMUNITY_LIVE);
    rig_stop(&r);
    rig_start(&r, 3, 50);
    assert_int_equal(communityi_sync_wanted(r.sync).limit, 3);
    rig_stop(&r);
}

static void test_empty_server_empties_the_feed(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 10, 2);
    assert_int_equal(answer(&r, "1:a"), PHX_OK);
    communityi_sync_end(r.sync);
    assert_int_equal(freshness(&r), COMMUNITY_STALE);
    expect_feed(&r, "1:a");
    communityi_sync_begin(r.sync);
    assert_int_equal(answer(&r, ""), PHX_OK);
    expect_feed(&r, "");
    rig_stop(&r);
}

static void test_old_changes_that_were_missed_are_found(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    assert_int_equal(answer(&r, "3:c 2:b"), PHX_OK);
    assert_int_equal(answer(&r, "1:a"), PHX_OK);
    communityi_sync_end(r.sync);
    communityi_sync_begin(r.sync);
    assert_int_equal(answer(&r, "4:d 3:c"), PHX_OK);
    assert_int_equal(answer(&r, "1:edited"), PHX_OK);
    expect_feed(&r, "4:d 3:c 1:edited");
    rig_stop(&r);
}

/* Each live event during the sync, before and after the page that holds its post. */
static void test_live_events_win_over_rows(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 3);
    live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":6}");
    live(&r, COMMUNITYI_LIVE_POST_UPDATED, "{\"id\":5,\"body\":\"E\",\"likes_count\":0}");
    live(&r, COMMUNITYI_LIVE_LIKES_UPDATED,
         "{\"id\":4,\"likes_count\":2,\"liked_by_user_ids\":[1,2]}");
    live(&r, COMMUNITYI_LIVE_COMMENTS_UPDATED, "{\"id\":4,\"comments_count\":1}");
    assert_int_equal(answer(&r, "6:f 5:e 4:d"), PHX_OK);
    live(&r, COMMUNITYI_LIVE_COMMENTS_UPDATED, "{\"id\":5,\"comments_count\":3}");
    live(&r, COMMUNITYI_LIVE_LIKES_UPDATED, "{\"id\":4,\"likes_count\":1,\"liked_by_user_ids\":[2]}");
    assert_int_equal(answer(&r, "3:c 2:b"), PHX_OK);
    expect_feed(&r, "5:E+0/3 4:d+1/1 3:c 2:b");
    rig_stop(&r);
}

static void test_new_posts_stay_on_top_in_their_order(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":4,\"body\":\"d\"}");
    assert_int_equal(answer(&r, "4:d 3:c"), PHX_OK); /* that one is in a page already */
    live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":5,\"body\":\"e\"}");
    live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":6,\"body\":\"f\"}");
    live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":7,\"body\":\"g\"}");
    live(&r, COMMUNITYI_LIVE_LIKES_UPDATED, "{\"id\":5,\"likes_count\":1,\"liked_by_user_ids\":[1]}");
    live(&r, COMMUNITYI_LIVE_POST_UPDATED, "{\"id\":7,\"body\":\"G\"}");
    live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":6}");
    expect_feed(&r, "7:G 5:e+1/0 4:d"); /* at once, without waiting for the sync */
    assert_int_equal(answer(&r, "2:b"), PHX_OK);
    expect_feed(&r, "7:G 5:e+1/0 4:d 3:c 2:b");
    rig_stop(&r);
}

static void test_deleted_stays_deleted_unless_created_anew(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 5);
    live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":3}");
    live(&r, COMMUNITYI_LIVE_POST_UPDATED, "{\"id\":3,\"body\":\"late\"}");
    live(&r, COMMUNITYI_LIVE_LIKES_UPDATED, "{\"id\":3,\"likes_count\":1}");
    live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":8,\"body\":\"h\"}");
    live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":9,\"body\":\"i\"}");
    live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":8}");
    live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":8,\"body\":\"again\"}");
    assert_int_equal(answer(&r, "3:c 2:b"), PHX_OK);
    expect_feed(&r, "8:again 9:i 2:b");
    rig_stop(&r);
}

static void test_second_copies_change_nothing(void **state)
{
    (void)state;
    static const struct {
        communityi_live_kind kind;
        const char *json;
    } events[] = {
        {COMMUNITYI_LIVE_NEW_POST, "{\"id\":9,\"body\":\"i\"}"},
        {COMMUNITYI_LIVE_POST_UPDATED, "{\"id\":1,\"body\":\"A\"}"},
        {COMMUNITYI_LIVE_LIKES_UPDATED, "{\"id\":1,\"likes_count\":1,\"liked_by_user_ids\":[4]}"},
        {COMMUNITYI_LIVE_COMMENTS_UPDATED, "{\"id\":1,\"comments_count\":1}"},
        {COMMUNITYI_LIVE_POST_DELETED, "{\"id\":2}"},
    };
    rig r;
    rig_start(&r, 100, 5);
    assert_int_equal(answer(&r, "2:b 1:a"), PHX_OK);
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        bool is_changed = false;
        assert_int_equal(event(&r, events[i].kind, events[i].json, &is_changed), PHX_OK);
        assert_true(is_changed);
        assert_int_equal(event(&r, events[i].kind, events[i].json, &is_changed), PHX_OK);
        assert_false(is_changed);
    }
    expect_feed(&r, "9:i 1:A+1/1");
    rig_stop(&r);
}

static void test_cursor_skips_what_was_deleted(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":4}");
    assert_int_equal(answer(&r, "5:e 4:d"), PHX_OK);
    expect_wanted(&r, "5");
    live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":5}");
    expect_wanted(&r, NULL);
    rig_stop(&r);
}

static void test_row_that_comes_twice_counts_once(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    assert_int_equal(answer(&r, "5:e 4:d"), PHX_OK);
    assert_int_equal(answer(&r, "4:other 3:c"), PHX_OK);
    assert_int_equal(answer(&r, ""), PHX_OK);
    expect_feed(&r, "5:e 4:d 3:c");
    rig_stop(&r);
}

static void test_page_without_progress_starts_again(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    assert_int_equal(answer(&r, "5:e 4:d"), PHX_OK);
    assert_int_equal(answer(&r, "5:e 4:d"), PHX_ERROR_UNEXPECTED_RESPONSE);
    expect_wanted(&r, "-");
    rig_stop(&r);
}

static void let_wait_end(rig *r)
{
    uint64_t due_ms = communityi_sync_deadline_ms(r->sync);
    assert_in_range(due_ms - r->now_ms, 500, 30000);
    communityi_sync_advance(r->sync, due_ms - 1);
    expect_wanted(r, "-");
    r->now_ms = due_ms;
    communityi_sync_advance(r->sync, r->now_ms);
    expect_wanted(r, NULL);
    assert_int_equal(communityi_sync_deadline_ms(r->sync), UINT64_MAX);
}

static void test_failures_wait_and_start_again(void **state)
{
    (void)state;
    static const phx_status failures[] = {PHX_ERROR_TIMEOUT, PHX_ERROR_NOT_FOUND,
                                          PHX_ERROR_INVALID_REQUEST, PHX_ERROR_SERVER,
                                          PHX_ERROR_NO_MEMORY};
    rig r;
    rig_start(&r, 100, 2);
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        assert_int_equal(answer(&r, "5:e 4:d"), PHX_OK);
        communityi_sync_page page = communityi_sync_wanted(r.sync);
        assert_false(communityi_sync_failed(r.sync, page.id, failures[i], 0, r.now_ms));
        assert_int_equal(freshness(&r), COMMUNITY_SYNCING);
        let_wait_end(&r);
    }
    communityi_sync_page page = communityi_sync_wanted(r.sync);
    assert_false(communityi_sync_failed(r.sync, page.id, PHX_ERROR_RATE_LIMITED, 90000, r.now_ms));
    assert_int_equal(communityi_sync_deadline_ms(r.sync), r.now_ms + 90000);
    communityi_sync_hurry(r.sync);
    expect_wanted(&r, NULL);
    rig_stop(&r);
}

static void test_undecodable_page(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "null", "{}", "[1]", "[{\"body\":\"x\"}]",
                                         "[{\"id\":1},", "{\"data\":{\"id\":1}}", "[] []"};
    rig r;
    rig_start(&r, 100, 5);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        const char *reason = NULL;
        communityi_sync_page page = communityi_sync_wanted(r.sync);
        assert_int_equal(communityi_sync_answer(r.sync, page.id, bodies[i], strlen(bodies[i]),
                                                r.now_ms, &reason),
                         PHX_ERROR_UNEXPECTED_RESPONSE);
        assert_non_null(reason);
        let_wait_end(&r);
    }
    assert_int_equal(communityi_sync_page_count(r.sync), 0);
    rig_stop(&r);
}

static void test_refused_token(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    communityi_sync_page first = communityi_sync_wanted(r.sync);
    assert_false(first.is_refresh);
    assert_false(communityi_sync_failed(r.sync, first.id, PHX_ERROR_UNAUTHORIZED, 0, r.now_ms));
    communityi_sync_page second = communityi_sync_wanted(r.sync);
    assert_true(second.is_refresh);
    assert_int_not_equal(second.id, first.id);
    assert_int_equal(answer(&r, "5:e 4:d"), PHX_OK);
    communityi_sync_page third = communityi_sync_wanted(r.sync);
    assert_false(third.is_refresh);
    assert_false(communityi_sync_failed(r.sync, third.id, PHX_ERROR_FORBIDDEN, 0, r.now_ms));
    communityi_sync_page fourth = communityi_sync_wanted(r.sync);
    assert_true(communityi_sync_failed(r.sync, fourth.id, PHX_ERROR_FORBIDDEN, 0, r.now_ms));
    expect_wanted(&r, "-");
    assert_int_equal(freshness(&r), COMMUNITY_STALE);
    rig_stop(&r);
}

static void test_answers_of_other_pages_are_ignored(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    uint64_t old_id = communityi_sync_wanted(r.sync).id;
    communityi_sync_end(r.sync);
    communityi_sync_begin(r.sync);
    const char *reason = NULL;
    assert_int_equal(communityi_sync_answer(r.sync, old_id, "[]", 2, r.now_ms, &reason), PHX_OK);
    assert_int_equal(freshness(&r), COMMUNITY_SYNCING);
    assert_false(communityi_sync_failed(r.sync, old_id, PHX_ERROR_UNAUTHORIZED, 0, r.now_ms));
    expect_wanted(&r, NULL);
    assert_false(communityi_sync_wanted(r.sync).is_refresh);
    rig_stop(&r);
}

static void test_lost_events_sync_again_but_seldom(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    assert_int_equal(answer(&r, "1:a"), PHX_OK);
    communityi_sync_lost(r.sync, r.now_ms);
    uint64_t due_ms = communityi_sync_deadline_ms(r.sync);
    communityi_sync_lost(r.sync, r.now_ms + 100); /* one sync does for both */
    assert_int_equal(communityi_sync_deadline_ms(r.sync), due_ms);
    assert_in_range(due_ms - r.now_ms, 500, 1000);
    let_wait_end(&r);
    communityi_sync_lost(r.sync, r.now_ms); /* in the midst of it */
    assert_in_range(communityi_sync_deadline_ms(r.sync) - r.now_ms, 1000, 2000);
    let_wait_end(&r);
    assert_int_equal(answer(&r, "1:a"), PHX_OK);
    /* After a quiet time, the next one comes fast again. */
    r.now_ms += COMMUNITYI_RETRY_MAX_MS;
    communityi_sync_lost(r.sync, r.now_ms);
    assert_in_range(communityi_sync_deadline_ms(r.sync) - r.now_ms, 500, 1000);
    rig_stop(&r);
}

static void test_overlay_is_bounded(void **state)
{
    (void)state;
    rig r;
    assert_int_equal(rig_try_start(&r, &phxi_default_allocator, 100, 2, 3), PHX_OK);
    communityi_sync_begin(r.sync);
    live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":5}");
    live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":6}");
    live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":6}");
    live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":7}");
    expect_wanted(&r, NULL);
    live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":8}");
    expect_wanted(&r, "-");
    expect_feed(&r, "8: 5:");
    let_wait_end(&r);
    assert_int_equal(answer(&r, "8:h"), PHX_OK);
    expect_feed(&r, "8:h");
    rig_stop(&r);
}

static void test_without_pages(void **state)
{
    (void)state;
    rig r;
    assert_int_equal(communityi_store_new(&phxi_default_allocator, 5, seed, &r.store), PHX_OK);
    r.allocator = &phxi_default_allocator;
    const communityi_sync_config config = {
        .allocator = r.allocator, .store = r.store, .max_posts = 5, .page_posts = 5};
    assert_int_equal(communityi_sync_new(&config, &r.sync), PHX_OK);
    communityi_sync_begin(r.sync);
    assert_int_equal(freshness(&r), COMMUNITY_UNSYNCED);
    communityi_sync_lost(r.sync, 1);
    expect_wanted(&r, "-");
    assert_int_equal(communityi_sync_deadline_ms(r.sync), UINT64_MAX);
    live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":1}");
    expect_feed(&r, "1:");
    communityi_sync_end(r.sync);
    assert_int_equal(freshness(&r), COMMUNITY_STALE);
    rig_stop(&r);
}

/* Whatever is refused, the feed is the server's once a sync has gone through. */
static void sync_through(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    rig r;
    if (rig_try_start(&r, &allocator->port, 100, 2, 4096) != PHX_OK) {
        assert_true(allocator->refused > 0);
        rig_stop(&r);
        return;
    }
    communityi_sync_begin(r.sync);
    bool is_changed = false;
    (void)event(&r, COMMUNITYI_LIVE_LIKES_UPDATED, "{\"id\":2,\"likes_count\":4}", &is_changed);
    (void)answer(&r, "3:c 2:b");
    (void)event(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":4,\"body\":\"d\"}", &is_changed);
    (void)event(&r, COMMUNITYI_LIVE_LIKES_UPDATED, "{\"id\":4,\"likes_count\":1}", &is_changed);
    (void)event(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":3}", &is_changed);
    (void)answer(&r, "1:a");
    if (!allocator->refuse_all_after) {
        for (int i = 0; i < 3 && freshness(&r) != COMMUNITY_LIVE; i++) {
            communityi_sync_hurry(r.sync);
            (void)answer(&r, "4:d 2:b");
            (void)answer(&r, "1:a");
        }
        assert_int_equal(freshness(&r), COMMUNITY_LIVE);
        assert_int_equal(communityi_store_count(r.store), 3);
    }
    rig_stop(&r);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_true(failing_allocator_torture(sync_through, NULL) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_until_one_is_short),
        cmocka_unit_test(test_pages_until_the_capacity),
        cmocka_unit_test(test_empty_server_empties_the_feed),
        cmocka_unit_test(test_old_changes_that_were_missed_are_found),
        cmocka_unit_test(test_live_events_win_over_rows),
        cmocka_unit_test(test_new_posts_stay_on_top_in_their_order),
        cmocka_unit_test(test_deleted_stays_deleted_unless_created_anew),
        cmocka_unit_test(test_second_copies_change_nothing),
        cmocka_unit_test(test_cursor_skips_what_was_deleted),
        cmocka_unit_test(test_row_that_comes_twice_counts_once),
        cmocka_unit_test(test_page_without_progress_starts_again),
        cmocka_unit_test(test_failures_wait_and_start_again),
        cmocka_unit_test(test_undecodable_page),
        cmocka_unit_test(test_refused_token),
        cmocka_unit_test(test_answers_of_other_pages_are_ignored),
        cmocka_unit_test(test_lost_events_sync_again_but_seldom),
        cmocka_unit_test(test_overlay_is_bounded),
        cmocka_unit_test(test_without_pages),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
