/* SPDX-License-Identifier: MIT */
/*
 * The REST API over real HTTP: each call, each error, retries under an idempotency key, paging,
 * and bodies of every kind. Each test has a fresh backend.
 */
#include "calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UUID "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z"

static void assert_matches(const char *text, const char *pattern)
{
    regex_t regex;
    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    const int found = regexec(&regex, text, 0, NULL, 0);
    regfree(&regex);
    if (found != 0) {
        fail_msg("%s does not match %s", text, pattern);
    }
}

static void creates_a_post_as_the_contract_writes_it(void **state)
{
    (void)state;
    assert_int_equal(call("bob", "POST", POSTS, "{\"body\":\"hello\"}"), 201);
    assert_matches(answer.body,
                   "^\\{\"data\":\\{\"author\":\\{\"avatar_url\":\"https://[^\"]+\",\"id\":2,"
                   "\"name\":\"Bob\"\\},\"body\":\"hello\",\"comments_count\":0,\"id\":\"" UUID
                   "\",\"inserted_at\":\"" TIME "\",\"liked_by_user_ids\":\\[\\],"
                   "\"likes_count\":0,\"updated_at\":\"" TIME "\"\\}\\}$");
}

/* Beyond 2^53 too, where a double would not tell neighbours apart. */
static void numbers_posts_if_asked_to(void **state)
{
    static const char *const args[] = {"--db", ":memory:", "--int-ids", "9007199254740993", NULL};
    (void)state;
    backend = backend_start(args);
    assert_int_equal(call("bob", "POST", POSTS, "{\"body\":\"one\"}"), 201);
    assert_non_null(strstr(answer.body, "\"id\":9007199254740993,"));
    assert_int_equal(call("bob", "DELETE", POSTS "/9007199254740993", ""), 204);
    assert_int_equal(call("bob", "POST", POSTS, "{\"body\":\"two\"}"), 201);
    assert_int_equal(call("bob", "GET", POSTS "?before=9007199254740993", ""), 200);
    assert_string_equal(listed(), "");
    assert_int_equal(call("bob", "POST", POSTS "/9007199254740994/comments", "{\"body\":\"c\"}"),
                     201);
    assert_non_null(strstr(answer.body, "\"post_id\":9007199254740994"));
    (void)stop(state);
}

static void lists_newest_first(void **state)
{
    char path[64];
    (void)state;
    assert_int_equal(call("alice", "GET", POSTS, ""), 200);
    assert_string_equal(answer.body, "{\"data\":[]}");
    create("bob", "one", path);
    create("alice", "two", path);
    assert_int_equal(call("dave", "GET", POSTS, ""), 200);
    assert_string_equal(listed(), "two,one");
    assert_int_equal(call("dave", "GET", path, ""), 200);
    assert_string_equal(data_text("body"), "two");
}

static void pages_to_the_end(void **state)
{
    char path[64];
    char query[128] = POSTS "?limit=3";
    char seen[256] = "";
    (void)state;
    for (int i = 0; i < 8; i++) {
        char body[16];
        (void)snprintf(body, sizeof(body), "%d", i);
        create("bob", body, path);
    }
    int pages = 0;
    for (;; pages++) {
        assert_int_equal(call("alice", "GET", query, ""), 200);
        if (strcmp(listed(), "") == 0) {
            break;
        }
        (void)strcat(strcat(seen, listed()), ";");
        cJSON *json = cJSON_Parse(answer.body);
        const cJSON *data = cJSON_GetObjectItem(json, "data");
        const cJSON *last = cJSON_GetArrayItem(data, cJSON_GetArraySize(data) - 1);
        (void)snprintf(query, sizeof(query), POSTS "?limit=3&before=%s",
                       cJSON_GetObjectItem(last, "id")->valuestring);
        cJSON_Delete(json);
    }
    assert_int_equal(pages, 3);
    assert_string_equal(seen, "7,6,5;4,3,2;1,0;");
}

static void a_page_may_begin_after_a_deleted_post(void **state)
{
    char first[64];
    char second[64];
    char query[128];
    (void)state;
    create("bob", "one", first);
    create("bob", "two", second);
    assert_int_equal(call("bob", "DELETE", second, ""), 204);
    (void)snprintf(query, sizeof(query), POSTS "?before=%s", strrchr(second, '/') + 1);
    assert_int_equal(call("bob", "GET", query, ""), 200);
    assert_string_equal(listed(), "one");
    assert_int_equal(call("bob", "GET", POSTS "?before=nosuch", ""), 404);
}

static void refuses_a_bad_limit(void **state)
{
    static const char *const limits[] = {"0", "-1", "x", "", "1.5", "99999999999999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), POSTS "?limit=%s", limits[i]);
        assert_int_equal(call("bob", "GET", path, ""), 422);
        assert_string_equal(answer.body, "{\"errors\":{\"limit\":[\"is invalid\"]}}");
    }
}

