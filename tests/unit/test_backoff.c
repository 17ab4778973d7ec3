/* SPDX-License-Identifier: MIT */
/*
 * How long to wait: each policy, attempt by attempt, and what a close or a Retry-After asks for.
 * Random delays are held against their bounds over many draws, and must come near both ends of
 * them.
 */
#include "phx/backoff.h"
#include "testing.h"

enum {
    DRAWS = 4000
};

typedef struct spread {
    uint32_t least_ms;
    uint32_t most_ms;
    uint64_t sum_ms;
} spread;

static phx_backoff jitter(void)
{
    phx_backoff backoff = {.kind = PHX_BACKOFF_JITTER};
    phxi_backoff_resolve(&backoff, 250);
    return backoff;
}

static spread draw(const phx_backoff *backoff, uint32_t attempt, const phx_error *error)
{
    uint64_t random_state = 42;
    spread seen = {.least_ms = UINT32_MAX};
    for (int i = 0; i < DRAWS; i++) {
        uint32_t delay_ms = phxi_backoff_delay_ms(backoff, false, attempt, error, &random_state);
        seen.least_ms = delay_ms < seen.least_ms ? delay_ms : seen.least_ms;
        seen.most_ms = delay_ms > seen.most_ms ? delay_ms : seen.most_ms;
        seen.sum_ms += delay_ms;
    }
    return seen;
}

/* Uniform between nothing and range_ms. */
static void assert_draws(const phx_backoff *backoff, uint32_t attempt, const phx_error *error,
                         uint32_t range_ms)
{
    spread seen = draw(backoff, attempt, error);
    assert_in_range(seen.least_ms, 1, 1 + range_ms / 50);
    assert_in_range(seen.most_ms, range_ms - range_ms / 50, range_ms);
    assert_in_range(seen.sum_ms / DRAWS, range_ms / 2 - range_ms / 20,
                    range_ms / 2 + range_ms / 20);
}

static void assert_range(const phx_backoff *backoff, uint32_t attempt, int32_t close_code,
                         uint32_t range_ms)
{
    phx_error error = {.close_code = close_code};
    assert_draws(backoff, attempt, &error, range_ms);
}

static void fills_in_the_defaults(void **state)
{
    (void)state;
    phx_backoff backoff = jitter();
    assert_int_equal(backoff.base_ms, 250);
    assert_int_equal(backoff.max_ms, 30000);
    assert_int_equal(backoff.stable_ms, 10000);
    assert_int_equal(backoff.spread_ms, 5000);
    phx_backoff given = {.base_ms = 1, .max_ms = 2, .stable_ms = 3, .spread_ms = 4};
    phxi_backoff_resolve(&given, 250);
    assert_int_equal(given.base_ms, 1);
    assert_int_equal(given.max_ms, 2);
    assert_int_equal(given.stable_ms, 3);
    assert_int_equal(given.spread_ms, 4);
}

static void doubles_its_range_up_to_the_cap(void **state)
{
    (void)state;
    phx_backoff backoff = jitter();
    static const uint32_t ranges_ms[] = {250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
    for (uint32_t i = 0; i < COUNT_OF(ranges_ms); i++) {
        assert_range(&backoff, i + 1, 1006, ranges_ms[i]);
        assert_range(&backoff, i + 1, 0, ranges_ms[i]);
    }
}

static void saturates(void **state)
{
    (void)state;
    phx_backoff backoff = jitter();
    static const uint32_t attempts[] = {31, 32, 33, 64, 65, UINT32_MAX};
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        assert_range(&backoff, attempts[i], 1006, 30000);
    }
    phx_backoff wide = {.base_ms = UINT32_MAX, .max_ms = UINT32_MAX, .spread_ms = UINT32_MAX};
    assert_range(&wide, UINT32_MAX, 1012, UINT32_MAX);
}

static void the_seed_decides(void **state)
{
    (void)state;
    phx_backoff backoff = jitter();
    phx_error error = {.close_code = 1006};
    uint64_t seeds[] = {7, 7, 8};
    uint32_t delays_ms[3][16];
    for (size_t i = 0; i < 3; i++) {
        for (uint32_t k = 0; k < 16; k++) {
            delays_ms[i][k] = phxi_backoff_delay_ms(&backoff, false, k + 1, &error, &seeds[i]);
        }
    }
    assert_memory_equal(delays_ms[0], delays_ms[1], sizeof delays_ms[0]);
    assert_memory_not_equal(delays_ms[0], delays_ms[2], sizeof delays_ms[0]);
}

