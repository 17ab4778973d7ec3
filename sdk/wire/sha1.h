/* SPDX-License-Identifier: MIT */
/*
 * SHA-1 (FIPS 180-4), for the one thing that still asks for it: a WebSocket server's proof that it
 * has read the request (RFC 6455, 4.2.2). Nothing is kept secret by it.
 */
#ifndef PHXI_SHA1_H
#define PHXI_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum {
    PHXI_SHA1_BYTES = 20
};

void phxi_sha1(const void *bytes, size_t length, uint8_t out[PHXI_SHA1_BYTES]);

#endif
