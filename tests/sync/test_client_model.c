/* SPDX-License-Identifier: MIT */
/*
 * Random runs against the model of the backend, each decided by its seed. The first argument: a
 * seed to run alone; the second: how many from it on.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app.h"
#include "testing.h"

static test_app app;
static uint64_t first_seed = 1;
static size_t runs = 100;

static void mutate(uint64_t *seed)
{
    fake_feed *server = &app.server;
    size_t what = random_below(seed, 12);
    if (server->count == 0 || (what < 4 && server->count < 300)) {
        (void)fake_feed_create(server, "created");
        return;
    }
    size_t index =
        random_below(seed, random_below(seed, 2) == 0 ? server->count : 1 + server->count / 4);
    char body[32];
    (void)snprintf(body, sizeof body, "edit %zu", random_below(seed, 1000));
    switch (what) {
    case 4:
    case 5:
        fake_feed_delete(server, index);
        break;
    case 6:
    case 7:
        fake_feed_edit(server, index, body);
        break;
    case 8:
        fake_feed_comment(server, index);
        break;
    default:
        fake_feed_like(server, index);
        break;
    }
}

static void disturb(uint64_t *seed)
{
    fake_feed *server = &app.server;
    static const int32_t close_codes[] = {1006, 1000, 1001, 1011, 1012};
    static const char *const garbage[] = {"{", "[null,null,\"community:feed\",\"new_post\",{}]",
                                          "[1,2]"};
    switch (random_below(seed, 8)) {
    case 0:
        fake_feed_drop(server, close_codes[random_below(seed, COUNT_OF(close_codes))]);
        break;
    case 1:
        fake_feed_send_raw(server, garbage[random_below(seed, COUNT_OF(garbage))]);
        server->is_mangling = true;
        break;
    case 2:
        fake_feed_send_channel(server, "phx_error");
        break;
    case 3:
        fake_feed_send_channel(server, "phx_close");
        break;
    case 4:
        server->rest_status = random_below(seed, 2) == 0 ? 500 : 429;
        server->rest_failures_left = 1 + random_below(seed, 3);
        break;
    case 5:
        server->is_doubling = !server->is_doubling;
        break;
    case 6:
        server->is_down = true;
        fake_feed_drop(server, 1006);
        break;
    default:
        server->is_down = false;
        break;
    }
}

static void run_model(uint64_t seed)
{
    app_init(&app, seed, random_below(&seed, 150));
    app.server.http.jitter_ms = (uint32_t)random_below(&seed, 400);
    app.server.transport.latency_ms = (uint32_t)random_below(&seed, 60);
    app.config.page_posts = 1 + (uint32_t)random_below(&seed, 60);
    app.config.max_posts =
        random_below(&seed, 2) == 0 ? 1000 : 20 + (uint32_t)random_below(&seed, 100);
    app_start(&app);
    for (int step = 0; step < 2000; step++) {
        if (random_below(&seed, 3) != 0) {
            mutate(&seed);
        }
        if (random_below(&seed, 60) == 0) {
            disturb(&seed);
        }
        if (random_below(&seed, 20) == 0) {
            app.server.is_down = false;
        }
        app_run(&app, (uint32_t)random_below(&seed, 40));
    }
    app.server.is_down = false;
    app.server.rest_status = 0;
    app_run(&app, 120000);
    assert_int_equal(app.status.state, COMMUNITY_CONNECTED);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    const community_snapshot *snapshot = community_client_snapshot(app.client);
    fake_feed_assert_equal(&app.server, snapshot, app.config.max_posts);
    assert_int_equal(community_snapshot_count(snapshot), app.replica_count);
    community_snapshot_release(snapshot);
    assert_int_equal(app.server.transport.most_open, 1);
    app_stop(&app);
}

static void test_feed_equals_the_servers_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < runs; i++) {
        print_message("seed %llu\n", (unsigned long long)(first_seed + i));
        run_model(first_seed + i);
    }
}

static bool is_wanted(const bool facts[4])
{
    return facts[0] && facts[1] && facts[2] && facts[3];
}

static void report_fact(uint64_t *seed, bool facts[4])
{
    size_t which = random_below(seed, 4);
    bool is_true = random_below(seed, 3) != 0;
    switch (which) {
    case 0:
        community_client_set_visible(app.client, is_true);
        break;
    case 1:
        community_client_set_foreground(app.client, is_true);
        break;
    case 2:
        community_client_set_network(app.client, is_true);
        break;
    default:
        if (is_true) {
            assert_int_equal(community_client_login(app.client, "good", 4, NULL, NULL), PHX_OK);
        } else {
            community_client_logout(app.client);
        }
        break;
    }
    facts[which] = is_true;
}

/* At most one connection at any time; when all is quiet, one exactly if it is wanted. */
static void run_facts(uint64_t seed)
{
    bool facts[4] = {true, true, true, true};
    app_init(&app, seed, 30);
    app_start(&app);
    for (int step = 0; step < 3000; step++) {
        report_fact(&seed, facts);
        if (random_below(&seed, 40) == 0) {
            fake_feed_drop(&app.server, 1006);
        }
        if (random_below(&seed, 20) == 0) {
            community_client_retry(app.client);
        }
        app_run(&app, (uint32_t)random_below(&seed, 25));
        assert_true(app.server.transport.living <= 1);
        if (random_below(&seed, 50) == 0) {
            app_run(&app, 60000);
            bool is_connected = app.status.state == COMMUNITY_CONNECTED;
            assert_int_equal(is_connected, is_wanted(facts));
            assert_int_equal(fake_feed_joined(&app.server), is_wanted(facts) ? 1 : 0);
            assert_int_equal(app.server.transport.living, is_wanted(facts) ? 1 : 0);
            assert_true(!is_connected || app.status.freshness == COMMUNITY_LIVE);
            assert_true(!is_connected || app_is_in_sync(&app));
        }
    }
    app_stop(&app);
}

static void test_facts_in_random_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < runs / 5 + 1; i++) {
        print_message("seed %llu\n", (unsigned long long)(first_seed + i));
        run_facts(first_seed + i);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        first_seed = strtoull(argv[1], NULL, 10);
        runs = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_feed_equals_the_servers_list),
        cmocka_unit_test(test_facts_in_random_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
