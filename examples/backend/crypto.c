/* SPDX-License-Identifier: MIT */
/*
 * crypto.h on mbedTLS. The md and entropy interfaces are used because they are the same in 2.28
 * and 3.x.
 */
#include "crypto.h"

#include <mbedtls/base64.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/md.h>

#include <stdio.h>
#include <stdlib.h>

/* One generator for the program: seeding it costs more than all else that a new post does. */
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context generator;

static bool digest(mbedtls_md_type_t type, struct slice text, uint8_t *out)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(type);
    return info != NULL && mbedtls_md(info, (const unsigned char *)text.data, text.len, out) == 0;
}

bool crypto_sha256(struct slice text, uint8_t out_hash[SHA256_SIZE])
{
    return digest(MBEDTLS_MD_SHA256, text, out_hash);
}

bool crypto_equal(const uint8_t *hash, const uint8_t *other, size_t len)
{
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference = (uint8_t)(difference | (hash[i] ^ other[i]));
    }
    return difference == 0;
}

bool crypto_start(void)
{
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&generator);
    return mbedtls_ctr_drbg_seed(&generator, mbedtls_entropy_func, &entropy, NULL, 0) == 0;
}

void crypto_stop(void)
{
    mbedtls_ctr_drbg_free(&generator);
    mbedtls_entropy_free(&entropy);
}

bool crypto_uuid(char out_text[UUID_TEXT_SIZE])
{
    uint8_t id[16];
    if (mbedtls_ctr_drbg_random(&generator, id, sizeof(id)) != 0) {
        return false;
    }
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
    size_t at = 0;
    for (size_t i = 0; i < sizeof(id); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out_text[at++] = '-';
        }
        (void)snprintf(out_text + at, UUID_TEXT_SIZE - at, "%02x", id[i]);
        at += 2;
    }
    return true;
}

bool crypto_websocket_accept(struct slice key, struct bytes *out)
{
    struct bytes text = {0};
    uint8_t hash[20];
    unsigned char encoded[32];
    size_t len = 0;
    bytes_slice(&text, key);
    bytes_text(&text, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    const bool good =
        !text.failed && digest(MBEDTLS_MD_SHA1, slice_from(&text), hash) &&
        mbedtls_base64_encode(encoded, sizeof(encoded), &len, hash, sizeof(hash)) == 0;
    bytes_free(&text);
    if (good) {
        bytes_append(out, encoded, len);
    }
    return good;
}

bool crypto_base64_decode(struct slice text, struct bytes *out)
{
    struct bytes padded = {0};
    bytes_slice(&padded, text);
    while (!padded.failed && padded.len % 4 != 0) {
        bytes_char(&padded, '=');
    }
    const struct slice whole = slice_from(&padded);
    const size_t max = whole.len / 4 * 3 + 1;
    unsigned char *decoded = padded.failed ? NULL : malloc(max);
    size_t len = 0;
    const bool good =
        decoded != NULL && mbedtls_base64_decode(decoded, max, &len,
                                                 (const unsigned char *)whole.data, whole.len) == 0;
    bytes_free(&padded);
    if (good) {
        bytes_append(out, decoded, len);
    }
    free(decoded);
    return good && !out->failed;
}
