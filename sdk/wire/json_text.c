/* SPDX-License-Identifier: MIT */
/*
 * What the reader's tokens mean: text without its escapes, integers. The tokens come from the
 * reader and so are well-formed; nothing here checks that again.
 */
#include <string.h>

#include "wire/json_reader.h"
#include "wire/utf8.h"

static uint32_t hex_value(const char *digits)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t byte = (uint8_t)digits[i];
        value = value << 4 | (byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10);
    }
    return value;
}

static size_t unicode_escape(const char *escape, uint32_t *out_code_point)
{
    uint32_t unit = hex_value(escape + 2);
    if (unit < 0xd800 || unit > 0xdfff) {
        *out_code_point = unit;
        return 6;
    }
    *out_code_point = 0x10000 + ((unit - 0xd800) << 10) + (hex_value(escape + 8) - 0xdc00);
    return 12;
}

/* What the escape stands for; returns the escape's own length. */
static size_t read_escape(const char *escape, uint32_t *out_code_point)
{
    switch (escape[1]) {
    case 'u':
        return unicode_escape(escape, out_code_point);
    case 'b':
        *out_code_point = '\b';
        break;
    case 'f':
        *out_code_point = '\f';
        break;
    case 'n':
        *out_code_point = '\n';
        break;
    case 'r':
        *out_code_point = '\r';
        break;
    case 't':
        *out_code_point = '\t';
        break;
    default:
        *out_code_point = (uint8_t)escape[1];
        break;
    }
    return 2;
}

/* The bytes up to the next escape. */
static size_t plain_length(const char *text, size_t length)
{
    const char *escape = length == 0 ? NULL : memchr(text, '\\', length);
    return escape == NULL ? length : (size_t)(escape - text);
}

/* At most `capacity` bytes of text[length], and no part of a character. */
static size_t whole_characters(const char *text, size_t length, size_t capacity)
{
    if (length <= capacity) {
        return length;
    }
    while (capacity > 0 && ((uint8_t)text[capacity] & 0xc0) == 0x80) {
        capacity--;
    }
    return capacity;
}

size_t phxi_json_unescape_cut(const phxi_json_token *token, char *out, size_t capacity,
                              bool *out_is_cut)
{
    const char *text = token->text.data;
    const char *end = text + token->text.length;
    size_t written = 0;
    *out_is_cut = true;
    for (;;) {
        size_t plain = plain_length(text, (size_t)(end - text));
        size_t fits = whole_characters(text, plain, capacity - written);
        if (fits > 0) {
            memcpy(out + written, text, fits);
        }
        written += fits;
        text += plain;
        if (fits < plain) {
            return written;
        }
        if (text == end) {
            break;
        }
        uint32_t code_point;
        uint8_t bytes[4];
        text += read_escape(text, &code_point);
        size_t size = phxi_utf8_encode(code_point, bytes);
        if (size > capacity - written) {
            return written;
        }
        memcpy(out + written, bytes, size);
        written += size;
    }
    *out_is_cut = false;
    return written;
}

size_t phxi_json_unescape(const phxi_json_token *token, char *out)
{
    bool is_cut;
    return phxi_json_unescape_cut(token, out, token->text.length, &is_cut);
}

static bool escaped_text_is(phx_slice token_text, const char *text, size_t length)
{
    const char *at = token_text.data;
    const char *end = at + token_text.length;
    while (at < end) {
        uint8_t bytes[4];
        size_t size = 1;
        if (*at == '\\') {
            uint32_t code_point;
            at += read_escape(at, &code_point);
            size = phxi_utf8_encode(code_point, bytes);
        } else {
            bytes[0] = (uint8_t)*at++;
        }
        if (size > length || memcmp(text, bytes, size) != 0) {
            return false;
        }
        text += size;
        length -= size;
    }
    return length == 0;
}

bool phxi_json_text_is(const phxi_json_token *token, const char *text)
{
    size_t length = strlen(text);
    if (token->has_escapes) {
        return escaped_text_is(token->text, text, length);
    }
    return token->text.length == length && memcmp(token->text.data, text, length) == 0;
}

bool phxi_json_int64(const phxi_json_token *token, int64_t *out_value)
{
    *out_value = 0;
    if (token->kind != PHXI_JSON_NUMBER) {
        return false;
    }
    bool is_negative = token->text.data[0] == '-';
    uint64_t limit = (uint64_t)INT64_MAX + (is_negative ? 1 : 0);
    uint64_t magnitude = 0;
    for (size_t i = is_negative ? 1 : 0; i < token->text.length; i++) {
        uint8_t digit = (uint8_t)(token->text.data[i] - '0');
        if (digit > 9 || magnitude > (limit - digit) / 10) {
            return false;
        }
        magnitude = magnitude * 10 + digit;
    }
    /* Two's complement without the overflow of -INT64_MIN. */
    *out_value = is_negative && magnitude > 0 ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
    return true;
}
