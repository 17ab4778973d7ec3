/* SPDX-License-Identifier: MIT */
/*
 * The REST calls through the client: what is sent, what comes back, and that each completes once.
 */
#include "app.h"
#include "testing.h"

static test_app app;

typedef struct outcome {
    size_t count;
    phx_status status;
    int32_t http_status;
    bool is_outcome_unknown;
    bool has_post;
    size_t post_count;
    char first_id[32];
    char message[256];
} outcome;

static void copy_id(outcome *out, const community_post *post)
{
    memcpy(out->first_id, post->id.data, post->id.length + 1);
}

static void on_done(void *user_data, const community_result *result)
{
    outcome *out = user_data;
    *out = (outcome){
        .count = out->count + 1,
        .status = result->error.status,
        .http_status = result->error.http_status,
        .is_outcome_unknown = result->is_outcome_unknown,
        .has_post = result->post != NULL,
        .post_count = result->post_count,
    };
    assert_non_null(result->error.message);
    assert_non_null(result->body.data);
    strncpy(out->message, result->error.message, sizeof out->message - 1);
    if (result->post != NULL) {
        copy_id(out, result->post);
    } else if (result->posts != NULL && result->post_count > 0) {
        copy_id(out, result->posts[0]);
    }
}

static void test_each_call_does_its_work(void **state)
{
    (void)state;
    outcome out = {0};
    const fake_request *last = &app.server.http.last;
    app_go_live(&app, 3);
    assert_int_equal(community_client_create_post(app.client, "hello", on_done, &out, NULL),
                     PHX_OK);
    app_run(&app, 100);
    assert_string_equal(last->method, "POST");
    assert_string_equal(last->url, "https://example.org/api/community/posts");
    assert_string_equal(last->body, "{\"body\":\"hello\"}");
    assert_string_equal(last->content_type, "application/json");
    assert_int_equal(strlen(last->idempotency_key), 32);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.http_status, 201);
    assert_string_equal(out.first_id, "4");
    assert_true(app_is_in_sync(&app));

    assert_int_equal(community_client_edit_post(app.client, "4", "hello!", on_done, &out, NULL),
                     PHX_OK);
    app_run(&app, 100);
    assert_string_equal(last->method, "PUT");
    assert_string_equal(last->url, "https://example.org/api/community/posts/4");
    assert_string_equal(app.server.posts[0].body, "hello!");

    assert_int_equal(community_client_toggle_like(app.client, "4", on_done, &out, NULL), PHX_OK);
    app_run(&app, 100);
    assert_string_equal(last->url, "https://example.org/api/community/posts/4/like");
    assert_string_equal(last->body, "");
    assert_true(out.has_post);
    assert_int_equal(app.server.posts[0].likes, 1);

    assert_int_equal(community_client_create_comment(app.client, "4", "nice", on_done, &out, NULL),
                     PHX_OK);
    app_run(&app, 100);
    assert_string_equal(last->url, "https://example.org/api/community/posts/4/comments");
    assert_int_equal(app.server.posts[0].comments, 1);

    assert_int_equal(community_client_delete_comment(app.client, "4", "a/b c", on_done, &out, NULL),
                     PHX_OK);
    app_run(&app, 100);
    assert_string_equal(last->method, "DELETE");
    assert_string_equal(last->url, "https://example.org/api/community/posts/4/comments/a%2Fb%20c");

    assert_int_equal(community_client_list_posts(app.client, 2, "4", on_done, &out, NULL), PHX_OK);
    app_run(&app, 100);
    assert_string_equal(last->url, "https://example.org/api/community/posts?limit=2&before=4");
    assert_string_equal(last->idempotency_key, "");
    assert_int_equal(out.post_count, 2);
    assert_string_equal(out.first_id, "3");

    assert_int_equal(community_client_delete_post(app.client, "4", on_done, &out, NULL), PHX_OK);
    app_run(&app, 100);
    assert_int_equal(out.http_status, 204);
    assert_int_equal(out.count, 7);
    assert_int_equal(out.status, PHX_OK);
    assert_false(out.has_post);
    assert_true(app_is_in_sync(&app));
    app_stop(&app);
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        int32_t http_status;
        phx_status status;
        bool is_outcome_unknown;
    } cases[] = {
        {200, PHX_OK, false},
        {202, PHX_OK, false},
        {204, PHX_OK, false},
        {301, PHX_ERROR_REFUSED, false},
        {400, PHX_ERROR_INVALID_REQUEST, false},
        {401, PHX_ERROR_UNAUTHORIZED, false},
        {403, PHX_ERROR_FORBIDDEN, false},
        {404, PHX_ERROR_NOT_FOUND, false},
        {409, PHX_ERROR_INVALID_REQUEST, false},
        {410, PHX_ERROR_NOT_FOUND, false},
        {413, PHX_ERROR_INVALID_REQUEST, false},
        {418, PHX_ERROR_REFUSED, false},
        {422, PHX_ERROR_INVALID_REQUEST, false},
        {429, PHX_ERROR_RATE_LIMITED, false},
        {500, PHX_ERROR_SERVER, true},
        {503, PHX_ERROR_SERVER, true},
    };
    app_go_live(&app, 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        outcome out = {0};
        app.server.rest_status = cases[i].http_status;
        app.server.rest_body = "{\"errors\":{\"body\":[\"is too long\"]}}";
        assert_int_equal(community_client_create_post(app.client, "x", on_done, &out, NULL),
                         PHX_OK);
        app_run(&app, 100);
        assert_int_equal(out.count, 1);
        assert_int_equal(out.status, cases[i].status);
        assert_int_equal(out.http_status, cases[i].http_status);
        assert_int_equal(out.is_outcome_unknown, cases[i].is_outcome_unknown);
        assert_int_equal(strstr(out.message, "is too long") != NULL, cases[i].status != PHX_OK);
    }
    assert_int_equal(app.status.state, COMMUNITY_CONNECTED);
    app_stop(&app);
}

