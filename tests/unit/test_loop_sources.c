/* SPDX-License-Identifier: MIT */
/*
 * The loop's sources, its birth, and what it says of itself.
 */
#include "loop_world.h"

/* --- sources --- */

typedef struct ticker {
    phx_loop_source source;
    loop_world *w;
    const char *word;
    uint64_t deadline_ms;
    struct ticker *removes;
    struct ticker *adds;
} ticker;

static void turn(void *user_data, uint64_t now_ms)
{
    ticker *t = user_data;
    if (now_ms < t->deadline_ms) {
        return;
    }
    t->deadline_ms = UINT64_MAX;
    loop_world_say(t->w, t->word);
    if (t->removes != NULL) {
        phx_loop_remove_source(t->w->loop, &t->removes->source);
    }
    if (t->adds != NULL) {
        phx_loop_add_source(t->w->loop, &t->adds->source);
    }
}

static uint64_t deadline(void *user_data)
{
    return ((const ticker *)user_data)->deadline_ms;
}

static ticker tick(loop_world *w, const char *word, uint64_t deadline_ms)
{
    return (ticker){.w = w, .word = word, .deadline_ms = deadline_ms};
}

static void add(ticker *t)
{
    t->source = (phx_loop_source){.user_data = t, .turn = turn, .deadline_ms = deadline};
    phx_loop_add_source(t->w->loop, &t->source);
}

static void sources_run_at_their_time(void **state)
{
    loop_world *w = *state;
    uint64_t now_ms = w->poller.now_ms;
    ticker a = tick(w, "a", now_ms + 100);
    ticker b = tick(w, "b", now_ms + 40);
    add(&a);
    add(&b);
    assert_int_equal(phx_loop_poll(w->loop, 1000), PHX_OK);
    assert_int_equal(w->poller.now_ms - now_ms, 40);
    loop_world_expect(w, "b ");
    assert_int_equal(phx_loop_poll(w->loop, 1000), PHX_OK);
    assert_int_equal(w->poller.now_ms - now_ms, 100);
    loop_world_expect(w, "a ");
    assert_int_equal(phx_loop_poll(w->loop, 1000), PHX_OK);
    assert_int_equal(w->poller.now_ms - now_ms, 1100);
    phx_loop_remove_source(w->loop, &a.source);
    phx_loop_remove_source(w->loop, &b.source);
    a.deadline_ms = 0;
    loop_world_poll(w);
    loop_world_expect(w, "");
}

static void sources_come_and_go_during_a_turn(void **state)
{
    loop_world *w = *state;
    ticker a = tick(w, "a", 0);
    ticker b = tick(w, "b", 0);
    ticker c = tick(w, "c", 0);
    ticker d = tick(w, "d", UINT64_MAX);
    add(&c);
    add(&b);
    add(&a); /* the newest has its turn first */
    d.source = (phx_loop_source){.user_data = &d, .turn = turn, .deadline_ms = deadline};
    a.removes = &b; /* the next one */
    a.adds = &d;
    c.removes = &c; /* itself */
    loop_world_poll(w);
    loop_world_expect(w, "a c ");
    a.removes = NULL;
    a.adds = NULL;
    a.deadline_ms = 0;
    b.deadline_ms = 0;
    c.deadline_ms = 0;
    d.deadline_ms = 0;
    loop_world_poll(w);
    loop_world_expect(w, "d a ");
    phx_loop_remove_source(w->loop, &d.source);
    phx_loop_remove_source(w->loop, &a.source);
}

/* --- birth --- */

