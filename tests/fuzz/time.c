/* SPDX-License-Identifier: MIT */
/*
 * Times of posts against a grammar and timegm(3); what is parsed, written and parsed again is the
 * same instant.
 */
#include <ctype.h>
#include <time.h>

#include "community/post_codec.h"
#include "fuzz.h"

/* The text with every digit as '0', so that its form can be compared. */
static bool has_form(const char *text, const char *form)
{
    size_t i = 0;
    for (; form[i] != '\0'; i++) {
        bool is_fit = form[i] == '0'   ? isdigit((unsigned char)text[i]) != 0
                      : form[i] == '_' ? text[i] == 'T' || text[i] == ' '
                                       : text[i] == form[i];
        if (!is_fit) {
            return false;
        }
    }
    return true;
}

static int number(const char *text, size_t digits)
{
    int value = 0;
    for (size_t i = 0; i < digits; i++) {
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

/* Digits behind a point, in milliseconds; moves *at behind them. */
static bool read_fraction(const char **at, int *out_ms)
{
    *out_ms = 0;
    if (**at != '.') {
        return true;
    }
    const char *digits = ++*at;
    while (isdigit((unsigned char)**at)) {
        ++*at;
    }
    size_t count = (size_t)(*at - digits);
    for (size_t i = 0; i < 3; i++) {
        *out_ms = *out_ms * 10 + (i < count ? digits[i] - '0' : 0);
    }
    return count >= 1 && count <= 6;
}

static bool read_zone(const char *at, int64_t *out_ms)
{
    *out_ms = 0;
    if (strcmp(at, "") == 0 || strcmp(at, "Z") == 0) {
        return true;
    }
    if (strlen(at) != 6 || (at[0] != '+' && at[0] != '-') || !has_form(at + 1, "00:00")) {
        return false;
    }
    int minutes = number(at + 1, 2) * 60 + number(at + 4, 2);
    *out_ms = (at[0] == '+' ? 1 : -1) * (int64_t)minutes * 60000;
    return number(at + 1, 2) <= 23 && number(at + 4, 2) <= 59;
}

static bool read_reference(const char *text, int64_t *out_ms)
{
    if (!has_form(text, "0000-00-00_00:00:00")) {
        return false;
    }
    int second = number(text + 17, 2);
    struct tm date = {.tm_year = number(text, 4) - 1900,
                      .tm_mon = number(text + 5, 2) - 1,
                      .tm_mday = number(text + 8, 2),
                      .tm_hour = number(text + 11, 2),
                      .tm_min = number(text + 14, 2),
                      .tm_sec = second == 60 ? 59 : second};
    if (date.tm_mon < 0 || date.tm_mon > 11 || date.tm_mday < 1 ||
        date.tm_mday > days_of(date.tm_year + 1900, date.tm_mon + 1) || date.tm_hour > 23 ||
        date.tm_min > 59 || second > 60) {
        return false;
    }
    const char *at = text + 19;
    int ms;
    int64_t zone_ms;
    if (!read_fraction(&at, &ms) || !read_zone(at, &zone_ms)) {
        return false;
    }
    *out_ms = (int64_t)timegm(&date) * 1000 + ms - zone_ms;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = fuzz_copy(data, size);
    char *text = fuzz_copy_text(data, size);
    char written[COMMUNITYI_TIME_TEXT_BYTES];
    int64_t ms = 1;
    int64_t expected_ms = 0;
    int64_t again_ms = 0;
    bool is_time = communityi_time_parse(copy, size, &ms);
    bool is_expected = strlen(text) == size && read_reference(text, &expected_ms);
    FUZZ_CHECK(is_time == is_expected);
    FUZZ_CHECK(ms == (is_time ? expected_ms : 0));
    if (is_time) {
        size_t length = communityi_time_format(ms, written);
        FUZZ_CHECK(length < sizeof written && strlen(written) == length);
        FUZZ_CHECK(communityi_time_parse(written, length, &again_ms) && again_ms == ms);
    }
    free(text);
    free(copy);
    return 0;
}
