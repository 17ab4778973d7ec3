/* SPDX-License-Identifier: MIT */
/*
 * The inside of a JSON string: sixteen or eight bytes at a time as long as nothing special comes,
 * then by character and escape. Knows nothing of what stands around the string.
 */
#include "wire/json_scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "support/word.h"
#include "wire/utf8.h"

/* Special bytes are those that a string cannot hold as they are (quotes, backslashes, control
 * characters) or that are not ASCII; in a checked text but quotes and backslashes. */

/* The high bit of each special byte. The lowest bit set is exact; borrows may set higher ones. */
static inline uint64_t special_bytes(uint64_t word, bool is_checked)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t highs = 0x8080808080808080u;
    uint64_t quote = word ^ ones * '"';
    uint64_t backslash = word ^ ones * '\\';
    uint64_t ends = (quote - ones) | (backslash - ones);
    return (is_checked ? ends & ~word : ends | (word - ones * 0x20) | word) & highs;
}

static inline bool is_special(uint8_t byte, bool is_checked)
{
    return byte == '"' || byte == '\\' || (!is_checked && (byte < 0x20 || byte >= 0x80));
}

#if (defined(__SSE2__) || defined(__ARM_NEON)) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

enum {
    BLOCK_BYTES = 16
};
typedef int8_t byte_block __attribute__((vector_size(BLOCK_BYTES)));

#ifdef __SSE2__

/* Which byte is the first that is not 0; BLOCK_BYTES: none. */
static inline size_t first_set(byte_block bytes)
{
    unsigned mask = (unsigned)_mm_movemask_epi8((__m128i)bytes);
    return mask == 0 ? BLOCK_BYTES : (size_t)__builtin_ctz(mask);
}

#else

static inline size_t first_set(byte_block bytes)
{
    typedef uint64_t word_block __attribute__((vector_size(BLOCK_BYTES)));
    const word_block words = (word_block)bytes;
    return words[0] != 0   ? (size_t)__builtin_ctzll(words[0]) / 8
           : words[1] != 0 ? 8 + (size_t)__builtin_ctzll(words[1]) / 8
                           : BLOCK_BYTES;
}

#endif

/* Moves on to the first special byte of the whole blocks, or to their end, and says which. As
 * signed numbers the bytes beyond ASCII are below a space too. */
PHXI_HOT bool special_in_blocks(const uint8_t *data, size_t length, size_t *position,
                                bool is_checked)
{
    for (; length - *position >= BLOCK_BYTES; *position += BLOCK_BYTES) {
        byte_block bytes;
        memcpy(&bytes, data + *position, sizeof bytes);
        byte_block special = (bytes == (int8_t)'"') | (bytes == (int8_t)'\\');
        size_t first = first_set(is_checked ? special : special | (bytes < ' '));
        if (first < BLOCK_BYTES) {
            *position += first;
            return true;
        }
    }
    return false;
}

#else

PHXI_HOT bool special_in_blocks(const uint8_t *data, size_t length, size_t *position,
                                bool is_checked)
{
    (void)data;
    (void)length;
    (void)position;
    (void)is_checked;
    return false;
}

#endif

PHXI_HOT size_t next_special(const uint8_t *data, size_t length, size_t position, bool is_checked)
{
    if (special_in_blocks(data, length, &position, is_checked)) {
        return position;
    }
    while (length - position >= 8) {
        uint64_t special = special_bytes(phxi_load_word(data + position), is_checked);
        if (special != 0) {
            return position + (size_t)__builtin_ctzll(special) / 8;
        }
        position += 8;
    }
    while (position < length && !is_special(data[position], is_checked)) {
        position++;
    }
    return position;
}

/* Moves on to the next special byte, or to the end; a loop for each of the two. */
PHXI_HOT size_t plain_end(const uint8_t *data, size_t length, size_t position, bool is_checked)
{
    return is_checked ? next_special(data, length, position, true)
                      : next_special(data, length, position, false);
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
static inline size_t special_length(const uint8_t *data, size_t length, size_t position,
                                    bool *has_escapes)
{
    uint8_t byte = data[position];
    if (byte == '\\') {
        *has_escapes = true;
        return escape_length(data, length, position);
    }
    if (byte < 0x80) {
        return 0;
    }
    size_t step =
        length - position < 8 ? 0 : phxi_utf8_short_length(phxi_load_word(data + position));
    return step != 0 ? step : phxi_utf8_character_length(data + position, length - position);
}

/* From a special byte on: by escape and character, and a plain stretch behind each that is followed
 * by one. Apart, so that the strings without any, which most are, need but a few registers. */
static __attribute__((noinline)) phxi_json_string_end
scan_specials(const uint8_t *data, size_t length, size_t position, bool is_checked)
{
    bool has_escapes = false;
    while (position < length && data[position] != '"') {
        size_t step = special_length(data, length, position, &has_escapes);
        if (step == 0) {
            break;
        }
        position += step;
        bool is_plain = position < length && (is_checked || data[position] < 0x80);
        if (is_plain && data[position] != '\\') {
            position = plain_end(data, length, position, is_checked);
        }
    }
    return (phxi_json_string_end){position, has_escapes};
}

phxi_json_string_end phxi_json_scan_string(const uint8_t *data, size_t length, size_t position,
                                           bool is_checked)
{
    position = plain_end(data, length, position, is_checked);
    return position < length && data[position] == '"'
               ? (phxi_json_string_end){position, false}
               : scan_specials(data, length, position, is_checked);
}