static void test_refused_token_is_refreshed_once(void **state)
{
    (void)state;
    outcome out = {0};
    app_go_live(&app, 1);
    app.server.token = "better";
    strcpy(app.keychain.refreshed, "better");
    assert_int_equal(community_client_create_post(app.client, "x", on_done, &out, NULL), PHX_OK);
    app_run(&app, 10);
    char key[64];
    strcpy(key, app.server.http.last.idempotency_key);
    app_run(&app, 100);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.status, PHX_OK);
    assert_string_equal(app.server.http.last.authorization, "Bearer better");
    assert_string_equal(app.server.http.last.idempotency_key, key);
    assert_int_equal(app.keychain.refreshes, 1);
    app_stop(&app);
}

static void test_lost_answer_leaves_the_outcome_open(void **state)
{
    (void)state;
    outcome out = {0};
    app_go_live(&app, 1);
    app.server.is_down = true;
    assert_int_equal(community_client_create_post(app.client, "x", on_done, &out, NULL), PHX_OK);
    app_run(&app, 100);
    assert_int_equal(out.status, PHX_ERROR_CONNECTION_REFUSED);
    assert_false(out.is_outcome_unknown); /* it was certainly not sent */
    app_stop(&app);
}

static void test_without_a_token_nothing_is_sent(void **state)
{
    (void)state;
    outcome out = {0};
    app_go_live(&app, 1);
    size_t requests = app.server.http.requests;
    app.keychain.token[0] = '\0';
    assert_int_equal(community_client_create_post(app.client, "x", on_done, &out, NULL), PHX_OK);
    app_run(&app, 100);
    assert_int_equal(out.status, PHX_ERROR_NO_TOKEN);
    strcpy(app.keychain.token, "a\r\nHost: b");
    assert_int_equal(community_client_create_post(app.client, "x", on_done, &out, NULL), PHX_OK);
    app_run(&app, 100);
    assert_int_equal(out.status, PHX_ERROR_KEYCHAIN);
    assert_int_equal(app.server.http.requests, requests);
    app_stop(&app);
}

