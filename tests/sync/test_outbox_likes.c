/* SPDX-License-Identifier: MIT */
/*
 * Likes through the outbox: shown at once, and settled by what the server says.
 */
#include "outbox_rig.h"
#include "testing.h"

static rig world;

static void go_live(bool honours_keys)
{
    rig_init(&world, 1, honours_keys, 3);
    rig_start(&world);
    app_run(&world.app, 1000);
    assert_int_equal(world.app.status.freshness, COMMUNITY_LIVE);
}

static void go_down(void)
{
    world.app.server.is_down = true;
    fake_feed_drop(&world.app.server, 1006);
    app_run(&world.app, 100);
}

static void come_back(void)
{
    world.app.server.is_down = false;
    app_run(&world.app, 60000);
}

static const fake_post *model(uint32_t id)
{
    for (size_t i = 0; i < world.app.server.count; i++) {
        if (world.app.server.posts[i].id == id) {
            return &world.app.server.posts[i];
        }
    }
    return NULL;
}

static int64_t shown_likes(const char *id)
{
    const community_snapshot *snapshot = community_client_snapshot(world.app.client);
    int64_t likes = -1;
    for (size_t i = 0; i < community_snapshot_count(snapshot); i++) {
        const community_post *post = community_snapshot_post(snapshot, i);
        if (strcmp(post->id.data, id) == 0) {
            assert_int_equal(post->likes_count, post->liked_by_count);
            likes = post->likes_count;
        }
    }
    community_snapshot_release(snapshot);
    return likes;
}

static void test_likes_are_shown_at_once(void **state)
{
    (void)state;
    go_live(true);
    go_down();
    (void)rig_like(&world, "2");
    app_run(&world.app, 10);
    assert_int_equal(shown_likes("2"), 1);
    rig_expect_list(&world, "pending:2 ");
    (void)rig_like(&world, "2");
    app_run(&world.app, 10);
    assert_int_equal(shown_likes("2"), 0);
    rig_expect_list(&world, "");
    assert_int_equal(world.textless_told, 2);
    (void)rig_like(&world, "2");
    app_run(&world.app, 10);
    assert_int_equal(shown_likes("2"), 1);
    come_back();
    assert_int_equal(model(2)->rest_liker, 99);
    assert_int_equal(shown_likes("2"), 1);
    assert_true(app_is_in_sync(&world.app));
    rig_stop(&world);
}

static void test_refused_like_is_taken_back(void **state)
{
    (void)state;
    go_live(true);
    fake_feed_like(&world.app.server, 1);
    app_run(&world.app, 100);
    world.faults.refused = 1000;
    world.app.server.http.down_ms = 1000;
    (void)rig_like(&world, "2");
    app_run(&world.app, 100);
    assert_int_equal(shown_likes("2"), 2);
    /* Others' events meanwhile neither undo it nor are undone with it. */
    fake_feed_comment(&world.app.server, 1);
    fake_feed_like(&world.app.server, 1);
    app_run(&world.app, 100);
    assert_int_equal(shown_likes("2"), 3);
    app_run(&world.app, 2000);
    assert_int_equal(shown_likes("2"), 2);
    assert_true(app_is_in_sync(&world.app));
    rig_expect_list(&world, "");
    rig_stop(&world);
}

/* The event comes before the answer, or the answer without an event. */
static void test_likes_settle(void **state)
{
    (void)state;
    go_live(true);
    world.app.server.http.down_ms = 500;
    (void)rig_like(&world, "2");
    app_run(&world.app, 300);
    assert_int_equal(shown_likes("2"), 1);
    app_run(&world.app, 1000);
    assert_int_equal(shown_likes("2"), 1);
    (void)rig_like(&world, "2");
    app_run(&world.app, 5);
    assert_int_equal(shown_likes("2"), 0);
    (void)rig_like(&world, "2"); /* the other is on its way: both are sent */
    app_run(&world.app, 5);
    assert_int_equal(shown_likes("2"), 1);
    app_run(&world.app, 3000);
    assert_int_equal(shown_likes("2"), 1);
    assert_int_equal(model(2)->rest_liker, 99);
    assert_true(app_is_in_sync(&world.app));
    community_client_set_visible(world.app.client, false);
    app_run(&world.app, 1000);
    world.app.server.posts[1].likes = 5; /* nobody hears of it */
    (void)rig_like(&world, "2");
    app_run(&world.app, 2000);
    assert_int_equal(shown_likes("2"), 5); /* the answer says so */
    rig_stop(&world);
}

