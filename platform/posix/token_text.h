/* SPDX-License-Identifier: MIT */
/*
 * What counts as a token in a file or a variable: one line, white space behind it ignored.
 */
#ifndef PHXI_TOKEN_TEXT_H
#define PHXI_TOKEN_TEXT_H

#include <phx/keychain.h>

/* Whether text[length] has no control character, so that no header or URL can be broken with it. */
bool phxi_token_is_clean(const char *text, size_t length);

/*
 * Copies the token out of text[length] as phx_keychain.read demands. PHX_ERROR_NO_TOKEN: nothing
 * but white space. PHX_ERROR_KEYCHAIN: more than one line, or control characters.
 * PHX_ERROR_TOO_LARGE.
 */
PHX_MUST_CHECK phx_status phxi_token_copy(const char *text, size_t length, char *buffer,
                                          size_t capacity, size_t *out_length);

#endif