/* SplitMix64's own sequence for the seed 0. */
static void the_sequence_is_the_same_everywhere(void **state)
{
    (void)state;
    static const uint64_t values[] = {0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f};
    uint64_t seed = 0;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        assert_true(phxi_random_next(&seed) == values[i]);
    }
}

static void classifies_every_close_code(void **state)
{
    (void)state;
    static const int32_t everybody[] = {1001, 1012, 1013};
    static const int32_t our_fault[] = {1002, 1003, 1007, 1008, 1009, 1010, 1011};
    for (int32_t code = 0; code < 5000; code++) {
        phxi_close_class expected = PHXI_CLOSE_LONE;
        for (size_t i = 0; i < COUNT_OF(everybody); i++) {
            expected = everybody[i] == code ? PHXI_CLOSE_EVERYBODY : expected;
        }
        for (size_t i = 0; i < COUNT_OF(our_fault); i++) {
            expected = our_fault[i] == code ? PHXI_CLOSE_OUR_FAULT : expected;
        }
        assert_int_equal(phxi_close_classify(code), expected);
    }
    assert_int_equal(phxi_close_classify(-1), PHXI_CLOSE_LONE);
    assert_int_equal(phxi_close_classify(INT32_MIN), PHXI_CLOSE_LONE);
}

static void spreads_when_everybody_is_dropped(void **state)
{
    (void)state;
    phx_backoff backoff = jitter();
    static const int32_t codes[] = {1001, 1012, 1013};
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        assert_range(&backoff, 1, codes[i], 5000);
        assert_range(&backoff, 2, codes[i], 10000);
        assert_range(&backoff, 3, codes[i], 20000);
        assert_range(&backoff, 4, codes[i], 30000);
    }
    backoff.max_ms = 3000;
    assert_range(&backoff, 1, 1012, 3000);
}

/* After the close that everybody saw come refusals without a code: the herd stays spread. */
static void stays_spread_while_nobody_is_taken(void **state)
{
    (void)state;
    phx_backoff backoff = jitter();
    const phx_error errors[] = {
        {.status = PHX_ERROR_CONNECTION_REFUSED},
        {.status = PHX_ERROR_UPGRADE_REFUSED, .http_status = 429},
        {.status = PHX_ERROR_UPGRADE_REFUSED, .http_status = 500},
        {.status = PHX_ERROR_UPGRADE_REFUSED, .http_status = 503},
    };
    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        assert_draws(&backoff, 1, &errors[i], 5000);
        assert_draws(&backoff, 2, &errors[i], 10000);
        assert_draws(&backoff, 4, &errors[i], 30000);
    }
    /* What may be this device's own trouble does not count. */
    const phx_error own[] = {
        {.status = PHX_ERROR_UNREACHABLE},
        {.status = PHX_ERROR_TIMEOUT},
        {.status = PHX_ERROR_UPGRADE_REFUSED, .http_status = 404},
    };
    for (size_t i = 0; i < COUNT_OF(own); i++) {
        assert_draws(&backoff, 2, &own[i], 500);
    }
    backoff.base_ms = 8000;
    assert_draws(&backoff, 1, &errors[0], 8000);
}

static void waits_longer_when_the_fault_is_ours(void **state)
{
    (void)state;
    phx_backoff backoff = jitter();
    assert_range(&backoff, 1, 1002, 2000);
    assert_range(&backoff, 1, 1011, 2000);
    assert_range(&backoff, 5, 1011, 4000);
    backoff.max_ms = 1000;
    assert_range(&backoff, 1, 1009, 1000);
}

static void steps_as_phoenix_js_does(void **state)
{
    (void)state;
    static const uint32_t reconnect_ms[] = {10,  50,   100,  150,  200,  250,
                                            500, 1000, 2000, 5000, 5000, 5000};
    static const uint32_t rejoin_ms[] = {1000, 2000, 5000, 10000, 10000};
    phx_backoff backoff = {.kind = PHX_BACKOFF_STEPPED};
    phx_error error = {.close_code = 1012};
    uint64_t random_state = 1;
    for (uint32_t i = 0; i < COUNT_OF(reconnect_ms); i++) {
        assert_int_equal(phxi_backoff_delay_ms(&backoff, false, i + 1, &error, &random_state),
                         reconnect_ms[i]);
    }
    for (uint32_t i = 0; i < COUNT_OF(rejoin_ms); i++) {
        assert_int_equal(phxi_backoff_delay_ms(&backoff, true, i + 1, &error, &random_state),
                         rejoin_ms[i]);
    }
    assert_int_equal(phxi_backoff_delay_ms(&backoff, false, UINT32_MAX, &error, &random_state),
                     5000);
    assert_int_equal(phxi_backoff_delay_ms(&backoff, true, UINT32_MAX, &error, &random_state),
                     10000);
    assert_int_equal(random_state, 1);
}

