/* SPDX-License-Identifier: MIT */
/*
 * Tokens as text.
 */
#include "posix/token_text.h"

#include <string.h>

bool phxi_token_is_clean(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

phx_status phxi_token_copy(const char *text, size_t length, char *buffer, size_t capacity,
                           size_t *out_length)
{
    *out_length = 0;
    while (length > 0 && is_space(text[length - 1])) {
        length--;
    }
    if (length == 0) {
        return PHX_ERROR_NO_TOKEN;
    }
    if (length > capacity || length > PHX_MAX_TOKEN_BYTES) {
        return PHX_ERROR_TOO_LARGE;
    }
    if (!phxi_token_is_clean(text, length)) {
        return PHX_ERROR_KEYCHAIN;
    }
    memcpy(buffer, text, length);
    *out_length = length;
    return PHX_OK;
}
