/* SPDX-License-Identifier: MIT */
/*
 * REST requests as they are sent, and answers as they are understood.
 */
#include "community/rest_call.h"
#include "failing_allocator.h"
#include "support/alloc.h"
#include "testing.h"

#define SLICE(text)            \
    {                          \
        text, sizeof(text) - 1 \
    }

static void test_each_request(void **state)
{
    (void)state;
    static const struct {
        communityi_call call;
        const char *method;
        const char *url;
        const char *body;
        bool is_write;
    } cases[] = {
        {{.kind = COMMUNITYI_CALL_LIST_POSTS, .limit = 50}, "GET", "/posts?limit=50", "", false},
        {{.kind = COMMUNITYI_CALL_LIST_POSTS, .limit = 7, .post_id = SLICE("a&b=c")},
         "GET",
         "/posts?limit=7&before=a%26b%3Dc",
         "",
         false},
        {{.kind = COMMUNITYI_CALL_CREATE_POST, .text = SLICE("a \"quote\"\n\xc3\xbc")},
         "POST",
         "/posts",
         "{\"body\":\"a \\\"quote\\\"\\n\xc3\xbc\"}",
         true},
        {{.kind = COMMUNITYI_CALL_EDIT_POST,
          .post_id = SLICE("9007199254740993"),
          .text = SLICE("x")},
         "PUT",
         "/posts/9007199254740993",
         "{\"body\":\"x\"}",
         true},
        {{.kind = COMMUNITYI_CALL_DELETE_POST, .post_id = SLICE("../admin?x#y")},
         "DELETE",
         "/posts/..%2Fadmin%3Fx%23y",
         "",
         true},
        {{.kind = COMMUNITYI_CALL_TOGGLE_LIKE, .post_id = SLICE("P")},
         "POST",
         "/posts/P/like",
         "",
         true},
        {{.kind = COMMUNITYI_CALL_CREATE_COMMENT, .post_id = SLICE("1"), .text = SLICE("hi")},
         "POST",
         "/posts/1/comments",
         "{\"body\":\"hi\"}",
         true},
        {{.kind = COMMUNITYI_CALL_DELETE_COMMENT,
          .post_id = SLICE("1"),
          .comment_id = SLICE("\xc3\xbc")},
         "DELETE",
         "/posts/1/comments/%C3%BC",
         "",
         true},
    };
    static const char *const bases[] = {"https://h/api", "https://h/api/"};
    for (size_t i = 0; i < COUNT_OF(cases) * 2; i++) {
        char expected[256] = "https://h/api";
        strcat(expected, cases[i / 2].url);
        phxi_buffer url;
        phxi_buffer body;
        phxi_buffer_init(&url, &phxi_default_allocator, 1000);
        phxi_buffer_init(&body, &phxi_default_allocator, 1000);
        const communityi_call *call = &cases[i / 2].call;
        assert_int_equal(communityi_rest_compose(call, bases[i % 2], &url, &body), PHX_OK);
        assert_string_equal((const char *)url.data, expected);
        assert_bytes(body.data, body.length, cases[i / 2].body, strlen(cases[i / 2].body));
        assert_string_equal(communityi_rest_method(call->kind), cases[i / 2].method);
        assert_int_equal(communityi_rest_is_write(call->kind), cases[i / 2].is_write);
        phxi_buffer_free(&url);
        phxi_buffer_free(&body);
    }
}

static void test_base_of_slashes_is_an_empty_one(void **state)
{
    (void)state;
    const communityi_call call = {.kind = COMMUNITYI_CALL_CREATE_POST, .text = SLICE("x")};
    static const char *const bases[] = {"", "/", "//"};
    for (size_t i = 0; i < COUNT_OF(bases); i++) {
        phxi_buffer url;
        phxi_buffer body;
        phxi_buffer_init(&url, &phxi_default_allocator, 1000);
        phxi_buffer_init(&body, &phxi_default_allocator, 1000);
        assert_int_equal(communityi_rest_compose(&call, bases[i], &url, &body), PHX_OK);
        assert_string_equal((const char *)url.data, "/posts");
        phxi_buffer_free(&url);
        phxi_buffer_free(&body);
    }
}

