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
    STATE_VALUE,        /* a value must come */
    STATE_ARRAY_FIRST,  /* behind '[': a value or ']' */
    STATE_OBJECT_FIRST, /* behind '{': a key or '}' */
    STATE_AFTER_VALUE,  /* inside an array or object: ',' or its end */
    STATE_AFTER_TOP,    /* behind the one value: nothing */
    STATE_FAILED,
};

void phxi_json_reader_init(phxi_json_reader *reader, const void *data, size_t length)
{
    *reader = (phxi_json_reader){.data = data, .length = length, .state = STATE_VALUE};
}

static phxi_json_kind fail(phxi_json_reader *reader, phxi_json_token *token)
{
    reader->state = STATE_FAILED;
    *token = (phxi_json_token){.kind = PHXI_JSON_ERROR};
    return PHXI_JSON_ERROR;
}

/* The functions below take the position `at` as a value and write the reader's once a token: what
 * is read next depends on it, and a way through memory is several times as long. */

/* A token from `start` to `end`, where the reader goes on. */
static phxi_json_kind emit(phxi_json_reader *reader, phxi_json_token *token, phxi_json_kind kind,
                           size_t start, size_t end)
{
    reader->position = end;
    token->kind = kind;
    token->text = (phx_slice){(const char *)reader->data + start, end - start};
    token->has_escapes = false;
    return kind;
}

static phxi_json_kind fail_at(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    reader->position = at;
    return fail(reader, token);
}

/* 0, which no token starts with, at the end. */
static inline uint8_t byte_at(const phxi_json_reader *reader, size_t at)
{
    return at < reader->length ? reader->data[at] : 0;
}

static size_t white_space_end(const phxi_json_reader *reader, size_t at)
{
    uint8_t byte = byte_at(reader, at);
    while (byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t') {
        byte = byte_at(reader, ++at);
    }
    return at;
}

/* Behind white space, of which servers write none. */
static inline size_t next_at(const phxi_json_reader *reader, size_t at)
{
    return byte_at(reader, at) > ' ' ? at : white_space_end(reader, at);
}

static void value_is_complete(phxi_json_reader *reader)
{
    reader->state = reader->depth == 0 ? STATE_AFTER_TOP : STATE_AFTER_VALUE;
}

/* The string whose quote is at `at`. *out_at: behind it, or what is wrong. */
static inline bool take_string(const phxi_json_reader *reader, phxi_json_token *token, size_t at,
                               size_t *out_at)
{
    size_t start = at + 1;
    size_t end = phxi_json_scan_string(reader->data, reader->length, start, &token->has_escapes);
    bool is_closed = end < reader->length && reader->data[end] == '"';
    token->text = (phx_slice){(const char *)reader->data + start, end - start};
    *out_at = is_closed ? end + 1 : end;
    return is_closed;
}

static phxi_json_kind read_string(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    if (!take_string(reader, token, at, &at)) {
        return fail_at(reader, token, at);
    }
    reader->position = at;
    value_is_complete(reader);
    return token->kind = PHXI_JSON_STRING;
}

/* A key with its colon. */
static phxi_json_kind read_key(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    if (byte_at(reader, at) != '"' || !take_string(reader, token, at, &at)) {
        return fail_at(reader, token, at);
    }
    at = next_at(reader, at);
    if (byte_at(reader, at) != ':') {
        return fail_at(reader, token, at);
    }
    reader->position = at + 1;
    reader->state = STATE_VALUE;
    return token->kind = PHXI_JSON_KEY;
}

/* Passes over digits; false: there is none. */
static bool take_digits(const phxi_json_reader *reader, size_t *at)
{
    size_t start = *at;
    while ((uint8_t)(byte_at(reader, *at) - '0') <= 9) {
        (*at)++;
    }
    return *at > start;
}

static bool take_exponent(const phxi_json_reader *reader, size_t *at)
{
    if ((byte_at(reader, *at) | 0x20) != 'e') {
        return true;
    }
    (*at)++;
    if (byte_at(reader, *at) == '+' || byte_at(reader, *at) == '-') {
        (*at)++;
    }
    return take_digits(reader, at);
}

