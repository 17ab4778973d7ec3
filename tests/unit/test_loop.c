/* SPDX-License-Identifier: MIT */
/*
 * The loop in virtual time: tasks, sources, turns, and its end from wherever it is asked for.
 */
#include "failing_allocator.h"
#include "fake_poller.h"
#include "testing.h"

typedef struct world {
    failing_allocator allocator;
    fake_poller poller;
    phx_loop *loop;
    char lines[1024];
} world;

static void say(world *w, const char *word)
{
    assert_true(strlen(w->lines) + strlen(word) + 1 < sizeof w->lines);
    (void)strcat(strcat(w->lines, word), " ");
}

static void expect(world *w, const char *lines)
{
    assert_string_equal(w->lines, lines);
    w->lines[0] = '\0';
}

static int begin(void **state)
{
    static world w;
    failing_allocator_init(&w.allocator);
    fake_poller_init(&w.poller, 1);
    w.loop = fake_poller_loop(&w.poller, &w.allocator.port);
    w.lines[0] = '\0';
    *state = &w;
    return 0;
}

static int end(void **state)
{
    world *w = *state;
    phx_loop_release(w->loop);
    assert_true(w->poller.is_released);
    assert_int_equal(atomic_load(&w->allocator.live_blocks), 0);
    return 0;
}

/* The loop has ended and left nothing; there is another. */
static void restart(void **state)
{
    world *w = *state;
    assert_true(w->poller.is_released);
    assert_int_equal(atomic_load(&w->allocator.live_blocks), 0);
    (void)begin(state);
}

static void poll(world *w)
{
    assert_int_equal(phx_loop_poll(w->loop, 0), PHX_OK);
}

/* --- tasks --- */

typedef struct step {
    phx_loop_task task;
    world *w;
    const char *word;
    void (*then)(struct step *step);
    struct step *other;
    unsigned times;
} step;

static void run_step(void *user_data)
{
    step *s = user_data;
    say(s->w, s->word);
    s->times++;
    if (s->then != NULL) {
        s->then(s);
    }
}

static void drop_step(void *user_data)
{
    step *s = user_data;
    say(s->w, "dropped");
    say(s->w, s->word);
    s->times++;
}

static step make(world *w, const char *word, void (*then)(step *step))
{
    return (step){.w = w, .word = word, .then = then};
}

static void arm(step *s)
{
    s->task = (phx_loop_task){.user_data = s, .run = run_step, .drop = drop_step};
}

static void post(step *s)
{
    arm(s);
    assert_int_equal(phx_loop_post(s->w->loop, &s->task), PHX_OK);
}

static void post_other(step *s)
{
    post(s->other);
}

static void post_itself(step *s)
{
    if (s->times < 100) {
        post(s);
    }
}

static void finish_other(step *s)
{
    arm(s->other);
    phx_loop_finish(s->w->loop, &s->other->task);
    say(s->w, "(asked)");
}

static void tasks_run_in_their_order(void **state)
{
    world *w = *state;
    step a = make(w, "a", NULL);
    step b = make(w, "b", NULL);
    step c = make(w, "c", post_other);
    step d = make(w, "d", NULL);
    c.other = &d;
    post(&c);
    post(&a);
    arm(&b);
    phx_loop_enqueue(w->loop, &b.task);
    expect(w, "");
    poll(w);
    expect(w, "c a b d ");
    poll(w);
    expect(w, "");
}

/* What a task posts waits for the next round: descriptors get their turn in between. */
static void say_io(void *user_data)
{
    say(user_data, "io");
}

static void a_task_that_posts_itself_blocks_nothing(void **state)
{
    world *w = *state;
    step a = make(w, "a", post_itself);
    post(&a);
    fake_poller_after(&w->poller, 0, say_io, w);
    poll(w);
    /* What it orders is done before anything else comes in, but not for ever. */
    assert_in_range(a.times, 2, 50);
    while (a.times < 100) {
        poll(w);
    }
    assert_non_null(strstr(w->lines, "a io a "));
    w->lines[0] = '\0';
}

