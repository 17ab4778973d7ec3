/* SPDX-License-Identifier: MIT */
/*
 * The outbox through the client: writes made out of reach of the server, restarts, limits.
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

static void test_online_a_write_goes_at_once(void **state)
{
    (void)state;
    go_live(false);
    assert_int_equal(rig_post(&world, 1), PHX_OK);
    app_run(&world.app, 6);
    rig_expect_list(&world, "sending:item 1 ");
    assert_int_equal(rig_outbox_records(&world), 1);
    app_run(&world.app, 100);
    rig_expect_list(&world, "");
    rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_DONE);
    assert_int_equal(world.done[1], 1);
    assert_int_equal(world.done_status[1], PHX_OK);
    assert_int_equal(rig_outbox_records(&world), 0);
    assert_true(app_is_in_sync(&world.app));
    rig_stop(&world);
}

static void test_what_is_done_offline_is_sent_later_in_order(void **state)
{
    (void)state;
    go_live(false);
    go_down();
    assert_int_equal(rig_post(&world, 1), PHX_OK);
    assert_int_equal(rig_edit(&world, "2", 2), PHX_OK);
    assert_int_equal(rig_comment(&world, "3", 3), PHX_OK);
    assert_int_equal(community_client_delete_post(world.app.client, "1", NULL, NULL, NULL), PHX_OK);
    app_run(&world.app, 20000);
    rig_expect_list(&world, "pending:item 1 pending:item 2 pending:item 3 pending:1 ");
    assert_int_equal(rig_outbox_records(&world), 4);
    assert_int_equal(world.done[1], 0);
    come_back();
    rig_expect_list(&world, "");
    for (uint32_t i = 1; i <= 3; i++) {
        rig_expect_outcome(&world, i, COMMUNITY_OUTCOME_DONE);
        assert_int_equal(world.executed[i], 1);
        assert_int_equal(world.done[i], 1);
    }
    assert_int_equal(world.textless_told, 1);
    assert_null(model(1));
    assert_false(world.is_out_of_order);
    assert_int_equal(rig_outbox_records(&world), 0);
    assert_true(app_is_in_sync(&world.app));
    rig_stop(&world);
}

static void test_without_network_nothing_is_tried(void **state)
{
    (void)state;
    go_live(false);
    community_client_set_network(world.app.client, false);
    app_run(&world.app, 10);
    size_t requests = world.app.server.http.requests;
    assert_int_equal(rig_post(&world, 1), PHX_OK);
    app_run(&world.app, 600000);
    assert_int_equal(world.app.server.http.requests, requests);
    /* The tab need not be visible. */
    community_client_set_visible(world.app.client, false);
    community_client_set_network(world.app.client, true);
    app_run(&world.app, 100);
    rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_DONE);
    rig_stop(&world);
}

static void test_restart_keeps_what_was_not_sent(void **state)
{
    (void)state;
    for (int is_killed = 0; is_killed <= 1; is_killed++) {
        go_live(false);
        go_down();
        (void)rig_post(&world, 1);
        (void)rig_comment(&world, "2", 2);
        app_run(&world.app, 5000);
        rig_restart(&world, is_killed != 0);
        assert_int_equal(world.done[1], 1);
        assert_int_equal(world.done_status[1], PHX_ERROR_CLOSED);
        assert_int_equal(world.told[1], 0);
        rig_start(&world);
        app_run(&world.app, 5000);
        rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_DONE);
        rig_expect_outcome(&world, 2, COMMUNITY_OUTCOME_DONE);
        assert_int_equal(world.done[1], 1);
        assert_int_equal(world.executed[1], 1);
        assert_false(world.is_out_of_order);
        assert_int_equal(rig_outbox_records(&world), 0);
        assert_int_equal(world.app.errors, 0); /* each record was read as what it is */
        rig_stop(&world);
    }
}

/* Released in the very turn of the call. */
static void test_release_keeps_what_was_accepted(void **state)
{
    (void)state;
    go_live(false);
    (void)rig_post(&world, 1);
    rig_restart(&world, false);
    assert_int_equal(world.done_status[1], PHX_ERROR_CLOSED);
    assert_int_equal(world.executed[1], 0);
    rig_start(&world);
    app_run(&world.app, 5000);
    rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_DONE);
    assert_int_equal(world.executed[1], 1);
    rig_stop(&world);
}

