/* SPDX-License-Identifier: MIT */
/*
 * The random port on the operating system's generator, by mbedTLS' door to it. There is no CTR_DRBG
 * in between: a generator has state, which needs a lock, an owner who frees it, and a reseed after
 * fork(2). mbedTLS 2 as Debian builds it would also stir in HAVEGE for each
 * mbedtls_entropy_context, 150 us long, which is more than all else of a connection's handshake.
 */
#include <phx/platform.h>

#include <mbedtls/version.h>

#if MBEDTLS_VERSION_MAJOR < 3

#include <mbedtls/entropy_poll.h>

static phx_status fill(void *user_data, uint8_t *bytes, size_t length)
{
    (void)user_data;
    while (length > 0) {
        size_t got = 0;
        if (mbedtls_platform_entropy_poll(NULL, bytes, length, &got) != 0 || got == 0) {
            return PHX_ERROR_SYSTEM;
        }
        bytes += got;
        length -= got;
    }
    return PHX_OK;
}

#else

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

#endif

const phx_random *phx_platform_random(void)
{
    static const phx_random entropy_random = {
        .struct_size = (uint32_t)sizeof(phx_random),
        .fill = fill,
    };
    return &entropy_random;
}
