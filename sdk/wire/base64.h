/* SPDX-License-Identifier: MIT */
/*
 * Base64 with the standard alphabet (RFC 4648, 4), as auth_token and pins need it.
 */
#ifndef PHXI_BASE64_H
#define PHXI_BASE64_H

#include <phx/status.h>

#include "support/buffer.h"

/* Writes the encoding of bytes[length] with the '=' at its end, (length + 2) / 3 * 4 bytes. */
void phxi_base64_write(uint8_t *out, const void *bytes, size_t length);

/* Appends the encoding of bytes[length]; with or without the '=' at the end. PHX_ERROR_TOO_LARGE,
 * PHX_ERROR_NO_MEMORY: `out` is as it was. */
PHX_MUST_CHECK phx_status phxi_base64_append(phxi_buffer *out, const void *bytes, size_t length,
                                             bool with_padding);

#endif
