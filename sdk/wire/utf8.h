/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 as RFC 3629 has it: no surrogates, nothing overlong, nothing beyond U+10FFFF.
 */
#ifndef PHXI_UTF8_H
#define PHXI_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the character that starts at bytes[0..length), 1 to 4; 0: no valid one does. length
 * > 0. */
size_t phxi_utf8_character_length(const uint8_t *bytes, size_t length);

/* The same for eight bytes, the first lowest, that begin with a character of two or three bytes, as
 * most that are not ASCII are: 2 or 3. 0: it is another character, or none. */
static inline size_t phxi_utf8_short_length(uint64_t word)
{
    /* A lead of 110 and a continuation; not overlong: C0 and C1. */
    if ((word & 0xc0e0) == 0x80c0 && (word & 0x1e) != 0) {
        return 2;
    }
    /* A lead of 1110 and two; neither overlong, E0 below A0, nor a surrogate, ED from A0 on. */
    uint64_t range = word & 0x200f;
    return (word & 0xc0c0f0) == 0x8080e0 && range != 0 && range != 0x200d ? 3 : 0;
}

bool phxi_utf8_is_valid(const void *bytes, size_t length);

/* Text that comes in pieces, which may end inside a character. Begins as zero. */
typedef struct phxi_utf8_pieces {
    uint8_t bytes[4]; /* of a character that has not ended */
    size_t length;    /* 0: the text may end here */
} phxi_utf8_pieces;

/* Takes the next piece. False: the text is invalid, whatever follows. */
bool phxi_utf8_take_piece(phxi_utf8_pieces *pieces, const void *bytes, size_t length);

/* Writes the code point, a Unicode scalar value, to out[4] and returns how many bytes it took. */
size_t phxi_utf8_encode(uint32_t code_point, uint8_t out[4]);

#endif
