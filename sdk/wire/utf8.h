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
