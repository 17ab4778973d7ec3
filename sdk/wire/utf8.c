/* SPDX-License-Identifier: MIT */
/*
 * UTF-8. The table of RFC 3629, section 4, as ranges for the second byte: what is overlong, a
 * surrogate or too large shows there.
 */
#include "wire/utf8.h"

#include <string.h>

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

static size_t two_byte_length(const uint8_t *bytes, size_t length)
{
    return length >= 2 && is_continuation(bytes[1]) ? 2 : 0;
}

static size_t three_byte_length(const uint8_t *bytes, size_t length)
{
    if (length < 3 || !is_continuation(bytes[1]) || !is_continuation(bytes[2])) {
        return 0;
    }
    bool is_overlong = bytes[0] == 0xe0 && bytes[1] < 0xa0;
    bool is_surrogate = bytes[0] == 0xed && bytes[1] >= 0xa0;
    return is_overlong || is_surrogate ? 0 : 3;
}

static size_t four_byte_length(const uint8_t *bytes, size_t length)
{
    if (length < 4 || !is_continuation(bytes[1]) || !is_continuation(bytes[2]) ||
        !is_continuation(bytes[3])) {
        return 0;
    }
    bool is_overlong = bytes[0] == 0xf0 && bytes[1] < 0x90;
    bool is_too_large = bytes[0] == 0xf4 && bytes[1] >= 0x90;
    return is_overlong || is_too_large ? 0 : 4;
}

size_t phxi_utf8_character_length(const uint8_t *bytes, size_t length)
{
    uint8_t lead = bytes[0];
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xc2) {
        return 0;
    }
    if (lead < 0xe0) {
        return two_byte_length(bytes, length);
    }
    if (lead < 0xf0) {
        return three_byte_length(bytes, length);
    }
    return lead < 0xf5 ? four_byte_length(bytes, length) : 0;
}

/* How many of the bytes from the first on are surely ASCII; a multiple of eight. */
static size_t ascii_prefix(const uint8_t *bytes, size_t length)
{
    size_t i = 0;
    for (; length - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        if ((word & 0x8080808080808080u) != 0) {
            break;
        }
    }
    return i;
}

/* How many of the bytes are valid characters, from the first on. */
static size_t valid_prefix(const uint8_t *data, size_t length)
{
    size_t i = 0;
    while (i < length) {
        i += ascii_prefix(data + i, length - i);
        /* Eight characters before the next try: text that is not ASCII seldom turns so for one
         * word. */
        for (int n = 0; n < 8 && i < length; n++) {
            size_t step = phxi_utf8_character_length(data + i, length - i);
            if (step == 0) {
                return i;
            }
            i += step;
        }
    }
    return i;
}

bool phxi_utf8_is_valid(const void *bytes, size_t length)
{
    return valid_prefix(bytes, length) == length;
}

/* Whether a character that is not whole yet can become one. The ranges of the second byte begin
 * with the smallest continuation or end with the largest, so these two stand for all. */
static bool can_become_valid(const uint8_t *bytes, size_t length)
{
    uint8_t low[4] = {0x80, 0x80, 0x80, 0x80};
    uint8_t high[4] = {0xbf, 0xbf, 0xbf, 0xbf};
    memcpy(low, bytes, length);
    memcpy(high, bytes, length);
    return phxi_utf8_character_length(low, 4) != 0 || phxi_utf8_character_length(high, 4) != 0;
}

bool phxi_utf8_take_piece(phxi_utf8_pieces *pieces, const void *bytes, size_t length)
{
    const uint8_t *data = bytes;
    size_t i = 0;
    while (pieces->length > 0 && i < length) {
        pieces->bytes[pieces->length++] = data[i++];
        if (phxi_utf8_character_length(pieces->bytes, pieces->length) != 0) {
            pieces->length = 0;
        } else if (pieces->length == 4 || !can_become_valid(pieces->bytes, pieces->length)) {
            return false;
        }
    }
    i += valid_prefix(data + i, length - i);
    if (i == length) {
        return true;
    }
    if (length - i >= 4 || !can_become_valid(data + i, length - i)) {
        return false;
    }
    pieces->length = length - i;
    memcpy(pieces->bytes, data + i, pieces->length);
    return true;
}

size_t phxi_utf8_encode(uint32_t code_point, uint8_t out[4])
{
    if (code_point < 0x80) {
        out[0] = (uint8_t)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (uint8_t)(0xc0 | code_point >> 6);
        out[1] = (uint8_t)(0x80 | (code_point & 0x3f));
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (uint8_t)(0xe0 | code_point >> 12);
        out[1] = (uint8_t)(0x80 | (code_point >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (code_point & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | code_point >> 18);
    out[1] = (uint8_t)(0x80 | (code_point >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (code_point >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (code_point & 0x3f));
    return 4;
}