static void test_authorization(void **state)
{
    (void)state;
    phxi_buffer out;
    phxi_buffer_init(&out, &phxi_default_allocator, 1000);
    static const char *const bad[] = {"", "a b", "a\r\nX: y", "a\x7f", "\xc3\xbc"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(communityi_rest_authorization(bad[i], strlen(bad[i]), &out),
                         PHX_ERROR_KEYCHAIN);
        assert_int_equal(out.length, 0);
    }
    assert_int_equal(communityi_rest_authorization("a\0b", 3, &out), PHX_ERROR_KEYCHAIN);
    assert_int_equal(communityi_rest_authorization("tok-1.2_3~", 10, &out), PHX_OK);
    assert_string_equal((const char *)out.data, "Bearer tok-1.2_3~");
    phxi_buffer_free(&out);
}

static void test_key_text(void **state)
{
    (void)state;
    uint8_t key[COMMUNITYI_KEY_BYTES];
    char text[COMMUNITYI_KEY_TEXT_BYTES];
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)(i * 17);
    }
    communityi_rest_key_text(key, text);
    assert_string_equal(text, "00112233445566778899aabbccddeeff");
}

static void interpret(communityi_answer *answer, communityi_call_kind kind, int32_t http_status,
                      const char *body)
{
    const phx_http_response response = {
        .error = {.status = PHX_OK, .http_status = http_status, .retry_after_ms = 3000},
        .was_sent = true,
        .body = (const uint8_t *)body,
        .body_length = strlen(body),
    };
    communityi_rest_interpret(&phxi_default_allocator, kind, &response, answer);
}

static void test_every_http_status(void **state)
{
    (void)state;
    for (int32_t http_status = 100; http_status < 700; http_status++) {
        phx_status expected = PHX_ERROR_REFUSED;
        if (http_status >= 200 && http_status <= 299) {
            expected = PHX_OK;
        } else if (http_status >= 500 && http_status <= 599) {
            expected = PHX_ERROR_SERVER;
        } else if (http_status == 401) {
            expected = PHX_ERROR_UNAUTHORIZED;
        } else if (http_status == 403) {
            expected = PHX_ERROR_FORBIDDEN;
        } else if (http_status == 404 || http_status == 410) {
            expected = PHX_ERROR_NOT_FOUND;
        } else if (http_status == 400 || http_status == 409 || http_status == 413 ||
                   http_status == 422) {
            expected = PHX_ERROR_INVALID_REQUEST;
        } else if (http_status == 429) {
            expected = PHX_ERROR_RATE_LIMITED;
        }
        communityi_answer answer;
        interpret(&answer, COMMUNITYI_CALL_DELETE_POST, http_status, "");
        assert_int_equal(answer.result.error.status, expected);
        assert_int_equal(answer.result.error.http_status, http_status);
        assert_int_equal(answer.result.error.retry_after_ms, 3000);
        assert_int_equal(answer.result.is_outcome_unknown, expected == PHX_ERROR_SERVER);
        communityi_answer_free(&phxi_default_allocator, &answer);
    }
}

static void test_error_texts(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *message;
    } cases[] = {
        {"{\"error\":\"too long\"}", "too long"},
        {"{\"errors\":{\"detail\":\"Not Found\"}}", "Not Found"},
        {"{\"errors\":{\"body\":[\"can't be blank\"]}}", "body can't be blank"},
        {"<html>", NULL},
        {"", NULL},
        {"{\"error\":7}", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        communityi_answer answer;
        interpret(&answer, COMMUNITYI_CALL_CREATE_POST, 422, cases[i].body);
        const char *expected = cases[i].message != NULL
                                   ? cases[i].message
                                   : phx_status_message(PHX_ERROR_INVALID_REQUEST);
        assert_string_equal(answer.result.error.message, expected);
        assert_slice(answer.result.body, cases[i].body);
        communityi_answer_free(&phxi_default_allocator, &answer);
    }
}

