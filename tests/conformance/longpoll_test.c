/* SPDX-License-Identifier: MIT */
/*
 * phoenix.js's tests of its LongPoll, row by row, on the long-poll transport over a fake http port,
 * in virtual time. Those of its Socket are in longpoll_client_rows.c.
 */
#include "longpoll_world.h"

#include <stdio.h>

#include "longpoll_rows.h"

#define URL "ws://localhost/socket/websocket"
#define SESSION "{\"status\":410,\"token\":\"token123\",\"messages\":[]}"
/* "my-auth-token" */
#define AUTH_TOKEN_PROTOCOLS "phoenix, base64url.bearer.phx.bXktYXV0aC10b2tlbg"

static longpoll_world the_world;

static void open_with(longpoll_world *world, const char *subprotocols)
{
    world_begin(world);
    world->subprotocols = subprotocols;
    assert_int_equal(world_open(world, URL), PHX_OK);
}

/* Connecting, at the right place, without an auth token. */
static void expect_plain_poll(longpoll_world *world)
{
    fake_request *poll = world_request(world, 0);
    assert_string_equal(poll->method, "GET");
    assert_string_equal(poll->url, "http://localhost/socket/longpoll");
    assert_string_equal(poll->headers, "Accept: application/json\n");
    assert_string_equal(poll->body, "");
    world_expect(world, "");
}

void L01_takes_no_subprotocols(void **state)
{
    (void)state;
    open_with(&the_world, NULL);
    expect_plain_poll(&the_world);
    world_end(&the_world);
}

void L02_takes_an_empty_text_of_subprotocols(void **state)
{
    (void)state;
    open_with(&the_world, "");
    expect_plain_poll(&the_world);
    world_end(&the_world);
}

void L03_takes_a_list_without_a_token(void **state)
{
    (void)state;
    open_with(&the_world, "phoenix");
    expect_plain_poll(&the_world);
    world_end(&the_world);
}

void L04_extracts_the_auth_token(void **state)
{
    (void)state;
    /* Of one, two and three bytes at the end, with the alphabet's last digits, padded and not. */
    static const char *const tokens[][2] = {
        {"bXktYXV0aC10b2tlbg", "my-auth-token"},
        {"bXktYXV0aC10b2tlbg==", "my-auth-token"},
        {"fn5+fg", "~~~~"},
        {"Pz8/Pz8", "?????"},
        {"YWJj", "abc"},
    };
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        char subprotocols[128];
        char headers[128];
        (void)snprintf(subprotocols, sizeof subprotocols, "phoenix, base64url.bearer.phx.%s",
                       tokens[i][0]);
        (void)snprintf(headers, sizeof headers,
                       "Accept: application/json\nX-Phoenix-AuthToken: %s\n", tokens[i][1]);
        open_with(&the_world, subprotocols);
        assert_string_equal(world_request(&the_world, 0)->headers, headers);
        world_end(&the_world);
    }
}

void L05_sends_the_auth_token_as_a_header(void **state)
{
    (void)state;
    open_with(&the_world, AUTH_TOKEN_PROTOCOLS);
    world_answer(&the_world, 0, SESSION);
    assert_string_equal(world_request(&the_world, 1)->method, "GET");
    assert_non_null(
        strstr(world_request(&the_world, 1)->headers, "\nX-Phoenix-AuthToken: my-auth-token\n"));
    world_end(&the_world);
}

void L06_sends_no_auth_token_that_is_not_there(void **state)
{
    (void)state;
    open_with(&the_world, NULL);
    world_answer(&the_world, 0, SESSION);
    for (size_t i = 0; i < 2; i++) {
        assert_null(strstr(world_request(&the_world, i)->headers, "AuthToken"));
    }
    world_end(&the_world);
}

void L07_sends_the_session_token_in_a_header(void **state)
{
    (void)state;
    open_with(&the_world, NULL);
    world_answer(&the_world, 0, SESSION);
    fake_request *poll = world_request(&the_world, 1);
    assert_string_equal(poll->headers,
                        "Accept: application/json\nX-Phoenix-Longpoll-Token: token123\n");
    /* And where servers up to 1.8 look for it. */
    assert_string_equal(poll->url, "http://localhost/socket/longpoll?token=token123");
    world_end(&the_world);
}

void L08_sends_the_session_token_with_batches(void **state)
{
    (void)state;
    open_with(&the_world, NULL);
    world_answer(&the_world, 0, SESSION);
    assert_int_equal(world_send(&the_world, "[1]"), PHX_OK);
    world_run(&the_world, 0);
    fake_request *post = world_request(&the_world, 2);
    assert_string_equal(post->method, "POST");
    assert_non_null(strstr(post->headers, "\nX-Phoenix-Longpoll-Token: token123\n"));
    assert_string_equal(post->url, "http://localhost/socket/longpoll?token=token123");
    world_end(&the_world);
}

void L09_takes_410_for_an_error_when_it_has_a_token(void **state)
{
    (void)state;
    open_with(&the_world, NULL);
    world_answer(&the_world, 0, SESSION);
    world_answer(&the_world, 1, "{\"status\":410,\"token\":\"new-token\",\"messages\":[]}");
    world_expect(&the_world, "opened ; closed PHX_ERROR_CONNECTION_LOST 3410 0; ");
    world_end(&the_world);
}

