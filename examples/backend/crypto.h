/* SPDX-License-Identifier: MIT */
/*
 * The few primitives that the backend needs from mbedTLS: digests, random bytes, UUIDs, base64 and
 * a comparison whose time does not depend on where two hashes differ. Knows nothing of users.
 */
#ifndef BACKEND_CRYPTO_H
#define BACKEND_CRYPTO_H

#include "bytes.h"

#include <stdint.h>

enum {
    SHA256_SIZE = 32,
    UUID_TEXT_SIZE = 37
};

/* Once, before crypto_uuid() is used, and once at the end. */
bool crypto_start(void);
void crypto_stop(void);

bool crypto_sha256(struct slice text, uint8_t out_hash[SHA256_SIZE]);
bool crypto_equal(const uint8_t *hash, const uint8_t *other, size_t len);
/* A random UUID (version 4) as text. */
bool crypto_uuid(char out_text[UUID_TEXT_SIZE]);
/* The Sec-WebSocket-Accept that answers `key` (RFC 6455, 4.2.2). */
bool crypto_websocket_accept(struct slice key, struct bytes *out);
/* Decodes base64 (standard alphabet, with or without padding) behind what `out` holds. */
bool crypto_base64_decode(struct slice text, struct bytes *out);

#endif