/* A page of posts below says nothing of the likes of those above. */
static void test_like_is_taken_back_behind_a_page_below(void **state)
{
    (void)state;
    rig_init(&world, 1, true, 30);
    world.app.config.initial_posts = world.app.config.page_posts = 10;
    rig_start(&world);
    app_run(&world.app, 1000);
    world.faults.unsent = 1000;
    (void)rig_like(&world, "30");
    app_run(&world.app, 10);
    assert_int_equal(shown_likes("30"), 1);
    assert_int_equal(community_client_load_older(world.app.client, NULL, NULL, NULL), PHX_OK);
    app_run(&world.app, 100);
    assert_int_equal(world.app.replica_count, 20);
    assert_int_equal(shown_likes("30"), 1);
    (void)rig_like(&world, "30");
    app_run(&world.app, 10);
    assert_int_equal(shown_likes("30"), 0);
    rig_stop(&world);
}

/* Nor does one that fills up a feed from which posts were deleted, although what is shown changes
 * while it is on its way. */
static void test_like_is_undone_while_the_feed_fills_up(void **state)
{
    (void)state;
    rig_init(&world, 1, true, 30);
    world.app.config.initial_posts = world.app.config.page_posts = 10;
    rig_start(&world);
    app_run(&world.app, 1000);
    world.faults.unsent = 1000;
    (void)rig_like(&world, "30");
    app_run(&world.app, 10);
    world.app.server.http.down_ms = 200;
    fake_feed_delete(&world.app.server, 5);
    app_run(&world.app, 100);
    assert_int_equal(world.app.replica_count, 9);
    assert_int_equal(shown_likes("30"), 1);
    (void)rig_like(&world, "30");
    /* One that came while the page was on its way is shown as liked ever after. */
    uint32_t newest = fake_feed_create(&world.app.server, "new");
    assert_int_equal(newest, 31);
    app_run(&world.app, 50);
    (void)rig_like(&world, "31");
    app_run(&world.app, 10);
    assert_int_equal(shown_likes("30"), 0);
    assert_int_equal(shown_likes("31"), 1);
    app_run(&world.app, 500);
    assert_int_equal(shown_likes("30"), 0);
    assert_int_equal(shown_likes("31"), 1);
    (void)rig_like(&world, "31");
    app_run(&world.app, 500);
    assert_int_equal(shown_likes("31"), 0);
    rig_stop(&world);
}

/* What the user meant with a like of a post that the feed did not show is for the server to say:
 * here its answer is lost, and the one to the second attempt is empty. */
static void test_like_below_the_feed(void **state)
{
    (void)state;
    rig_init(&world, 1, true, 30);
    world.app.config.initial_posts = world.app.config.page_posts = 10;
    rig_start(&world);
    app_run(&world.app, 1000);
    world.faults.lost_after = 1000;
    (void)rig_like(&world, "15");
    app_run(&world.app, 100);
    world.faults.lost_after = 0;
    assert_int_equal(model(15)->rest_liker, 99);
    assert_int_equal(community_client_load_older(world.app.client, NULL, NULL, NULL), PHX_OK);
    app_run(&world.app, 100);
    rig_expect_list(&world, "pending:15 ");
    assert_int_equal(shown_likes("15"), 1);
    app_run(&world.app, 60000);
    rig_expect_list(&world, "");
    assert_int_equal(world.textless_told, 1);
    assert_int_equal(shown_likes("15"), 1);
    rig_stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_likes_are_shown_at_once),
        cmocka_unit_test(test_refused_like_is_taken_back),
        cmocka_unit_test(test_likes_settle),
        cmocka_unit_test(test_like_is_taken_back_behind_a_page_below),
        cmocka_unit_test(test_like_is_undone_while_the_feed_fills_up),
        cmocka_unit_test(test_like_below_the_feed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
