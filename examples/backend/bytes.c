/* SPDX-License-Identifier: MIT */
/*
 * Slices and growing buffers; see bytes.h. The buffer doubles, so that appending stays linear,
 * and never shrinks before it is freed.
 */
#include "bytes.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slice slice_of(const char *text)
{
    return (struct slice){text, strlen(text)};
}

struct slice slice_from(const struct bytes *bytes)
{
    return (struct slice){bytes->data != NULL ? bytes->data : "", bytes->len};
}

bool slice_equals(struct slice slice, struct slice other)
{
    return slice.len == other.len &&
           (slice.len == 0 || memcmp(slice.data, other.data, slice.len) == 0);
}

bool slice_is(struct slice slice, const char *text)
{
    return slice_equals(slice, slice_of(text));
}

bool slice_starts_with(struct slice slice, const char *prefix)
{
    const size_t len = strlen(prefix);
    return slice.len >= len && memcmp(slice.data, prefix, len) == 0;
}

struct slice slice_skip(struct slice slice, size_t count)
{
    return (struct slice){slice.data + count, slice.len - count};
}

struct slice slice_until(struct slice slice, char separator, struct slice *rest)
{
    const char *at = slice.len > 0 ? memchr(slice.data, separator, slice.len) : NULL;
    if (at == NULL) {
        *rest = (struct slice){slice.data + slice.len, 0};
        return slice;
    }
    const size_t len = (size_t)(at - slice.data);
    *rest = slice_skip(slice, len + 1);
    return (struct slice){slice.data, len};
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

struct slice slice_trim(struct slice slice)
{
    while (slice.len > 0 && is_space(slice.data[0])) {
        slice = slice_skip(slice, 1);
    }
    while (slice.len > 0 && is_space(slice.data[slice.len - 1])) {
        slice.len--;
    }
    return slice;
}

bool slice_is_blank(struct slice slice)
{
    return slice_trim(slice).len == 0;
}

/* The length of the UTF-8 sequence that starts at `at`, or 0 where there is none. */
static size_t utf8_sequence(const unsigned char *at, size_t left)
{
    const unsigned char lead = at[0];
    if (lead < 0x80) {
        return 1;
    }
    const size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || left < len) {
        return 0;
    }
    /* Overlong forms, surrogates and what is beyond U+10FFFF show in the second byte. */
    const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

bool slice_is_utf8(struct slice slice)
{
    const unsigned char *data = (const unsigned char *)slice.data;
    size_t at = 0;
    while (at < slice.len) {
        const size_t len = utf8_sequence(data + at, slice.len - at);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

char *slice_dup(struct slice slice)
{
    char *copy = malloc(slice.len + 1);
    if (copy != NULL) {
        if (slice.len > 0) {
            memcpy(copy, slice.data, slice.len);
        }
        copy[slice.len] = '\0';
    }
    return copy;
}

static bool reserve(struct bytes *bytes, size_t more)
{
    if (bytes->failed || more > SIZE_MAX / 4 - bytes->len) {
        bytes->failed = true;
        return false;
    }
    const size_t need = bytes->len + more;
    if (need <= bytes->cap) {
        return true;
    }
    const size_t cap = need < 128 ? 256 : need * 2;
    char *data = realloc(bytes->data, cap);
    if (data == NULL) {
        bytes->failed = true;
        return false;
    }
    bytes->data = data;
    bytes->cap = cap;
    return true;
}

void bytes_append(struct bytes *bytes, const void *data, size_t len)
{
    if (len > 0 && reserve(bytes, len)) {
        memcpy(bytes->data + bytes->len, data, len);
        bytes->len += len;
    }
}

void bytes_slice(struct bytes *bytes, struct slice slice)
{
    bytes_append(bytes, slice.data, slice.len);
}

void bytes_text(struct bytes *bytes, const char *text)
{
    bytes_append(bytes, text, strlen(text));
}

void bytes_char(struct bytes *bytes, char byte)
{
    bytes_append(bytes, &byte, 1);
}

void bytes_format(struct bytes *bytes, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof(text)) {
        bytes->failed = true;
        return;
    }
    bytes_append(bytes, text, (size_t)len);
}

void bytes_consume(struct bytes *bytes, size_t count)
{
    if (count > 0) {
        bytes->len -= count;
        memmove(bytes->data, bytes->data + count, bytes->len);
    }
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}
