/* SPDX-License-Identifier: MIT */
/*
 * Text in two forms: `slice`, a borrowed view, and `bytes`, a buffer that grows. A failed
 * allocation is remembered in the buffer, so that a message is built in one go and checked once.
 * Knows nothing of what the bytes mean.
 */
#ifndef BACKEND_BYTES_H
#define BACKEND_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct slice {
    const char *data;
    size_t len;
};

struct bytes {
    char *data; /* NULL while empty */
    size_t len;
    size_t cap;
    bool failed; /* an allocation failed: what is in data is not the whole */
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

struct slice slice_of(const char *text);
struct slice slice_from(const struct bytes *bytes);
bool slice_equals(struct slice slice, struct slice other);
bool slice_is(struct slice slice, const char *text);
bool slice_starts_with(struct slice slice, const char *prefix);
struct slice slice_skip(struct slice slice, size_t count);
/* Splits at the first `separator`; *rest is empty, and the whole is returned, when there is none.
 */
struct slice slice_until(struct slice slice, char separator, struct slice *rest);
struct slice slice_trim(struct slice slice);
bool slice_is_utf8(struct slice slice);
bool slice_is_blank(struct slice slice);

void bytes_append(struct bytes *bytes, const void *data, size_t len);
void bytes_slice(struct bytes *bytes, struct slice slice);
void bytes_text(struct bytes *bytes, const char *text);
void bytes_char(struct bytes *bytes, char byte);
void bytes_format(struct bytes *bytes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Forgets the first `count` bytes. */
void bytes_consume(struct bytes *bytes, size_t count);
/* A copy of `slice` with a NUL behind it, or NULL. Free with free(). */
char *slice_dup(struct slice slice);
void bytes_free(struct bytes *bytes);

#endif
