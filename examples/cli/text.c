/* SPDX-License-Identifier: MIT */
/*
 * Measuring and taming text; see text.h. Widths come from the C library's wcwidth, whose tables are
 * those of the system's terminal emulators as a rule. It must not know what a post is.
 */
#include "text.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#define REPLACEMENT 0xFFFDu
#define CONTROL_PICTURES 0x2400u

void text_init(void)
{
    if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    }
}

size_t text_next(const char *data, size_t length, uint32_t *out_code_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)data;
    *out_code_point = bytes[0];
    if (bytes[0] < 0x80) {
        return 1;
    }
    size_t size = bytes[0] >= 0xF0 ? 4 : bytes[0] >= 0xE0 ? 3 : 2;
    uint32_t code_point = bytes[0] & (0x7Fu >> size);
    bool is_valid = bytes[0] >= 0xC2 && bytes[0] <= 0xF4 && size <= length;
    for (size_t i = 1; is_valid && i < size; i++) {
        is_valid = (bytes[i] & 0xC0) == 0x80;
        code_point = code_point << 6 | (bytes[i] & 0x3Fu);
    }
    is_valid = is_valid && code_point >= smallest[size] && code_point <= 0x10FFFF &&
               (code_point < 0xD800 || code_point > 0xDFFF);
    *out_code_point = is_valid ? code_point : REPLACEMENT;
    return is_valid ? size : 1;
}

static const struct range {
    uint32_t first;
    uint32_t last;
} unsafe[] = {
    {0x0000, 0x001F},   {0x007F, 0x009F},                   /* controls, escape among them */
    {0x00AD, 0x00AD},   {0x034F, 0x034F},                   /* soft hyphen, grapheme joiner */
    {0x061C, 0x061C},   {0x180E, 0x180E}, {0x200B, 0x200C}, /* invisible */
    {0x200E, 0x200F},   {0x2028, 0x202E}, /* direction marks, line separators, overrides */
    {0x2060, 0x206F},   {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, /* isolates, byte order mark */
    {0xE0000, 0xE0FFF},                                     /* tags */
};

bool text_is_unsafe(uint32_t code_point)
{
    for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++) {
        if (code_point >= unsafe[i].first && code_point <= unsafe[i].last) {
            return true;
        }
    }
    return false;
}

/* What stands on the terminal for a code point, and the columns that it takes. */
static uint32_t shown(uint32_t code_point, size_t *out_columns)
{
    *out_columns = 1;
    if (code_point == '\t') {
        return ' ';
    }
    if (code_point < 0x20) {
        return CONTROL_PICTURES + code_point;
    }
    if (code_point == 0x7F) {
        return CONTROL_PICTURES + 0x21;
    }
    if (text_is_unsafe(code_point)) {
        return REPLACEMENT;
    }
    int width = wcwidth((wchar_t)code_point);
    if (width < 0) {
        return REPLACEMENT;
    }
    *out_columns = (size_t)width;
    return code_point;
}

static void put(struct out *out, uint32_t code_point)
{
    char bytes[4];
    size_t size = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size; i-- > 1;) {
        bytes[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    bytes[0] = (char)(lead[size] | code_point);
    out_bytes(out, bytes, size);
}

static size_t columns_of(phx_slice text, size_t enough)
{
    size_t columns = 0;
    for (size_t at = 0; at < text.length && columns <= enough;) {
        uint32_t code_point;
        size_t width;
        at += text_next(text.data + at, text.length - at, &code_point);
        (void)shown(code_point, &width);
        columns += width;
    }
    return columns;
}

size_t text_show(struct out *out, phx_slice text, size_t columns)
{
    bool is_cut = columns != SIZE_MAX && columns_of(text, columns) > columns;
    size_t room = is_cut && columns > 0 ? columns - 1 : columns;
    size_t used = 0;
    for (size_t at = 0; at < text.length;) {
        uint32_t code_point;
        size_t width;
        at += text_next(text.data + at, text.length - at, &code_point);
        code_point = shown(code_point, &width);
        if (is_cut && used + width > room) {
            break;
        }
        put(out, code_point);
        used += width;
    }
    if (is_cut && columns > 0) {
        out_text(out, "…");
        used++;
    }
    return used;
}

static phx_slice cut(phx_slice *rest, size_t length, size_t skip)
{
    phx_slice line = {rest->data, length};
    rest->data += length + skip;
    rest->length -= length + skip;
    return line;
}

phx_slice text_take_line(phx_slice *rest, size_t columns)
{
    size_t used = 0;
    size_t space = SIZE_MAX;
    for (size_t at = 0; at < rest->length;) {
        uint32_t code_point;
        size_t width;
        size_t size = text_next(rest->data + at, rest->length - at, &code_point);
        (void)shown(code_point, &width);
        if (code_point == '\n') {
            return cut(rest, at, 1);
        }
        if (code_point == ' ') {
            space = at;
        }
        if (used + width > columns && at > 0) {
            return space != SIZE_MAX ? cut(rest, space, 1) : cut(rest, at, 0);
        }
        used += width;
        at += size;
    }
    return cut(rest, rest->length, 0);
}

bool text_time(char text[32], int64_t wall_ms)
{
    int64_t seconds = wall_ms / 1000 - (wall_ms % 1000 < 0);
    time_t when = (time_t)seconds;
    struct tm parts;
    char head[24];
    if (gmtime_r(&when, &parts) == NULL || parts.tm_year > 8099 || parts.tm_year < -1900 ||
        strftime(head, sizeof head, "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
        return false;
    }
    (void)snprintf(text, 32, "%s.%03dZ", head, (int)(wall_ms - seconds * 1000));
    return true;
}

void text_age(struct out *out, int64_t then_ms, int64_t now_ms)
{
    int64_t seconds = now_ms > then_ms ? (now_ms - then_ms) / 1000 : 0;
    char text[32];
    if (seconds < 60) {
        out_format(out, "%ds", (int)seconds);
    } else if (seconds < 3600) {
        out_format(out, "%dm", (int)(seconds / 60));
    } else if (seconds < 86400) {
        out_format(out, "%dh", (int)(seconds / 3600));
    } else if (seconds < INT64_C(7) * 86400) {
        out_format(out, "%dd", (int)(seconds / 86400));
    } else if (text_time(text, then_ms)) {
        out_bytes(out, text, sizeof "2026-11-23" - 1);
    }
}
