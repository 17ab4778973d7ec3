/* SPDX-License-Identifier: MIT */
/*
 * A first fill that stops early, syncs that cover what is held, and pages below the feed with live
 * events, drops and failures in the middle.
 */
#include "failing_allocator.h"
#include "sync_rig.h"
#include "testing.h"

static void want(rig *r)
{
    communityi_sync_want_older(r->sync, r->now_ms);
}

/* The outcome, by status and number of posts; and forgets it. */
static void expect_outcome(rig *r, phx_status status, size_t count)
{
    const communityi_older *older = communityi_sync_older(r->sync);
    assert_non_null(older);
    assert_int_equal(older->status, status);
    assert_int_equal(older->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(older->posts[i]->id.data);
    }
    communityi_sync_drop_older(r->sync);
    assert_null(communityi_sync_older(r->sync));
}

/* Live with "9 8 7" of a server that has more, and room for max_posts. */
static void start_short(rig *r, uint32_t max_posts)
{
    rig_start_initial(r, max_posts, 2, 3);
    assert_int_equal(communityi_sync_wanted(r->sync).limit, 2);
    assert_int_equal(rig_answer(r, "9:i 8:h"), PHX_OK);
    assert_int_equal(communityi_sync_wanted(r->sync).limit, 1);
    assert_int_equal(rig_answer(r, "7:g"), PHX_OK);
    rig_expect_feed(r, "9:i 8:h 7:g");
    assert_int_equal(rig_freshness(r), COMMUNITY_LIVE);
    rig_expect_wanted(r, "-");
}

static void test_pages_below_until_the_servers_end(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 100);
    want(&r);
    rig_expect_wanted(&r, "7");
    assert_int_equal(rig_freshness(&r), COMMUNITY_LIVE);
    assert_null(communityi_sync_older(r.sync));
    want(&r); /* nothing more */
    assert_int_equal(rig_answer(&r, "6:f 5:e"), PHX_OK);
    rig_expect_feed(&r, "9:i 8:h 7:g 6:f 5:e");
    expect_outcome(&r, PHX_OK, 2);
    rig_expect_wanted(&r, "-");
    want(&r);
    rig_expect_wanted(&r, "5");
    assert_int_equal(rig_answer(&r, "4:d"), PHX_OK);
    expect_outcome(&r, PHX_OK, 1);
    want(&r); /* known to be the end */
    rig_expect_wanted(&r, "-");
    expect_outcome(&r, PHX_OK, 0);
    assert_int_equal(communityi_sync_count(r.sync), 1);
    rig_stop(&r);
}

static void test_pages_below_until_the_capacity(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 4);
    want(&r);
    assert_int_equal(communityi_sync_wanted(r.sync).limit, 1);
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":10,\"body\":\"j\"}"); /* takes the room */
    assert_int_equal(rig_answer(&r, "6:f"), PHX_OK);
    rig_expect_feed(&r, "10:j 9:i 8:h 7:g");
    expect_outcome(&r, PHX_OK, 0);
    want(&r);
    rig_expect_wanted(&r, "-");
    expect_outcome(&r, PHX_OK, 0);
    rig_stop(&r);
}

/* "7" goes for a new post, a deletion makes room: what is below "7" is not what is below "8". */
static void test_page_below_what_had_to_go(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 4);
    want(&r);
    rig_expect_wanted(&r, "7");
    uint64_t page = communityi_sync_wanted(r.sync).id;
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":10,\"body\":\"j\"}");
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":11,\"body\":\"k\"}");
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":9}");
    rig_expect_feed(&r, "11:k 10:j 8:h");
    assert_int_not_equal(communityi_sync_wanted(r.sync).id, page);
    expect_outcome(&r, PHX_OK, 0);
    want(&r);
    rig_expect_wanted(&r, "8");
    assert_int_equal(rig_answer(&r, "7:g"), PHX_OK);
    rig_expect_feed(&r, "11:k 10:j 8:h 7:g");
    expect_outcome(&r, PHX_OK, 1);
    rig_stop(&r);
}

static void test_live_events_win_over_the_page(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 100);
    want(&r);
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":6}");
    rig_live(&r, COMMUNITYI_LIVE_POST_UPDATED, "{\"id\":5,\"body\":\"E\"}");
    rig_live(&r, COMMUNITYI_LIVE_LIKES_UPDATED, "{\"id\":4,\"likes_count\":2}");
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":10,\"body\":\"j\"}");
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":8}");
    rig_expect_feed(&r, "10:j 9:i 7:g"); /* at once */
    assert_int_equal(rig_answer(&r, "7:g 6:f 5:e 4:d"), PHX_OK);
    rig_expect_feed(&r, "10:j 9:i 7:g 5:E 4:d+2/0");
    expect_outcome(&r, PHX_OK, 2);
    rig_stop(&r);
}