void L10_posts_ndjson(void **state)
{
    (void)state;
    world_begin(&the_world);
    world_open_session(&the_world);
    assert_int_equal(world_send(&the_world, "[\"message1\"]"), PHX_OK);
    assert_int_equal(world_send(&the_world, "[\"message2\"]"), PHX_OK);
    world_run(&the_world, 0);
    fake_request *post = world_request(&the_world, 2);
    assert_string_equal(post->headers,
                        "Content-Type: application/x-ndjson\nX-Phoenix-Longpoll-Token: t0k\n");
    assert_string_equal(post->body, "[\"message1\"]\n[\"message2\"]");
    world_end(&the_world);
}

void L11_coalesces_sends_and_holds_them_back_while_a_batch_is_in_flight(void **state)
{
    (void)state;
    world_begin(&the_world);
    world_open_session(&the_world);
    assert_int_equal(world_send(&the_world, "a"), PHX_OK);
    assert_int_equal(world_send(&the_world, "b"), PHX_OK);
    assert_int_equal(world_send(&the_world, "c"), PHX_OK);
    assert_int_equal(the_world.http.count, 2);
    world_run(&the_world, 0);
    assert_int_equal(the_world.http.count, 3);
    assert_string_equal(world_request(&the_world, 2)->body, "a\nb\nc");
    assert_int_equal(world_send(&the_world, "d"), PHX_OK);
    assert_int_equal(world_send(&the_world, "e"), PHX_OK);
    world_run(&the_world, 5);
    assert_int_equal(the_world.http.count, 3);
    world_answer(&the_world, 2, "{\"status\":200}");
    assert_int_equal(the_world.http.count, 4);
    assert_string_equal(world_request(&the_world, 3)->body, "d\ne");
    world_answer(&the_world, 3, "{\"status\":200}");
    world_run(&the_world, 5);
    assert_int_equal(the_world.http.count, 4);
    world_expect(&the_world, "written 3; written 2; ");
    world_end(&the_world);
}

static size_t count_lines(const char *text)
{
    size_t count = 1;
    for (; *text != '\0'; text++) {
        count += *text == '\n' ? 1 : 0;
    }
    return count;
}

void L12_splits_150_sends_into_two_requests_in_order(void **state)
{
    (void)state;
    world_begin(&the_world);
    world_open_session(&the_world);
    for (int i = 0; i < 150; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "m%d", i);
        assert_int_equal(world_send(&the_world, text), PHX_OK);
    }
    world_run(&the_world, 0);
    assert_int_equal(the_world.http.count, 3);
    const char *first = world_request(&the_world, 2)->body;
    assert_int_equal(count_lines(first), 100);
    assert_memory_equal(first, "m0\nm1\n", 6);
    assert_string_equal(strrchr(first, '\n'), "\nm99");
    world_answer(&the_world, 2, "{\"status\":200}");
    assert_int_equal(the_world.http.count, 4);
    const char *second = world_request(&the_world, 3)->body;
    assert_int_equal(count_lines(second), 50);
    assert_memory_equal(second, "m100\n", 5);
    assert_string_equal(strrchr(second, '\n'), "\nm149");
    world_answer(&the_world, 3, "{\"status\":200}");
    assert_int_equal(the_world.http.count, 4);
    world_end(&the_world);
}

void L13_closes_when_a_batch_times_out(void **state)
{
    (void)state;
    world_begin(&the_world);
    world_open_session(&the_world);
    world_run(&the_world, 5000);
    world_answer(&the_world, 1, "{\"status\":204,\"token\":\"t0k\",\"messages\":[]}");
    assert_int_equal(world_send(&the_world, "a"), PHX_OK);
    world_run(&the_world, 0);
    world_run(&the_world, 10000); /* the poll beside it is answered */
    world_answer(&the_world, 2, "{\"status\":204,\"token\":\"t0k\",\"messages\":[]}");
    world_run(&the_world, 9999);
    world_expect(&the_world, "");
    world_run(&the_world, 1);
    world_expect(&the_world, "closed PHX_ERROR_TIMEOUT 1005 0; ");
    assert_true(world_request(&the_world, 4)->is_cancelled);
    /* Nothing is buffered for a batch that is dead. */
    assert_int_equal(world_send(&the_world, "b"), PHX_ERROR_INVALID_STATE);
    world_end(&the_world);
}

void S05_falls_back_when_the_primary_fails(void **state)
{
    (void)state;
    world_begin_fallback(&the_world, 2500);
    assert_int_equal(world_open(&the_world, URL), PHX_OK);
    assert_int_equal(the_world.secondary.opens, 0);
    played_transport_closed(&the_world.primary, PHX_ERROR_UPGRADE_REFUSED, 502);
    assert_int_equal(the_world.secondary.opens, 1);
    assert_string_equal(the_world.secondary.url, URL);
    played_transport_opened(&the_world.secondary);
    world_expect(&the_world, "opened phoenix; ");
    world_end(&the_world);
}

int main(void)
{
#define ROW_TEST(row, name) cmocka_unit_test(row##_##name),
    const struct CMUnitTest tests[] = {LONGPOLL_ROWS(ROW_TEST)};
#undef ROW_TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
