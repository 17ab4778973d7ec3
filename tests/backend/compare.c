/* SPDX-License-Identifier: MIT */
/*
 * The comparison of compare.h, with cJSON as a reader that the backend does not use itself.
 */
#include "compare.h"

#include <string.h>

static bool varies(const cJSON *member, bool in_author)
{
    static const char *const names[] = {"inserted_at", "updated_at", "avatar_url"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(member->string, names[i]) == 0) {
            return true;
        }
    }
    return strcmp(member->string, "id") == 0 && !in_author;
}

/* Makes null of the values that vary: that they are there is still compared. */
static void level(cJSON *value, bool in_author)
{
    for (cJSON *member = value->child; member != NULL; member = member->next) {
        const bool is_named = cJSON_IsObject(value) && member->string != NULL;
        if (is_named && varies(member, in_author)) {
            member->type = cJSON_NULL;
        } else {
            level(member, is_named && strcmp(member->string, "author") == 0);
        }
    }
}

bool same_message(const char *recorded, const char *received)
{
    cJSON *first = cJSON_Parse(recorded);
    cJSON *second = cJSON_Parse(received);
    bool same = first != NULL && second != NULL;
    if (same) {
        level(first, false);
        level(second, false);
        same = cJSON_Compare(first, second, true);
    }
    cJSON_Delete(first);
    cJSON_Delete(second);
    return same;
}

const char *event_of(const cJSON *message)
{
    const cJSON *event = cJSON_IsArray(message) ? cJSON_GetArrayItem(message, 3)
                                                : cJSON_GetObjectItem(message, "event");
    return cJSON_IsString(event) ? event->valuestring : "";
}

const cJSON *payload_of(const cJSON *message)
{
    return cJSON_IsArray(message) ? cJSON_GetArrayItem(message, 4)
                                  : cJSON_GetObjectItem(message, "payload");
}
