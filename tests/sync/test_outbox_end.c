/* SPDX-License-Identifier: MIT */
/*
 * The outbox's end in each of its callbacks, and out of memory wherever that happens.
 */
#include "failing_allocator.h"
#include "outbox_rig.h"
#include "testing.h"

static rig world;

static void test_release_in_each_callback(void **state)
{
    (void)state;
    static const char *const callbacks[] = {"done", "outcome", "list"};
    for (size_t i = 0; i < COUNT_OF(callbacks); i++) {
        for (int is_refused = 0; is_refused <= 1; is_refused++) {
            rig_init(&world, 1, true, 3);
            rig_start(&world);
            app_run(&world.app, 1000);
            world.faults.refused = is_refused != 0 ? 1000 : 0;
            world.release_in = callbacks[i];
            for (uint32_t number = 1; number <= 3; number++) {
                (void)rig_post(&world, number);
            }
            (void)rig_like(&world, "2");
            app_run(&world.app, 1000);
            assert_null(world.release_in);
            assert_int_equal(world.app.released, 1);
            for (uint32_t number = 1; number <= 3; number++) {
                assert_int_equal(world.done[number], 1);
            }
            rig_stop(&world);
        }
    }
}

/* From the threads' side: a list outlives its client. */
static void test_list_outlives_its_client(void **state)
{
    (void)state;
    rig_init(&world, 1, true, 3);
    rig_start(&world);
    world.app.server.is_down = true;
    (void)rig_post(&world, 1);
    assert_int_equal(community_client_delete_comment(world.app.client, "3", "c9", NULL, NULL, NULL),
                     PHX_OK);
    app_run(&world.app, 1000);
    const community_outbox *outbox = community_client_outbox(world.app.client);
    assert_ptr_equal(community_outbox_retain(outbox), outbox);
    rig_stop(&world);
    community_outbox_release(outbox);
    assert_int_equal(community_outbox_count(outbox), 2);
    const community_outbox_item *post = community_outbox_item_at(outbox, 0);
    assert_string_equal(post->body.data, "item 1");
    assert_string_equal(post->comment_id.data, "");
    const community_outbox_item *deletion = community_outbox_item_at(outbox, 1);
    assert_string_equal(deletion->post_id.data, "3");
    assert_string_equal(deletion->comment_id.data, "c9");
    assert_string_equal(deletion->reason.data, "");
    assert_null(community_outbox_item_at(outbox, 2));
    community_outbox_release(outbox);
    community_outbox_release(NULL);
}

static bool make_world(failing_allocator *allocator, bool honours_keys)
{
    rig_init(&world, 1, honours_keys, 10);
    rig_configure(&world);
    test_app *app = &world.app;
    phx_loop_release(app->loop);
    fake_poller_init(&app->poller, 1);
    app->loop = fake_poller_loop(&app->poller, &allocator->port, NULL);
    app->config.loop = app->loop;
    if (app->loop == NULL) {
        fake_poller_run_rest(&app->poller);
    }
    return app->loop != NULL;
}

static void use(phx_status *out_post, phx_status *out_like)
{
    test_app *app = &world.app;
    community_client_set_visible(app->client, true);
    app_run(app, 300);
    app->server.is_down = true;
    fake_feed_drop(&app->server, 1006);
    *out_post = rig_post(&world, 1);
    *out_like = rig_like(&world, "2");
    (void)rig_comment(&world, "3", 2);
    app_run(app, 50);
    app->server.is_down = false;
    app_run(app, 120000);
}

/* One refusal of memory loses nothing that was accepted; without any left, there is still an
 * orderly end. */