/* Executed, and the process killed before the answer came. */
static void test_restart_in_the_middle_of_a_request(void **state)
{
    (void)state;
    for (int honours_keys = 0; honours_keys <= 1; honours_keys++) {
        go_live(honours_keys != 0);
        (void)rig_post(&world, 1);
        app_run(&world.app, 8);
        assert_int_equal(world.executed[1], 1);
        assert_int_equal(world.told[1], 0);
        rig_restart(&world, true);
        rig_start(&world);
        app_run(&world.app, 5000);
        assert_int_equal(world.executed[1], 1);
        rig_expect_outcome(&world, 1,
                           honours_keys != 0 ? COMMUNITY_OUTCOME_DONE : COMMUNITY_OUTCOME_UNKNOWN);
        rig_expect_list(&world, honours_keys != 0 ? "" : "failed:item 1 ");
        rig_stop(&world);
    }
}

static void test_lost_answers(void **state)
{
    (void)state;
    for (int honours_keys = 0; honours_keys <= 1; honours_keys++) {
        go_live(honours_keys != 0);
        world.faults.lost_after = 1000;
        (void)rig_post(&world, 1);
        app_run(&world.app, 20000);
        assert_int_equal(world.executed[1], 1);
        if (honours_keys == 0) {
            rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_UNKNOWN);
            assert_int_equal(world.done_status[1], PHX_ERROR_TIMEOUT);
            rig_expect_list(&world, "failed:item 1 ");
        }
        world.faults.lost_after = 0;
        app_run(&world.app, 60000);
        rig_expect_outcome(&world, 1,
                           honours_keys != 0 ? COMMUNITY_OUTCOME_DONE : COMMUNITY_OUTCOME_UNKNOWN);
        assert_int_equal(world.executed[1], 1);
        rig_stop(&world);
    }
}

static uint64_t first_id(void)
{
    const community_outbox *outbox = community_client_outbox(world.app.client);
    const community_outbox_item *item = community_outbox_item_at(outbox, 0);
    assert_non_null(item);
    uint64_t id = item->id;
    community_outbox_release(outbox);
    return id;
}

static void test_refused_is_shown_kept_and_can_be_retried(void **state)
{
    (void)state;
    go_live(true);
    world.faults.refused = 1000;
    (void)rig_post(&world, 1);
    app_run(&world.app, 100);
    rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_REFUSED);
    assert_int_equal(world.done_status[1], PHX_ERROR_INVALID_REQUEST);
    rig_expect_list(&world, "failed:item 1 ");
    rig_restart(&world, true);
    rig_start(&world);
    app_run(&world.app, 2000);
    rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_REFUSED); /* not told again */
    const community_outbox *outbox = community_client_outbox(world.app.client);
    const community_outbox_item *item = community_outbox_item_at(outbox, 0);
    assert_int_equal(item->outcome, COMMUNITY_OUTCOME_REFUSED);
    assert_int_equal(item->kind, COMMUNITY_WRITE_CREATE_POST);
    assert_string_equal(item->reason.data, "not like this");
    community_outbox_release(outbox);
    world.faults.refused = 0;
    world.told[1] = 0;
    community_client_retry_outbox_item(world.app.client, first_id());
    app_run(&world.app, 1000);
    rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_DONE);
    assert_int_equal(world.executed[1], 1);
    rig_expect_list(&world, "");
    assert_int_equal(rig_outbox_records(&world), 0);
    rig_stop(&world);
}

static void test_cancel(void **state)
{
    (void)state;
    go_live(true);
    world.faults.refused = 1000;
    (void)rig_post(&world, 1);
    app_run(&world.app, 100);
    community_client_cancel_outbox_item(world.app.client, first_id());
    go_down();
    rig_expect_list(&world, "");
    rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_REFUSED);
    (void)rig_post(&world, 2);
    (void)rig_post(&world, 3);
    app_run(&world.app, 100);
    community_client_cancel_outbox_item(world.app.client, first_id());
    community_client_cancel_outbox_item(world.app.client, 123456789);
    community_client_retry_outbox_item(world.app.client, 123456789);
    app_run(&world.app, 3000);
    rig_expect_outcome(&world, 2, COMMUNITY_OUTCOME_CANCELLED);
    assert_int_equal(world.done_status[2], PHX_ERROR_CANCELLED);
    rig_expect_list(&world, "pending:item 3 ");
    assert_int_equal(rig_outbox_records(&world), 1);
    rig_stop(&world);
}

