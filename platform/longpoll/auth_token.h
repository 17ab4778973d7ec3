/* SPDX-License-Identifier: MIT */
/*
 * Phoenix's auth_token out of the list of sub-protocols that a WebSocket would offer: what a long
 * poll sends as the header X-Phoenix-AuthToken.
 */
#ifndef PHXI_AUTH_TOKEN_H
#define PHXI_AUTH_TOKEN_H

#include "support/buffer.h"

/*
 * Appends the token and a NUL to `out`, or nothing if `subprotocols` (NULL: none) names no token.
 * PHX_ERROR_INVALID_ARGUMENT: it is not base64, or could not stand in a header.
 * PHX_ERROR_TOO_LARGE, PHX_ERROR_NO_MEMORY.
 */
PHX_MUST_CHECK phx_status phxi_auth_token_append(phxi_buffer *out, const char *subprotocols);

#endif
