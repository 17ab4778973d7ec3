/* SPDX-License-Identifier: MIT */
/*
 * A strict pull reader for JSON (RFC 8259) in UTF-8 (RFC 3629). It allocates nothing, never
 * recurses, bounds its depth, and gives slices of its input. Every byte from outside passes it
 * first.
 *
 * Strict means: exactly one value, white space around it allowed, no BOM; strings hold valid UTF-8,
 * no raw control characters, and no escaped lone surrogates (they are no text, and a Phoenix server
 * cannot send one); numbers follow the grammar and keep all their digits. Duplicate keys are passed
 * on.
 */
#ifndef PHXI_JSON_READER_H
#define PHXI_JSON_READER_H

#include <phx/base.h>

/* Deepest nesting of arrays and objects together. */
#define PHXI_JSON_MAX_DEPTH 64

typedef enum phxi_json_kind {
    PHXI_JSON_ERROR = 0, /* not JSON; the reader stays in this state */
    PHXI_JSON_END,       /* the one value is complete, and nothing but white space followed */
    PHXI_JSON_OBJECT_BEGIN,
    PHXI_JSON_OBJECT_END,
    PHXI_JSON_ARRAY_BEGIN,
    PHXI_JSON_ARRAY_END,
    PHXI_JSON_KEY,
    PHXI_JSON_STRING,
    PHXI_JSON_NUMBER,
    PHXI_JSON_TRUE,
    PHXI_JSON_FALSE,
    PHXI_JSON_NULL,
} phxi_json_kind;

typedef struct phxi_json_token {
    phxi_json_kind kind;
    /* KEY, STRING: what stands between the quotes, escapes untouched. Others: the token's text. */
    phx_slice text;
    bool has_escapes; /* KEY, STRING: text must be unescaped before use */
} phxi_json_token;

typedef struct phxi_json_reader {
    const uint8_t *data;
    size_t length;
    size_t position; /* after an error: where it was found */
    uint32_t depth;
    uint8_t state;        /* what may come next; the reader's own */
    bool is_checked;      /* the bytes of strings are known to be valid */
    uint64_t object_bits; /* which of the open levels are objects */
} phxi_json_reader;

/* `data` is borrowed as long as the reader and its slices are used; NULL only with length 0. */
void phxi_json_reader_init(phxi_json_reader *reader, const void *data, size_t length);

/* The same for text that a reader has passed before, such as a payload out of an envelope. The
 * bytes of a string are not looked at again for control characters and UTF-8, and all else is read
 * as strictly as ever: if the promise does not hold, a text holds them, and nothing worse happens.
 */
void phxi_json_reader_init_checked(phxi_json_reader *reader, const void *data, size_t length);

/* The next token. */
phxi_json_kind phxi_json_next(phxi_json_reader *reader, phxi_json_token *token);

/*
 * Having read `token` (a value, or a KEY: then its value is taken), passes over the whole value and
 * gives its bytes in *out_raw, from its first to its last byte, quotes included. False: not JSON.
 */
bool phxi_json_skip(phxi_json_reader *reader, const phxi_json_token *token, phx_slice *out_raw);

/* Whether all of data[length] is one JSON value. */
bool phxi_json_is_valid(const void *data, size_t length);

/* Whether a KEY or STRING token, unescaped, is exactly `text`. */
bool phxi_json_text_is(const phxi_json_token *token, const char *text);

/* Unescapes a KEY or STRING token into out[], which has room for token->text.length bytes: an
 * unescaped text is never longer. Returns the length. */
size_t phxi_json_unescape(const phxi_json_token *token, char *out);

/* The same into out[capacity], cut at a whole character if it does not fit; *out_is_cut says so. */
size_t phxi_json_unescape_cut(const phxi_json_token *token, char *out, size_t capacity,
                              bool *out_is_cut);

/* A NUMBER token that is an integer within range (1e3 and 1.0 are not written as one). */
bool phxi_json_int64(const phxi_json_token *token, int64_t *out_value);

#endif
