/* SPDX-License-Identifier: MIT */
/*
 * Retry-After against a reading of its own: seconds by counting digits, a date by timegm(3). The
 * first eight bytes are the wall clock.
 */
#include <ctype.h>
#include <time.h>

#include "fuzz.h"
#include "retry_after.h"

enum {
    DAY_MS = 86400000
};

static bool take_number(const char **at, size_t most, int *out_value)
{
    size_t digits = 0;
    *out_value = 0;
    while (digits < most && isdigit((unsigned char)**at)) {
        *out_value = *out_value * 10 + (*(*at)++ - '0');
        digits++;
    }
    return digits > 0;
}

/* Exactly the form that a server has to write; the date may be one that no calendar has. */
static bool read_strict_date(const char *text, struct tm *out)
{
    static const char days[] = "MonTueWedThuFriSatSun";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const char form[] = "Aaa, 00 Aaa 0000 00:00:00 GMT";
    char name[4];
    if (strlen(text) != sizeof form - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof form - 1; i++) {
        bool is_fit = form[i] == '0'                ? isdigit((unsigned char)text[i]) != 0
                      : i < 3 || (i >= 8 && i < 11) ? isalpha((unsigned char)text[i]) != 0
                                                    : text[i] == form[i];
        if (!is_fit) {
            return false;
        }
    }
    *out = (struct tm){0};
    const char *at = text + 5;
    (void)take_number(&at, 2, &out->tm_mday);
    memcpy(name, text + 8, 3);
    name[3] = '\0';
    const char *found = strstr(months, name);
    at = text + 12;
    (void)take_number(&at, 4, &out->tm_year);
    at++;
    (void)take_number(&at, 2, &out->tm_hour);
    at++;
    (void)take_number(&at, 2, &out->tm_min);
    at++;
    (void)take_number(&at, 2, &out->tm_sec);
    memcpy(name, text, 3);
    bool is_day = strstr(days, name) != NULL && (strstr(days, name) - days) % 3 == 0;
    if (found == NULL || (found - months) % 3 != 0 || !is_day) {
        return false;
    }
    out->tm_mon = (int)(found - months) / 3;
    bool is_in_range = out->tm_mday >= 1 && out->tm_mday <= 31 && out->tm_year >= 1970 &&
                       out->tm_hour <= 23 && out->tm_min <= 59 && out->tm_sec <= 60;
    out->tm_year -= 1900;
    return is_in_range;
}

static uint32_t within_a_day(int64_t ms)
{
    return ms <= 0 ? 0 : ms < DAY_MS ? (uint32_t)ms : DAY_MS;
}

/* Seconds: digits, and then the end or white space. -1: it is no number. */
static int64_t read_seconds(const char *text)
{
    int64_t seconds = 0;
    const char *at = text;
    for (; isdigit((unsigned char)*at); at++) {
        seconds = seconds > DAY_MS ? seconds : seconds * 10 + (*at - '0');
    }
    bool is_ended = *at == '\0' || *at == ' ' || *at == '\t' || *at == '\r';
    return at > text && is_ended ? seconds : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input = {data, size};
    /* Years 1970 to 9999 or so. */
    int64_t wall_ms = (int64_t)(fuzz_number(&input, 8) % (UINT64_C(253402300800) * 1000));
    phx_slice rest = fuzz_bytes(&input, input.left);
    char *value = fuzz_copy_text(rest.data, rest.length);
    uint32_t wait_ms = phxi_retry_after_ms(value, wall_ms);
    const char *start = value + strspn(value, " \t");
    int64_t seconds = read_seconds(start);
    struct tm date;
    FUZZ_CHECK(wait_ms <= DAY_MS);
    if (seconds >= 0) {
        FUZZ_CHECK(wait_ms == within_a_day(seconds * 1000));
    } else if (read_strict_date(start, &date)) {
        int64_t date_ms = (int64_t)timegm(&date) * 1000;
        FUZZ_CHECK(wait_ms == within_a_day(date_ms - wall_ms));
        FUZZ_CHECK(phxi_retry_after_ms(value, date_ms - 5000) == 5000 || date_ms < 5000);
    } else if (strstr(value, "GMT") == NULL) {
        FUZZ_CHECK(wait_ms == 0);
    }
    free(value);
    return 0;
}