/* All of the page is gone: the page below it is asked for, from the last post that is held now. */
static void test_page_that_was_deleted_is_no_end(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 100);
    want(&r);
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":6}");
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":5}");
    assert_int_equal(rig_answer(&r, "6:f 5:e"), PHX_OK);
    assert_null(communityi_sync_older(r.sync));
    rig_expect_wanted(&r, "7");
    assert_int_equal(rig_answer(&r, "4:d 3:c"), PHX_OK);
    rig_expect_feed(&r, "9:i 8:h 7:g 4:d 3:c");
    expect_outcome(&r, PHX_OK, 2);
    rig_stop(&r);
}

static void test_waits_for_a_sync(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 100);
    communityi_sync_lost(r.sync, r.now_ms);
    want(&r);
    rig_expect_wanted(&r, "-");
    assert_null(communityi_sync_older(r.sync));
    communityi_sync_hurry(r.sync);
    rig_expect_wanted(&r, NULL);
    assert_int_equal(rig_answer(&r, "9:i 8:h"), PHX_OK);
    assert_int_equal(rig_answer(&r, "7:g 6:f"), PHX_OK);
    rig_expect_wanted(&r, "6");
    assert_int_equal(rig_answer(&r, "5:e 4:d"), PHX_OK);
    rig_expect_feed(&r, "9:i 8:h 7:g 6:f 5:e 4:d");
    expect_outcome(&r, PHX_OK, 2);
    rig_stop(&r);
}

/* A sync that becomes necessary goes first, and the page is asked for anew. */
static void test_sync_in_the_middle(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 100);
    want(&r);
    communityi_sync_lost(r.sync, r.now_ms);
    assert_int_equal(rig_freshness(&r), COMMUNITY_SYNCING);
    assert_null(communityi_sync_older(r.sync));
    communityi_sync_hurry(r.sync);
    assert_int_equal(rig_answer(&r, "9:i 8:h"), PHX_OK);
    assert_int_equal(rig_answer(&r, "7:g"), PHX_OK);
    expect_outcome(&r, PHX_OK, 0); /* and that was all the server has */
    rig_stop(&r);
}

static void test_drop_in_the_middle(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 100);
    want(&r);
    communityi_sync_end(r.sync);
    rig_expect_wanted(&r, "-");
    expect_outcome(&r, PHX_ERROR_DISCONNECTED, 0);
    want(&r);
    expect_outcome(&r, PHX_ERROR_DISCONNECTED, 0);
    rig_expect_feed(&r, "9:i 8:h 7:g");
    rig_stop(&r);
}

static bool fail_page(rig *r, phx_status status)
{
    return communityi_sync_failed(r->sync, communityi_sync_wanted(r->sync).id, status, 0,
                                  r->now_ms);
}

static void test_failures(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 100);
    want(&r);
    assert_false(fail_page(&r, PHX_ERROR_SERVER));
    expect_outcome(&r, PHX_ERROR_SERVER, 0);
    assert_int_equal(rig_freshness(&r), COMMUNITY_LIVE);
    want(&r);
    assert_int_equal(rig_answer(&r, "8:h 7:g"), PHX_OK);
    assert_string_equal(communityi_sync_older(r.sync)->reason,
                        "the page repeats posts of the pages before");
    expect_outcome(&r, PHX_ERROR_UNEXPECTED_RESPONSE, 0);
    want(&r);
    const char *reason = NULL;
    assert_int_equal(communityi_sync_answer(r.sync, communityi_sync_wanted(r.sync).id, "{", 1,
                                            r.now_ms, &reason),
                     PHX_OK);
    expect_outcome(&r, PHX_ERROR_UNEXPECTED_RESPONSE, 0);
    assert_int_equal(rig_freshness(&r), COMMUNITY_LIVE);
    rig_expect_feed(&r, "9:i 8:h 7:g");
    want(&r);
    assert_false(fail_page(&r, PHX_ERROR_UNAUTHORIZED));
    assert_true(communityi_sync_wanted(r.sync).is_refresh);
    assert_true(fail_page(&r, PHX_ERROR_UNAUTHORIZED));
    expect_outcome(&r, PHX_ERROR_UNAUTHORIZED, 0);
    rig_stop(&r);
}

/* The last post was deleted on the server, and its event has not come. */
static void test_unknown_place_syncs(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 100);
    want(&r);
    assert_false(fail_page(&r, PHX_ERROR_NOT_FOUND));
    assert_null(communityi_sync_older(r.sync));
    assert_int_equal(rig_freshness(&r), COMMUNITY_SYNCING);
    rig_stop(&r);
}

static void test_dropped_page_is_not_wanted(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 100);
    want(&r);
    uint64_t id = communityi_sync_wanted(r.sync).id;
    communityi_sync_drop_older(r.sync);
    rig_expect_wanted(&r, "-");
    const char *reason = NULL;
    assert_int_equal(communityi_sync_answer(r.sync, id, "[{\"id\":6}]", 10, r.now_ms, &reason),
                     PHX_OK);
    rig_expect_feed(&r, "9:i 8:h 7:g");
    rig_stop(&r);
}

