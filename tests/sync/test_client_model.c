/* SPDX-License-Identifier: MIT */
/*
 * Random runs against the model of the backend, each decided by its seed. The first argument: a
 * seed to run alone; the second: how many from it on. The last line says what was measured.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app.h"
#include "measuring_allocator.h"
#include "testing.h"

static test_app app;
static uint64_t first_seed = 1;
static size_t runs = 100;

enum {
    /* Of all that the loop and the client hold: some 1.5 KB for each post of the largest model. */
    MAX_PEAK_BYTES = 1 << 20
};

static measuring_allocator memory;
static void (*serve)(void *user_data, const fake_request *request, fake_response *response);
static uint64_t model_seed;
static uint64_t facts_seed;
static size_t seeds_run;
static size_t peak_bytes;
static size_t divergences;
static size_t pages;         /* since the last request from the newest post on */
static size_t longest_pages; /* of all catch-ups */
static size_t older_asked;
static size_t older_done;

/* Counts the pages of each catch-up on their way to the server. */
static void count_and_serve(void *user_data, const fake_request *request, fake_response *response)
{
    if (strcmp(request->method, "GET") == 0) {
        pages = strstr(request->url, "before=") == NULL ? 1 : pages + 1;
        longest_pages = pages > longest_pages ? pages : longest_pages;
    }
    serve(user_data, request, response);
}

static void on_older(void *user_data, const community_result *result)
{
    (void)user_data;
    assert_true(result->error.status == PHX_OK || result->post_count == 0);
    older_done++;
}

static void start(uint64_t seed, size_t posts)
{
    measuring_allocator_init(&memory);
    app_init_with(&app, &memory.port, seed, posts);
    serve = app.server.http.serve;
    app.server.http.serve = count_and_serve;
    older_asked = older_done = 0;
}

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

static uint32_t wanted_posts(void)
{
    uint32_t initial = app.config.initial_posts;
    return initial != 0 && initial < app.config.max_posts ? initial : app.config.max_posts;
}

/* The newest posts of the server's list, at least as many as a first fill fetches. */
static void check_feed(void)
{
    const community_snapshot *snapshot = community_client_snapshot(app.client);
    size_t count = community_snapshot_count(snapshot);
    size_t at_least = wanted_posts() < app.server.count ? wanted_posts() : app.server.count;
    bool is_equal = count >= at_least && count <= app.config.max_posts &&
                    fake_feed_is_equal(&app.server, snapshot, count);
    divergences += is_equal ? 0 : 1;
    assert_true(is_equal);
    assert_int_equal(count, app.replica_count);
    community_snapshot_release(snapshot);
}

/* To the end of the server's list, or the capacity. */
static void load_the_rest(void)
{
    for (size_t i = 0; i <= app.config.max_posts; i++) {
        size_t before = app.replica_count;
        assert_int_equal(community_client_load_older(app.client, on_older, NULL, NULL), PHX_OK);
        app_run(&app, 2000);
        assert_int_equal(older_done, ++older_asked);
        if (app.replica_count == before) {
            break;
        }
    }
    size_t all = app.server.count < app.config.max_posts ? app.server.count : app.config.max_posts;
    assert_int_equal(app.replica_count, all);
    check_feed();
}

static void run_model(uint64_t seed)
{
    start(seed, random_below(&seed, 150));
    app.server.http.jitter_ms = (uint32_t)random_below(&seed, 400);
    app.server.transport.latency_ms = (uint32_t)random_below(&seed, 60);
    app.config.page_posts = 1 + (uint32_t)random_below(&seed, 60);
    app.config.max_posts =
        random_below(&seed, 2) == 0 ? 1000 : 20 + (uint32_t)random_below(&seed, 100);
    app.config.initial_posts =
        random_below(&seed, 2) == 0 ? 0 : 1 + (uint32_t)random_below(&seed, 60);
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
        if (random_below(&seed, 40) == 0 &&
            community_client_load_older(app.client, on_older, NULL, NULL) == PHX_OK) {
            older_asked++;
        }
        app_run(&app, (uint32_t)random_below(&seed, 40));
    }
    app.server.is_down = false;
    app.server.rest_status = 0;
    app_run(&app, 400000); /* three hundred pages of one post, at worst */
    assert_int_equal(app.status.state, COMMUNITY_CONNECTED);
    assert_int_equal(app.status.freshness, COMMUNITY_LIVE);
    assert_int_equal(older_done, older_asked);
    check_feed();
    load_the_rest();
    assert_int_equal(app.server.transport.most_open, 1);
    app_stop(&app);
    assert_true(memory.peak_bytes <= MAX_PEAK_BYTES);
}

static void test_feed_equals_the_servers_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < runs; i++) {
        model_seed = first_seed + i;
        run_model(model_seed);
        seeds_run++;
        peak_bytes = memory.peak_bytes > peak_bytes ? memory.peak_bytes : peak_bytes;
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
        facts_seed = first_seed + i;
        run_facts(facts_seed);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        first_seed = strtoull(argv[1], NULL, 10);
        runs = argc > 2 ? (size_t)strtoull(argv[2], NULL, 10) : 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_feed_equals_the_servers_list),
        cmocka_unit_test(test_facts_in_random_order),
    };
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    if (failures != 0) {
        print_error("the last seeds: model %llu, facts %llu\n", (unsigned long long)model_seed,
                    (unsigned long long)facts_seed);
    }
    (void)printf("sync: %zu seeds run, divergences %zu, longest catch-up %zu pages, peak memory "
                 "%zu KiB\n",
                 seeds_run, divergences, longest_pages, peak_bytes / 1024);
    return failures;
}
