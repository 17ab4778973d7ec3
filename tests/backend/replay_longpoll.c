/* SPDX-License-Identifier: MIT */
/*
 * Answers are compared as JSON: the status, the messages one by one, and whether there is a token.
 */
#include "replay_longpoll.h"

#include "compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *value = cJSON_GetObjectItem(object, name);
    return cJSON_IsString(value) ? value->valuestring : "";
}

static void compose_path(const struct replay *replay, const char *query, char *out, size_t size)
{
    const char *found =
        replay->session_recorded[0] != '\0' ? strstr(query, replay->session_recorded) : NULL;
    const int before = found != NULL ? (int)(found - query) : (int)strlen(query);
    (void)snprintf(out, size, "/community/longpoll?%.*s%s%s", before, query,
                   found != NULL ? replay->session : "",
                   found != NULL ? found + strlen(replay->session_recorded) : "");
}

static bool same_messages(const cJSON *recorded, const cJSON *received)
{
    const int count = cJSON_GetArraySize(recorded);
    bool same = (recorded == NULL) == (received == NULL) && cJSON_GetArraySize(received) == count;
    for (int i = 0; same && i < count; i++) {
        const cJSON *first = cJSON_GetArrayItem(recorded, i);
        const cJSON *second = cJSON_GetArrayItem(received, i);
        same = cJSON_IsString(second) && same_message(first->valuestring, second->valuestring);
    }
    return same;
}

static bool same_answer(struct replay *replay, const cJSON *recorded, const cJSON *received)
{
    const char *token = text_of(received, "token");
    if (cJSON_GetNumberValue(cJSON_GetObjectItem(recorded, "status")) !=
            cJSON_GetNumberValue(cJSON_GetObjectItem(received, "status")) ||
        !same_messages(cJSON_GetObjectItem(recorded, "messages"),
                       cJSON_GetObjectItem(received, "messages")) ||
        (text_of(recorded, "token")[0] != '\0') != (token[0] != '\0')) {
        return false;
    }
    if (token[0] != '\0') {
        (void)snprintf(replay->session_recorded, sizeof(replay->session_recorded), "%s",
                       text_of(recorded, "token"));
        (void)snprintf(replay->session, sizeof(replay->session), "%s", token);
    }
    return true;
}

bool replay_longpoll(struct replay *replay, const cJSON *record)
{
    char path[2048];
    char headers[128] = "";
    const char *type = text_of(record, "content_type");
    const char *body = text_of(record, "body");
    struct response response = {0};
    compose_path(replay, text_of(record, "query"), path, sizeof(path));
    if (type[0] != '\0') {
        (void)snprintf(headers, sizeof(headers), "Content-Type: %s\r\n", type);
    }
    http_call(replay->backend->port, text_of(record, "method"), path, headers, body, strlen(body),
              &response);
    cJSON *recorded = cJSON_Parse(text_of(record, "response"));
    cJSON *received = cJSON_Parse(response.body);
    const bool same =
        response.status == (int)cJSON_GetNumberValue(cJSON_GetObjectItem(record, "status")) &&
        recorded != NULL && received != NULL && same_answer(replay, recorded, received);
    if (!same) {
        (void)snprintf(replay->fault, sizeof(replay->fault), "expected %.800s\ngot %d %.800s",
                       text_of(record, "response"), response.status, response.body);
    }
    cJSON_Delete(recorded);
    cJSON_Delete(received);
    response_free(&response);
    return same;
}
