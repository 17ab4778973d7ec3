/* SPDX-License-Identifier: MIT */
/*
 * Finding a text in a small document, such as a server's error body. Done with the reader rather
 * than with a tree: nothing is allocated, and a text goes on behind an escaped NUL.
 */
#include <string.h>

#include "wire/json.h"
#include "wire/json_reader.h"

/* A text that grows up to its capacity and is cut there at a whole character. */
typedef struct text_out {
    char *data;
    size_t capacity; /* at least 1: the final NUL has room */
    size_t length;
    bool is_cut; /* nothing may follow */
} text_out;

/* Control characters of both sets (C0, DEL, C1) become spaces, so that no terminal obeys them. */
static void disarm(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        uint8_t next = i + 1 < length ? (uint8_t)text[i + 1] : 0;
        if (byte < 0x20 || byte == 0x7f) {
            text[i] = ' ';
        } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
            text[i] = ' ';
            text[i + 1] = ' ';
        }
    }
}

static void put_token(text_out *out, const phxi_json_token *token)
{
    if (out->is_cut) {
        return;
    }
    char *start = out->data + out->length;
    size_t room = out->capacity - 1 - out->length;
    size_t length = phxi_json_unescape_cut(token, start, room, &out->is_cut);
    disarm(start, length);
    out->length += length;
    out->data[out->length] = '\0';
}

static void put_text(text_out *out, const char *text)
{
    phxi_json_token token = {.kind = PHXI_JSON_STRING, .text = {text, strlen(text)}};
    put_token(out, &token);
}

/* Reads as far as the first token of the value of the outer object's member `name`. */
static bool open_member(phxi_json_reader *reader, phx_slice document, const char *name,
                        phxi_json_token *value)
{
    phxi_json_reader_init(reader, document.data, document.length);
    if (phxi_json_next(reader, value) != PHXI_JSON_OBJECT_BEGIN) {
        return false;
    }
    while (phxi_json_next(reader, value) == PHXI_JSON_KEY) {
        phx_slice skipped;
        if (phxi_json_text_is(value, name)) {
            return phxi_json_next(reader, value) != PHXI_JSON_ERROR;
        }
        if (!phxi_json_skip(reader, value, &skipped)) {
            return false;
        }
    }
    return false;
}

static bool put_member(text_out *out, phx_slice document, const char *name)
{
    phxi_json_reader reader;
    phxi_json_token value;
    if (!open_member(&reader, document, name, &value) || value.kind != PHXI_JSON_STRING) {
        return false;
    }
    put_token(out, &value);
    return true;
}

/* {"errors":{"field":["a","b"],"other":{"inner":["c"]}}}: "field a, b; other inner c". */
static void put_errors(text_out *out, phx_slice document)
{
    phxi_json_reader reader;
    phxi_json_token token;
    if (!open_member(&reader, document, "errors", &token) || token.kind != PHXI_JSON_OBJECT_BEGIN) {
        return;
    }
    const uint32_t depth = reader.depth;
    const char *separator = "";
    while (phxi_json_next(&reader, &token) > PHXI_JSON_END && reader.depth >= depth) {
        if (token.kind == PHXI_JSON_KEY && reader.depth == depth && out->length > 0) {
            separator = "; ";
        }
        bool is_name = token.kind == PHXI_JSON_KEY && !phxi_json_text_is(&token, "detail");
        if (is_name || token.kind == PHXI_JSON_STRING) {
            put_text(out, separator);
            put_token(out, &token);
            separator = is_name ? " " : ", ";
        }
    }
}

/* Prepares `out` and says whether there is anything to look into. */
static bool begin(const void *data, size_t length, char *out, size_t capacity)
{
    if (capacity == 0) {
        return false;
    }
    out[0] = '\0';
    return data != NULL && phxi_json_is_valid(data, length);
}

bool phxi_json_error_text(const void *body, size_t length, char *out, size_t capacity)
{
    if (!begin(body, length, out, capacity)) {
        return false;
    }
    phx_slice document = {body, length};
    text_out text = {.data = out, .capacity = capacity};
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, body, length);
    if (phxi_json_next(&reader, &token) == PHXI_JSON_STRING) {
        put_token(&text, &token);
        return text.length > 0;
    }
    if (!put_member(&text, document, "error") || text.length == 0) {
        (void)put_member(&text, document, "reason");
    }
    if (text.length == 0) {
        put_errors(&text, document);
    }
    if (text.length == 0) {
        (void)put_member(&text, document, "message");
    }
    return text.length > 0;
}

bool phxi_json_member_text(const void *data, size_t length, const char *name, char *out,
                           size_t capacity)
{
    if (!begin(data, length, out, capacity)) {
        return false;
    }
    text_out text = {.data = out, .capacity = capacity};
    return put_member(&text, (phx_slice){data, length}, name);
}
