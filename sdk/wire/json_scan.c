/* SPDX-License-Identifier: MIT */
/*
 * The inside of a JSON string: sixteen or eight bytes at a time as long as nothing special comes,
 * then by character and escape. Knows nothing of what stands around the string.
 */
#include "wire/json_scan.h"

#include "support/word.h"
#include "wire/utf8.h"

/* The high bit of each byte that a string cannot hold as it is (a quote, a backslash, a control
 * character) or that is not ASCII. The lowest bit set is exact; borrows may set higher ones. */
static uint64_t special_bytes(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t highs = 0x8080808080808080u;
    uint64_t quote = word ^ ones * '"';
    uint64_t backslash = word ^ ones * '\\';
    uint64_t below = (quote - ones) | (backslash - ones) | (word - ones * 0x20);
    return (below | word) & highs;
}

#if (defined(__SSE2__) || defined(__ARM_NEON)) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

typedef int8_t byte_block __attribute__((vector_size(16)));
typedef uint64_t word_block __attribute__((vector_size(16)));

/* The same for sixteen bytes: as signed numbers those beyond ASCII are below a space too. Moves on
 * to the first special byte of the whole blocks, or to their end, and says which. */
static inline bool special_in_blocks(const uint8_t *data, size_t length, size_t *position)
{
    for (; length - *position >= sizeof(byte_block); *position += sizeof(byte_block)) {
        byte_block bytes;
        memcpy(&bytes, data + *position, sizeof bytes);
        word_block special =
            (word_block)((bytes < ' ') | (bytes == (int8_t)'"') | (bytes == (int8_t)'\\'));
        if (special[0] != 0) {
            *position += (size_t)__builtin_ctzll(special[0]) / 8;
            return true;
        }
        if (special[1] != 0) {
            *position += 8 + (size_t)__builtin_ctzll(special[1]) / 8;
            return true;
        }
    }
    return false;
}

#else

static inline bool special_in_blocks(const uint8_t *data, size_t length, size_t *position)
{
    (void)data;
    (void)length;
    (void)position;
    return false;
}

#endif

/* Moves on to the next special byte, or to the end. */
static inline size_t plain_end(const uint8_t *data, size_t length, size_t position)
{
    if (special_in_blocks(data, length, &position)) {
        return position;
    }
    while (length - position >= 8) {
        uint64_t special = special_bytes(phxi_load_word(data + position));
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

/* From a special byte on: by escape and character, and a plain stretch behind each that is followed
 * by one. Apart, so that the strings without any, which most are, need but a few registers. */
static __attribute__((noinline)) size_t scan_specials(const uint8_t *data, size_t length,
                                                      size_t position, bool *has_escapes)
{
    while (position < length && data[position] != '"') {
        size_t step = special_length(data, length, position, has_escapes);
        if (step == 0) {
            break;
        }
        position += step;
        if (position < length && data[position] < 0x80 && data[position] != '\\') {
            position = plain_end(data, length, position);
        }
    }
    return position;
}

size_t phxi_json_scan_string(const uint8_t *data, size_t length, size_t position, bool *has_escapes)
{
    *has_escapes = false;
    position = plain_end(data, length, position);
    return position < length && data[position] == '"'
               ? position
               : scan_specials(data, length, position, has_escapes);
}
