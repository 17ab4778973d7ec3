/* SPDX-License-Identifier: MIT */
/*
 * Long polls, request by request: how a session begins, waits, takes what is posted and ends.
 */
#include "calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOIN "[\"1\",\"1\",\"echo:a\",\"phx_join\",{}]"

static char session[256];

static int start_quick(void **state)
{
    static const char *const args[] = {"--db", ":memory:", "--control", "--window-ms", "100", NULL};
    (void)state;
    backend = backend_start(args);
    return 0;
}

static void request(const char *method, const char *query, const char *headers, const char *body)
{
    char path[1024];
    response_free(&answer);
    (void)snprintf(path, sizeof(path), "/community/longpoll?%s", query);
    http_call(backend.port, method, path, headers, body, strlen(body), &answer);
}

/* The status in the answer's JSON, or the HTTP status below zero if there is none. */
static int status(void)
{
    cJSON *json = cJSON_Parse(answer.body);
    const cJSON *member = cJSON_GetObjectItem(json, "status");
    const int value = cJSON_IsNumber(member) ? member->valueint : -answer.status;
    cJSON_Delete(json);
    return value;
}

static int messages(void)
{
    cJSON *json = cJSON_Parse(answer.body);
    const int count = cJSON_GetArraySize(cJSON_GetObjectItem(json, "messages"));
    cJSON_Delete(json);
    return count;
}

static void begin_session(void)
{
    request("GET", "token=tok-alice&vsn=2.0.0", "", "");
    assert_int_equal(status(), 410);
    cJSON *json = cJSON_Parse(answer.body);
    const cJSON *token = cJSON_GetObjectItem(json, "token");
    assert_true(cJSON_IsString(token));
    (void)snprintf(session, sizeof(session), "%s", token->valuestring);
    cJSON_Delete(json);
}

static int poll_once(void)
{
    char query[512];
    (void)snprintf(query, sizeof(query), "token=tok-alice&vsn=2.0.0&token=%s", session);
    request("GET", query, "", "");
    return status();
}

static int post(const char *body)
{
    char query[512];
    (void)snprintf(query, sizeof(query), "vsn=2.0.0&token=%s", session);
    request("POST", query, "Content-Type: application/x-ndjson\r\n", body);
    return status();
}

static void join(void)
{
    begin_session();
    assert_int_equal(post(JOIN), 200);
    assert_int_equal(poll_once(), 200);
    assert_int_equal(messages(), 1);
}

static void knows_who_asks(void **state)
{
    (void)state;
    request("GET", "vsn=2.0.0", "", "");
    assert_int_equal(status(), 403);
    request("GET", "vsn=9.0.0&token=tok-alice", "", "");
    assert_int_equal(status(), 403);
    request("GET", "vsn=2.0.0", "X-Phoenix-AuthToken: tok-alice\r\n", "");
    assert_int_equal(status(), 410);
    request("GET", "vsn=2.0.0", "X-Phoenix-AuthToken: nonsense\r\n", "");
    assert_int_equal(status(), 403);
    request("POST", "vsn=2.0.0&token=tok-alice", "", JOIN);
    assert_int_equal(status(), 410);
    request("PUT", "vsn=2.0.0&token=tok-alice", "", "");
    assert_int_equal(answer.status, 400);
    assert_int_equal(backend_fact(&backend, "longpolls"), 1);
}

static void takes_the_session_from_a_header_too(void **state)
{
    char header[512];
    (void)state;
    join();
    (void)snprintf(header, sizeof(header), "X-Phoenix-Longpoll-Token: %s\r\n", session);
    request("POST", "vsn=2.0.0&token=tok-alice", header, "[\"1\",\"2\",\"echo:a\",\"ping\",{}]");
    assert_int_equal(status(), 200);
    request("GET", "vsn=2.0.0&token=tok-alice", header, "");
    assert_int_equal(status(), 200);
    assert_int_equal(messages(), 1);
}

static void waits_a_window_for_messages(void **state)
{
    (void)state;
    join();
    const uint64_t before_ms = now_ms();
    assert_int_equal(poll_once(), 204);
    assert_true(now_ms() - before_ms >= 90);
    assert_int_equal(messages(), 0);
    assert_non_null(strstr(answer.body, session));
}

static void forgets_a_session_that_nobody_polls(void **state)
{
    (void)state;
    join();
    assert_int_equal(backend_fact(&backend, "sockets"), 1);
    backend_await(&backend, "sockets", 0);
    assert_int_equal(post(JOIN), 410);
    assert_int_equal(poll_once(), 403); /* the session's token is taken for the API's */
}

