/* SPDX-License-Identifier: MIT */
/*
 * Retry-After, as servers write it and as they should not.
 */
#include "testing.h"

#include "retry_after.h"

static const int64_t november_6_1994_ms = INT64_C(784111777000); /* 08:49:37 */

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        uint32_t wait_ms;
    } cases[] = {
        {"0", 0},
        {"1", 1000},
        {" 120 ", 120000},
        {"86399", 86399000},
        {"86401", 86400000},
        {"99999999999999999999999999", 86400000},
        {"", 0},
        {"-1", 0},
        {"1.5", 0},
        {"12 monkeys", 12000},
        {"soon", 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"Sun, 06 Nov 1994 08:49:36 GMT", 0},
        {"Sun, 06 Nov 1994 08:50:37 GMT", 60000},
        {"Mon, 07 Nov 1994 08:49:36 GMT", 86399000},
        {"Tue, 06 Dec 1994 00:00:00 GMT", 86400000},
        {"Sun, 06 Now 1994 08:50:37 GMT", 0},
        {"Sun, 06 Nov 1994 08:50:37 CET", 0},
        {"Sun, 32 Nov 1994 08:50:37 GMT", 0},
        {"Sun, 06 Nov 1994 25:50:37 GMT", 0},
        {"Sun, 06 Nov 1994 08:50", 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint32_t wait_ms = phxi_retry_after_ms(cases[i].value, november_6_1994_ms);
        if (wait_ms != cases[i].wait_ms) {
            fail_msg("\"%s\": %u", cases[i].value, (unsigned)wait_ms);
        }
    }
}

static void test_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *date;
        int64_t wall_ms;
    } cases[] = {
        {"Thu, 01 Jan 1970 00:00:01 GMT", 0},
        {"Tue, 29 Feb 2000 00:00:01 GMT", INT64_C(951782400000)},
        {"Wed, 01 Mar 2000 00:00:01 GMT", INT64_C(951868800000)},
        {"Mon, 01 Mar 2100 00:00:01 GMT", INT64_C(4107542400000)},
        {"Fri, 31 Dec 2027 00:00:01 GMT", INT64_C(1830211200000)},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(phxi_retry_after_ms(cases[i].date, cases[i].wall_ms), 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