typedef struct asked {
    uint32_t attempt;
    int32_t close_code;
    uint32_t answer_ms;
} asked;

static uint32_t answer(void *user_data, uint32_t attempt, const phx_error *error)
{
    asked *question = user_data;
    question->attempt = attempt;
    question->close_code = error->close_code;
    return question->answer_ms;
}

static void asks_the_caller(void **state)
{
    (void)state;
    asked question = {.answer_ms = 77};
    phx_backoff backoff = {.kind = PHX_BACKOFF_CUSTOM, .delay_ms = answer, .user_data = &question};
    phx_error error = {.close_code = 4001};
    uint64_t random_state = 1;
    assert_int_equal(phxi_backoff_delay_ms(&backoff, false, 9, &error, &random_state), 77);
    assert_int_equal(question.attempt, 9);
    assert_int_equal(question.close_code, 4001);
    question.answer_ms = UINT32_MAX;
    assert_int_equal(phxi_backoff_delay_ms(&backoff, true, 1, &error, &random_state), UINT32_MAX);
}

static void custom_without_a_function_is_jitter(void **state)
{
    (void)state;
    phx_backoff backoff = jitter();
    backoff.kind = PHX_BACKOFF_CUSTOM;
    assert_range(&backoff, 2, 1006, 500);
}

/* A wait of nothing could keep a loop within one turn for ever. */
static void never_waits_for_nothing(void **state)
{
    (void)state;
    asked question = {.answer_ms = 0};
    phx_backoff backoff = {.kind = PHX_BACKOFF_CUSTOM, .delay_ms = answer, .user_data = &question};
    phx_error error = {0};
    uint64_t random_state = 1;
    assert_int_equal(phxi_backoff_delay_ms(&backoff, false, 1, &error, &random_state), 1);
    phx_backoff tiny = {.base_ms = 1, .max_ms = 1};
    for (int i = 0; i < 64; i++) {
        assert_int_equal(phxi_backoff_delay_ms(&tiny, false, 1, &error, &random_state), 1);
    }
}

static void never_undercuts_retry_after(void **state)
{
    (void)state;
    phx_backoff backoff = jitter();
    phx_error error = {.http_status = 503, .retry_after_ms = 60000};
    spread seen = draw(&backoff, 1, &error);
    assert_in_range(seen.least_ms, 60000, 60100);
    assert_in_range(seen.most_ms, 65900, 66000);
    phx_backoff stepped = {.kind = PHX_BACKOFF_STEPPED};
    seen = draw(&stepped, 1, &error);
    assert_in_range(seen.least_ms, 60000, 60100);
    error.retry_after_ms = 10;
    seen = draw(&stepped, 10, &error);
    assert_int_equal(seen.least_ms, 5000);
    assert_int_equal(seen.most_ms, 5000);
}

static void retry_after_does_not_wrap(void **state)
{
    (void)state;
    phx_backoff backoff = jitter();
    phx_error error = {.http_status = 429, .retry_after_ms = UINT32_MAX};
    assert_int_equal(draw(&backoff, 1, &error).least_ms, UINT32_MAX);
    error.retry_after_ms = UINT32_MAX - 100;
    assert_true(draw(&backoff, 1, &error).least_ms >= UINT32_MAX - 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_in_the_defaults),
        cmocka_unit_test(doubles_its_range_up_to_the_cap),
        cmocka_unit_test(saturates),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(the_sequence_is_the_same_everywhere),
        cmocka_unit_test(classifies_every_close_code),
        cmocka_unit_test(spreads_when_everybody_is_dropped),
        cmocka_unit_test(stays_spread_while_nobody_is_taken),
        cmocka_unit_test(waits_longer_when_the_fault_is_ours),
        cmocka_unit_test(steps_as_phoenix_js_does),
        cmocka_unit_test(asks_the_caller),
        cmocka_unit_test(custom_without_a_function_is_jitter),
        cmocka_unit_test(never_waits_for_nothing),
        cmocka_unit_test(never_undercuts_retry_after),
        cmocka_unit_test(retry_after_does_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
