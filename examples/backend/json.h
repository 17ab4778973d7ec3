/* SPDX-License-Identifier: MIT */
/*
 * Strict JSON over borrowed text. Values stay slices of the message that they came in: a ref, a
 * payload or a number goes back exactly as it was sent, "\u0000" and 9007199254740993 included,
 * which a tree of C strings and doubles cannot promise. Knows nothing of Phoenix.
 */
#ifndef BACKEND_JSON_H
#define BACKEND_JSON_H

#include "bytes.h"

#include <stdint.h>

/* Walks the members of an array or object that json_document() has passed. */
struct json_walk {
    struct slice rest;
};

/* True when `text` is exactly one value (RFC 8259, UTF-8, depth 512 at most), which *out_value gets
 * without the blanks around it. Every other function here wants a value that passed this one. */
bool json_document(struct slice text, struct slice *out_value);

/* The first character tells the kinds apart. */
static inline bool json_is_object(struct slice value)
{
    return value.data[0] == '{';
}

static inline bool json_is_array(struct slice value)
{
    return value.data[0] == '[';
}

static inline bool json_is_string(struct slice value)
{
    return value.data[0] == '"';
}

static inline bool json_is_null(struct slice value)
{
    return value.data[0] == 'n';
}

struct json_walk json_walk(struct slice container);
bool json_next_element(struct json_walk *walk, struct slice *out_value);
bool json_next_member(struct json_walk *walk, struct slice *out_key, struct slice *out_value);

/* The member `name` of an object; of several the last, as a map would keep it. False if none. */
bool json_member(struct slice object, const char *name, struct slice *out_value);

/* Appends the decoded text of a JSON string. */
void json_decode(struct slice string, struct bytes *out);
bool json_string_is(struct slice value, const char *text);
/* The value as an integer, or `otherwise` when it is not one that fits. */
int64_t json_integer(struct slice value, int64_t otherwise);

/* Appends `text` (UTF-8) as a JSON string. */
void json_encode(struct bytes *out, struct slice text);

/* Members of an object by name, for the control endpoint and options of a payload. */
int64_t json_member_integer(struct slice object, const char *name, int64_t otherwise);
bool json_member_true(struct slice object, const char *name);

#endif
