/* SPDX-License-Identifier: MIT */
/*
 * Random runs of the outbox, each decided by its seed, against a backend that honours idempotency
 * keys and one that does not: requests and answers are lost, servers and networks go and come back,
 * the process ends gently or is killed. No write is lost or doubled, and each has exactly one
 * outcome. The first argument: a seed to run alone; the second: how many from it on.
 */
#include <stdio.h>
#include <stdlib.h>

#include "outbox_rig.h"
#include "testing.h"

enum {
    STEPS = 400,
    MAX_ITEMS = 20,
    LAST_NUMBER = 300
};

static rig world;
static uint64_t first_seed = 1;
static size_t runs = 100;

/* Of all runs. */
static size_t outcomes[COMMUNITY_OUTCOME_UNKNOWN + 1];
static size_t restarts;
static size_t most_listed;

typedef struct account {
    uint32_t last_number; /* all up to it were accepted */
    uint32_t likes;
} account;

static void act(uint64_t *seed, account *book)
{
    static const char *const ids[] = {"1", "2", "3"};
    const char *id = ids[random_below(seed, COUNT_OF(ids))];
    size_t what = random_below(seed, 4);
    if (what == 3) {
        book->likes += rig_like(&world, id) == PHX_OK ? 1 : 0;
        return;
    }
    if (book->last_number == LAST_NUMBER) {
        return;
    }
    uint32_t number = book->last_number + 1;
    phx_status status = what == 0   ? rig_post(&world, number)
                        : what == 1 ? rig_edit(&world, id, number)
                                    : rig_comment(&world, id, number);
    assert_true(status == PHX_OK || status == PHX_ERROR_QUEUE_FULL);
    book->last_number += status == PHX_OK ? 1 : 0;
}

static void set_faults(uint64_t *seed)
{
    rig_faults *faults = &world.faults;
    uint32_t *const shares[] = {&faults->unsent, &faults->lost_before, &faults->lost_after,
                                &faults->failed, &faults->limited,     &faults->refused};
    for (size_t i = 0; i < COUNT_OF(shares); i++) {
        *shares[i] = random_below(seed, 3) == 0 ? (uint32_t)random_below(seed, 250) : 0;
    }
}

static void disturb(uint64_t *seed)
{
    fake_feed *server = &world.app.server;
    switch (random_below(seed, 7)) {
    case 0:
        server->is_down = !server->is_down;
        break;
    case 1:
        fake_feed_drop(server, 1006);
        break;
    case 2:
        community_client_set_network(world.app.client, random_below(seed, 2) == 0);
        break;
    case 3:
        community_client_set_foreground(world.app.client, random_below(seed, 2) == 0);
        break;
    case 4:
        server->http.jitter_ms = (uint32_t)random_below(seed, 300);
        break;
    default:
        set_faults(seed);
        break;
    }
}

static void restart(uint64_t *seed)
{
    app_run(&world.app, 2); /* what was accepted is recorded */
    rig_restart(&world, random_below(seed, 2) == 0);
    rig_start(&world);
    restarts++;
}

static void settle(void)
{
    memset(&world.faults, 0, sizeof world.faults);
    world.app.server.is_down = false;
    community_client_set_network(world.app.client, true);
    community_client_set_foreground(world.app.client, true);
    app_run(&world.app, 600000);
}

static void check(const account *book)
{
    assert_false(world.is_doubled);
    assert_false(world.is_out_of_order);
    assert_int_equal(world.textless_told, book->likes);
    for (uint32_t i = 1; i <= book->last_number; i++) {
        if (world.told[i] != 1 || world.executed[i] > 1) {
            fail_msg("item %u of %u: told %u times, executed %u times", i, book->last_number,
                     world.told[i], world.executed[i]);
        }
        community_outcome outcome = world.outcome[i];
        assert_true(outcome != COMMUNITY_OUTCOME_CANCELLED);
        assert_true(outcome != COMMUNITY_OUTCOME_DONE || world.executed[i] == 1);
        assert_true(outcome != COMMUNITY_OUTCOME_REFUSED || world.executed[i] == 0);
        assert_true(outcome != COMMUNITY_OUTCOME_EXPIRED || world.executed[i] == 0);
        assert_true(world.done[i] <= 1);
        outcomes[outcome]++;
    }
    assert_true(world.most_listed <= MAX_ITEMS + 1);
    most_listed = world.most_listed > most_listed ? world.most_listed : most_listed;
    assert_true(app_is_in_sync(&world.app));
    /* Only what failed is left, and it is what the list shows. */
    const community_outbox *outbox = community_client_outbox(world.app.client);
    assert_int_equal(community_outbox_count(outbox), rig_outbox_records(&world));
    for (size_t i = 0; i < community_outbox_count(outbox); i++) {
        assert_int_equal(community_outbox_item_at(outbox, i)->state, COMMUNITY_OUTBOX_FAILED);
    }
    community_outbox_release(outbox);
}

static void run(uint64_t seed, bool honours_keys)
{
    account book = {0};
    rig_init(&world, seed, honours_keys, 3);
    world.app.config.outbox_max_items = MAX_ITEMS;
    world.app.config.outbox_expires_ms = random_below(&seed, 3) == 0 ? 20000 : 0;
    rig_start(&world);
    for (int step = 0; step < STEPS; step++) {
        act(&seed, &book);
        if (random_below(&seed, 8) == 0) {
            disturb(&seed);
        }
        if (random_below(&seed, 60) == 0) {
            restart(&seed);
        }
        app_run(&world.app,
                (uint32_t)random_below(&seed, random_below(&seed, 10) == 0 ? 8000 : 60));
    }
    settle();
    check(&book);
    rig_stop(&world);
}

static void run_all(bool honours_keys)
{
    for (size_t i = 0; i < runs; i++) {
        print_message("seed %llu\n", (unsigned long long)(first_seed + i));
        run(first_seed + i, honours_keys);
    }
}

static void test_backend_that_honours_keys(void **state)
{
    (void)state;
    run_all(true);
}

static void test_backend_that_does_not(void **state)
{
    (void)state;
    run_all(false);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        first_seed = strtoull(argv[1], NULL, 10);
        runs = argc > 2 ? (size_t)strtoull(argv[2], NULL, 10) : 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backend_that_honours_keys),
        cmocka_unit_test(test_backend_that_does_not),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    print_message(
        "%zu seeds, %zu restarts; done %zu, refused %zu, expired %zu, unknown %zu; lost 0, "
        "doubled 0; at most %zu listed\n",
        2 * runs, restarts, outcomes[COMMUNITY_OUTCOME_DONE], outcomes[COMMUNITY_OUTCOME_REFUSED],
        outcomes[COMMUNITY_OUTCOME_EXPIRED], outcomes[COMMUNITY_OUTCOME_UNKNOWN], most_listed);
    return failed;
}
