/* SPDX-License-Identifier: MIT */
/*
 * The Retry-After header.
 */
#include "retry_after.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const int64_t max_ms = INT64_C(24) * 60 * 60 * 1000;

/* Days from 1970-01-01 to a date of the Gregorian calendar, counted in years that begin in March,
 * so that the leap day is a year's last. */
static int64_t days_since_epoch(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2 ? 1 : 0;
    int64_t month_of_year = (month + 9) % 12;
    return 365 * year + year / 4 - year / 100 + year / 400 + (month_of_year * 306 + 5) / 10 + day -
           1 - 719468;
}

static int month_number(const char *name)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (size_t i = 0; i < 12; i++) {
        if (strncmp(names + 3 * i, name, 3) == 0) {
            return (int)i + 1;
        }
    }
    return 0;
}

static bool read_date_ms(const char *value, int64_t *out_ms)
{
    char month_name[4];
    int day;
    int year;
    int hour;
    int minute;
    int second;
    int end = 0;
    if (sscanf(value, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day, month_name, &year,
               &hour, &minute, &second, &end) != 6 ||
        end == 0) {
        return false;
    }
    int month = month_number(month_name);
    if (month == 0 || day < 1 || day > 31 || year < 1970 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 60) {
        return false;
    }
    int64_t days = days_since_epoch(year, month, day);
    *out_ms = ((days * 24 + hour) * 60 + minute) * INT64_C(60000) + second * INT64_C(1000);
    return true;
}

static bool read_seconds(const char *value, int64_t *out_seconds)
{
    int64_t seconds = 0;
    const char *digit = value;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        seconds = seconds < max_ms ? seconds * 10 + (*digit - '0') : seconds;
    }
    *out_seconds = seconds;
    return digit != value && (*digit == '\0' || *digit == ' ' || *digit == '\t' || *digit == '\r');
}

uint32_t phxi_retry_after_ms(const char *value, int64_t wall_ms)
{
    int64_t wait_ms = 0;
    int64_t number;
    value += strspn(value, " \t");
    if (read_seconds(value, &number)) {
        wait_ms = number < max_ms / 1000 ? number * 1000 : max_ms;
    } else if (read_date_ms(value, &number)) {
        wait_ms = number - wall_ms;
    }
    if (wait_ms <= 0) {
        return 0;
    }
    return (uint32_t)(wait_ms < max_ms ? wait_ms : max_ms);
}
