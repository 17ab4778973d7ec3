/* SPDX-License-Identifier: MIT */
/*
 * Composing JSON, and looking into small cold documents. The only file that knows cJSON is json.c.
 */
#ifndef PHXI_JSON_H
#define PHXI_JSON_H

#include <phx/base.h>
#include <phx/status.h>

#include "support/buffer.h"

/*
 * Appending leaves what `out` holds as it was when it fails. PHX_ERROR_INVALID_ARGUMENT: a text is
 * not UTF-8. PHX_ERROR_TOO_LARGE: beyond out's maximum. PHX_ERROR_NO_MEMORY.
 */

/* Appends the JSON string for UTF-8 text[length], quotes and escapes included; a NUL in it is kept.
 */
PHX_MUST_CHECK phx_status phxi_json_append_string(phxi_buffer *out, const char *text,
                                                  size_t length);

/* One member of an object to compose. */
typedef struct phxi_json_member {
    const char *name;
    /* Exactly one of them: UTF-8 text, or (text.data NULL) valid JSON that is put in as it is; its
     * bytes are not checked, and it must not be empty. */
    phx_slice text;
    phx_slice raw;
} phxi_json_member;

/* Appends {"name":value,...}. */
PHX_MUST_CHECK phx_status phxi_json_append_object(phxi_buffer *out, const phxi_json_member *members,
                                                  size_t count);

/*
 * The text that a server's error body says, for a person: {"error":"..."}, {"reason":"..."},
 * {"errors":{"detail":"..."}}, {"errors":{"field":["...", ...], ...}} ("field ..., ...; field
 * ..."),
 * {"message":"..."}; or a bare JSON string. The first of these that is there and not empty. Written
 * to out[capacity], terminated, cut at a whole character, control characters made spaces. False and
 * "": the body (NULL: none) holds no such thing.
 */
bool phxi_json_error_text(const void *body, size_t length, char *out, size_t capacity);

/* The text member `name` of the object in data[length], as phxi_json_error_text writes it. */
bool phxi_json_member_text(const void *data, size_t length, const char *name, char *out,
                           size_t capacity);

#endif
