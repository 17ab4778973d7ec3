/* SPDX-License-Identifier: MIT */
/*
 * Eight bytes at once.
 */
#ifndef PHXI_WORD_H
#define PHXI_WORD_H

#include <stdint.h>
#include <string.h>

/* The eight bytes with the first lowest, on any machine; they need not be aligned. */
static inline uint64_t phxi_load_word(const void *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

#endif
