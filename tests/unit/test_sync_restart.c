/* SPDX-License-Identifier: MIT */
/*
 * What spoils a sync, and how it starts again.
 */
#include "community/retry.h"
#include "failing_allocator.h"
#include "support/alloc.h"
#include "sync_rig.h"
#include "testing.h"

static const uint64_t seed[2] = {1, 2};

static void test_page_without_progress_starts_again(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    assert_int_equal(rig_answer(&r, "5:e 4:d"), PHX_OK);
    assert_int_equal(rig_answer(&r, "5:e 4:d"), PHX_ERROR_UNEXPECTED_RESPONSE);
    rig_expect_wanted(&r, "-");
    rig_stop(&r);
}

static void let_wait_end(rig *r)
{
    uint64_t due_ms = communityi_sync_deadline_ms(r->sync);
    assert_in_range(due_ms - r->now_ms, 500, 30000);
    communityi_sync_advance(r->sync, due_ms - 1);
    rig_expect_wanted(r, "-");
    r->now_ms = due_ms;
    communityi_sync_advance(r->sync, r->now_ms);
    rig_expect_wanted(r, NULL);
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
        assert_int_equal(rig_answer(&r, "5:e 4:d"), PHX_OK);
        communityi_sync_page page = communityi_sync_wanted(r.sync);
        assert_false(communityi_sync_failed(r.sync, page.id, failures[i], 0, r.now_ms));
        assert_int_equal(rig_freshness(&r), COMMUNITY_SYNCING);
        let_wait_end(&r);
    }
    communityi_sync_page page = communityi_sync_wanted(r.sync);
    assert_false(communityi_sync_failed(r.sync, page.id, PHX_ERROR_RATE_LIMITED, 90000, r.now_ms));
    assert_int_equal(communityi_sync_deadline_ms(r.sync), r.now_ms + 90000);
    communityi_sync_hurry(r.sync);
    rig_expect_wanted(&r, NULL);
    rig_stop(&r);
}

static void test_undecodable_page(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",     "null", "{}", "[1]", "[{\"body\":\"x\"}]", "[{\"id\":1},", "{\"data\":{\"id\":1}}",
        "[] []"};
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
    assert_int_equal(rig_answer(&r, "5:e 4:d"), PHX_OK);
    communityi_sync_page third = communityi_sync_wanted(r.sync);
    assert_false(third.is_refresh);
    assert_false(communityi_sync_failed(r.sync, third.id, PHX_ERROR_FORBIDDEN, 0, r.now_ms));
    communityi_sync_page fourth = communityi_sync_wanted(r.sync);
    assert_true(communityi_sync_failed(r.sync, fourth.id, PHX_ERROR_FORBIDDEN, 0, r.now_ms));
    rig_expect_wanted(&r, "-");
    assert_int_equal(rig_freshness(&r), COMMUNITY_STALE);
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
    assert_int_equal(rig_freshness(&r), COMMUNITY_SYNCING);
    assert_false(communityi_sync_failed(r.sync, old_id, PHX_ERROR_UNAUTHORIZED, 0, r.now_ms));
    rig_expect_wanted(&r, NULL);
    assert_false(communityi_sync_wanted(r.sync).is_refresh);
    rig_stop(&r);
}

static void test_lost_events_sync_again_but_seldom(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    assert_int_equal(rig_answer(&r, "1:a"), PHX_OK);
    communityi_sync_lost(r.sync, r.now_ms);
    uint64_t due_ms = communityi_sync_deadline_ms(r.sync);
    communityi_sync_lost(r.sync, r.now_ms + 100); /* one sync does for both */
    assert_int_equal(communityi_sync_deadline_ms(r.sync), due_ms);
    assert_in_range(due_ms - r.now_ms, 500, 1000);
    let_wait_end(&r);
    communityi_sync_lost(r.sync, r.now_ms); /* in the midst of it */
    assert_in_range(communityi_sync_deadline_ms(r.sync) - r.now_ms, 1000, 2000);
    let_wait_end(&r);
    assert_int_equal(rig_answer(&r, "1:a"), PHX_OK);
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
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":5}");
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":6}");
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":6}");
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":7}");
    rig_expect_wanted(&r, NULL);
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":8}");
    rig_expect_wanted(&r, "-");
    rig_expect_feed(&r, "8: 5:");
    let_wait_end(&r);
    assert_int_equal(rig_answer(&r, "8:h"), PHX_OK);
    rig_expect_feed(&r, "8:h");
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
    assert_int_equal(rig_freshness(&r), COMMUNITY_UNSYNCED);
    communityi_sync_lost(r.sync, 1);
    rig_expect_wanted(&r, "-");
    assert_int_equal(communityi_sync_deadline_ms(r.sync), UINT64_MAX);
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":1}");
    rig_expect_feed(&r, "1:");
    communityi_sync_end(r.sync);
    assert_int_equal(rig_freshness(&r), COMMUNITY_STALE);
    rig_stop(&r);
}