static void is_born_whole_or_not_at_all(void **state)
{
    loop_world *w = *state;
    fake_poller poller;
    phx_clock no_clock = {.struct_size = (uint32_t)sizeof no_clock};
    phx_random no_random = {.struct_size = (uint32_t)sizeof no_random};
    phx_allocator no_allocator = {.struct_size = (uint32_t)sizeof no_allocator};
    for (int i = 0; i < 6; i++) {
        fake_poller_init(&poller, 1);
        phx_loop_config config;
        phx_loop_config_init(&config);
        config.allocator = i == 0 ? &no_allocator : &w->allocator.port;
        config.clock = i == 1 ? &no_clock : &poller.clock;
        config.random = i == 2 ? &no_random : &poller.random;
        config.poller = &poller.port;
        poller.port.wait = i == 3 ? NULL : poller.port.wait;
        poller.port.wake = i == 4 ? NULL : poller.port.wake;
        failing_allocator_refuse(&w->allocator, i == 5 ? 1 : 0, false);
        phx_loop *loop = w->loop;
        assert_int_equal(phx_loop_new(&config, &loop),
                         i == 5 ? PHX_ERROR_NO_MEMORY : PHX_ERROR_INVALID_ARGUMENT);
        assert_null(loop);
        assert_true(poller.is_released);
    }
    failing_allocator_refuse(&w->allocator, 0, false);
}

static void no_watch(void *user_data, int32_t fd, uint32_t events)
{
    (void)user_data;
    (void)fd;
    (void)events;
}

static void knows_its_ports(void **state)
{
    loop_world *w = *state;
    assert_ptr_equal(phx_loop_poller(w->loop), &w->poller.port);
    assert_ptr_equal(phx_loop_random(w->loop), &w->poller.random);
    assert_ptr_equal(phx_loop_allocator(w->loop)->user_data, &w->allocator);
    assert_null(phx_loop_log(w->loop));
    phx_watch *watch = (phx_watch *)w;
    assert_int_equal(phx_loop_watch(w->loop, 0, PHX_POLL_READ, no_watch, NULL, &watch),
                     PHX_ERROR_UNSUPPORTED); /* this poller has no descriptors */
    assert_null(watch);
}

/* A poller that has descriptors, or no luck: what it is asked, and what it says. */
typedef struct told_poller {
    fake_poller fake;
    phx_watch *unwatched;
    phx_status status;
} told_poller;

static void no_wake(void *user_data)
{
    (void)user_data;
}

static phx_status watch_one(void *user_data, int32_t fd, uint32_t events, phx_watch_fn fn,
                            void *fn_user_data, phx_watch **out_watch)
{
    (void)fd;
    (void)events;
    (void)fn;
    (void)fn_user_data;
    *out_watch = user_data;
    return PHX_OK;
}

static void unwatch_one(void *user_data, phx_watch *watch)
{
    told_poller *poller = user_data;
    poller->unwatched = watch;
}

static phx_status wait_in_vain(void *user_data, uint32_t timeout_ms)
{
    (void)timeout_ms;
    return ((told_poller *)user_data)->status;
}

static void says_what_its_poller_says(void **state)
{
    loop_world *w = *state;
    told_poller told = {.status = PHX_ERROR_IO};
    fake_poller_init(&told.fake, 1);
    told.fake.port.user_data = &told;
    told.fake.port.watch = watch_one;
    told.fake.port.unwatch = unwatch_one;
    told.fake.port.wait = wait_in_vain;
    told.fake.port.wake = no_wake;
    told.fake.port.release = NULL;
    phx_loop *loop = fake_poller_loop(&told.fake, &w->allocator.port, NULL);
    phx_watch *watch = NULL;
    assert_int_equal(phx_loop_watch(loop, 0, PHX_POLL_READ, no_watch, NULL, &watch), PHX_OK);
    assert_ptr_equal(watch, &told);
    assert_null(told.unwatched);
    phx_loop_unwatch(loop, watch);
    assert_ptr_equal(told.unwatched, watch);
    assert_int_equal(phx_loop_poll(loop, 10), PHX_ERROR_IO);
    assert_int_equal(phx_loop_run(loop), PHX_ERROR_IO);
    told.status = PHX_OK;
    assert_int_equal(phx_loop_poll(loop, 10), PHX_OK);
    phx_loop_release(loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, loop_world_begin, loop_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sources_run_at_their_time),   TEST(sources_come_and_go_during_a_turn),
        TEST(is_born_whole_or_not_at_all), TEST(knows_its_ports),
        TEST(says_what_its_poller_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
