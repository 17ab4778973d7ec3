/* SPDX-License-Identifier: MIT */
/*
 * The reader's states and the scanning of tokens. `state` says what may come next; there is one
 * small function for each. The open levels are one bit each in object_bits, the innermost lowest.
 * What a token means (unescaping, numbers) is json_text.c's; what a string may hold is
 * json_scan.c's.
 */
#include "wire/json_reader.h"

#include <string.h>

#include "wire/json_scan.h"

enum {
    STATE_VALUE,       /* a value must come */
    STATE_FIRST,       /* behind '[' or '{': a value, a key, or the end */
    STATE_AFTER_VALUE, /* inside an array or object: ',' or its end */
    STATE_AFTER_TOP,   /* behind the one value: nothing */
    STATE_FAILED,
};

void phxi_json_reader_init(phxi_json_reader *reader, const void *data, size_t length)
{
    *reader = (phxi_json_reader){.data = data, .length = length, .state = STATE_VALUE};
}

void phxi_json_reader_init_checked(phxi_json_reader *reader, const void *data, size_t length)
{
    phxi_json_reader_init(reader, data, length);
    reader->is_checked = true;
}

/* The functions below take the position `at` as a value and write the reader's once a token: what
 * is read next depends on it, and a way through memory is several times as long. */

PHXI_HOT phxi_json_kind fail_at(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    reader->position = at;
    reader->state = STATE_FAILED;
    *token = (phxi_json_token){.kind = PHXI_JSON_ERROR};
    return PHXI_JSON_ERROR;
}

/* A token from `start` to `end`, where the reader goes on. */
PHXI_HOT phxi_json_kind emit(phxi_json_reader *reader, phxi_json_token *token, phxi_json_kind kind,
                             size_t start, size_t end)
{
    reader->position = end;
    token->kind = kind;
    token->text = (phx_slice){(const char *)reader->data + start, end - start};
    token->has_escapes = false;
    return kind;
}

/* 0, which no token starts with, at the end. */
static inline uint8_t byte_at(const uint8_t *data, size_t length, size_t at)
{
    return at < length ? data[at] : 0;
}

static size_t white_space_end(const uint8_t *data, size_t length, size_t at)
{
    uint8_t byte = byte_at(data, length, at);
    while (byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t') {
        byte = byte_at(data, length, ++at);
    }
    return at;
}

/* Behind white space, of which servers write none. */
PHXI_HOT size_t next_at(const phxi_json_reader *reader, size_t at)
{
    return byte_at(reader->data, reader->length, at) > ' '
               ? at
               : white_space_end(reader->data, reader->length, at);
}

PHXI_HOT void value_is_complete(phxi_json_reader *reader)
{
    reader->state = reader->depth == 0 ? STATE_AFTER_TOP : STATE_AFTER_VALUE;
}

/* The string whose quote is at `at`. *out_at: behind it, or what is wrong. */
PHXI_HOT bool take_string(const phxi_json_reader *reader, phxi_json_token *token, size_t at,
                          size_t *out_at)
{
    size_t start = at + 1;
    phxi_json_string_end found =
        phxi_json_scan_string(reader->data, reader->length, start, reader->is_checked);
    bool is_closed = byte_at(reader->data, reader->length, found.at) == '"';
    token->has_escapes = found.has_escapes;
    token->text = (phx_slice){(const char *)reader->data + start, found.at - start};
    *out_at = is_closed ? found.at + 1 : found.at;
    return is_closed;
}

PHXI_HOT phxi_json_kind read_string(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    if (!take_string(reader, token, at, &at)) {
        return fail_at(reader, token, at);
    }
    reader->position = at;
    value_is_complete(reader);
    return token->kind = PHXI_JSON_STRING;
}

/* A key with its colon. */
PHXI_HOT phxi_json_kind read_key(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    if (byte_at(reader->data, reader->length, at) != '"' || !take_string(reader, token, at, &at)) {
        return fail_at(reader, token, at);
    }
    at = next_at(reader, at);
    if (byte_at(reader->data, reader->length, at) != ':') {
        return fail_at(reader, token, at);
    }
    reader->position = at + 1;
    reader->state = STATE_VALUE;
    return token->kind = PHXI_JSON_KEY;
}

/* What follows is seldom, and apart from the reader's memory: where a token ends, or what is wrong
 * there. */
typedef struct token_end {
    size_t at;
    bool is_valid;
} token_end;

/* Behind digits; none are not valid. */
static token_end digits_end(const uint8_t *data, size_t length, size_t at)
{
    size_t start = at;
    while ((uint8_t)(byte_at(data, length, at) - '0') <= 9) {
        at++;
    }
    return (token_end){at, at > start};
}

static token_end exponent_end(const uint8_t *data, size_t length, size_t at)
{
    if ((byte_at(data, length, at) | 0x20) != 'e') {
        return (token_end){at, true};
    }
    at++;
    if (byte_at(data, length, at) == '+' || byte_at(data, length, at) == '-') {
        at++;
    }
    return digits_end(data, length, at);
}

static token_end number_end(const uint8_t *data, size_t length, size_t at)
{
    if (byte_at(data, length, at) == '-') {
        at++;
    }
    /* A digit behind 0 is no token, and fails there. */
    token_end end =
        byte_at(data, length, at) == '0' ? (token_end){at + 1, true} : digits_end(data, length, at);
    if (end.is_valid && byte_at(data, length, end.at) == '.') {
        end = digits_end(data, length, end.at + 1);
    }
    return end.is_valid ? exponent_end(data, length, end.at) : end;
}