static void edits_and_deletes_for_the_author_only(void **state)
{
    char path[64];
    char created[64];
    (void)state;
    create("bob", "one", path);
    (void)snprintf(created, sizeof(created), "%.60s", data_text("inserted_at"));
    assert_int_equal(call("alice", "PUT", path, "{\"body\":\"mine\"}"), 403);
    assert_int_equal(call("alice", "DELETE", path, ""), 403);
    assert_int_equal(call("bob", "PUT", path, "{\"body\":\"two\"}"), 200);
    assert_string_equal(data_text("body"), "two");
    assert_string_equal(data_text("inserted_at"), created);
    assert_string_not_equal(data_text("updated_at"), created);
    assert_int_equal(call("bob", "PATCH", path, "{\"body\":\"three\"}"), 200);
    assert_string_equal(data_text("body"), "three");
    assert_int_equal(call("bob", "DELETE", path, ""), 204);
    assert_int_equal(answer.body_len, 0);
    assert_int_equal(call("bob", "DELETE", path, ""), 404);
    assert_int_equal(call("bob", "PUT", path, "{\"body\":\"four\"}"), 404);
    assert_int_equal(call("bob", "GET", POSTS, ""), 200);
    assert_string_equal(answer.body, "{\"data\":[]}");
}

static void toggles_likes(void **state)
{
    char path[64];
    char like[80];
    (void)state;
    create("bob", "one", path);
    (void)snprintf(like, sizeof(like), "%s/like", path);
    assert_int_equal(call("dave", "POST", like, ""), 200);
    assert_int_equal(call("alice", "POST", like, ""), 200);
    assert_non_null(strstr(answer.body, "\"liked_by_user_ids\":[4,1],\"likes_count\":2"));
    assert_int_equal(call("dave", "POST", like, ""), 200);
    assert_non_null(strstr(answer.body, "\"liked_by_user_ids\":[1],\"likes_count\":1"));
    assert_int_equal(call("dave", "POST", POSTS "/nosuch/like", ""), 404);
}

static void adds_and_deletes_comments(void **state)
{
    char path[64];
    char comments[80];
    char comment[160];
    (void)state;
    create("bob", "one", path);
    (void)snprintf(comments, sizeof(comments), "%s/comments", path);
    assert_int_equal(call("alice", "POST", comments, "{\"body\":\"well\"}"), 201);
    assert_string_equal(data_text("body"), "well");
    assert_string_equal(data_text("post_id"), strrchr(path, '/') + 1);
    (void)snprintf(comment, sizeof(comment), "%s/%.40s", comments, data_text("id"));
    assert_int_equal(call("bob", "GET", path, ""), 200);
    assert_non_null(strstr(answer.body, "\"comments_count\":1"));
    assert_int_equal(call("bob", "DELETE", comment, ""), 403);
    assert_int_equal(call("alice", "DELETE", comment, ""), 204);
    assert_int_equal(call("alice", "DELETE", comment, ""), 404);
    assert_int_equal(call("bob", "POST", POSTS "/nosuch/comments", "{\"body\":\"x\"}"), 404);
    assert_int_equal(call("bob", "POST", comments, "{\"body\":\" \"}"), 422);
}

static void refuses_who_may_not(void **state)
{
    (void)state;
    assert_int_equal(call("carol", "GET", POSTS, ""), 403);
    assert_int_equal(call("carol", "POST", POSTS, "{\"body\":\"x\"}"), 403);
    assert_int_equal(call("nobody", "GET", POSTS, ""), 401);
    assert_string_equal(answer.body, "{\"errors\":{\"detail\":\"Unauthorized\"}}");
    static const char *const headers[] = {"", "Authorization: Basic tok-bob\r\n",
                                          "Authorization: tok-bob\r\n",
                                          "Authorization: Bearer\r\n"};
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        response_free(&answer);
        http_call(backend.port, "GET", POSTS, headers[i], "", 0, &answer);
        assert_int_equal(answer.status, 401);
    }
}