static void the_queue_is_bounded(void **state)
{
    world *w = *state;
    phx_loop *unbounded = w->loop;
    fake_poller poller;
    fake_poller_init(&poller, 1);
    phx_loop_config config;
    phx_loop_config_init(&config);
    config.max_tasks = 2;
    config.allocator = &w->allocator.port;
    config.clock = &poller.clock;
    config.random = &poller.random;
    config.poller = &poller.port;
    assert_int_equal(phx_loop_new(&config, &w->loop), PHX_OK);
    step a = make(w, "a", NULL);
    step b = make(w, "b", NULL);
    step c = make(w, "c", NULL);
    step d = make(w, "d", NULL);
    post(&a);
    post(&b);
    arm(&c);
    assert_int_equal(phx_loop_post(w->loop, &c.task), PHX_ERROR_QUEUE_FULL);
    arm(&d);
    phx_loop_enqueue(w->loop, &d.task); /* never refused */
    assert_int_equal(phx_loop_post(w->loop, &c.task), PHX_ERROR_QUEUE_FULL);
    poll(w);
    expect(w, "a b d ");
    post(&c);
    phx_loop_release(w->loop);
    expect(w, "dropped c ");
    w->loop = unbounded;
}

static void finishing_runs_at_once_outside_a_turn(void **state)
{
    world *w = *state;
    step queued = make(w, "queued", NULL);
    step outer = make(w, "outer", NULL);
    post(&queued);
    arm(&outer);
    phx_loop_finish(w->loop, &outer.task);
    expect(w, "outer ");
    poll(w);
    expect(w, "queued ");
}

static void finishing_in_a_turn_runs_before_its_end(void **state)
{
    world *w = *state;
    step first = make(w, "first", finish_other);
    step second = make(w, "second", finish_other);
    step third = make(w, "third", NULL);
    first.other = &second;
    second.other = &third;
    arm(&first);
    phx_loop_finish(w->loop, &first.task);
    expect(w, "first (asked) second (asked) third ");
    step a = make(w, "a", finish_other);
    step b = make(w, "b", finish_other);
    a.other = &b;
    b.other = &third;
    post(&a);
    poll(w);
    expect(w, "a (asked) b (asked) third ");
}

static void tasks_that_never_ran_are_dropped_once(void **state)
{
    world *w = *state;
    step a = make(w, "a", NULL);
    step b = make(w, "b", NULL);
    post(&a);
    post(&b);
    b.task.drop = NULL;
    phx_loop_retain(w->loop);
    phx_loop_release(w->loop);
    expect(w, "");
    phx_loop_release(w->loop);
    expect(w, "dropped a ");
    assert_int_equal(b.times, 0);
    restart(state);
}

/* --- turns --- */

static void poll_inside(step *s)
{
    assert_true(phx_loop_is_current(s->w->loop));
    assert_int_equal(phx_loop_poll(s->w->loop, 0), PHX_ERROR_INVALID_STATE);
    assert_int_equal(phx_loop_run(s->w->loop), PHX_ERROR_INVALID_STATE);
    assert_int_equal(phx_loop_start(s->w->loop), PHX_ERROR_INVALID_STATE);
}

static void pumping_inside_a_callback_is_refused(void **state)
{
    world *w = *state;
    step a = make(w, "a", poll_inside);
    assert_false(phx_loop_is_current(w->loop));
    post(&a);
    poll(w);
    arm(&a);
    phx_loop_finish(w->loop, &a.task);
    expect(w, "a a ");
    assert_false(phx_loop_is_current(w->loop));
}

static void stop(step *s)
{
    phx_loop_stop(s->w->loop);
}

static void running_ends_by_stop(void **state)
{
    world *w = *state;
    step a = make(w, "a", stop);
    post(&a);
    assert_int_equal(phx_loop_run(w->loop), PHX_OK);
    expect(w, "a ");
    phx_loop_stop(w->loop); /* remembered, once */
    assert_int_equal(phx_loop_run(w->loop), PHX_OK);
    post(&a);
    assert_int_equal(phx_loop_run(w->loop), PHX_OK);
    expect(w, "a ");
}

/* A stop that nobody runs for must not keep those who poll from waiting. */
static void polling_waits_after_a_stop(void **state)
{
    world *w = *state;
    phx_loop_stop(w->loop);
    poll(w);
    uint64_t before_ms = w->poller.now_ms;
    assert_int_equal(phx_loop_poll(w->loop, 500), PHX_OK);
    assert_int_equal(w->poller.now_ms - before_ms, 500);
}

