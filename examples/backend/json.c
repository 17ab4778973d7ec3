/* SPDX-License-Identifier: MIT */
/*
 * The scanner behind json.h: one function a kind of value, each of which returns the text behind
 * the value. It allocates nothing but what json_decode() and json_encode() append.
 */
#include "json.h"

#include <string.h>

enum {
    MAX_DEPTH = 512
};

static bool scan_value(struct slice *at, int depth);

static void skip_blanks(struct slice *at)
{
    while (at->len > 0 && memchr(" \t\r\n", at->data[0], 4) != NULL) {
        *at = slice_skip(*at, 1);
    }
}

static bool take(struct slice *at, char byte)
{
    if (at->len == 0 || at->data[0] != byte) {
        return false;
    }
    *at = slice_skip(*at, 1);
    return true;
}

static bool take_digits(struct slice *at)
{
    const size_t before = at->len;
    while (at->len > 0 && at->data[0] >= '0' && at->data[0] <= '9') {
        *at = slice_skip(*at, 1);
    }
    return at->len < before;
}

static bool scan_number(struct slice *at)
{
    (void)take(at, '-');
    if (!take(at, '0') && !take_digits(at)) {
        return false;
    }
    if (take(at, '.') && !take_digits(at)) {
        return false;
    }
    if (take(at, 'e') || take(at, 'E')) {
        if (!take(at, '+')) {
            (void)take(at, '-');
        }
        return take_digits(at);
    }
    return true;
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    const char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Reads "\uXXXX" at the start of `at`: the code unit, or -1. */
static int32_t code_unit(struct slice at)
{
    if (at.len < 6 || at.data[0] != '\\' || at.data[1] != 'u') {
        return -1;
    }
    int32_t unit = 0;
    for (size_t i = 2; i < 6; i++) {
        const int digit = hex_digit(at.data[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

/* The code point of the escape at `at` and its length in *out_len; -1 for a lone surrogate. */
static int32_t code_point(struct slice at, size_t *out_len)
{
    const int32_t unit = code_unit(at);
    *out_len = 6;
    if (unit < 0xd800 || unit > 0xdfff) {
        return unit;
    }
    const int32_t low = at.len >= 12 ? code_unit(slice_skip(at, 6)) : -1;
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff) {
        return -1;
    }
    *out_len = 12;
    return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

static bool scan_escape(struct slice *at)
{
    if (at->len < 2) {
        return false;
    }
    if (memchr("\"\\/bfnrt", at->data[1], 8) != NULL) {
        *at = slice_skip(*at, 2);
        return true;
    }
    size_t len = 0;
    if (at->data[1] != 'u' || code_point(*at, &len) < 0) {
        return false;
    }
    *at = slice_skip(*at, len);
    return true;
}

static bool scan_string(struct slice *at)
{
    if (!take(at, '"')) {
        return false;
    }
    while (at->len > 0 && at->data[0] != '"') {
        if ((unsigned char)at->data[0] < 0x20) {
            return false;
        }
        if (at->data[0] == '\\') {
            if (!scan_escape(at)) {
                return false;
            }
        } else {
            *at = slice_skip(*at, 1);
        }
    }
    return take(at, '"');
}

static bool scan_member(struct slice *at, int depth)
{
    skip_blanks(at);
    if (!scan_string(at)) {
        return false;
    }
    skip_blanks(at);
    return take(at, ':') && scan_value(at, depth);
}

static bool scan_container(struct slice *at, char close, int depth)
{
    *at = slice_skip(*at, 1);
    skip_blanks(at);
    if (depth >= MAX_DEPTH) {
        return false;
    }
    if (take(at, close)) {
        return true;
    }
    do {
        if (!(close == '}' ? scan_member(at, depth + 1) : scan_value(at, depth + 1))) {
            return false;
        }
    } while (take(at, ','));
    return take(at, close);
}

static bool scan_word(struct slice *at, const char *word)
{
    if (!slice_starts_with(*at, word)) {
        return false;
    }
    *at = slice_skip(*at, strlen(word));
    return true;
}

/* Scans one value and the blanks around it. */
static bool scan_value(struct slice *at, int depth)
{
    skip_blanks(at);
    if (at->len == 0) {
        return false;
    }
    bool good = false;
    switch (at->data[0]) {
    case '{':
        good = scan_container(at, '}', depth);
        break;
    case '[':
        good = scan_container(at, ']', depth);
        break;
    case '"':
        good = scan_string(at);
        break;
    case 't':
        good = scan_word(at, "true");
        break;
    case 'f':
        good = scan_word(at, "false");
        break;
    case 'n':
        good = scan_word(at, "null");
        break;
    default:
        good = scan_number(at);
        break;
    }
    skip_blanks(at);
    return good;
}

bool json_document(struct slice text, struct slice *out_value)
{
    struct slice rest = text;
    if (!slice_is_utf8(text) || !scan_value(&rest, 0) || rest.len > 0) {
        return false;
    }
    *out_value = slice_trim(text);
    return true;
}

static bool starts(struct slice value, char byte)
{
    return value.len > 0 && value.data[0] == byte;
}

struct json_walk json_walk(struct slice container)
{
    struct slice rest = slice_skip(container, 1);
    skip_blanks(&rest);
    return (struct json_walk){rest};
}

static bool next(struct json_walk *walk, struct slice *out_value)
{
    struct slice start = walk->rest;
    if (!scan_value(&walk->rest, 0)) {
        return false;
    }
    *out_value = slice_trim((struct slice){start.data, start.len - walk->rest.len});
    (void)take(&walk->rest, ',');
    return true;
}

bool json_next_element(struct json_walk *walk, struct slice *out_value)
{
    return !starts(walk->rest, ']') && next(walk, out_value);
}

bool json_next_member(struct json_walk *walk, struct slice *out_key, struct slice *out_value)
{
    skip_blanks(&walk->rest);
    struct slice start = walk->rest;
    if (!scan_string(&walk->rest)) {
        return false;
    }
    *out_key = (struct slice){start.data, start.len - walk->rest.len};
    skip_blanks(&walk->rest);
    return take(&walk->rest, ':') && next(walk, out_value);
}

bool json_member(struct slice object, const char *name, struct slice *out_value)
{
    if (!json_is_object(object)) {
        return false;
    }
    bool found = false;
    struct slice key;
    struct slice value;
    struct json_walk walk = json_walk(object);
    while (json_next_member(&walk, &key, &value)) {
        if (json_string_is(key, name)) {
            *out_value = value;
            found = true;
        }
    }
    return found;
}

static void append_utf8(struct bytes *out, int32_t point)
{
    const uint32_t code = (uint32_t)point;
    if (code < 0x80) {
        bytes_char(out, (char)code);
        return;
    }
    if (code < 0x800) {
        bytes_char(out, (char)(0xc0 | (code >> 6)));
    } else if (code < 0x10000) {
        bytes_char(out, (char)(0xe0 | (code >> 12)));
        bytes_char(out, (char)(0x80 | ((code >> 6) & 0x3f)));
    } else {
        bytes_char(out, (char)(0xf0 | (code >> 18)));
        bytes_char(out, (char)(0x80 | ((code >> 12) & 0x3f)));
        bytes_char(out, (char)(0x80 | ((code >> 6) & 0x3f)));
    }
    bytes_char(out, (char)(0x80 | (code & 0x3f)));
}

void json_decode(struct slice string, struct bytes *out)
{
    static const char names[] = "bfnrt";
    static const char values[] = "\b\f\n\r\t";
    struct slice at = {string.data + 1, string.len - 2};
    while (at.len > 0) {
        size_t len = 1;
        if (at.data[0] != '\\') {
            const char *escape = memchr(at.data, '\\', at.len);
            len = escape != NULL ? (size_t)(escape - at.data) : at.len;
            bytes_append(out, at.data, len);
        } else if (at.data[1] == 'u') {
            append_utf8(out, code_point(at, &len));
        } else {
            const char *name = strchr(names, at.data[1]);
            bytes_char(out, name != NULL ? values[name - names] : at.data[1]);
            len = 2;
        }
        at = slice_skip(at, len);
    }
}

bool json_string_is(struct slice value, const char *text)
{
    if (!json_is_string(value)) {
        return false;
    }
    struct slice plain = {value.data + 1, value.len - 2};
    if (plain.len == 0 || memchr(plain.data, '\\', plain.len) == NULL) {
        return slice_is(plain, text);
    }
    struct bytes decoded = {0};
    json_decode(value, &decoded);
    const bool same = !decoded.failed && slice_is(slice_from(&decoded), text);
    bytes_free(&decoded);
    return same;
}

int64_t json_integer(struct slice value, int64_t otherwise)
{
    const bool negative = starts(value, '-');
    struct slice digits = slice_skip(value, negative ? 1 : 0);
    if (digits.len == 0 || digits.len > 18) {
        return otherwise;
    }
    int64_t number = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') {
            return otherwise;
        }
        number = number * 10 + (digits.data[i] - '0');
    }
    return negative ? -number : number;
}

void json_encode(struct bytes *out, struct slice text)
{
    bytes_char(out, '"');
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char)text.data[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            continue;
        }
        bytes_append(out, text.data + from, i - from);
        if (byte >= 0x20) {
            bytes_char(out, '\\');
            bytes_char(out, (char)byte);
        } else if (byte == '\n') {
            bytes_text(out, "\\n");
        } else {
            bytes_format(out, "\\u%04x", byte);
        }
        from = i + 1;
    }
    bytes_append(out, text.data + from, text.len - from);
    bytes_char(out, '"');
}

int64_t json_member_integer(struct slice object, const char *name, int64_t otherwise)
{
    struct slice value;
    return json_member(object, name, &value) ? json_integer(value, otherwise) : otherwise;
}

bool json_member_true(struct slice object, const char *name)
{
    struct slice value;
    return json_member(object, name, &value) && slice_is(value, "true");
}
