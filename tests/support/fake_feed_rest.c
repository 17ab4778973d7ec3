/* SPDX-License-Identifier: MIT */
/*
 * The REST side of the fake feed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fake_feed.h"
#include "testing.h"

static void answer(fake_response *response, int32_t http_status, const char *body)
{
    response->error.http_status = http_status;
    (void)snprintf(response->body, sizeof response->body, "%s", body);
}

static size_t index_of(const fake_feed *feed, unsigned long id)
{
    size_t index = 0;
    while (index < feed->count && feed->posts[index].id != id) {
        index++;
    }
    return index;
}

static void list(const fake_feed *feed, const char *query, fake_response *response)
{
    const char *limit_text = strstr(query, "limit=");
    const char *before_text = strstr(query, "before=");
    size_t limit = limit_text == NULL ? 20 : strtoul(limit_text + 6, NULL, 10);
    size_t first = 0;
    if (before_text != NULL) {
        first = index_of(feed, strtoul(before_text + 7, NULL, 10)) + 1;
        if (first > feed->count) {
            answer(response, 404, "{\"errors\":{\"detail\":\"no such post\"}}");
            return;
        }
    }
    size_t length = (size_t)snprintf(response->body, sizeof response->body, "{\"data\":[");
    for (size_t i = first; i < feed->count && i < first + limit; i++) {
        response->body[length] = ',';
        length += i == first ? 0 : 1;
        length += (size_t)fake_feed_post_json(&feed->posts[i], response->body + length,
                                              sizeof response->body - length);
    }
    (void)snprintf(response->body + length, sizeof response->body - length, "]}");
    response->error.http_status = 200;
}

static void answer_post(const fake_feed *feed, size_t index, int32_t http_status,
                        fake_response *response)
{
    char json[4096];
    (void)fake_feed_post_json(&feed->posts[index], json, sizeof json);
    response->error.http_status = http_status;
    (void)snprintf(response->body, sizeof response->body, "{\"data\":%s}", json);
}

/* The text of {"body":"..."}; tests write none that needs escapes. */
static const char *body_text(const fake_request *request, char *out, size_t capacity)
{
    out[0] = '\0';
    if (strncmp(request->body, "{\"body\":\"", 9) == 0) {
        (void)snprintf(out, capacity, "%.*s", (int)strcspn(request->body + 9, "\""),
                       request->body + 9);
    }
    return out;
}

static void change(fake_feed *feed, const fake_request *request, const char *path,
                   fake_response *response)
{
    char text[48];
    (void)body_text(request, text, sizeof text);
    char *rest = NULL;
    size_t index = index_of(feed, strtoul(path, &rest, 10));
    if (index == feed->count) {
        answer(response, 404, "{\"errors\":{\"detail\":\"no such post\"}}");
    } else if (strcmp(request->method, "PUT") == 0) {
        fake_feed_edit(feed, index, text);
        answer_post(feed, index, 200, response);
    } else if (strcmp(rest, "/like") == 0) {
        if (feed->rest_user_id != 0) {
            fake_feed_toggle_like(feed, index);
        } else {
            fake_feed_like(feed, index);
        }
        answer_post(feed, index, 200, response);
    } else if (strcmp(rest, "/comments") == 0) {
        fake_feed_comment(feed, index);
        answer(response, 201, "{\"data\":{\"id\":7,\"body\":\"a comment\"}}");
    } else if (strncmp(rest, "/comments/", 10) == 0) {
        response->error.http_status = 204;
    } else if (strcmp(request->method, "DELETE") == 0) {
        fake_feed_delete(feed, index);
        response->error.http_status = 204;
    }
}

static bool is_failing(fake_feed *feed, fake_response *response)
{
    if (feed->rest_status == 0) {
        return false;
    }
    answer(response, feed->rest_status, feed->rest_body != NULL ? feed->rest_body : "");
    response->error.retry_after_ms = feed->rest_retry_after_ms;
    if (feed->rest_failures_left > 0 && --feed->rest_failures_left == 0) {
        feed->rest_status = 0;
    }
    return true;
}

void fake_feed_serve(void *user_data, const fake_request *request, fake_response *response)
{
    fake_feed *feed = user_data;
    char expected[128];
    (void)snprintf(expected, sizeof expected, "Bearer %s", feed->token);
    const char *path = strstr(request->url, "/posts");
    if (feed->is_down) {
        response->error.status = PHX_ERROR_CONNECTION_REFUSED;
        response->is_unsent = true;
    } else if (strcmp(request->authorization, expected) != 0) {
        answer(response, 401, "{\"error\":\"who are you\"}");
    } else if (is_failing(feed, response)) {
        return;
    } else if (path == NULL) {
        answer(response, 404, "");
    } else if (strcmp(request->method, "GET") == 0) {
        list(feed, path, response);
    } else if (path[6] == '\0') {
        char text[48];
        (void)fake_feed_create(feed, body_text(request, text, sizeof text));
        answer_post(feed, 0, 201, response);
    } else {
        change(feed, request, path + 7, response);
    }
}
