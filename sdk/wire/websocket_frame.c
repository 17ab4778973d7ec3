/* SPDX-License-Identifier: MIT */
/*
 * Writing frames. Lengths take the shortest of their three forms, as the RFC demands.
 */
#include "wire/websocket_frame.h"

#include <string.h>

enum {
    FINAL_BIT = 0x80,
    MASK_BIT = 0x80,
    MAX_SHORT_LENGTH = 125,
    TWO_BYTE_LENGTH = 126,
    EIGHT_BYTE_LENGTH = 127,
};

bool phxi_websocket_is_close_code(uint32_t code)
{
    bool is_registered = code >= 1000 && code <= 1014 && code != 1004 &&
                         code != PHXI_WEBSOCKET_NO_CODE && code != PHXI_WEBSOCKET_LOST;
    return is_registered || (code >= 3000 && code <= 4999);
}

static size_t write_big_endian(uint8_t *out, uint64_t value, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (uint8_t)(value >> (8 * (count - 1 - i)));
    }
    return count;
}

size_t phxi_websocket_write_head(uint8_t out[PHXI_WEBSOCKET_MAX_HEAD_BYTES],
                                 phxi_websocket_opcode opcode, bool is_final, uint64_t length,
                                 const uint8_t mask[PHXI_WEBSOCKET_MASK_BYTES])
{
    size_t size = 2;
    out[0] = (uint8_t)((is_final ? FINAL_BIT : 0) | (int)opcode);
    if (length <= MAX_SHORT_LENGTH) {
        out[1] = (uint8_t)(MASK_BIT | length);
    } else if (length <= UINT16_MAX) {
        out[1] = MASK_BIT | TWO_BYTE_LENGTH;
        size += write_big_endian(out + size, length, 2);
    } else {
        out[1] = MASK_BIT | EIGHT_BYTE_LENGTH;
        size += write_big_endian(out + size, length, 8);
    }
    memcpy(out + size, mask, PHXI_WEBSOCKET_MASK_BYTES);
    return size + PHXI_WEBSOCKET_MASK_BYTES;
}

void phxi_websocket_mask(uint8_t *payload, size_t length,
                         const uint8_t mask[PHXI_WEBSOCKET_MASK_BYTES])
{
    uint64_t words;
    memcpy(&words, mask, PHXI_WEBSOCKET_MASK_BYTES);
    memcpy((uint8_t *)&words + PHXI_WEBSOCKET_MASK_BYTES, mask, PHXI_WEBSOCKET_MASK_BYTES);
    size_t i = 0;
    for (; length - i >= sizeof words; i += sizeof words) {
        uint64_t eight;
        memcpy(&eight, payload + i, sizeof eight);
        eight ^= words;
        memcpy(payload + i, &eight, sizeof eight);
    }
    for (; i < length; i++) {
        payload[i] ^= mask[i % PHXI_WEBSOCKET_MASK_BYTES];
    }
}
