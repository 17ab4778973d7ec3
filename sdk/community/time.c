/* SPDX-License-Identifier: MIT */
/*
 * Times as Ecto writes them, to UTC milliseconds. Pure: no clock, no locale, no time zone data.
 */
#include "community/post_codec.h"

#include <stdio.h>

/* From 0000-01-01 to 1970-01-01 in the proleptic Gregorian calendar. */
#define DAYS_TO_1970 INT64_C(719528)
#define DAY_MS INT64_C(86400000)
/* The last instant of the year 9999, and the widest offset. */
#define LAST_MS INT64_C(253402300799999)
#define WIDEST_OFFSET_MS ((INT64_C(23) * 60 + 59) * 60000)

typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

static bool take(cursor *text, char byte)
{
    if (text->at == text->end || *text->at != byte) {
        return false;
    }
    text->at++;
    return true;
}

/* Exactly `digits` digits that are a number from `least` to `most`. */
static bool take_number(cursor *text, int digits, int least, int most, int *out_value)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (text->at == text->end || *text->at < '0' || *text->at > '9') {
            return false;
        }
        value = value * 10 + (*text->at++ - '0');
    }
    *out_value = value;
    return value >= least && value <= most;
}

static bool is_leap_year(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_before_month(int year, int month)
{
    static const int16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    return before[month - 1] + (month > 2 && is_leap_year(year) ? 1 : 0);
}

/* Days since 1970-01-01. */
static bool take_date(cursor *text, int64_t *out_days)
{
    int year;
    int month;
    int day;
    if (!take_number(text, 4, 0, 9999, &year) || !take(text, '-') ||
        !take_number(text, 2, 1, 12, &month) || !take(text, '-') ||
        !take_number(text, 2, 1, 31, &day)) {
        return false;
    }
    int before = days_before_month(year, month);
    int after = month == 12 ? before + 31 : days_before_month(year, month + 1);
    /* The years before this one that are leap years, year 0 among them. */
    int leap_years = (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    *out_days = (int64_t)year * 365 + leap_years + before + day - 1 - DAYS_TO_1970;
    return day <= after - before;
}

/* Up to six digits behind the point, cut to milliseconds; no point is no fraction. */
static bool take_fraction(cursor *text, int *out_ms)
{
    int digits = 0;
    *out_ms = 0;
    if (!take(text, '.')) {
        return true;
    }
    for (int weight = 100; text->at < text->end && *text->at >= '0' && *text->at <= '9';
         weight /= 10) {
        *out_ms += weight * (*text->at++ - '0');
        digits++;
    }
    return digits >= 1 && digits <= 6;
}

static bool take_clock(cursor *text, int64_t *out_ms)
{
    int hour;
    int minute;
    int second;
    int ms;
    if (!take_number(text, 2, 0, 23, &hour) || !take(text, ':') ||
        !take_number(text, 2, 0, 59, &minute) || !take(text, ':') ||
        !take_number(text, 2, 0, 60, &second) || !take_fraction(text, &ms)) {
        return false;
    }
    int seconds = (hour * 60 + minute) * 60 + (second == 60 ? 59 : second);
    *out_ms = (int64_t)seconds * 1000 + ms;
    return true;
}

/* 'Z', an offset or nothing; what has to be subtracted to get UTC. */
static bool take_zone(cursor *text, int64_t *out_ms)
{
    int hours;
    int minutes;
    *out_ms = 0;
    if (text->at == text->end || take(text, 'Z')) {
        return true;
    }
    int sign = take(text, '+') ? 1 : take(text, '-') ? -1 : 0;
    if (sign == 0 || !take_number(text, 2, 0, 23, &hours) || !take(text, ':') ||
        !take_number(text, 2, 0, 59, &minutes)) {
        return false;
    }
    *out_ms = (int64_t)sign * (hours * 60 + minutes) * 60000;
    return true;
}

bool communityi_time_parse(const char *text, size_t length, int64_t *out_ms)
{
    cursor at = {text, text + length};
    int64_t days;
    int64_t clock_ms;
    int64_t zone_ms;
    *out_ms = 0;
    if (!take_date(&at, &days) || !(take(&at, 'T') || take(&at, ' ')) ||
        !take_clock(&at, &clock_ms) || !take_zone(&at, &zone_ms) || at.at != at.end) {
        return false;
    }
    *out_ms = days * DAY_MS + clock_ms - zone_ms;
    return true;
}

/* Days since 0000-01-01 to a date. */
static void split_days(int64_t days, int *out_year, int *out_month, int *out_day)
{
    int year = (int)(days / 366);
    int64_t first = 0;
    for (;; year++) { /* at most 21 times: no year is shorter than 365 days */
        first = (int64_t)year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
        if (days < first + 365 + (is_leap_year(year) ? 1 : 0)) {
            break;
        }
    }
    int month = 1;
    while (month < 12 && days - first >= days_before_month(year, month + 1)) {
        month++;
    }
    *out_year = year;
    *out_month = month;
    *out_day = (int)(days - first) - days_before_month(year, month) + 1;
}

/* A time that an offset took out of the years 0000 to 9999 is written with such an offset. */
size_t communityi_time_format(int64_t ms, char out[COMMUNITYI_TIME_TEXT_BYTES])
{
    const int64_t first_ms = -DAYS_TO_1970 * DAY_MS;
    const char *zone = "Z";
    int64_t local_ms = ms - first_ms;
    if (ms < first_ms) {
        local_ms += WIDEST_OFFSET_MS;
        zone = "+23:59";
    } else if (ms > LAST_MS) {
        local_ms -= WIDEST_OFFSET_MS;
        zone = "-23:59";
    }
    int year;
    int month;
    int day;
    split_days(local_ms / DAY_MS, &year, &month, &day);
    int clock_ms = (int)(local_ms % DAY_MS);
    int length = snprintf(out, COMMUNITYI_TIME_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03d%s",
                          year, month, day, clock_ms / 3600000, clock_ms / 60000 % 60,
                          clock_ms / 1000 % 60, clock_ms % 1000, zone);
    return (size_t)length;
}