static void test_forms_of_a_list(void **state)
{
    (void)state;
    static const char *const forms[] = {"[{\"id\":2},{\"id\":\"x\"}]",
                                        "{\"data\":[{\"id\":2},{\"id\":\"x\"}]}",
                                        "{\"posts\":[{\"id\":2},{\"id\":\"x\"}],\"next\":null}"};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        communityi_answer answer;
        interpret(&answer, COMMUNITYI_CALL_LIST_POSTS, 200, forms[i]);
        assert_int_equal(answer.result.error.status, PHX_OK);
        assert_int_equal(answer.result.post_count, 2);
        assert_slice(answer.result.posts[0]->id, "2");
        assert_slice(answer.result.posts[1]->id, "x");
        communityi_answer_free(&phxi_default_allocator, &answer);
        communityi_answer_free(&phxi_default_allocator, &answer); /* nothing is left to free */
    }
    static const char *const bad[] = {"", "{}", "7", "[{\"id\":2},{}]", "{\"data\":7}"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        communityi_answer answer;
        interpret(&answer, COMMUNITYI_CALL_LIST_POSTS, 200, bad[i]);
        assert_int_equal(answer.result.error.status, PHX_ERROR_UNEXPECTED_RESPONSE);
        assert_int_equal(answer.result.post_count, 0);
        assert_non_null(answer.result.error.message);
        assert_slice(answer.result.body, bad[i]);
        communityi_answer_free(&phxi_default_allocator, &answer);
    }
}

static void test_forms_of_a_written_post(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool has_post;
    } cases[] = {
        {"{\"data\":{\"id\":2}}", true},
        {"{\"post\":{\"id\":2}}", true},
        {"{\"id\":2}", true},
        {"", false},
        {"ok", false},
        {"{}", false},
        {"[]", false},
        {"{\"data\":{}}", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        communityi_answer answer;
        interpret(&answer, COMMUNITYI_CALL_CREATE_POST, 201, cases[i].body);
        assert_int_equal(answer.result.error.status, PHX_OK);
        assert_int_equal(answer.result.post != NULL, cases[i].has_post);
        assert_null(answer.result.posts);
        communityi_answer_free(&phxi_default_allocator, &answer);
    }
}

static void test_no_answer(void **state)
{
    (void)state;
    for (int was_sent = 0; was_sent <= 1; was_sent++) {
        for (int kind = 0; kind < COMMUNITYI_CALL_KIND_COUNT; kind++) {
            const phx_http_response response = {
                .error = {.status = PHX_ERROR_TIMEOUT, .os_code = 110, .message = "too slow"},
                .was_sent = was_sent != 0,
                .body = (const uint8_t *)"",
            };
            communityi_answer answer;
            communityi_rest_interpret(&phxi_default_allocator, (communityi_call_kind)kind,
                                      &response, &answer);
            assert_int_equal(answer.result.error.status, PHX_ERROR_TIMEOUT);
            assert_int_equal(answer.result.error.os_code, 110);
            assert_string_equal(answer.result.error.message, "too slow");
            assert_int_equal(answer.result.is_outcome_unknown,
                             was_sent != 0 && kind != COMMUNITYI_CALL_LIST_POSTS);
            communityi_answer_free(&phxi_default_allocator, &answer);
        }
    }
}

static void compose_and_interpret(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    const communityi_call call = {
        .kind = COMMUNITYI_CALL_EDIT_POST, .post_id = SLICE("1"), .text = SLICE("some text")};
    phxi_buffer url;
    phxi_buffer body;
    phxi_buffer_init(&url, &allocator->port, 1000);
    phxi_buffer_init(&body, &allocator->port, 1000);
    phx_status status = communityi_rest_compose(&call, "https://h/api", &url, &body);
    assert_true(status == PHX_OK || allocator->refused > 0);
    phxi_buffer_free(&url);
    phxi_buffer_free(&body);

    static const char list[] = "[{\"id\":1},{\"id\":2}]";
    const phx_http_response response = {.error = {.http_status = 200},
                                        .body = (const uint8_t *)list,
                                        .body_length = sizeof list - 1};
    communityi_answer answer;
    communityi_rest_interpret(&allocator->port, COMMUNITYI_CALL_LIST_POSTS, &response, &answer);
    status = answer.result.error.status;
    assert_true(status == PHX_OK || (status == PHX_ERROR_NO_MEMORY && allocator->refused > 0));
    assert_int_equal(answer.result.post_count, status == PHX_OK ? 2 : 0);
    communityi_answer_free(&allocator->port, &answer);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    (void)failing_allocator_torture(compose_and_interpret, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_request),
        cmocka_unit_test(test_base_of_slashes_is_an_empty_one),
        cmocka_unit_test(test_authorization),
        cmocka_unit_test(test_key_text),
        cmocka_unit_test(test_every_http_status),
        cmocka_unit_test(test_error_texts),
        cmocka_unit_test(test_forms_of_a_list),
        cmocka_unit_test(test_forms_of_a_written_post),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
