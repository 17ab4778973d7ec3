/* SPDX-License-Identifier: MIT */
/*
 * Base64 against its definition, and auth_token's way there and back: a token that is encoded into
 * the sub-protocol is found again; a sub-protocol of any bytes gives a header's value or nothing.
 */
#include "wire/base64.h"
#include "failing_allocator.h"
#include "fuzz.h"
#include "longpoll/auth_token.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char prefix[] = "base64url.bearer.phx.";

/* Six bits at a time. */
static void check_encoding(const uint8_t *data, size_t size, const phxi_buffer *out,
                           bool has_padding)
{
    size_t digits = (size * 8 + 5) / 6;
    FUZZ_CHECK(out->length == (has_padding ? (size + 2) / 3 * 4 : digits));
    for (size_t i = 0; i < digits; i++) {
        unsigned value = 0;
        for (size_t bit = 6 * i; bit < 6 * i + 6; bit++) {
            unsigned set = bit < 8 * size ? data[bit / 8] >> (7 - bit % 8) & 1u : 0;
            value = value << 1 | set;
        }
        FUZZ_CHECK(out->data[i] == (uint8_t)alphabet[value]);
    }
    for (size_t i = digits; i < out->length; i++) {
        FUZZ_CHECK(out->data[i] == '=');
    }
}

/* Whether the bytes may stand in a header. */
static bool is_header_value(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((data[i] < 0x20 && data[i] != '\t') || data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static void check_token(const phx_allocator *allocator, const uint8_t *data, size_t size,
                        bool has_padding)
{
    phxi_buffer text;
    phxi_buffer token;
    phxi_buffer_init(&text, allocator, SIZE_MAX / 4);
    phxi_buffer_init(&token, allocator, SIZE_MAX / 4);
    FUZZ_CHECK(phxi_buffer_append_text(&text, "phoenix, ") == PHX_OK);
    FUZZ_CHECK(phxi_buffer_append_text(&text, prefix) == PHX_OK);
    size_t start = text.length;
    FUZZ_CHECK(phxi_base64_append(&text, data, size, has_padding) == PHX_OK);
    phxi_buffer digits = {.data = text.data + start, .length = text.length - start};
    check_encoding(data, size, &digits, has_padding);
    FUZZ_CHECK(phxi_buffer_append_byte(&text, '\0') == PHX_OK);
    phx_status status = phxi_auth_token_append(&token, (const char *)text.data);
    if (is_header_value(data, size)) {
        FUZZ_CHECK(status == PHX_OK && token.length == size + 1);
        FUZZ_CHECK(size == 0 || memcmp(token.data, data, size) == 0);
    } else {
        FUZZ_CHECK(status == PHX_ERROR_INVALID_ARGUMENT && token.length == 0);
    }
    phxi_buffer_free(&text);
    phxi_buffer_free(&token);
}

static void check_raw(const phx_allocator *allocator, const uint8_t *data, size_t size)
{
    phxi_buffer token;
    char *text = fuzz_copy_text(data, size);
    phxi_buffer_init(&token, allocator, size + 1);
    FUZZ_CHECK(phxi_buffer_append_byte(&token, 'x') == PHX_OK);
    phx_status status = phxi_auth_token_append(&token, text);
    FUZZ_CHECK(status == PHX_OK || token.length == 1);
    FUZZ_CHECK(status != PHX_OK || token.length == 1 || strstr(text, prefix) != NULL);
    if (status == PHX_OK && token.length > 1) {
        FUZZ_CHECK(strlen((const char *)token.data + 1) == token.length - 2);
        FUZZ_CHECK(is_header_value(token.data + 1, token.length - 2));
    }
    phxi_buffer_free(&token);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    failing_allocator allocator;
    uint8_t *bytes = fuzz_copy(data, size);
    failing_allocator_init(&allocator);
    check_token(&allocator.port, bytes, size, false);
    check_token(&allocator.port, bytes, size, true);
    check_raw(&allocator.port, bytes, size);
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
    free(bytes);
    return 0;
}
