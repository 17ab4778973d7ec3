/* SPDX-License-Identifier: MIT */
/*
 * Making a URL fit for a log or an error text.
 */
#ifndef PHXI_REDACT_H
#define PHXI_REDACT_H

#include <stddef.h>

/*
 * Copies url into out[capacity], cut if need be and always terminated: without user information,
 * and with "?..." in place of a query or fragment, since either may hold a token. Returns out.
 */
const char *phxi_redact_url(const char *url, char *out, size_t capacity);

#endif