static void waits_as_long_as_it_may(void **state)
{
    world *w = *state;
    uint64_t start_ms = w->poller.now_ms;
    assert_int_equal(phx_loop_poll(w->loop, 250), PHX_OK);
    assert_int_equal(phx_loop_now_ms(w->loop) - start_ms, 250);
    assert_int_equal(phx_loop_wall_ms(w->loop) - (int64_t)phx_loop_now_ms(w->loop), 1700000000000);
    step a = make(w, "a", NULL);
    post(&a);
    assert_int_equal(phx_loop_poll(w->loop, 250), PHX_OK);
    assert_int_equal(phx_loop_now_ms(w->loop) - start_ms, 250); /* it was woken */
}

/* --- sources --- */

typedef struct ticker {
    phx_loop_source source;
    world *w;
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
    say(t->w, t->word);
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

static ticker tick(world *w, const char *word, uint64_t deadline_ms)
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
    world *w = *state;
    uint64_t now_ms = w->poller.now_ms;
    ticker a = tick(w, "a", now_ms + 100);
    ticker b = tick(w, "b", now_ms + 40);
    add(&a);
    add(&b);
    assert_int_equal(phx_loop_poll(w->loop, 1000), PHX_OK);
    assert_int_equal(w->poller.now_ms - now_ms, 40);
    expect(w, "b ");
    assert_int_equal(phx_loop_poll(w->loop, 1000), PHX_OK);
    assert_int_equal(w->poller.now_ms - now_ms, 100);
    expect(w, "a ");
    assert_int_equal(phx_loop_poll(w->loop, 1000), PHX_OK);
    assert_int_equal(w->poller.now_ms - now_ms, 1100);
    phx_loop_remove_source(w->loop, &a.source);
    phx_loop_remove_source(w->loop, &b.source);
    a.deadline_ms = 0;
    poll(w);
    expect(w, "");
}

static void sources_come_and_go_during_a_turn(void **state)
{
    world *w = *state;
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
    poll(w);
    expect(w, "a c ");
    a.removes = NULL;
    a.adds = NULL;
    a.deadline_ms = 0;
    b.deadline_ms = 0;
    c.deadline_ms = 0;
    d.deadline_ms = 0;
    poll(w);
    expect(w, "d a ");
    phx_loop_remove_source(w->loop, &d.source);
    phx_loop_remove_source(w->loop, &a.source);
}

/* --- the end --- */

static void release_the_loop(step *s)
{
    phx_loop_release(s->w->loop);
    assert_false(s->w->poller.is_released); /* the turn is not over */
    say(s->w, "(released)");
}

static void ends_behind_the_turn_that_releases_it(void **state)
{
    world *w = *state;
    step a = make(w, "a", release_the_loop);
    step b = make(w, "b", NULL);
    post(&a);
    post(&b);
    poll(w);
    expect(w, "a (released) b ");
    restart(state);
    post(&a);
    assert_int_equal(phx_loop_run(w->loop), PHX_OK);
    expect(w, "a (released) ");
    restart(state);
    arm(&a);
    phx_loop_finish(w->loop, &a.task);
    expect(w, "a (released) ");
    restart(state);
    phx_loop_release(NULL);
}

/* --- birth --- */

static void is_born_whole_or_not_at_all(void **state)
{
    world *w = *state;
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
    world *w = *state;
    assert_ptr_equal(phx_loop_poller(w->loop), &w->poller.port);
    assert_ptr_equal(phx_loop_random(w->loop), &w->poller.random);
    assert_ptr_equal(phx_loop_allocator(w->loop)->user_data, &w->allocator);
    assert_null(phx_loop_log(w->loop));
    phx_watch *watch = (phx_watch *)w;
    assert_int_equal(phx_loop_watch(w->loop, 0, PHX_POLL_READ, no_watch, NULL, &watch),
                     PHX_ERROR_UNSUPPORTED); /* this poller has no descriptors */
    assert_null(watch);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tasks_run_in_their_order),
        TEST(a_task_that_posts_itself_blocks_nothing),
        TEST(the_queue_is_bounded),
        TEST(finishing_runs_at_once_outside_a_turn),
        TEST(finishing_in_a_turn_runs_before_its_end),
        TEST(tasks_that_never_ran_are_dropped_once),
        TEST(pumping_inside_a_callback_is_refused),
        TEST(running_ends_by_stop),
        TEST(polling_waits_after_a_stop),
        TEST(waits_as_long_as_it_may),
        TEST(sources_run_at_their_time),
        TEST(sources_come_and_go_during_a_turn),
        TEST(ends_behind_the_turn_that_releases_it),
        TEST(is_born_whole_or_not_at_all),
        TEST(knows_its_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