static void refuses_what_is_not_there(void **state)
{
    static const struct {
        const char *method;
        const char *path;
    } calls[] = {
        {"GET", "/api/community/users"},
        {"GET", POSTS "/nosuch"},
        {"PUT", POSTS},
        {"DELETE", POSTS "/nosuch"},
        {"GET", "/api/community/"},
        {"POST", POSTS "/x/comments/y"},
        {"DELETE", POSTS "/x/comments/y/z"},
        {"GET", "/"},
        {"GET", "/control"},
        {"BREW", POSTS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        assert_int_equal(call("bob", calls[i].method, calls[i].path, ""), 404);
        assert_string_equal(answer.body, "{\"errors\":{\"detail\":\"Not Found\"}}");
    }
}

static void refuses_bad_bodies(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *answer;
    } bodies[] = {
        {"", 422, "{\"errors\":{\"body\":[\"can't be blank\"]}}"},
        {"{}", 422, "{\"errors\":{\"body\":[\"can't be blank\"]}}"},
        {"[]", 422, "{\"errors\":{\"body\":[\"can't be blank\"]}}"},
        {"{\"body\":null}", 422, "{\"errors\":{\"body\":[\"can't be blank\"]}}"},
        {"{\"body\":\" \\n\\t\"}", 422, "{\"errors\":{\"body\":[\"can't be blank\"]}}"},
        {"{\"body\":7}", 422, "{\"errors\":{\"body\":[\"is invalid\"]}}"},
        {"{\"body\":\"x\"", 400, "{\"errors\":{\"detail\":\"Bad Request\"}}"},
        {"{\"body\":\"x\"} 1", 400, "{\"errors\":{\"detail\":\"Bad Request\"}}"},
        {"{\"body\":\"\\ud800\"}", 400, "{\"errors\":{\"detail\":\"Bad Request\"}}"},
        {"{\"body\":\"\\ud800\\u0041\"}", 400, "{\"errors\":{\"detail\":\"Bad Request\"}}"},
        {"{\"body\":\"\\udc00 tail\"}", 400, "{\"errors\":{\"detail\":\"Bad Request\"}}"},
        {"{\"body\":\"\xff\"}", 400, "{\"errors\":{\"detail\":\"Bad Request\"}}"},
        {"{\"body\":\"\xed\xa0\x80\"}", 400, "{\"errors\":{\"detail\":\"Bad Request\"}}"},
        {"{\"body\":\"\n\"}", 400, "{\"errors\":{\"detail\":\"Bad Request\"}}"},
        {"{\"body\":01}", 400, "{\"errors\":{\"detail\":\"Bad Request\"}}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(call("bob", "POST", POSTS, bodies[i].body), bodies[i].status);
        assert_string_equal(answer.body, bodies[i].answer);
    }
}

static void keeps_any_text_exactly(void **state)
{
    char path[64];
    (void)state;
    assert_int_equal(call("bob", "POST", POSTS,
                          "{\"b\\u006fdy\":\"\\u0000a\\u0000\\ud83d\\udc4b "
                          "Gr\xc3\xbc\xc3\x9f\\u0065 \\/\\\"\\\\\\b"
                          "\xe2\x80\xa8\"}"),
                     201);
    const char *kept = "\"body\":\"\\u0000a\\u0000\xf0\x9f\x91\x8b Gr\xc3\xbc\xc3\x9f"
                       "e /\\\"\\\\\\u0008\xe2\x80\xa8\"";
    assert_non_null(strstr(answer.body, kept));
    (void)snprintf(path, sizeof(path), POSTS "/%.40s", data_text("id"));
    assert_int_equal(call("alice", "GET", path, ""), 200);
    assert_non_null(strstr(answer.body, kept));
}

static void takes_large_bodies_up_to_the_limit(void **state)
{
    enum {
        LARGE = 1000000,
        LIMIT = 8000000
    };
    (void)state;
    char *body = malloc(LIMIT + 2);
    memset(body, 'x', LIMIT + 1);
    memcpy(body, "{\"body\":\"", 9);
    memcpy(body + LARGE - 2, "\"}", 3);
    assert_int_equal(call("bob", "POST", POSTS, body), 201);
    assert_true(answer.body_len > LARGE);
    memset(body + LARGE - 2, 'x', 3);
    memcpy(body + LIMIT - 1, "\"}", 3);
    assert_int_equal(call("bob", "POST", POSTS, body), 413);
    assert_string_equal(answer.body, "{\"errors\":{\"detail\":\"Request Entity Too Large\"}}");
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(creates_a_post_as_the_contract_writes_it, start, stop),
        cmocka_unit_test(numbers_posts_if_asked_to),
        cmocka_unit_test_setup_teardown(lists_newest_first, start, stop),
        cmocka_unit_test_setup_teardown(pages_to_the_end, start, stop),
        cmocka_unit_test_setup_teardown(a_page_may_begin_after_a_deleted_post, start, stop),
        cmocka_unit_test_setup_teardown(refuses_a_bad_limit, start, stop),
        cmocka_unit_test_setup_teardown(edits_and_deletes_for_the_author_only, start, stop),
        cmocka_unit_test_setup_teardown(toggles_likes, start, stop),
        cmocka_unit_test_setup_teardown(adds_and_deletes_comments, start, stop),
        cmocka_unit_test_setup_teardown(refuses_who_may_not, start, stop),
        cmocka_unit_test_setup_teardown(refuses_what_is_not_there, start, stop),
        cmocka_unit_test_setup_teardown(refuses_bad_bodies, start, stop),
        cmocka_unit_test_setup_teardown(keeps_any_text_exactly, start, stop),
        cmocka_unit_test_setup_teardown(takes_large_bodies_up_to_the_limit, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