static void live_through(failing_allocator *allocator, void *user_data)
{
    const bool *honours_keys = user_data;
    test_app *app = &world.app;
    phx_status post = PHX_ERROR_NO_MEMORY;
    phx_status like = PHX_ERROR_NO_MEMORY;
    if (!make_world(allocator, *honours_keys)) {
        assert_true(allocator->refused > 0);
        return;
    }
    phx_status status = community_client_new(&app->config, &app->client);
    assert_int_equal(status, allocator->refused > 0 ? PHX_ERROR_NO_MEMORY : PHX_OK);
    if (status == PHX_OK) {
        use(&post, &like);
        assert_true(world.executed[1] <= 1 && world.told[1] <= 1 && world.done[1] <= 1);
        if (!allocator->refuse_all_after) {
            assert_int_equal(world.executed[1], post == PHX_OK ? 1 : 0);
            assert_int_equal(world.told[1], post == PHX_OK ? 1 : 0);
            assert_int_equal(world.textless_told, like == PHX_OK ? 1 : 0);
            assert_true(app_is_in_sync(app));
        }
        app_stop(app);
        return;
    }
    app->client = NULL;
    phx_loop_release(app->loop);
    fake_poller_run_rest(&app->poller);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        bool honours_keys = i == 0;
        print_message("%zu requests\n", failing_allocator_torture(live_through, &honours_keys));
    }
}

/* Two posts come to their outcomes while the nth request for memory is refused, or all from the
 * nth on; then the process is killed. Returns whether there were so many. */
static bool settle_without_memory(size_t nth, bool all_after, bool is_refused)
{
    static failing_allocator allocator;
    failing_allocator_init(&allocator);
    assert_true(make_world(&allocator, true));
    app_start(&world.app);
    app_run(&world.app, 1000);
    world.app.server.http.down_ms = 100;
    world.faults.refused = is_refused ? 1000 : 0;
    (void)rig_post(&world, 1);
    (void)rig_post(&world, 2);
    app_run(&world.app, 50);
    failing_allocator_refuse(&allocator, nth, all_after);
    app_run(&world.app, 300);
    bool was_reached = allocator.refused > 0;
    failing_allocator_refuse(&allocator, 0, false);
    /* What has no outcome yet may have it in the next run. */
    const uint32_t told[] = {world.told[1], world.told[2]};
    const uint32_t executed[] = {world.executed[1], world.executed[2]};
    rig_restart(&world, true);
    world.faults.refused = 0;
    rig_start(&world);
    app_run(&world.app, 60000);
    for (uint32_t number = 1; number <= 2; number++) {
        assert_int_equal(world.told[number], 1);
        assert_true(told[number - 1] == 0 || world.executed[number] == executed[number - 1]);
    }
    rig_stop(&world);
    return was_reached;
}

/* What was told is not told again, nor sent again, in the next run. */
static void test_outcomes_are_final_without_memory(void **state)
{
    (void)state;
    size_t runs = 0;
    for (int variant = 0; variant < 4; variant++) {
        size_t nth = 1;
        while (settle_without_memory(nth, (variant & 1) != 0, (variant & 2) != 0)) {
            nth++;
        }
        runs += nth;
    }
    assert_true(runs > 100);
    print_message("%zu runs\n", runs);
}

/* The list comes up to date once there is memory again. */
static void test_list_is_made_later(void **state)
{
    (void)state;
    static failing_allocator allocator;
    bool was_reached = true;
    for (size_t nth = 1; was_reached; nth++) {
        failing_allocator_init(&allocator);
        assert_true(make_world(&allocator, true));
        app_start(&world.app);
        app_run(&world.app, 1000);
        world.app.server.http.down_ms = 100;
        (void)rig_post(&world, 1);
        app_run(&world.app, 50);
        failing_allocator_refuse(&allocator, nth, false);
        app_run(&world.app, 100);
        was_reached = allocator.refused > 0;
        failing_allocator_refuse(&allocator, 0, false);
        app_run(&world.app, 60000);
        assert_int_equal(world.told[1], 1);
        rig_expect_list(&world, "");
        rig_stop(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_release_in_each_callback),
        cmocka_unit_test(test_list_outlives_its_client),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_list_is_made_later),
        cmocka_unit_test(test_outcomes_are_final_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
