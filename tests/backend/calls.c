/* SPDX-License-Identifier: MIT */
/*
 * The REST calls of calls.h.
 */
#include "calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

struct backend backend;
struct response answer;

int start(void **state)
{
    static const char *const args[] = {"--db", ":memory:", "--control", NULL};
    (void)state;
    backend = backend_start(args);
    return 0;
}

int stop(void **state)
{
    (void)state;
    response_free(&answer);
    backend_stop(&backend);
    return 0;
}

int call_with_key(const char *user, const char *method, const char *path, const char *body,
                  const char *key)
{
    char headers[512];
    response_free(&answer);
    (void)snprintf(headers, sizeof(headers), "Authorization: Bearer tok-%s\r\n%s%s%s", user,
                   key != NULL ? "Idempotency-Key: " : "", key != NULL ? key : "",
                   key != NULL ? "\r\n" : "");
    http_call(backend.port, method, path, headers, body, strlen(body), &answer);
    return answer.status;
}

int call(const char *user, const char *method, const char *path, const char *body)
{
    return call_with_key(user, method, path, body, NULL);
}

const char *data_text(const char *name)
{
    static char text[256];
    cJSON *json = cJSON_Parse(answer.body);
    const cJSON *member = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "data"), name);
    (void)snprintf(text, sizeof(text), "%s", cJSON_IsString(member) ? member->valuestring : "?");
    cJSON_Delete(json);
    return text;
}

const char *listed(void)
{
    static char text[4096];
    cJSON *json = cJSON_Parse(answer.body);
    const cJSON *post = NULL;
    text[0] = '\0';
    cJSON_ArrayForEach(post, cJSON_GetObjectItem(json, "data"))
    {
        const size_t len = strlen(text);
        (void)snprintf(text + len, sizeof(text) - len, "%s%s", len > 0 ? "," : "",
                       cJSON_GetObjectItem(post, "body")->valuestring);
    }
    cJSON_Delete(json);
    return text;
}

void create(const char *user, const char *body, char out_path[64])
{
    char json[256];
    (void)snprintf(json, sizeof(json), "{\"body\":\"%s\"}", body);
    assert_int_equal(call(user, "POST", POSTS, json), 201);
    (void)snprintf(out_path, 64, POSTS "/%.40s", data_text("id"));
}
