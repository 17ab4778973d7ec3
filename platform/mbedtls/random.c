/* SPDX-License-Identifier: MIT */
/*
 * The random port on mbedTLS' entropy collector. Each call draws from the collector itself rather
 * than from a CTR_DRBG that it would seed: a generator has state, which needs a lock, an owner who
 * frees it, and a reseed after fork(2), all to make bytes of which a client needs a few dozen an
 * hour.
 */
#include <phx/platform.h>

#include <mbedtls/entropy.h>

static phx_status fill(void *user_data, uint8_t *bytes, size_t length)
{
    (void)user_data;
    mbedtls_entropy_context entropy;
    mbedtls_entropy_init(&entropy);
    int error = 0;
    while (error == 0 && length > 0) {
        size_t piece = length < MBEDTLS_ENTROPY_BLOCK_SIZE ? length : MBEDTLS_ENTROPY_BLOCK_SIZE;
        error = mbedtls_entropy_func(&entropy, bytes, piece);
        bytes += piece;
        length -= piece;
    }
    mbedtls_entropy_free(&entropy);
    return error == 0 ? PHX_OK : PHX_ERROR_SYSTEM;
}

const phx_random *phx_platform_random(void)
{
    static const phx_random entropy_random = {
        .struct_size = (uint32_t)sizeof(phx_random),
        .fill = fill,
    };
    return &entropy_random;
}
