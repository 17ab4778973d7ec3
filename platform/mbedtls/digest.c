/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 in base64, by mbedTLS.
 */
#include "mbedtls/digest.h"

#include <mbedtls/base64.h>
#include <mbedtls/sha256.h>
#include <mbedtls/version.h>

enum {
    SHA256_BYTES = 32
};

static int sha256(const void *bytes, size_t length, unsigned char out[SHA256_BYTES])
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_sha256_ret(bytes, length, out, 0);
#else
    return mbedtls_sha256(bytes, length, out, 0);
#endif
}

phx_status phxi_digest_text(const void *bytes, size_t length, char out[PHXI_DIGEST_TEXT_BYTES])
{
    unsigned char digest[SHA256_BYTES];
    size_t written = 0;
    if (sha256(bytes, length, digest) != 0 ||
        mbedtls_base64_encode((unsigned char *)out, PHXI_DIGEST_TEXT_BYTES, &written, digest,
                              sizeof digest) != 0) {
        return PHX_ERROR_SYSTEM;
    }
    return PHX_OK;
}