static void takes_a_hundred_lines(void **state)
{
    (void)state;
    char body[8192] = "";
    join();
    for (int i = 0; i < 101; i++) {
        (void)snprintf(body + strlen(body), sizeof(body) - strlen(body), "%s[\"1\",\"%d\",%s]",
                       i > 0 ? i % 2 == 0 ? "\n" : "\r\n" : "", i, "\"echo:a\",\"ping\",{}");
    }
    assert_int_equal(post(body), 200);
    assert_int_equal(poll_once(), 200);
    assert_int_equal(messages(), 100);
}

static void takes_binary_messages_as_base64(void **state)
{
    (void)state;
    join();
    /* 0, lengths 1 1 6 9, "1" "2" "echo:a" "broadcast", and a payload of printable bytes. */
    assert_int_equal(post("AAEBBgkxMmVjaG86YWJyb2FkY2FzdEhp"), 200);
    assert_int_equal(poll_once(), 200);
    assert_non_null(strstr(answer.body, "shout"));
    /* An answer that is no text is nothing that JSON can carry: Phoenix fails too. */
    assert_int_equal(post("AAEBBgkxM2VjaG86YWJyb2FkY2FzdP/+"), 200);
    assert_int_equal(poll_once(), -500);
}

static void ends_a_session_that_posts_nonsense(void **state)
{
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"[\"1\"", 408}, {"[1]", 408}, {"", 408}, {JOIN "\n", 408}, {"{\"not\":\"base64\"}", -500},
        {"AAE=", 408},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        join();
        assert_int_equal(post(cases[i].body), cases[i].status);
        assert_int_equal(post(JOIN), 410);
    }
}

static void answers_a_poll_when_its_session_ends(void **state)
{
    char line[512];
    (void)state;
    join();
    struct client client = client_connect(backend.port);
    struct response response = {0};
    (void)snprintf(line, sizeof(line),
                   "GET /community/longpoll?vsn=2.0.0&token=%s HTTP/1.1\r\nHost: x\r\n\r\n",
                   session);
    assert_true(client_send_text(&client, line));
    /* A second poll takes the first one's place. */
    struct client second = client_connect(backend.port);
    assert_true(client_send_text(&second, line));
    assert_true(client_response(&client, &response));
    assert_non_null(strstr(response.body, "\"status\":204"));
    response_free(&response);
    backend_control(&backend, "drop", "{}");
    assert_true(client_response(&second, &response));
    assert_non_null(strstr(response.body, "\"status\":204"));
    response_free(&response);
    /* The connection goes on, with its next request. */
    assert_true(client_send_text(&second, line));
    assert_true(client_response(&second, &response));
    assert_non_null(strstr(response.body, "\"status\":403"));
    response_free(&response);
    client_close(&client);
    client_close(&second);
}

static void outlives_a_poll_that_goes_away(void **state)
{
    char line[512];
    (void)state;
    join();
    struct client client = client_connect(backend.port);
    (void)snprintf(line, sizeof(line),
                   "GET /community/longpoll?vsn=2.0.0&token=%s HTTP/1.1\r\nHost: x\r\n\r\n",
                   session);
    const long before = backend_fact(&backend, "requests");
    assert_true(client_send_text(&client, line));
    backend_await(&backend, "requests", before + 2); /* it, and this question */
    client_close(&client);
    assert_int_equal(post("[\"1\",\"2\",\"echo:a\",\"ping\",{}]"), 200);
    assert_int_equal(poll_once(), 200);
    assert_int_equal(messages(), 1);
}

static void holds_everything_behind_a_slow_join(void **state)
{
    (void)state;
    join();
    backend_control(&backend, "slow_join", "{\"ms\":300}");
    assert_int_equal(post("[\"1\",\"1\",\"community:feed\",\"phx_join\",{}]\n"
                          "[null,\"2\",\"phoenix\",\"heartbeat\",{}]"),
                     200);
    backend_control(&backend, "broadcast", "{\"topic\":\"echo:a\",\"event\":\"tick\"}");
    int answered = 0;
    while ((answered = poll_once()) == 204) {
    }
    assert_int_equal(answered, 200);
    assert_int_equal(messages(), 3);
    assert_true(strstr(answer.body, "community:feed") < strstr(answer.body, "phoenix"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
#define QUICK_TEST(name) cmocka_unit_test_setup_teardown(name, start_quick, stop)
    const struct CMUnitTest tests[] = {
        TEST(knows_who_asks),
        TEST(takes_the_session_from_a_header_too),
        QUICK_TEST(waits_a_window_for_messages),
        QUICK_TEST(forgets_a_session_that_nobody_polls),
        TEST(takes_a_hundred_lines),
        TEST(takes_binary_messages_as_base64),
        TEST(ends_a_session_that_posts_nonsense),
        TEST(answers_a_poll_when_its_session_ends),
        TEST(outlives_a_poll_that_goes_away),
        QUICK_TEST(holds_everything_behind_a_slow_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
