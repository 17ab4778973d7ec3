/* SPDX-License-Identifier: MIT */
/*
 * What a sync makes of pages and of the live events between them.
 */
#include "sync_rig.h"
#include "testing.h"

static void test_pages_until_one_is_short(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    assert_int_equal(communityi_sync_wanted(r.sync).limit, 2);
    rig_expect_wanted(&r, NULL);
    assert_int_equal(rig_answer(&r, "5:e 4:d"), PHX_OK);
    rig_expect_wanted(&r, "4");
    rig_expect_feed(&r, ""); /* nothing before all is there */
    assert_int_equal(rig_answer(&r, "3:c 2:b"), PHX_OK);
    rig_expect_wanted(&r, "2");
    assert_int_equal(rig_freshness(&r), COMMUNITY_SYNCING);
    assert_int_equal(rig_answer(&r, "1:a"), PHX_OK);
    rig_expect_wanted(&r, "-");
    rig_expect_feed(&r, "5:e 4:d 3:c 2:b 1:a");
    assert_int_equal(rig_freshness(&r), COMMUNITY_LIVE);
    assert_int_equal(communityi_sync_page_count(r.sync), 3);
    assert_int_equal(communityi_sync_count(r.sync), 1);
    rig_stop(&r);
}

static void test_unknown_event_changes_nothing(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    assert_int_equal(rig_answer(&r, "1:a"), PHX_OK);
    const communityi_live unknown = {.kind = COMMUNITYI_LIVE_UNKNOWN};
    bool is_changed = true;
    assert_int_equal(communityi_live_apply(&unknown, r.store, &is_changed),
                     PHX_ERROR_INVALID_ARGUMENT);
    assert_false(is_changed);
    rig_expect_feed(&r, "1:a");
    rig_stop(&r);
}

static void test_pages_until_the_capacity(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 3, 2);
    assert_int_equal(rig_answer(&r, "5:e 4:d"), PHX_OK);
    assert_int_equal(rig_answer(&r, "3:c 2:b"), PHX_OK);
    rig_expect_feed(&r, "5:e 4:d 3:c");
    assert_int_equal(rig_freshness(&r), COMMUNITY_LIVE);
    rig_stop(&r);
    rig_start(&r, 3, 50);
    assert_int_equal(communityi_sync_wanted(r.sync).limit, 3);
    rig_stop(&r);
}

static void test_full_feed_that_loses_posts_is_filled_up(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 3, 2);
    assert_int_equal(rig_answer(&r, "5:e 4:d"), PHX_OK);
    assert_int_equal(rig_answer(&r, "3:c 2:b"), PHX_OK);
    rig_expect_feed(&r, "5:e 4:d 3:c");
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":4}");
    assert_int_equal(rig_freshness(&r), COMMUNITY_SYNCING);
    rig_expect_wanted(&r, "3");
    rig_live(&r, COMMUNITYI_LIVE_POST_UPDATED, "{\"id\":5,\"body\":\"E\"}");
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":3}");
    assert_int_equal(rig_answer(&r, "2:b 1:a"), PHX_OK);
    rig_expect_feed(&r, "5:E 2:b 1:a");
    assert_int_equal(rig_freshness(&r), COMMUNITY_LIVE);
    /* That was the last of the server's posts, and once that is known, no more is asked for. */
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":1}");
    assert_int_equal(rig_answer(&r, ""), PHX_OK);
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":2}");
    rig_expect_wanted(&r, "-");
    rig_expect_feed(&r, "5:E");
    assert_int_equal(communityi_sync_count(r.sync), 1);
    rig_stop(&r);
}

static void test_empty_server_empties_the_feed(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 10, 2);
    assert_int_equal(rig_answer(&r, "1:a"), PHX_OK);
    communityi_sync_end(r.sync);
    assert_int_equal(rig_freshness(&r), COMMUNITY_STALE);
    rig_expect_feed(&r, "1:a");
    communityi_sync_begin(r.sync);
    assert_int_equal(rig_answer(&r, ""), PHX_OK);
    rig_expect_feed(&r, "");
    rig_stop(&r);
}

static void test_old_changes_that_were_missed_are_found(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    assert_int_equal(rig_answer(&r, "3:c 2:b"), PHX_OK);
    assert_int_equal(rig_answer(&r, "1:a"), PHX_OK);
    communityi_sync_end(r.sync);
    communityi_sync_begin(r.sync);
    assert_int_equal(rig_answer(&r, "4:d 3:c"), PHX_OK);
    assert_int_equal(rig_answer(&r, "1:edited"), PHX_OK);
    rig_expect_feed(&r, "4:d 3:c 1:edited");
    rig_stop(&r);
}

