/* SPDX-License-Identifier: MIT */
/*
 * SHA-1 of bytes that are all there. Written to be read: it hashes sixty bytes a connection.
 */
#include "wire/sha1.h"

#include <string.h>

enum {
    BLOCK_BYTES = 64,
    LENGTH_BYTES = 8,
    ROUNDS = 80,
    STATE_WORDS = 5,
};

static uint32_t rotate(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

static void expand(const uint8_t *block, uint32_t words[ROUNDS])
{
    for (size_t i = 0; i < 16; i++) {
        words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                   (uint32_t)block[4 * i + 2] << 8 | (uint32_t)block[4 * i + 3];
    }
    for (size_t i = 16; i < ROUNDS; i++) {
        words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
}

/* The function of round i, and its constant. */
static uint32_t mix(unsigned i, uint32_t b, uint32_t c, uint32_t d)
{
    if (i < 20) {
        return ((b & c) | (~b & d)) + 0x5a827999u;
    }
    if (i < 40) {
        return (b ^ c ^ d) + 0x6ed9eba1u;
    }
    if (i < 60) {
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
    }
    return (b ^ c ^ d) + 0xca62c1d6u;
}

static void take_block(uint32_t state[STATE_WORDS], const uint8_t *block)
{
    uint32_t words[ROUNDS];
    uint32_t now[STATE_WORDS];
    expand(block, words);
    memcpy(now, state, sizeof now);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t next = rotate(now[0], 5) + mix(i, now[1], now[2], now[3]) + now[4] + words[i];
        now[4] = now[3];
        now[3] = now[2];
        now[2] = rotate(now[1], 30);
        now[1] = now[0];
        now[0] = next;
    }
    for (unsigned i = 0; i < STATE_WORDS; i++) {
        state[i] += now[i];
    }
}

void phxi_sha1(const void *bytes, size_t length, uint8_t out[PHXI_SHA1_BYTES])
{
    uint32_t state[STATE_WORDS] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    const uint8_t *data = bytes;
    size_t left = length;
    for (; left >= BLOCK_BYTES; left -= BLOCK_BYTES, data += BLOCK_BYTES) {
        take_block(state, data);
    }
    /* The rest, a one bit, zeros, and the length in bits at the end of a block. */
    uint8_t last[2 * BLOCK_BYTES] = {0};
    if (left > 0) {
        memcpy(last, data, left);
    }
    last[left] = 0x80;
    size_t end = left + 1 + LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
    for (unsigned i = 0; i < LENGTH_BYTES; i++) {
        last[end - 1 - i] = (uint8_t)((uint64_t)length * 8 >> (8 * i));
    }
    for (size_t at = 0; at < end; at += BLOCK_BYTES) {
        take_block(state, last + at);
    }
    for (unsigned i = 0; i < PHXI_SHA1_BYTES; i++) {
        out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
    }
}
