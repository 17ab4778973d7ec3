/* SPDX-License-Identifier: MIT */
/*
 * Decoding the sub-protocol "base64url.bearer.phx.TOKEN"; the alphabet is the standard one,
 * whatever the prefix says, because the server decodes it so.
 */
#include "longpoll/auth_token.h"

#include <string.h>

#include "header_text.h"

static const char prefix[] = "base64url.bearer.phx.";

static int digit_value(char digit)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = digit != '\0' ? strchr(alphabet, digit) : NULL;
    return found != NULL ? (int)(found - alphabet) : -1;
}

static phx_status decode(phxi_buffer *out, const char *text, size_t length)
{
    while (length > 0 && text[length - 1] == '=') {
        length--;
    }
    if (length % 4 == 1) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    uint32_t bits = 0;
    phx_status status = PHX_OK;
    for (size_t i = 0; i < length && status == PHX_OK; i++) {
        int value = digit_value(text[i]);
        if (value < 0) {
            return PHX_ERROR_INVALID_ARGUMENT;
        }
        bits = (bits << 6 | (uint32_t)value) & 0xffffff;
        unsigned spare =
            6 - (unsigned)(i % 4) * 2; /* of the digit's bits, those of the next byte */
        if (i % 4 != 0) {
            status = phxi_buffer_append_byte(out, (uint8_t)(bits >> spare));
        }
    }
    return status;
}

phx_status phxi_auth_token_append(phxi_buffer *out, const char *subprotocols)
{
    const char *found = subprotocols != NULL ? strstr(subprotocols, prefix) : NULL;
    if (found == NULL) {
        return PHX_OK;
    }
    size_t before = out->length;
    const char *text = found + sizeof prefix - 1;
    phx_status status = decode(out, text, strcspn(text, ", \t"));
    if (status == PHX_OK) {
        status = phxi_buffer_append_byte(out, '\0');
    }
    if (status == PHX_OK) {
        const char *token = (const char *)out->data + before;
        bool is_whole = strlen(token) + 1 == out->length - before;
        status = is_whole && phxi_is_header_value(token) ? PHX_OK : PHX_ERROR_INVALID_ARGUMENT;
    }
    if (status != PHX_OK) {
        out->length = before;
    }
    return status;
}
