/* SPDX-License-Identifier: MIT */
/*
 * Walks cJSON's tree along with the reader's tokens.
 */
#include "same_json.h"

#include <stdlib.h>
#include <string.h>

#include "wire/json_reader.h"

static bool is_same_text(const phxi_json_token *token, const char *text)
{
    char *plain = malloc(token->text.length + 1);
    if (plain == NULL) {
        return false;
    }
    size_t length = phxi_json_unescape(token, plain);
    const char *nul = memchr(plain, '\0', length);
    size_t seen = nul == NULL ? length : (size_t)(nul - plain);
    bool is_same = strlen(text) == seen && memcmp(text, plain, seen) == 0;
    free(plain);
    return is_same;
}

static bool is_same_number(const phxi_json_token *token, double number)
{
    char *text = strndup(token->text.data, token->text.length);
    if (text == NULL) {
        return false;
    }
    double value = strtod(text, NULL);
    free(text);
    return memcmp(&value, &number, sizeof value) == 0;
}

static bool is_same_value(const phxi_json_token *token, const cJSON *item)
{
    switch (token->kind) {
    case PHXI_JSON_OBJECT_BEGIN:
        return cJSON_IsObject(item);
    case PHXI_JSON_ARRAY_BEGIN:
        return cJSON_IsArray(item);
    case PHXI_JSON_STRING:
        return cJSON_IsString(item) && is_same_text(token, item->valuestring);
    case PHXI_JSON_NUMBER:
        return cJSON_IsNumber(item) && is_same_number(token, item->valuedouble);
    case PHXI_JSON_TRUE:
        return cJSON_IsTrue(item);
    case PHXI_JSON_FALSE:
        return cJSON_IsFalse(item);
    default:
        return cJSON_IsNull(item);
    }
}

bool same_json(const void *data, size_t length, const cJSON *root)
{
    const cJSON *open[PHXI_JSON_MAX_DEPTH];
    const cJSON *next = root;
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, data, length);
    while (phxi_json_next(&reader, &token) > PHXI_JSON_END) {
        if (token.kind == PHXI_JSON_OBJECT_END || token.kind == PHXI_JSON_ARRAY_END) {
            if (next != NULL) {
                return false;
            }
            next = open[reader.depth]->next;
        } else if (next == NULL) {
            return false;
        } else if (token.kind == PHXI_JSON_KEY) {
            if (!is_same_text(&token, next->string)) {
                return false;
            }
        } else if (!is_same_value(&token, next)) {
            return false;
        } else if (token.kind == PHXI_JSON_OBJECT_BEGIN || token.kind == PHXI_JSON_ARRAY_BEGIN) {
            open[reader.depth - 1] = next;
            next = next->child;
        } else {
            next = next->next;
        }
    }
    return token.kind == PHXI_JSON_END && next == NULL;
}
