/* SPDX-License-Identifier: MIT */
/*
 * Times as Ecto writes them: a table of what is one and what is none, and every day of 10,000
 * years.
 */
#include <stdio.h>

#include "community/post_codec.h"
#include "testing.h"

static void times_are_parsed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01 00:00:00", 0},
        {"2026-11-23T11:18:44.731885Z", 1795432724731},
        {"2026-11-23T11:18:44.731885", 1795432724731},
        {"2026-11-23 11:18:44", 1795432724000},
        {"2026-11-23T11:18:44.7Z", 1795432724700},
        {"2026-11-23T11:18:44.73Z", 1795432724730},
        {"2026-11-23T11:18:44.7319Z", 1795432724731},
        {"2026-11-23T12:18:44+01:00", 1795432724000},
        {"2026-11-23T05:48:44.000-05:30", 1795432724000},
        {"2026-11-23T11:18:44-00:00", 1795432724000},
        {"1969-12-31T23:59:59.999Z", -1},
        {"0000-01-01T00:00:00Z", -62167219200000},
        {"0000-01-01T00:00:00+23:59", -62167305540000},
        {"9999-12-31T23:59:59.999999Z", 253402300799999},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2000-02-29T00:00:00Z", 951782400000},
        {"2016-12-31T23:59:60Z", 1483228799000},
        {"2016-12-31T23:59:60.5Z", 1483228799500},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t ms = -2;
        if (!communityi_time_parse(rows[i].text, strlen(rows[i].text), &ms) || ms != rows[i].ms) {
            fail_msg("%s: %lld", rows[i].text, (long long)ms);
        }
    }
}

static void others_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2026",
        "2026-11-23",
        "2026-11-23T",
        "2026-11-23T11:18",
        "2026-11-23T11:18Z",
        "2026-11-23T11:18:4",
        "2026-11-23T11:18:44.",
        "2026-11-23T11:18:44.Z",
        "2026-11-23T11:18:44.1234567Z",
        "2026-11-23T11:18:44,5Z",
        "2026-11-23T11:18:44z",
        "2026-11-23t11:18:44Z",
        "2026-11-23  11:18:44Z",
        "2026-11-23T11:18:44Z ",
        " 2026-11-23T11:18:44Z",
        "2026-11-23T11:18:44Zx",
        "2026-11-23T11:18:44+1:00",
        "2026-11-23T11:18:44+0100",
        "2026-11-23T11:18:44+01",
        "2026-11-23T11:18:44+24:00",
        "2026-11-23T11:18:44+01:60",
        "2026-11-23T11:18:44 +01:00",
        "2026-11-23T24:00:00Z",
        "2026-11-23T11:60:00Z",
        "2026-11-23T11:18:61Z",
        "2026-00-23T11:18:44Z",
        "2026-13-23T11:18:44Z",
        "2026-11-00T11:18:44Z",
        "2026-11-31T11:18:44Z",
        "2026-02-29T11:18:44Z",
        "1900-02-29T11:18:44Z",
        "2026-12-32T11:18:44Z",
        "-026-11-23T11:18:44Z",
        "+2026-11-23T11:18:44Z",
        "12026-11-23T11:18:44Z",
        "26-11-23T11:18:44Z",
        "2026-1-23T11:18:44Z",
        "20a6-11-23T11:18:44Z",
        "2026/11/23T11:18:44Z",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t ms = -2;
        if (communityi_time_parse(rows[i], strlen(rows[i]), &ms) || ms != 0) {
            fail_msg("%s: %lld", rows[i], (long long)ms);
        }
    }
}

/* A text with a NUL inside, and one that goes on beyond its length. */
static void the_length_decides(void **state)
{
    (void)state;
    int64_t ms;
    assert_false(communityi_time_parse("2026-11-23T11:18:44\0Z", 21, &ms));
    assert_true(communityi_time_parse("2026-11-23T11:18:44.731", 19, &ms));
    assert_true(ms == 1795432724000);
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

static void days_follow_each_other(void **state)
{
    (void)state;
    int64_t expected = -62167219200000;
    for (int year = 0; year <= 9999; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= 32; day++) {
                char text[64];
                int64_t ms;
                (void)snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00Z", year, month, day);
                bool is_day = day <= days_in_month(year, month);
                if (communityi_time_parse(text, strlen(text), &ms) != is_day ||
                    (is_day && ms != expected)) {
                    fail_msg("%s: %lld", text, (long long)ms);
                }
                expected += is_day ? 86400000 : 0;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_parsed),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(the_length_decides),
        cmocka_unit_test(days_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
