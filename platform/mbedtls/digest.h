/* SPDX-License-Identifier: MIT */
/*
 * The digest that pins are compared with.
 */
#ifndef PHXI_DIGEST_H
#define PHXI_DIGEST_H

#include <phx/status.h>

enum {
    PHXI_DIGEST_TEXT_BYTES = 45
}; /* 32 bytes in base64, and the NUL */

/* SHA-256 in base64. PHX_ERROR_UNSUPPORTED: this build has no crypto library. */
PHX_MUST_CHECK phx_status phxi_digest_text(const void *bytes, size_t length,
                                           char out[PHXI_DIGEST_TEXT_BYTES]);

#endif