static void test_logout_cancels_and_wipes(void **state)
{
    (void)state;
    go_live(true);
    go_down();
    (void)rig_post(&world, 1);
    app_run(&world.app, 3000);
    assert_int_equal(rig_outbox_records(&world), 1);
    (void)rig_post(&world, 2);
    community_client_logout(world.app.client);
    app_run(&world.app, 3000);
    rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_CANCELLED);
    assert_int_equal(world.done_status[2], PHX_ERROR_CANCELLED);
    assert_int_equal(world.disk.count, 0);
    rig_expect_list(&world, "");
    world.app.server.is_down = false;
    assert_int_equal(community_client_login(world.app.client, "good", 4, NULL, NULL), PHX_OK);
    app_run(&world.app, 5000);
    assert_int_equal(world.executed[1] + world.executed[2], 0);
    (void)rig_post(&world, 3);
    app_run(&world.app, 1000);
    rig_expect_outcome(&world, 3, COMMUNITY_OUTCOME_DONE);
    rig_stop(&world);
}

/* One that waits over a restart expires `as`, one of the present run is sent in time. */
static void expire(bool is_idempotent, community_outcome as)
{
    rig_init(&world, 1, is_idempotent, 3);
    world.app.config.outbox_expires_ms = 60000;
    rig_start(&world);
    go_down();
    (void)rig_post(&world, 1);
    app_run(&world.app, 30000);
    rig_restart(&world, true);
    world.app.server.is_down = true;
    rig_start(&world);
    (void)rig_post(&world, 2);
    app_run(&world.app, 29000);
    assert_int_equal(world.told[1], 0);
    app_run(&world.app, 2000);
    rig_expect_outcome(&world, 1, as);
    come_back();
    rig_expect_outcome(&world, 2, COMMUNITY_OUTCOME_DONE);
    assert_int_equal(world.executed[1], 0);
    rig_stop(&world);
}

/* Where a write may go out without its record, one of an earlier run may have done so. */
static void test_expiry(void **state)
{
    (void)state;
    expire(false, COMMUNITY_OUTCOME_EXPIRED);
    expire(true, COMMUNITY_OUTCOME_UNKNOWN);
}

static void test_refused_token_holds_until_login(void **state)
{
    (void)state;
    go_live(true);
    world.app.server.token = "new";
    (void)rig_post(&world, 1);
    app_run(&world.app, 600000);
    rig_expect_list(&world, "pending:item 1 ");
    assert_int_equal(world.told[1], 0);
    assert_int_equal(community_client_login(world.app.client, "new", 3, NULL, NULL), PHX_OK);
    app_run(&world.app, 1000);
    rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_DONE);
    rig_stop(&world);
}

/* Who is in the background may be killed any moment: what was answered there is written at once. */
static void test_killed_in_the_background(void **state)
{
    (void)state;
    go_live(false);
    community_client_set_visible(world.app.client, false);
    app_run(&world.app, 100);
    world.faults.limited = 1000;
    (void)rig_post(&world, 1);
    app_run(&world.app, 100);
    rig_expect_list(&world, "pending:item 1 "); /* certainly not done, so it may be sent again */
    world.faults.limited = 0;
    rig_restart(&world, true);
    rig_start(&world);
    app_run(&world.app, 10000);
    rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_DONE);
    assert_int_equal(world.executed[1], 1);
    rig_stop(&world);
}

static void test_refused_token_is_refreshed_once(void **state)
{
    (void)state;
    go_live(false);
    world.app.server.token = "new";
    (void)strcpy(world.app.keychain.refreshed, "new");
    (void)rig_post(&world, 1);
    app_run(&world.app, 100);
    rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_DONE);
    assert_int_equal(world.app.keychain.refreshes, 1);
    rig_stop(&world);
}

/* A probe and the user's wish to try end the wait of what failed. */
static void test_wait_is_cut_short(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        go_live(true);
        world.faults.failed = 1000;
        (void)rig_post(&world, 1);
        app_run(&world.app, 20000);
        rig_expect_list(&world, "pending:item 1 ");
        world.faults.failed = 0;
        if (i == 0) {
            community_client_set_network(world.app.client, true);
        } else {
            community_client_retry(world.app.client);
        }
        app_run(&world.app, 100);
        rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_DONE);
        rig_stop(&world);
    }
}

static phx_status fill_nothing(void *user_data, uint8_t *bytes, size_t length)
{
    (void)user_data;
    (void)bytes;
    (void)length;
    return PHX_ERROR_SYSTEM;
}

