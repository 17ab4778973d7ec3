/* SPDX-License-Identifier: MIT */
/*
 * The timer heap against a plain array.
 */
#include "support/timer_heap.h"

#include <stdio.h>

#include "testing.h"

enum {
    TIMERS = 40
};

typedef struct timer_array {
    bool is_armed[TIMERS];
    uint64_t deadline_ms[TIMERS];
    uint64_t order[TIMERS];
    uint64_t next_order;
} timer_array;

/* The earliest of the model's timers, of equals the one armed first; -1: none. */
static int earliest(const timer_array *model)
{
    int best = -1;
    for (int i = 0; i < TIMERS; i++) {
        if (!model->is_armed[i]) {
            continue;
        }
        if (best < 0 || model->deadline_ms[i] < model->deadline_ms[best] ||
            (model->deadline_ms[i] == model->deadline_ms[best] &&
             model->order[i] < model->order[best])) {
            best = i;
        }
    }
    return best;
}

static void pop_both(phxi_timer_heap *heap, phxi_timer *timers, timer_array *model, uint64_t now_ms)
{
    int expected = earliest(model);
    if (expected >= 0 && model->deadline_ms[expected] > now_ms) {
        expected = -1;
    }
    assert_ptr_equal(phxi_timer_pop_due(heap, now_ms), expected < 0 ? NULL : &timers[expected]);
    if (expected >= 0) {
        model->is_armed[expected] = false;
    }
}

static void step(phxi_timer_heap *heap, phxi_timer *timers, timer_array *model, uint64_t *seed)
{
    size_t chosen = random_below(seed, TIMERS);
    switch (random_below(seed, 4)) {
    case 0:
    case 1:
        model->deadline_ms[chosen] = random_below(seed, 50);
        model->order[chosen] = model->next_order++;
        model->is_armed[chosen] = true;
        phxi_timer_arm(heap, &timers[chosen], model->deadline_ms[chosen]);
        break;
    case 2:
        model->is_armed[chosen] = false;
        phxi_timer_cancel(heap, &timers[chosen]);
        break;
    default:
        pop_both(heap, timers, model, random_below(seed, 60));
        break;
    }
}

static void check(const phxi_timer_heap *heap, const phxi_timer *timers, const timer_array *model)
{
    int first = earliest(model);
    assert_true(phxi_timer_next_deadline(heap) ==
                (first < 0 ? UINT64_MAX : model->deadline_ms[first]));
    for (int i = 0; i < TIMERS; i++) {
        assert_int_equal(timers[i].is_armed, model->is_armed[i]);
    }
}

static void behaves_as_an_array_does(void **state)
{
    (void)state;
    for (uint64_t run = 1; run <= 20; run++) {
        print_message("seed %llu\n", (unsigned long long)run);
        uint64_t seed = run;
        phxi_timer_heap heap = {0};
        phxi_timer timers[TIMERS] = {0};
        timer_array model = {0};
        for (int i = 0; i < 2000; i++) {
            step(&heap, timers, &model, &seed);
            check(&heap, timers, &model);
        }
        while (earliest(&model) >= 0) {
            pop_both(&heap, timers, &model, UINT64_MAX);
        }
        assert_null(phxi_timer_pop_due(&heap, UINT64_MAX));
    }
}

static void equal_deadlines_fire_in_order_of_arming(void **state)
{
    (void)state;
    phxi_timer_heap heap = {0};
    phxi_timer timers[TIMERS] = {0};
    for (int i = 0; i < TIMERS; i++) {
        phxi_timer_arm(&heap, &timers[i], 5);
    }
    phxi_timer_arm(&heap, &timers[0], 5); /* armed anew: the last now */
    for (int i = 1; i <= TIMERS; i++) {
        assert_ptr_equal(phxi_timer_pop_due(&heap, 5), &timers[i % TIMERS]);
    }
    assert_null(heap.root);
}

static void nothing_is_due_before_its_time(void **state)
{
    (void)state;
    phxi_timer_heap heap = {0};
    phxi_timer timer = {0};
    assert_null(phxi_timer_pop_due(&heap, UINT64_MAX));
    phxi_timer_cancel(&heap, &timer);
    phxi_timer_arm(&heap, &timer, 10);
    assert_null(phxi_timer_pop_due(&heap, 9));
    assert_true(timer.is_armed);
    assert_ptr_equal(phxi_timer_pop_due(&heap, 10), &timer);
    assert_false(timer.is_armed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_as_an_array_does),
        cmocka_unit_test(equal_deadlines_fire_in_order_of_arming),
        cmocka_unit_test(nothing_is_due_before_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
