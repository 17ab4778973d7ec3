/* SPDX-License-Identifier: MIT */
/*
 * Composing JSON with cJSON; no other file names it. cJSON takes texts that end at a NUL, so a text
 * that holds one goes through it in pieces. Its memory is that of the process (malloc, or the host
 * program's hooks); what it lacks is PHX_ERROR_NO_MEMORY like any other.
 */
#include "wire/json.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "support/alloc.h"
#include "wire/utf8.h"

static phx_status append_printed(phxi_buffer *out, const cJSON *item, size_t margin)
{
    char *printed = item == NULL ? NULL : cJSON_PrintUnformatted(item);
    if (printed == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    phx_status status = phxi_buffer_append(out, printed + margin, strlen(printed) - 2 * margin);
    cJSON_free(printed);
    return status;
}

/* The escaped text without its quotes. */
static phx_status append_piece(phxi_buffer *out, const char *piece)
{
    cJSON *item = cJSON_CreateStringReference(piece);
    phx_status status = append_printed(out, item, 1);
    cJSON_Delete(item);
    return status;
}

/* text[length] is terminated too. */
static phx_status append_pieces(phxi_buffer *out, const char *text, size_t length)
{
    const char *end = text + length;
    phx_status status = phxi_buffer_append_byte(out, '"');
    while (status == PHX_OK) {
        status = append_piece(out, text);
        text += strlen(text);
        if (status != PHX_OK || text == end) {
            break;
        }
        status = phxi_buffer_append_text(out, "\\u0000");
        text++;
    }
    return status == PHX_OK ? phxi_buffer_append_byte(out, '"') : status;
}

phx_status phxi_json_append_string(phxi_buffer *out, const char *text, size_t length)
{
    if (!phxi_utf8_is_valid(text, length)) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    if (length > out->max_bytes) {
        return PHX_ERROR_TOO_LARGE;
    }
    char *copy = phxi_copy_text(out->allocator, text, length);
    if (copy == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    size_t start = out->length;
    phx_status status = append_pieces(out, copy, length);
    if (status != PHX_OK) {
        out->length = start;
    }
    phxi_free(out->allocator, copy);
    return status;
}

/* The member's value as JSON text, terminated. */
static phx_status append_value(phxi_buffer *out, const phxi_json_member *member)
{
    phx_status status = member->text.data != NULL
                            ? phxi_json_append_string(out, member->text.data, member->text.length)
                            : phxi_buffer_append(out, member->raw.data, member->raw.length);
    return status == PHX_OK ? phxi_buffer_append_byte(out, '\0') : status;
}

static phx_status add_member(cJSON *object, const phxi_json_member *member, phxi_buffer *scratch)
{
    scratch->length = 0;
    phx_status status = append_value(scratch, member);
    if (status != PHX_OK) {
        return status;
    }
    cJSON *value = cJSON_CreateRaw((const char *)scratch->data);
    if (value == NULL || !cJSON_AddItemToObject(object, member->name, value)) {
        cJSON_Delete(value);
        return PHX_ERROR_NO_MEMORY;
    }
    return PHX_OK;
}

phx_status phxi_json_append_object(phxi_buffer *out, const phxi_json_member *members, size_t count)
{
    phxi_buffer scratch;
    phxi_buffer_init(&scratch, out->allocator, out->max_bytes);
    cJSON *object = cJSON_CreateObject();
    phx_status status = object == NULL ? PHX_ERROR_NO_MEMORY : PHX_OK;
    for (size_t i = 0; i < count && status == PHX_OK; i++) {
        status = add_member(object, &members[i], &scratch);
    }
    if (status == PHX_OK) {
        status = append_printed(out, object, 0);
    }
    cJSON_Delete(object);
    phxi_buffer_free(&scratch);
    return status;
}