/* Each live event during the sync, before and after the page that holds its post. */
static void test_live_events_win_over_rows(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 3);
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":6}");
    rig_live(&r, COMMUNITYI_LIVE_POST_UPDATED, "{\"id\":5,\"body\":\"E\",\"likes_count\":0}");
    rig_live(&r, COMMUNITYI_LIVE_LIKES_UPDATED,
             "{\"id\":4,\"likes_count\":2,\"liked_by_user_ids\":[1,2]}");
    rig_live(&r, COMMUNITYI_LIVE_COMMENTS_UPDATED, "{\"id\":4,\"comments_count\":1}");
    assert_int_equal(rig_answer(&r, "6:f 5:e 4:d"), PHX_OK);
    rig_live(&r, COMMUNITYI_LIVE_COMMENTS_UPDATED, "{\"id\":5,\"comments_count\":3}");
    rig_live(&r, COMMUNITYI_LIVE_LIKES_UPDATED,
             "{\"id\":4,\"likes_count\":1,\"liked_by_user_ids\":[2]}");
    assert_int_equal(rig_answer(&r, "3:c 2:b"), PHX_OK);
    rig_expect_feed(&r, "5:E+0/3 4:d+1/1 3:c 2:b");
    rig_stop(&r);
}

static void test_new_posts_stay_on_top_in_their_order(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":4,\"body\":\"d\"}");
    assert_int_equal(rig_answer(&r, "4:d 3:c"), PHX_OK); /* that one is in a page already */
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":5,\"body\":\"e\"}");
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":6,\"body\":\"f\"}");
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":7,\"body\":\"g\"}");
    rig_live(&r, COMMUNITYI_LIVE_LIKES_UPDATED,
             "{\"id\":5,\"likes_count\":1,\"liked_by_user_ids\":[1]}");
    rig_live(&r, COMMUNITYI_LIVE_POST_UPDATED, "{\"id\":7,\"body\":\"G\"}");
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":6}");
    rig_expect_feed(&r, "7:G 5:e+1/0 4:d"); /* at once, without waiting for the sync */
    assert_int_equal(rig_answer(&r, "2:b"), PHX_OK);
    rig_expect_feed(&r, "7:G 5:e+1/0 4:d 3:c 2:b");
    rig_stop(&r);
}

static void test_deleted_stays_deleted_unless_created_anew(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 5);
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":3}");
    rig_live(&r, COMMUNITYI_LIVE_POST_UPDATED, "{\"id\":3,\"body\":\"late\"}");
    rig_live(&r, COMMUNITYI_LIVE_LIKES_UPDATED, "{\"id\":3,\"likes_count\":1}");
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":8,\"body\":\"h\"}");
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":9,\"body\":\"i\"}");
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":8}");
    rig_live(&r, COMMUNITYI_LIVE_NEW_POST, "{\"id\":8,\"body\":\"again\"}");
    assert_int_equal(rig_answer(&r, "3:c 2:b"), PHX_OK);
    rig_expect_feed(&r, "8:again 9:i 2:b");
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
    assert_int_equal(rig_answer(&r, "2:b 1:a"), PHX_OK);
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        bool is_changed = false;
        assert_int_equal(rig_event(&r, events[i].kind, events[i].json, &is_changed), PHX_OK);
        assert_true(is_changed);
        assert_int_equal(rig_event(&r, events[i].kind, events[i].json, &is_changed), PHX_OK);
        assert_false(is_changed);
    }
    rig_expect_feed(&r, "9:i 1:A+1/1");
    rig_stop(&r);
}

static void test_cursor_skips_what_was_deleted(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":4}");
    assert_int_equal(rig_answer(&r, "5:e 4:d"), PHX_OK);
    rig_expect_wanted(&r, "5");
    rig_live(&r, COMMUNITYI_LIVE_POST_DELETED, "{\"id\":5}");
    rig_expect_wanted(&r, NULL);
    rig_stop(&r);
}

static void test_row_that_comes_twice_counts_once(void **state)
{
    (void)state;
    rig r;
    rig_start(&r, 100, 2);
    assert_int_equal(rig_answer(&r, "5:e 4:d"), PHX_OK);
    assert_int_equal(rig_answer(&r, "4:other 3:c"), PHX_OK);
    assert_int_equal(rig_answer(&r, ""), PHX_OK);
    rig_expect_feed(&r, "5:e 4:d 3:c");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_until_one_is_short),
        cmocka_unit_test(test_unknown_event_changes_nothing),
        cmocka_unit_test(test_pages_until_the_capacity),
        cmocka_unit_test(test_full_feed_that_loses_posts_is_filled_up),
        cmocka_unit_test(test_empty_server_empties_the_feed),
        cmocka_unit_test(test_old_changes_that_were_missed_are_found),
        cmocka_unit_test(test_live_events_win_over_rows),
        cmocka_unit_test(test_new_posts_stay_on_top_in_their_order),
        cmocka_unit_test(test_deleted_stays_deleted_unless_created_anew),
        cmocka_unit_test(test_second_copies_change_nothing),
        cmocka_unit_test(test_cursor_skips_what_was_deleted),
        cmocka_unit_test(test_row_that_comes_twice_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
