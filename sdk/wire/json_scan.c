/* SPDX-License-Identifier: MIT */
/*
 * The inside of a JSON string: eight bytes at a time as long as nothing special comes, then by
 * character and escape. Knows nothing of what stands around the string.
 */
#include "wire/json_scan.h"

#include <string.h>

#include "wire/utf8.h"

/* The eight bytes with the first lowest, on any machine. */
static uint64_t load_word(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The high bit of each byte that a string cannot hold as it is (a quote, a backslash, a control
 * character) or that is not ASCII. The lowest bit set is exact; borrows may set higher ones. */
static uint64_t special_bytes(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t highs = 0x8080808080808080u;
    uint64_t quote = word ^ ones * '"';
    uint64_t backslash = word ^ ones * '\\';
    uint64_t below = (quote - ones) | (backslash - ones) | (word - ones * 0x20);
    return (below & ~word & highs) | (word & highs);
}

/* Moves on to the next special byte, or to the end. */
static size_t plain_end(const uint8_t *data, size_t length, size_t position)
{
    while (length - position >= 8) {
        uint64_t special = special_bytes(load_word(data + position));
        if (special != 0) {
            return position + (size_t)__builtin_ctzll(special) / 8;
        }
        position += 8;
    }
    while (position < length) {
        uint8_t byte = data[position];
        if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') {
            break;
        }
        position++;
    }
    return position;
}

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    uint8_t lower = byte | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The value of \uXXXX at the position; -1: none there. */
static int32_t code_unit(const uint8_t *data, size_t length, size_t position)
{
    if (length - position < 6 || data[position] != '\\' || data[position + 1] != 'u') {
        return -1;
    }
    int32_t unit = 0;
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_digit(data[position + i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

static size_t unicode_escape_length(const uint8_t *data, size_t length, size_t position)
{
    int32_t unit = code_unit(data, length, position);
    if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff)) {
        return 0;
    }
    if (unit < 0xd800 || unit > 0xdfff) {
        return 6;
    }
    int32_t low = code_unit(data, length, position + 6);
    return low >= 0xdc00 && low <= 0xdfff ? 12 : 0;
}

/* The length of the escape at the position, a surrogate pair as one; 0: it is none. */
static size_t escape_length(const uint8_t *data, size_t length, size_t position)
{
    if (length - position < 2) {
        return 0;
    }
    switch (data[position + 1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return 2;
    case 'u':
        return unicode_escape_length(data, length, position);
    default:
        return 0;
    }
}

/* The length of what stands at a special byte that may be in a string; 0: it may not. */
static size_t special_length(const uint8_t *data, size_t length, size_t position, bool *has_escapes)
{
    uint8_t byte = data[position];
    if (byte == '\\') {
        *has_escapes = true;
        return escape_length(data, length, position);
    }
    if (byte < 0x80) {
        return 0;
    }
    return phxi_utf8_character_length(data + position, length - position);
}

/* Passes over escapes and characters beyond ASCII until plain text comes again; false: bad ones. */
static bool take_specials(const uint8_t *data, size_t length, size_t *position, bool *has_escapes)
{
    do {
        size_t step = special_length(data, length, *position, has_escapes);
        if (step == 0) {
            return false;
        }
        *position += step;
    } while (*position < length && (data[*position] >= 0x80 || data[*position] == '\\'));
    return true;
}

bool phxi_json_scan_string(const uint8_t *data, size_t length, size_t *position, bool *has_escapes)
{
    *has_escapes = false;
    for (;;) {
        *position = plain_end(data, length, *position);
        if (*position == length) {
            return false;
        }
        if (data[*position] == '"') {
            return true;
        }
        if (!take_specials(data, length, position, has_escapes)) {
            return false;
        }
    }
}