static void test_bad_texts_are_refused(void **state)
{
    (void)state;
    community_request request = {7};
    app_go_live(&app, 1);
    assert_int_equal(community_client_create_post(app.client, "", NULL, NULL, &request),
                     PHX_ERROR_INVALID_ARGUMENT);
    assert_int_equal(request.id, 0);
    assert_int_equal(community_client_create_post(app.client, "\xff", NULL, NULL, NULL),
                     PHX_ERROR_INVALID_ARGUMENT);
    assert_int_equal(community_client_delete_post(app.client, "", NULL, NULL, NULL),
                     PHX_ERROR_INVALID_ARGUMENT);
    assert_int_equal(community_client_list_posts(app.client, 0, "", NULL, NULL, NULL),
                     PHX_ERROR_INVALID_ARGUMENT);
    assert_int_equal(app.server.http.requests, 1);
    app_stop(&app);
}

/* Each text of each call, by itself: `id` and `text` are the call's, one of them bad. */
static void test_each_text_is_checked(void **state)
{
    (void)state;
    static char longest[1025];
    static char too_long[1026];
    memset(longest, 'x', sizeof longest - 1);
    memset(too_long, 'x', sizeof too_long - 1);
    static const char *const bad[] = {NULL, "", "\xc3", too_long};
    app_go_live(&app, 1);
    community_client *client = app.client;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        phx_status statuses[] = {
            community_client_edit_post(client, bad[i], "x", NULL, NULL, NULL),
            community_client_delete_post(client, bad[i], NULL, NULL, NULL),
            community_client_toggle_like(client, bad[i], NULL, NULL, NULL),
            community_client_create_comment(client, bad[i], "x", NULL, NULL, NULL),
            community_client_delete_comment(client, bad[i], "1", NULL, NULL, NULL),
            community_client_delete_comment(client, "1", bad[i], NULL, NULL, NULL),
            /* A body may be longer than an id. */
            i == 3 ? PHX_ERROR_INVALID_ARGUMENT
                   : community_client_create_post(client, bad[i], NULL, NULL, NULL),
            i == 3 ? PHX_ERROR_INVALID_ARGUMENT
                   : community_client_edit_post(client, "1", bad[i], NULL, NULL, NULL),
            i == 3 ? PHX_ERROR_INVALID_ARGUMENT
                   : community_client_create_comment(client, "1", bad[i], NULL, NULL, NULL),
        };
        for (size_t j = 0; j < COUNT_OF(statuses); j++) {
            assert_int_equal(statuses[j], PHX_ERROR_INVALID_ARGUMENT);
        }
    }
    app_run(&app, 100);
    assert_int_equal(app.server.http.requests, 1);
    assert_int_equal(community_client_delete_post(client, longest, NULL, NULL, NULL), PHX_OK);
    app_stop(&app);
}

static size_t token_length;

static phx_status read_token(void *user_data, bool is_refresh, char *buffer, size_t capacity,
                             size_t *out_length)
{
    (void)user_data;
    (void)is_refresh;
    memset(buffer, 'x', capacity);
    *out_length = token_length;
    return PHX_OK;
}

static void test_longest_token(void **state)
{
    (void)state;
    outcome out = {0};
    app_go_live(&app, 1);
    app.keychain.port.read = read_token;
    token_length = PHX_MAX_TOKEN_BYTES;
    assert_int_equal(community_client_create_post(app.client, "x", on_done, &out, NULL), PHX_OK);
    app_run(&app, 100);
    assert_int_equal(out.status, PHX_ERROR_UNAUTHORIZED); /* the server's word */
    size_t requests = app.server.http.requests;
    token_length = PHX_MAX_TOKEN_BYTES + 1;
    assert_int_equal(community_client_create_post(app.client, "x", on_done, &out, NULL), PHX_OK);
    app_run(&app, 100);
    assert_int_equal(out.status, PHX_ERROR_KEYCHAIN);
    assert_int_equal(app.server.http.requests, requests);
    app_stop(&app);
}

static void test_unexpected_list_and_unexpected_write(void **state)
{
    (void)state;
    outcome out = {0};
    app_go_live(&app, 1);
    app.server.rest_status = 200;
    app.server.rest_body = "<html>";
    assert_int_equal(community_client_list_posts(app.client, 0, NULL, on_done, &out, NULL), PHX_OK);
    app_run(&app, 100);
    assert_int_equal(out.status, PHX_ERROR_UNEXPECTED_RESPONSE);
    assert_int_equal(out.post_count, 0);
    assert_int_equal(community_client_create_post(app.client, "x", on_done, &out, NULL), PHX_OK);
    app_run(&app, 100);
    assert_int_equal(out.status, PHX_OK);
    assert_false(out.has_post);
    app_stop(&app);
}

