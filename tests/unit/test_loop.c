/* SPDX-License-Identifier: MIT */
/*
 * The loop in virtual time: tasks, turns, and its end from wherever it is asked for.
 */
#include "loop_world.h"

/* --- tasks --- */

typedef struct step {
    phx_loop_task task;
    loop_world *w;
    const char *word;
    void (*then)(struct step *step);
    struct step *other;
    unsigned times;
} step;

static void run_step(void *user_data)
{
    step *s = user_data;
    loop_world_say(s->w, s->word);
    s->times++;
    if (s->then != NULL) {
        s->then(s);
    }
}

static void drop_step(void *user_data)
{
    step *s = user_data;
    loop_world_say(s->w, "dropped");
    loop_world_say(s->w, s->word);
    s->times++;
}

static step make(loop_world *w, const char *word, void (*then)(step *step))
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

static void finish_other(step *s)
{
    arm(s->other);
    phx_loop_finish(s->w->loop, &s->other->task);
    loop_world_say(s->w, "(asked)");
}

static void tasks_run_in_their_order(void **state)
{
    loop_world *w = *state;
    step a = make(w, "a", NULL);
    step b = make(w, "b", NULL);
    step c = make(w, "c", post_other);
    step d = make(w, "d", NULL);
    c.other = &d;
    post(&c);
    post(&a);
    arm(&b);
    phx_loop_enqueue(w->loop, &b.task);
    loop_world_expect(w, "");
    loop_world_poll(w);
    loop_world_expect(w, "c a b d ");
    loop_world_poll(w);
    loop_world_expect(w, "");
}

/* --- a task that never ends, and a descriptor --- */

typedef struct endless {
    phx_loop_task task;
    phx_loop *loop;
    bool was_io;
} endless;

static void run_until_io(void *user_data)
{
    endless *e = user_data;
    if (!e->was_io) {
        phx_loop_enqueue(e->loop, &e->task);
    }
}

static void note_io(void *user_data)
{
    ((endless *)user_data)->was_io = true;
}

static void a_task_that_posts_itself_blocks_nothing(void **state)
{
    loop_world *w = *state;
    endless e = {.loop = w->loop};
    e.task = (phx_loop_task){.user_data = &e, .run = run_until_io};
    phx_loop_enqueue(w->loop, &e.task);
    fake_poller_after(&w->poller, 0, note_io, &e);
    loop_world_poll(w);
    assert_true(e.was_io);
    loop_world_poll(w);
}

static void the_queue_is_bounded(void **state)
{
    loop_world *w = *state;
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
    loop_world_poll(w);
    loop_world_expect(w, "a b d ");
    post(&c);
    phx_loop_release(w->loop);
    loop_world_expect(w, "dropped c ");
    w->loop = unbounded;
}

static void finishing_runs_at_once_outside_a_turn(void **state)
{
    loop_world *w = *state;
    step queued = make(w, "queued", NULL);
    step outer = make(w, "outer", NULL);
    post(&queued);
    arm(&outer);
    phx_loop_finish(w->loop, &outer.task);
    loop_world_expect(w, "outer ");
    loop_world_poll(w);
    loop_world_expect(w, "queued ");
}

static void finishing_in_a_turn_runs_before_its_end(void **state)
{
    loop_world *w = *state;
    step first = make(w, "first", finish_other);
    step second = make(w, "second", finish_other);
    step third = make(w, "third", NULL);
    first.other = &second;
    second.other = &third;
    arm(&first);
    phx_loop_finish(w->loop, &first.task);
    loop_world_expect(w, "first (asked) second (asked) third ");
    step a = make(w, "a", finish_other);
    step b = make(w, "b", finish_other);
    a.other = &b;
    b.other = &third;
    post(&a);
    loop_world_poll(w);
    loop_world_expect(w, "a (asked) b (asked) third ");
}

static void tasks_that_never_ran_are_dropped_once(void **state)
{
    loop_world *w = *state;
    step a = make(w, "a", NULL);
    step b = make(w, "b", NULL);
    post(&a);
    post(&b);
    b.task.drop = NULL;
    phx_loop_retain(w->loop);
    phx_loop_release(w->loop);
    loop_world_expect(w, "");
    phx_loop_release(w->loop);
    loop_world_expect(w, "dropped a ");
    assert_int_equal(b.times, 0);
    loop_world_restart(state);
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
    loop_world *w = *state;
    step a = make(w, "a", poll_inside);
    assert_false(phx_loop_is_current(w->loop));
    post(&a);
    loop_world_poll(w);
    arm(&a);
    phx_loop_finish(w->loop, &a.task);
    loop_world_expect(w, "a a ");
    assert_false(phx_loop_is_current(w->loop));
}

static void stop(step *s)
{
    phx_loop_stop(s->w->loop);
}

static void running_ends_by_stop(void **state)
{
    loop_world *w = *state;
    step a = make(w, "a", stop);
    post(&a);
    assert_int_equal(phx_loop_run(w->loop), PHX_OK);
    loop_world_expect(w, "a ");
    phx_loop_stop(w->loop); /* remembered, once */
    assert_int_equal(phx_loop_run(w->loop), PHX_OK);
    post(&a);
    assert_int_equal(phx_loop_run(w->loop), PHX_OK);
    loop_world_expect(w, "a ");
}

/* A stop that nobody runs for must not keep those who poll from waiting. */
static void polling_waits_after_a_stop(void **state)
{
    loop_world *w = *state;
    phx_loop_stop(w->loop);
    loop_world_poll(w);
    uint64_t before_ms = w->poller.now_ms;
    assert_int_equal(phx_loop_poll(w->loop, 500), PHX_OK);
    assert_int_equal(w->poller.now_ms - before_ms, 500);
}

static void waits_as_long_as_it_may(void **state)
{
    loop_world *w = *state;
    uint64_t start_ms = w->poller.now_ms;
    assert_int_equal(phx_loop_poll(w->loop, 250), PHX_OK);
    assert_int_equal(phx_loop_now_ms(w->loop) - start_ms, 250);
    assert_int_equal(phx_loop_wall_ms(w->loop) - (int64_t)phx_loop_now_ms(w->loop), 1700000000000);
    step a = make(w, "a", NULL);
    post(&a);
    assert_int_equal(phx_loop_poll(w->loop, 250), PHX_OK);
    assert_int_equal(phx_loop_now_ms(w->loop) - start_ms, 250); /* it was woken */
}

/* --- the end --- */

static void release_the_loop(step *s)
{
    phx_loop_release(s->w->loop);
    assert_false(s->w->poller.is_released); /* the turn is not over */
    loop_world_say(s->w, "(released)");
}

static void ends_behind_the_turn_that_releases_it(void **state)
{
    loop_world *w = *state;
    step a = make(w, "a", release_the_loop);
    step b = make(w, "b", NULL);
    post(&a);
    post(&b);
    loop_world_poll(w);
    loop_world_expect(w, "a (released) b ");
    loop_world_restart(state);
    post(&a);
    assert_int_equal(phx_loop_run(w->loop), PHX_OK);
    loop_world_expect(w, "a (released) ");
    loop_world_restart(state);
    arm(&a);
    phx_loop_finish(w->loop, &a.task);
    loop_world_expect(w, "a (released) ");
    loop_world_restart(state);
    phx_loop_release(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, loop_world_begin, loop_world_end)

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
        TEST(ends_behind_the_turn_that_releases_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
