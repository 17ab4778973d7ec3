/* SPDX-License-Identifier: MIT */
/*
 * The heaviest sequence in order, against every subset of small lists.
 */
#include "community/store_order.h"

#include "testing.h"

enum {
    MAX_ELEMENTS = 9
};

/* Of the subsets whose places rise, the heaviest. */
static size_t heaviest_by_trial(const communityi_order *elements, size_t count)
{
    size_t heaviest = 0;
    for (size_t subset = 0; subset < (size_t)1 << count; subset++) {
        size_t total = 0;
        size_t place = 0;
        bool rises = true;
        for (size_t i = 0; i < count; i++) {
            if ((subset >> i & 1) != 0) {
                rises = rises && elements[i].place > place;
                place = elements[i].place;
                total += elements[i].weight;
            }
        }
        heaviest = rises && total > heaviest ? total : heaviest;
    }
    return heaviest;
}

static size_t total_kept(const communityi_order *elements, size_t count)
{
    size_t total = 0;
    size_t place = 0;
    for (size_t i = 0; i < count; i++) {
        if (elements[i].is_kept) {
            assert_true(elements[i].place > place);
            place = elements[i].place;
            total += elements[i].weight;
        }
    }
    return total;
}

/* Distinct places, some elements without one. */
static void make_elements(communityi_order *elements, size_t count, size_t old_count,
                          uint64_t *seed)
{
    bool is_taken[MAX_ELEMENTS + 1] = {false};
    for (size_t i = 0; i < count; i++) {
        size_t place = random_below(seed, old_count + 1);
        place = is_taken[place] ? 0 : place;
        is_taken[place] = true;
        elements[i] = (communityi_order){
            .place = place,
            .weight = place == 0 ? 0 : (uint8_t)(1 + random_below(seed, 2)),
            .is_kept = true,
        };
    }
}

static void what_is_kept_is_the_heaviest(void **state)
{
    (void)state;
    uint64_t seed = 7;
    size_t kept = 0;
    for (int round = 0; round < 4000; round++) {
        communityi_order elements[MAX_ELEMENTS];
        size_t best[MAX_ELEMENTS + 1];
        size_t old_count = random_below(&seed, MAX_ELEMENTS + 1);
        size_t count = random_below(&seed, MAX_ELEMENTS + 1);
        make_elements(elements, count, old_count, &seed);
        communityi_order_keep(elements, count, best, old_count);
        assert_int_equal(total_kept(elements, count), heaviest_by_trial(elements, count));
        kept += total_kept(elements, count);
    }
    assert_true(kept > 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_the_heaviest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
