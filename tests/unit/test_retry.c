/* SPDX-License-Identifier: MIT */
/*
 * Waits: their ranges, their spread, their end.
 */
#include "community/retry.h"
#include "testing.h"

static void test_range_doubles_up_to_the_maximum(void **state)
{
    (void)state;
    static const uint32_t ranges[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    for (uint64_t seed = 0; seed < 200; seed++) {
        communityi_retry retry;
        communityi_retry_init(&retry, seed);
        for (size_t i = 0; i < COUNT_OF(ranges); i++) {
            uint32_t delay_ms = communityi_retry_delay_ms(&retry);
            assert_in_range(delay_ms, ranges[i] / 2, ranges[i]);
        }
    }
}

static void test_delays_are_spread_and_replay(void **state)
{
    (void)state;
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        communityi_retry a;
        communityi_retry b;
        communityi_retry_init(&a, seed);
        communityi_retry_init(&b, seed);
        uint32_t delay_ms = communityi_retry_delay_ms(&a);
        assert_int_equal(delay_ms, communityi_retry_delay_ms(&b));
        least = delay_ms < least ? delay_ms : least;
        most = delay_ms > most ? delay_ms : most;
    }
    assert_true(least < 530);
    assert_true(most > 970);
}

/* SplitMix64's own sequence for the seed 0, of which each wait is a remainder. */
static void test_seed_gives_the_same_waits_everywhere(void **state)
{
    (void)state;
    static const uint64_t values[] = {0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f};
    communityi_retry retry;
    communityi_retry_init(&retry, 0);
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        uint32_t half_ms = 500u << i;
        assert_int_equal(communityi_retry_delay_ms(&retry), half_ms + values[i] % (half_ms + 1));
    }
}

static void test_reset_and_very_many_attempts(void **state)
{
    (void)state;
    communityi_retry retry;
    communityi_retry_init(&retry, 1);
    retry.attempts = UINT32_MAX;
    assert_in_range(communityi_retry_delay_ms(&retry), 15000, 30000);
    assert_in_range(communityi_retry_delay_ms(&retry), 15000, 30000);
    communityi_retry_reset(&retry);
    assert_in_range(communityi_retry_delay_ms(&retry), 500, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range_doubles_up_to_the_maximum),
        cmocka_unit_test(test_delays_are_spread_and_replay),
        cmocka_unit_test(test_seed_gives_the_same_waits_everywhere),
        cmocka_unit_test(test_reset_and_very_many_attempts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