static void test_cancel(void **state)
{
    (void)state;
    outcome out[2] = {{0}, {0}};
    community_request first;
    community_request second;
    app_go_live(&app, 1);
    app.server.http.down_ms = 500;
    assert_int_equal(community_client_create_post(app.client, "a", on_done, &out[0], &first),
                     PHX_OK);
    assert_int_equal(community_client_create_post(app.client, "b", on_done, &out[1], &second),
                     PHX_OK);
    app_run(&app, 10);
    community_client_cancel(app.client, first);
    community_client_cancel(app.client, (community_request){12345});
    app_run(&app, 10);
    assert_int_equal(out[0].count, 1);
    assert_int_equal(out[0].status, PHX_ERROR_CANCELLED);
    assert_true(out[0].is_outcome_unknown);
    assert_int_equal(out[1].count, 0);
    app_run(&app, 1000);
    community_client_cancel(app.client, second); /* too late */
    app_run(&app, 1000);
    assert_int_equal(out[0].count, 1);
    assert_int_equal(out[1].count, 1);
    assert_int_equal(out[1].status, PHX_OK);
    /* Before it was sent. */
    assert_int_equal(community_client_create_post(app.client, "c", on_done, &out[0], &first),
                     PHX_OK);
    community_client_cancel(app.client, first);
    app_run(&app, 100);
    assert_int_equal(out[0].count, 2);
    assert_int_equal(out[0].status, PHX_ERROR_CANCELLED);
    assert_false(out[0].is_outcome_unknown);
    app_stop(&app);
}

static void test_queue_is_bounded_and_release_completes(void **state)
{
    (void)state;
    outcome out = {0};
    app_init(&app, 1, 1);
    app.config.max_requests = 5;
    app_start(&app);
    app_run(&app, 1000);
    app.server.http.down_ms = 100000;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(community_client_create_post(app.client, "x", on_done, &out, NULL),
                         PHX_OK);
        if (i == 2) {
            app_run(&app, 100);
        }
    }
    assert_int_equal(community_client_create_post(app.client, "x", on_done, &out, NULL),
                     PHX_ERROR_QUEUE_FULL);
    app_stop(&app);
    assert_int_equal(out.count, 5);
    assert_int_equal(out.status, PHX_ERROR_CLOSED);
}

static void test_logout_cancels(void **state)
{
    (void)state;
    outcome out = {0};
    outcome after = {0};
    app_go_live(&app, 1);
    app.server.http.down_ms = 5000;
    assert_int_equal(community_client_create_post(app.client, "x", on_done, &out, NULL), PHX_OK);
    app_run(&app, 100);
    community_client_logout(app.client);
    assert_int_equal(community_client_create_post(app.client, "x", on_done, &after, NULL), PHX_OK);
    app_run(&app, 10000);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.status, PHX_ERROR_CANCELLED);
    assert_int_equal(after.count, 1);
    assert_int_equal(after.status, PHX_ERROR_NO_TOKEN);
    app_stop(&app);
}

static void test_calls_work_without_a_connection(void **state)
{
    (void)state;
    outcome out = {0};
    app_init(&app, 1, 2);
    app_new(&app);
    assert_int_equal(community_client_list_posts(app.client, 0, NULL, on_done, &out, NULL), PHX_OK);
    app_run(&app, 100);
    assert_int_equal(out.post_count, 2);
    assert_int_equal(app.server.transport.attempts, 0);
    app_stop(&app);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_call_does_its_work),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_refused_token_is_refreshed_once),
        cmocka_unit_test(test_lost_answer_leaves_the_outcome_open),
        cmocka_unit_test(test_without_a_token_nothing_is_sent),
        cmocka_unit_test(test_bad_texts_are_refused),
        cmocka_unit_test(test_each_text_is_checked),
        cmocka_unit_test(test_longest_token),
        cmocka_unit_test(test_unexpected_list_and_unexpected_write),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_queue_is_bounded_and_release_completes),
        cmocka_unit_test(test_logout_cancels),
        cmocka_unit_test(test_calls_work_without_a_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
