/* SPDX-License-Identifier: MIT */
/*
 * The server of longpoll_server.h.
 */
#include "longpoll_server.h"

#include <stdio.h>

#include "phoenix_answer.h"
#include "testing.h"

static void append(longpoll_server *server, const char *text, size_t length)
{
    size_t before = strlen(server->outbox);
    assert_true(before + length < sizeof server->outbox);
    memcpy(server->outbox + before, text, length);
    server->outbox[before + length] = '\0';
}

static void answer_frame(longpoll_server *server, const char *frame, size_t length)
{
    char text[PHOENIX_ANSWER_BYTES];
    assert_true(phoenix_answer(frame, length, text) > 0);
    append(server, server->outbox[0] == '\0' ? "\"" : ",\"", server->outbox[0] == '\0' ? 1 : 2);
    for (const char *c = text; *c != '\0'; c++) {
        append(server, "\\", *c == '"' || *c == '\\' ? 1 : 0);
        append(server, c, 1);
    }
    append(server, "\"", 1);
}

static void take_post(longpoll_server *server, const char *line)
{
    while (*line != '\0') {
        size_t length = strcspn(line, "\n");
        answer_frame(server, line, length);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
}

static void serve(void *user_data, const fake_request *request, fake_response *response)
{
    longpoll_server *server = user_data;
    char token[32];
    (void)snprintf(token, sizeof token, "&token=session%u", server->sessions);
    bool is_session = server->sessions > 0 && strstr(request->url, token) != NULL;
    bool is_post = strcmp(request->method, "POST") == 0;
    response->error.http_status = 200;
    if (is_post && is_session) {
        take_post(server, request->body);
    } else if (!is_post && !is_session) {
        server->sessions++;
        server->outbox[0] = '\0';
    }
    int status = !is_session ? 410 : is_post || server->outbox[0] != '\0' ? 200 : 204;
    if (is_post) {
        (void)snprintf(response->body, sizeof response->body, "{\"status\":%d}", status);
        return;
    }
    (void)snprintf(response->body, sizeof response->body,
                   "{\"status\":%d,\"token\":\"session%u\",\"messages\":[%s]}", status,
                   server->sessions, server->outbox);
    server->outbox[0] = '\0';
}

void longpoll_server_init(longpoll_server *server, fake_poller *poller)
{
    memset(server, 0, sizeof *server);
    fake_http_init(&server->http, poller, serve, server);
    server->http.down_ms = 500; /* no poll is answered at once */
}