PHXI_HOT phxi_json_kind read_number(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    token_end end = number_end(reader->data, reader->length, at);
    if (!end.is_valid) {
        return fail_at(reader, token, end.at);
    }
    value_is_complete(reader);
    return emit(reader, token, PHXI_JSON_NUMBER, at, end.at);
}

PHXI_HOT phxi_json_kind read_literal(phxi_json_reader *reader, phxi_json_token *token, size_t at,
                                     const char *literal, phxi_json_kind kind)
{
    size_t length = strlen(literal);
    if (reader->length - at < length || memcmp(reader->data + at, literal, length) != 0) {
        return fail_at(reader, token, at);
    }
    value_is_complete(reader);
    return emit(reader, token, kind, at, at + length);
}

PHXI_HOT phxi_json_kind open_level(phxi_json_reader *reader, phxi_json_token *token, size_t at,
                                   bool is_object)
{
    if (reader->depth == PHXI_JSON_MAX_DEPTH) {
        return fail_at(reader, token, at);
    }
    reader->depth++;
    reader->object_bits = reader->object_bits << 1 | (is_object ? 1 : 0);
    reader->state = STATE_FIRST;
    return emit(reader, token, is_object ? PHXI_JSON_OBJECT_BEGIN : PHXI_JSON_ARRAY_BEGIN, at,
                at + 1);
}

PHXI_HOT phxi_json_kind close_level(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    bool is_object = (reader->object_bits & 1) != 0;
    reader->depth--;
    reader->object_bits >>= 1;
    value_is_complete(reader);
    return emit(reader, token, is_object ? PHXI_JSON_OBJECT_END : PHXI_JSON_ARRAY_END, at, at + 1);
}

PHXI_HOT phxi_json_kind read_value(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    switch (byte_at(reader->data, reader->length, at)) {
    case '"':
        return read_string(reader, token, at);
    case '{':
        return open_level(reader, token, at, true);
    case '[':
        return open_level(reader, token, at, false);
    case 't':
        return read_literal(reader, token, at, "true", PHXI_JSON_TRUE);
    case 'f':
        return read_literal(reader, token, at, "false", PHXI_JSON_FALSE);
    case 'n':
        return read_literal(reader, token, at, "null", PHXI_JSON_NULL);
    default:
        return read_number(reader, token, at);
    }
}

PHXI_HOT phxi_json_kind read_after_top(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    if (at < reader->length) {
        return fail_at(reader, token, at);
    }
    reader->position = at;
    *token = (phxi_json_token){.kind = PHXI_JSON_END};
    return PHXI_JSON_END;
}

/* The one way to read on: phxi_json_next does on the caller's reader, phxi_json_skip on a copy that
 * the compiler keeps in registers. */
PHXI_HOT phxi_json_kind read_next(phxi_json_reader *reader, phxi_json_token *token)
{
    size_t at = next_at(reader, reader->position);
    uint8_t byte = byte_at(reader->data, reader->length, at);
    bool is_object = (reader->object_bits & 1) != 0;
    switch (reader->state) {
    case STATE_VALUE:
        return read_value(reader, token, at);
    case STATE_FIRST:
    case STATE_AFTER_VALUE:
        break;
    case STATE_AFTER_TOP:
        return read_after_top(reader, token, at);
    default:
        return fail_at(reader, token, at);
    }
    if (byte == (is_object ? '}' : ']')) {
        return close_level(reader, token, at);
    }
    if (reader->state == STATE_AFTER_VALUE) {
        if (byte != ',') {
            return fail_at(reader, token, at);
        }
        at = next_at(reader, at + 1);
    }
    return is_object ? read_key(reader, token, at) : read_value(reader, token, at);
}

phxi_json_kind phxi_json_next(phxi_json_reader *reader, phxi_json_token *token)
{
    return read_next(reader, token);
}

/* To the end of the level that was just opened; false: not JSON. */
static bool skip_level(phxi_json_reader *reader)
{
    phxi_json_reader at = *reader;
    phxi_json_token token;
    const uint32_t outside = at.depth - 1;
    while (at.depth > outside && read_next(&at, &token) != PHXI_JSON_ERROR) {
    }
    *reader = at;
    return at.state != STATE_FAILED;
}

bool phxi_json_skip(phxi_json_reader *reader, const phxi_json_token *token, phx_slice *out_raw)
{
    phxi_json_token at = *token;
    *out_raw = (phx_slice){0};
    if (at.kind == PHXI_JSON_KEY) {
        (void)phxi_json_next(reader, &at);
    }
    const char *first = at.text.data;
    switch (at.kind) {
    case PHXI_JSON_OBJECT_BEGIN:
    case PHXI_JSON_ARRAY_BEGIN:
        if (!skip_level(reader)) {
            return false;
        }
        break;
    case PHXI_JSON_STRING:
        first--;
        break;
    case PHXI_JSON_NUMBER:
    case PHXI_JSON_TRUE:
    case PHXI_JSON_FALSE:
    case PHXI_JSON_NULL:
        break;
    default:
        return false;
    }
    *out_raw = (phx_slice){first, (size_t)((const char *)reader->data + reader->position - first)};
    return true;
}

bool phxi_json_is_valid(const void *data, size_t length)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, data, length);
    while (phxi_json_next(&reader, &token) > PHXI_JSON_END) {
    }
    return token.kind == PHXI_JSON_END;
}