/* No key can be made for it. */
static void test_without_random_bytes(void **state)
{
    (void)state;
    go_live(false);
    world.app.poller.random.fill = fill_nothing;
    (void)rig_post(&world, 1);
    app_run(&world.app, 100);
    assert_int_equal(world.done[1], 1);
    assert_int_equal(world.done_status[1], PHX_ERROR_SYSTEM);
    assert_int_equal(world.executed[1], 0);
    rig_expect_list(&world, "");
    rig_stop(&world);
}

static void test_bounds(void **state)
{
    (void)state;
    rig_init(&world, 1, true, 3);
    world.app.config.outbox_max_items = 3;
    world.app.config.outbox_max_bytes = 60;
    rig_start(&world);
    app_run(&world.app, 1000);
    world.faults.refused = 1000;
    (void)rig_post(&world, 1);
    (void)rig_post(&world, 2);
    app_run(&world.app, 1000);
    rig_expect_list(&world, "failed:item 1 failed:item 2 ");
    go_down();
    char long_text[80];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_int_equal(community_client_create_post(world.app.client, long_text, NULL, NULL, NULL),
                     PHX_ERROR_QUEUE_FULL);
    assert_int_equal(rig_post(&world, 3), PHX_OK);
    assert_int_equal(rig_post(&world, 4), PHX_OK);
    assert_int_equal(rig_post(&world, 5), PHX_OK);
    assert_int_equal(rig_post(&world, 6), PHX_ERROR_QUEUE_FULL);
    app_run(&world.app, 3000);
    rig_expect_list(&world, "pending:item 3 pending:item 4 pending:item 5 ");
    assert_int_equal(rig_outbox_records(&world), 3);
    rig_stop(&world);
}

/* Nothing is sent that a restart could send twice; what was never recorded goes all the same. */
static void test_failing_disk(void **state)
{
    (void)state;
    go_live(false);
    world.disk.is_failing = true;
    (void)rig_post(&world, 1);
    app_run(&world.app, 1000);
    rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_DONE);
    world.disk.is_failing = false;
    app_run(&world.app, 10000);
    go_down();
    (void)rig_post(&world, 2);
    app_run(&world.app, 5000);
    assert_int_equal(rig_outbox_records(&world), 1);
    world.disk.is_failing = true;
    world.app.server.is_down = false;
    app_run(&world.app, 60000);
    assert_int_equal(world.executed[2], 0);
    rig_expect_list(&world, "pending:item 2 ");
    world.disk.is_failing = false;
    app_run(&world.app, 60000);
    rig_expect_outcome(&world, 2, COMMUNITY_OUTCOME_DONE);
    rig_stop(&world);
}

/* An outcome has also what is cancelled before it comes into the list, and sends nothing. */
static void test_cancelled_before_its_turn(void **state)
{
    (void)state;
    go_live(true);
    community_request request;
    assert_int_equal(rig_post(&world, 1), PHX_OK);
    assert_int_equal(community_client_create_post(world.app.client, "item 2", NULL, NULL, &request),
                     PHX_OK);
    community_client_cancel(world.app.client, request);
    app_run(&world.app, 1000);
    rig_expect_outcome(&world, 1, COMMUNITY_OUTCOME_DONE);
    rig_expect_outcome(&world, 2, COMMUNITY_OUTCOME_CANCELLED);
    assert_int_equal(world.executed[2], 0);
    rig_expect_list(&world, "");
    rig_stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancelled_before_its_turn),
        cmocka_unit_test(test_online_a_write_goes_at_once),
        cmocka_unit_test(test_what_is_done_offline_is_sent_later_in_order),
        cmocka_unit_test(test_without_network_nothing_is_tried),
        cmocka_unit_test(test_restart_keeps_what_was_not_sent),
        cmocka_unit_test(test_release_keeps_what_was_accepted),
        cmocka_unit_test(test_restart_in_the_middle_of_a_request),
        cmocka_unit_test(test_lost_answers),
        cmocka_unit_test(test_refused_is_shown_kept_and_can_be_retried),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_logout_cancels_and_wipes),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_refused_token_holds_until_login),
        cmocka_unit_test(test_killed_in_the_background),
        cmocka_unit_test(test_refused_token_is_refreshed_once),
        cmocka_unit_test(test_wait_is_cut_short),
        cmocka_unit_test(test_without_random_bytes),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_failing_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