/* A part of the rows is no place to go on from. */
static void test_filling_up_without_memory_starts_again(void **state)
{
    (void)state;
    failing_allocator allocator;
    failing_allocator_init(&allocator);
    bool is_refused = true;
    for (size_t nth = 1; is_refused; nth++) {
        rig r;
        failing_allocator_refuse(&allocator, 0, false);
        assert_int_equal(rig_try_start_initial(&r, &allocator.port, 100, 2, 4, 4096), PHX_OK);
        communityi_sync_begin(r.sync);
        assert_int_equal(rig_answer(&r, "5:e 4:d"), PHX_OK);
        assert_int_equal(rig_answer(&r, "3:c 2:b"), PHX_OK);
        assert_int_equal(rig_freshness(&r), COMMUNITY_LIVE);
        bool is_changed = false;
        failing_allocator_refuse(&allocator, nth, false);
        (void)rig_event(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":4}", &is_changed);
        is_refused = allocator.refused > 0;
        rig_expect_wanted(&r, is_refused ? "-" : "2");
        rig_stop(&r);
    }
    assert_int_equal(allocator.live_blocks, 0);
}

/* A post came in above while the pages were read, so that one is on two of them. */
static void test_pages_that_overlap_leave_nothing(void **state)
{
    (void)state;
    failing_allocator allocator;
    failing_allocator_init(&allocator);
    rig r;
    assert_int_equal(rig_try_start(&r, &allocator.port, 100, 2, 4096), PHX_OK);
    communityi_sync_begin(r.sync);
    assert_int_equal(rig_answer(&r, "5:e 4:d"), PHX_OK);
    assert_int_equal(rig_answer(&r, "4:d 3:c"), PHX_OK);
    assert_int_equal(rig_answer(&r, "3:c"), PHX_OK);
    rig_expect_feed(&r, "5:e 4:d 3:c");
    rig_stop(&r);
    assert_int_equal(allocator.live_blocks, 0);
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
    (void)rig_event(&r, COMMUNITYI_LIVE_LIKES_UPDATED, "{\"id\":2,\"likes_count\":4}", &is_changed);
    (void)rig_answer(&r, "3:c 2:b");
    (void)rig_event(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":4,\"body\":\"d\"}", &is_changed);
    (void)rig_event(&r, COMMUNITYI_LIVE_LIKES_UPDATED, "{\"id\":4,\"likes_count\":1}", &is_changed);
    (void)rig_event(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":3}", &is_changed);
    (void)rig_answer(&r, "1:a");
    if (!allocator->refuse_all_after) {
        for (int i = 0; i < 3 && rig_freshness(&r) != COMMUNITY_LIVE; i++) {
            communityi_sync_hurry(r.sync);
            (void)rig_answer(&r, "4:d 2:b");
            (void)rig_answer(&r, "1:a");
        }
        assert_int_equal(rig_freshness(&r), COMMUNITY_LIVE);
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
        cmocka_unit_test(test_page_without_progress_starts_again),
        cmocka_unit_test(test_failures_wait_and_start_again),
        cmocka_unit_test(test_undecodable_page),
        cmocka_unit_test(test_refused_token),
        cmocka_unit_test(test_answers_of_other_pages_are_ignored),
        cmocka_unit_test(test_lost_events_sync_again_but_seldom),
        cmocka_unit_test(test_overlay_is_bounded),
        cmocka_unit_test(test_without_pages),
        cmocka_unit_test(test_pages_that_overlap_leave_nothing),
        cmocka_unit_test(test_filling_up_without_memory_starts_again),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
