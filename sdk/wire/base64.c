/* SPDX-License-Identifier: MIT */
/*
 * Base64, encoding only.
 */
#include "wire/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The digits of one group of up to three bytes; returns how many carry bits. */
static size_t encode_group(const uint8_t *bytes, size_t count, uint8_t out[4])
{
    uint32_t bits = (uint32_t)bytes[0] << 16;
    bits |= count > 1 ? (uint32_t)bytes[1] << 8 : 0;
    bits |= count > 2 ? (uint32_t)bytes[2] : 0;
    for (unsigned i = 0; i < 4; i++) {
        out[i] = i <= count ? (uint8_t)alphabet[bits >> (18 - 6 * i) & 63] : '=';
    }
    return count + 1;
}

void phxi_base64_write(uint8_t *out, const void *bytes, size_t length)
{
    const uint8_t *data = bytes;
    for (size_t i = 0; i < length; i += 3, out += 4) {
        size_t left = length - i;
        (void)encode_group(data + i, left < 3 ? left : 3, out);
    }
}

phx_status phxi_base64_append(phxi_buffer *out, const void *bytes, size_t length, bool with_padding)
{
    const uint8_t *data = bytes;
    if (length > out->max_bytes) {
        return PHX_ERROR_TOO_LARGE; /* also keeps the sum below from overflowing */
    }
    size_t rest = length % 3;
    size_t rest_digits = rest == 0 ? 0 : with_padding ? 4 : rest + 1;
    phx_status status = phxi_buffer_reserve(out, length / 3 * 4 + rest_digits);
    if (status != PHX_OK) {
        return status;
    }
    for (size_t i = 0; i < length; i += 3) {
        uint8_t group[4];
        size_t left = length - i;
        size_t digits = encode_group(data + i, left < 3 ? left : 3, group);
        for (size_t k = 0; k < (with_padding ? 4 : digits); k++) {
            out->data[out->length++] = group[k];
        }
    }
    return PHX_OK;
}