static bool take_number(const phxi_json_reader *reader, size_t *at)
{
    if (byte_at(reader, *at) == '-') {
        (*at)++;
    }
    if (byte_at(reader, *at) == '0') {
        (*at)++; /* a digit behind it is no token, and fails there */
    } else if (!take_digits(reader, at)) {
        return false;
    }
    if (byte_at(reader, *at) == '.') {
        (*at)++;
        if (!take_digits(reader, at)) {
            return false;
        }
    }
    return take_exponent(reader, at);
}

static phxi_json_kind read_number(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    size_t start = at;
    if (!take_number(reader, &at)) {
        return fail_at(reader, token, at);
    }
    value_is_complete(reader);
    return emit(reader, token, PHXI_JSON_NUMBER, start, at);
}

static phxi_json_kind read_literal(phxi_json_reader *reader, phxi_json_token *token, size_t at,
                                   const char *literal, phxi_json_kind kind)
{
    size_t length = strlen(literal);
    if (reader->length - at < length || memcmp(reader->data + at, literal, length) != 0) {
        return fail_at(reader, token, at);
    }
    value_is_complete(reader);
    return emit(reader, token, kind, at, at + length);
}

static phxi_json_kind open_level(phxi_json_reader *reader, phxi_json_token *token, size_t at,
                                 bool is_object)
{
    if (reader->depth == PHXI_JSON_MAX_DEPTH) {
        return fail_at(reader, token, at);
    }
    reader->depth++;
    reader->object_bits = reader->object_bits << 1 | (is_object ? 1 : 0);
    reader->state = is_object ? STATE_OBJECT_FIRST : STATE_ARRAY_FIRST;
    return emit(reader, token, is_object ? PHXI_JSON_OBJECT_BEGIN : PHXI_JSON_ARRAY_BEGIN, at,
                at + 1);
}

static phxi_json_kind close_level(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    bool is_object = (reader->object_bits & 1) != 0;
    reader->depth--;
    reader->object_bits >>= 1;
    value_is_complete(reader);
    return emit(reader, token, is_object ? PHXI_JSON_OBJECT_END : PHXI_JSON_ARRAY_END, at, at + 1);
}

static phxi_json_kind read_value(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    switch (byte_at(reader, at)) {
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

/* Inside an array or object: a comma, and what it separates, or the end. */
static phxi_json_kind read_after_value(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    bool is_object = (reader->object_bits & 1) != 0;
    uint8_t byte = byte_at(reader, at);
    if (byte == (is_object ? '}' : ']')) {
        return close_level(reader, token, at);
    }
    if (byte != ',') {
        return fail_at(reader, token, at);
    }
    at = next_at(reader, at + 1);
    return is_object ? read_key(reader, token, at) : read_value(reader, token, at);
}

static phxi_json_kind read_after_top(phxi_json_reader *reader, phxi_json_token *token, size_t at)
{
    if (at < reader->length) {
        return fail_at(reader, token, at);
    }
    reader->position = at;
    *token = (phxi_json_token){.kind = PHXI_JSON_END};
    return PHXI_JSON_END;
}

phxi_json_kind phxi_json_next(phxi_json_reader *reader, phxi_json_token *token)
{
    size_t at = next_at(reader, reader->position);
    uint8_t byte = byte_at(reader, at);
    switch (reader->state) {
    case STATE_VALUE:
        return read_value(reader, token, at);
    case STATE_ARRAY_FIRST:
        return byte == ']' ? close_level(reader, token, at) : read_value(reader, token, at);
    case STATE_OBJECT_FIRST:
        return byte == '}' ? close_level(reader, token, at) : read_key(reader, token, at);
    case STATE_AFTER_VALUE:
        return read_after_value(reader, token, at);
    case STATE_AFTER_TOP:
        return read_after_top(reader, token, at);
    default:
        return fail_at(reader, token, at);
    }
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
        for (uint32_t outside = reader->depth - 1; reader->depth > outside;) {
            if (phxi_json_next(reader, &at) == PHXI_JSON_ERROR) {
                return false;
            }
        }
        break;
    case PHXI_JSON_STRING:
        *out_raw = (phx_slice){first - 1, at.text.length + 2};
        return true;
    case PHXI_JSON_NUMBER:
    case PHXI_JSON_TRUE:
    case PHXI_JSON_FALSE:
    case PHXI_JSON_NULL:
        break;
    default:
        return false;
    }
    *out_raw = (phx_slice){first, (size_t)(at.text.data + at.text.length - first)};
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
