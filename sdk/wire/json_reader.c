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

static phxi_json_kind emit(const phxi_json_reader *reader, phxi_json_token *token,
                           phxi_json_kind kind, size_t start)
{
    token->kind = kind;
    token->text.data = (const char *)reader->data + start;
    token->text.length = reader->position - start;
    token->has_escapes = false;
    return kind;
}

static bool has_more(const phxi_json_reader *reader)
{
    return reader->position < reader->length;
}

/* The byte at the position; 0, which no token starts with, at the end. */
static uint8_t peek(const phxi_json_reader *reader)
{
    return has_more(reader) ? reader->data[reader->position] : 0;
}

static void skip_white_space(phxi_json_reader *reader)
{
    while (has_more(reader)) {
        uint8_t byte = reader->data[reader->position];
        if (byte != ' ' && byte != '\n' && byte != '\r' && byte != '\t') {
            return;
        }
        reader->position++;
    }
}

/* Takes `byte`, if it is next behind white space. */
static bool take(phxi_json_reader *reader, uint8_t byte)
{
    skip_white_space(reader);
    if (!has_more(reader) || reader->data[reader->position] != byte) {
        return false;
    }
    reader->position++;
    return true;
}

static void value_is_complete(phxi_json_reader *reader)
{
    reader->state = reader->depth == 0 ? STATE_AFTER_TOP : STATE_AFTER_VALUE;
}

/* The string at the position, from quote to quote. */
static bool take_string(phxi_json_reader *reader, phxi_json_token *token)
{
    size_t start = reader->position + 1;
    reader->position = start;
    if (!phxi_json_scan_string(reader->data, reader->length, &reader->position,
                               &token->has_escapes)) {
        return false;
    }
    token->text = (phx_slice){(const char *)reader->data + start, reader->position - start};
    reader->position++;
    return true;
}

static phxi_json_kind read_string(phxi_json_reader *reader, phxi_json_token *token)
{
    if (!take_string(reader, token)) {
        return fail(reader, token);
    }
    value_is_complete(reader);
    return token->kind = PHXI_JSON_STRING;
}

/* A key with its colon. */
static phxi_json_kind read_key(phxi_json_reader *reader, phxi_json_token *token)
{
    if (peek(reader) != '"' || !take_string(reader, token) || !take(reader, ':')) {
        return fail(reader, token);
    }
    reader->state = STATE_VALUE;
    return token->kind = PHXI_JSON_KEY;
}

/* Passes over digits; false: there is none. */
static bool take_digits(phxi_json_reader *reader)
{
    size_t start = reader->position;
    while (has_more(reader) && (uint8_t)(reader->data[reader->position] - '0') <= 9) {
        reader->position++;
    }
    return reader->position > start;
}

static bool take_exponent(phxi_json_reader *reader)
{
    if ((peek(reader) | 0x20) != 'e') {
        return true;
    }
    reader->position++;
    if (peek(reader) == '+' || peek(reader) == '-') {
        reader->position++;
    }
    return take_digits(reader);
}

static bool take_number(phxi_json_reader *reader)
{
    if (peek(reader) == '-') {
        reader->position++;
    }
    if (peek(reader) == '0') {
        reader->position++; /* a digit behind it is no token, and fails there */
    } else if (!take_digits(reader)) {
        return false;
    }
    if (peek(reader) == '.') {
        reader->position++;
        if (!take_digits(reader)) {
            return false;
        }
    }
    return take_exponent(reader);
}

static phxi_json_kind read_number(phxi_json_reader *reader, phxi_json_token *token)
{
    size_t start = reader->position;
    if (!take_number(reader)) {
        return fail(reader, token);
    }
    value_is_complete(reader);
    return emit(reader, token, PHXI_JSON_NUMBER, start);
}

static phxi_json_kind read_literal(phxi_json_reader *reader, phxi_json_token *token,
                                   const char *literal, phxi_json_kind kind)
{
    size_t start = reader->position;
    size_t length = strlen(literal);
    if (reader->length - start < length || memcmp(reader->data + start, literal, length) != 0) {
        return fail(reader, token);
    }
    reader->position += length;
    value_is_complete(reader);
    return emit(reader, token, kind, start);
}

static phxi_json_kind open_level(phxi_json_reader *reader, phxi_json_token *token, bool is_object)
{
    if (reader->depth == PHXI_JSON_MAX_DEPTH) {
        return fail(reader, token);
    }
    reader->depth++;
    reader->object_bits = reader->object_bits << 1 | (is_object ? 1 : 0);
    reader->state = is_object ? STATE_OBJECT_FIRST : STATE_ARRAY_FIRST;
    reader->position++;
    return emit(reader, token, is_object ? PHXI_JSON_OBJECT_BEGIN : PHXI_JSON_ARRAY_BEGIN,
                reader->position - 1);
}

static phxi_json_kind close_level(phxi_json_reader *reader, phxi_json_token *token)
{
    bool is_object = (reader->object_bits & 1) != 0;
    reader->depth--;
    reader->object_bits >>= 1;
    value_is_complete(reader);
    reader->position++;
    return emit(reader, token, is_object ? PHXI_JSON_OBJECT_END : PHXI_JSON_ARRAY_END,
                reader->position - 1);
}

static phxi_json_kind read_value(phxi_json_reader *reader, phxi_json_token *token)
{
    uint8_t byte = peek(reader);
    switch (byte) {
    case '"':
        return read_string(reader, token);
    case '{':
        return open_level(reader, token, true);
    case '[':
        return open_level(reader, token, false);
    case 't':
        return read_literal(reader, token, "true", PHXI_JSON_TRUE);
    case 'f':
        return read_literal(reader, token, "false", PHXI_JSON_FALSE);
    case 'n':
        return read_literal(reader, token, "null", PHXI_JSON_NULL);
    default:
        return read_number(reader, token);
    }
}

static phxi_json_kind read_after_value(phxi_json_reader *reader, phxi_json_token *token)
{
    bool is_object = (reader->object_bits & 1) != 0;
    uint8_t byte = peek(reader);
    if (byte == (is_object ? '}' : ']')) {
        return close_level(reader, token);
    }
    if (byte != ',') {
        return fail(reader, token);
    }
    reader->position++;
    skip_white_space(reader);
    return is_object ? read_key(reader, token) : read_value(reader, token);
}

static phxi_json_kind read_after_top(phxi_json_reader *reader, phxi_json_token *token)
{
    if (has_more(reader)) {
        return fail(reader, token);
    }
    *token = (phxi_json_token){.kind = PHXI_JSON_END};
    return PHXI_JSON_END;
}

phxi_json_kind phxi_json_next(phxi_json_reader *reader, phxi_json_token *token)
{
    skip_white_space(reader);
    switch (reader->state) {
    case STATE_VALUE:
        return read_value(reader, token);
    case STATE_ARRAY_FIRST:
        return peek(reader) == ']' ? close_level(reader, token) : read_value(reader, token);
    case STATE_OBJECT_FIRST:
        return peek(reader) == '}' ? close_level(reader, token) : read_key(reader, token);
    case STATE_AFTER_VALUE:
        return read_after_value(reader, token);
    case STATE_AFTER_TOP:
        return read_after_top(reader, token);
    default:
        return fail(reader, token);
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