static void sync_again(rig *r)
{
    communityi_sync_end(r->sync);
    communityi_sync_begin(r->sync);
}

/* However much is new above, what the user has loaded stays. */
static void test_sync_covers_what_is_held(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 100);
    sync_again(&r);
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":15,\"body\":\"o\"}"); /* no known ground */
    assert_int_equal(rig_answer(&r, "15:o 14:n"), PHX_OK);
    assert_int_equal(rig_answer(&r, "13:m 12:l"), PHX_OK);
    assert_int_equal(rig_answer(&r, "11:k 9:i"), PHX_OK);
    rig_expect_wanted(&r, "9");
    assert_int_equal(rig_answer(&r, "8:h 7:g"), PHX_OK);
    rig_expect_feed(&r, "15:o 14:n 13:m 12:l 11:k 9:i 8:h 7:g");
    assert_int_equal(rig_freshness(&r), COMMUNITY_LIVE);
    rig_stop(&r);
}

/* A new post of a sync that failed is no known ground for the next one. */
static void test_posts_above_a_gap_are_no_ground(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 100);
    communityi_sync_lost(r.sync, r.now_ms);
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":15,\"body\":\"o\"}");
    communityi_sync_hurry(r.sync);
    assert_int_equal(rig_answer(&r, "15:o 14:n"), PHX_OK);
    assert_int_equal(rig_answer(&r, "13:m 12:l"), PHX_OK);
    rig_expect_wanted(&r, "12");
    rig_stop(&r);
}

/* The row below one that is held was never held: what was held below is gone. */
static void test_deleted_end_is_noticed(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 100);
    sync_again(&r);
    assert_int_equal(rig_answer(&r, "9:i 6:f"), PHX_OK);
    assert_int_equal(rig_answer(&r, "5:e 4:d"), PHX_OK);
    rig_expect_wanted(&r, "-");
    rig_expect_feed(&r, "9:i 6:f 5:e 4:d");
    rig_stop(&r);
}

static void test_deleted_posts_are_made_up_for(void **state)
{
    (void)state;
    rig r;
    start_short(&r, 100);
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":8}");
    rig_expect_wanted(&r, "7");
    assert_int_equal(communityi_sync_wanted(r.sync).limit, 1);
    assert_int_equal(rig_answer(&r, "6:f"), PHX_OK);
    rig_expect_feed(&r, "9:i 7:g 6:f");
    rig_stop(&r);
}

static void extend_through(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    rig r;
    phx_status status = rig_try_start_initial(&r, &allocator->port, 100, 2, 2, 4096);
    bool is_changed = false;
    if (status == PHX_OK) {
        communityi_sync_begin(r.sync);
        (void)rig_answer(&r, "9:i 8:h");
        want(&r);
        (void)rig_event(&r, COMMUNITYI_LIVE_LIKES_UPDATED, "{\"id\":7,\"likes_count\":4}",
                        &is_changed);
        (void)rig_event(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":9}", &is_changed);
        (void)rig_answer(&r, "7:g 6:f");
        for (int i = 0; i < 4 && !allocator->refuse_all_after; i++) {
            communityi_sync_hurry(r.sync);
            bool is_top = communityi_sync_wanted(r.sync).before_id == NULL;
            (void)rig_answer(&r, is_top ? "8:h 7:g" : "6:f 5:e");
        }
    }
    if (status != PHX_OK || allocator->refused > 0) {
        assert_true(allocator->refused > 0);
    } else {
        rig_expect_feed(&r, "8:h 7:g+4/0 6:f");
    }
    if (status == PHX_OK && !allocator->refuse_all_after) {
        assert_int_equal(rig_freshness(&r), COMMUNITY_LIVE);
        assert_non_null(communityi_sync_older(r.sync));
    }
    rig_stop(&r);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_true(failing_allocator_torture(extend_through, NULL) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_below_until_the_servers_end),
        cmocka_unit_test(test_pages_below_until_the_capacity),
        cmocka_unit_test(test_page_below_what_had_to_go),
        cmocka_unit_test(test_live_events_win_over_the_page),
        cmocka_unit_test(test_page_that_was_deleted_is_no_end),
        cmocka_unit_test(test_waits_for_a_sync),
        cmocka_unit_test(test_sync_in_the_middle),
        cmocka_unit_test(test_drop_in_the_middle),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_unknown_place_syncs),
        cmocka_unit_test(test_dropped_page_is_not_wanted),
        cmocka_unit_test(test_sync_covers_what_is_held),
        cmocka_unit_test(test_posts_above_a_gap_are_no_ground),
        cmocka_unit_test(test_deleted_end_is_noticed),
        cmocka_unit_test(test_deleted_posts_are_made_up_for),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
