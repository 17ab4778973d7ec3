/* SPDX-License-Identifier: MIT */
/*
 * The long-poll transport held against what the transport port promises, over a fake http port in
 * virtual time: how sessions begin and what they carry.
 */
#include "longpoll_world.h"

#include <stdlib.h>

#define URL "wss://host:4001/socket/websocket?vsn=2.0.0"
#define SESSION "{\"status\":410,\"token\":\"t0k\",\"messages\":[]}"
#define NOTHING "{\"status\":204,\"token\":\"t0k\",\"messages\":[]}"
#define DONE "{\"status\":200}"

static longpoll_world w;

static void begin_session(void)
{
    world_begin(&w);
    world_open_session(&w);
}

/* --- beginning --- */

static void composes_the_url(void **state)
{
    (void)state;
    static const char *const urls[][2] = {
        {"ws://h/websocket", "http://h/longpoll"},
        {"wss://h:4/a/websocket?token=x&vsn=2.0.0", "https://h:4/a/longpoll?token=x&vsn=2.0.0"},
        {"WSS://[::1]:4/websocket/websocket", "https://[::1]:4/websocket/longpoll"},
        {"ws://h/a/websocket?x=/websocket", "http://h/a/longpoll?x=/websocket"},
    };
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        world_begin(&w);
        assert_int_equal(world_open(&w, urls[i][0]), PHX_OK);
        assert_string_equal(world_request(&w, 0)->url, urls[i][1]);
        world_end(&w);
    }
}

static void refuses_urls(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "",
        "http://h/websocket",
        "ws://h",
        "ws://h/",
        "ws://h/socket",
        "ws://h/websocket/",
        "ws://h/?/websocket",
        "ws://user:secret@h/websocket",
        "ws://h/websocket#here",
        "ws://h/web socket/websocket",
    };
    world_begin(&w);
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        assert_int_equal(world_open(&w, urls[i]), PHX_ERROR_INVALID_URL);
        assert_null(w.connection);
    }
    assert_int_equal(w.http.count, 0);
    world_end(&w);
}

static void refuses_auth_tokens_that_are_none(void **state)
{
    (void)state;
    static const char *const lists[] = {
        "phoenix, base64url.bearer.phx.a",       /* half a byte */
        "phoenix, base64url.bearer.phx.a-_b",    /* another alphabet */
        "phoenix, base64url.bearer.phx.DQpYOnk", /* a line break and another header */
        "phoenix, base64url.bearer.phx.YQBi",    /* a NUL */
    };
    world_begin(&w);
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        w.subprotocols = lists[i];
        assert_int_equal(world_open(&w, URL), PHX_ERROR_INVALID_ARGUMENT);
    }
    world_end(&w);
}

static void passes_what_the_http_port_refuses(void **state)
{
    (void)state;
    world_begin(&w);
    w.http.refusal = PHX_ERROR_QUEUE_FULL;
    assert_int_equal(world_open(&w, URL), PHX_ERROR_QUEUE_FULL);
    assert_null(w.connection);
    world_end(&w);
    begin_session();
    w.http.refusal = PHX_ERROR_NO_MEMORY;
    world_answer(&w, 1, NOTHING);
    world_expect(&w, "closed PHX_ERROR_NO_MEMORY 0 0; ");
    world_end(&w);
    begin_session();
    assert_int_equal(world_send(&w, "[1]"), PHX_OK);
    w.http.refusal = PHX_ERROR_QUEUE_FULL;
    world_run(&w, 0);
    world_expect(&w, "closed PHX_ERROR_QUEUE_FULL 0 0; ");
    world_end(&w);
}

static void keeps_the_given_headers(void **state)
{
    (void)state;
    char name[] = "X-Given";
    char value[] = "yes";
    const phx_header given = {name, value};
    world_begin(&w);
    w.given_headers = &given;
    w.given_header_count = 1;
    assert_int_equal(world_open(&w, URL), PHX_OK);
    memset(value, '?', 3); /* it was borrowed for open() only */
    world_answer(&w, 0, SESSION);
    assert_string_equal(world_request(&w, 1)->headers, "Accept: application/json\nX-Given: yes\n"
                                                       "X-Phoenix-Longpoll-Token: t0k\n");
    world_end(&w);
}

/* A token that needs encoding is encoded in the query and plain in the header. */
static void carries_any_token_both_ways(void **state)
{
    (void)state;
    world_begin(&w);
    assert_int_equal(world_open(&w, URL), PHX_OK);
    world_answer(&w, 0, "{\"token\":\"a+b\\/c&d=\",\"status\":410,\"messages\":[]}");
    world_expect(&w, "opened ; ");
    assert_string_equal(world_request(&w, 1)->url,
                        "https://host:4001/socket/longpoll?vsn=2.0.0&token=a%2Bb%2Fc%26d%3D");
    assert_non_null(strstr(world_request(&w, 1)->headers, "X-Phoenix-Longpoll-Token: a+b/c&d=\n"));
    world_end(&w);
}

static void gives_the_first_answer_the_time_to_connect(void **state)
{
    (void)state;
    world_begin(&w);
    w.connect_timeout_ms = 3000;
    assert_int_equal(world_open(&w, URL), PHX_OK);
    assert_int_equal(world_request(&w, 0)->timeout_ms, 3000);
    world_run(&w, 2999);
    world_expect(&w, "");
    world_run(&w, 1);
    world_expect(&w, "closed PHX_ERROR_TIMEOUT 0 0; ");
    world_end(&w);
}

typedef struct refusal {
    phx_status failure; /* PHX_OK: an answer came */
    int32_t http_status;
    const char *body;
    const char *log;
} refusal;

static const refusal refusals[] = {
    {PHX_OK, 200, "{\"status\":403}", "closed PHX_ERROR_UNAUTHORIZED 0 403; "},
    {PHX_OK, 403, "", "closed PHX_ERROR_UNAUTHORIZED 0 403; "},
    {PHX_OK, 401, "<html>", "closed PHX_ERROR_UNAUTHORIZED 0 401; "},
    {PHX_OK, 404, "{\"errors\":{}}", "closed PHX_ERROR_UPGRADE_REFUSED 0 404; "},
    {PHX_OK, 503, "", "closed PHX_ERROR_UPGRADE_REFUSED 0 503; "},
    {PHX_OK, 200, "{\"status\":500}", "closed PHX_ERROR_UPGRADE_REFUSED 0 500; "},
    {PHX_OK, 200, "welcome to the hotel", "closed PHX_ERROR_UPGRADE_REFUSED 0 200; "},
    {PHX_OK, 200, NOTHING, "closed PHX_ERROR_UPGRADE_REFUSED 0 204; "},
    {PHX_OK, 200, "{\"status\":410,\"messages\":[]}", "closed PHX_ERROR_PROTOCOL 0 0; "},
    {PHX_OK, 200, "{\"status\":410,\"token\":\"\"}", "closed PHX_ERROR_PROTOCOL 0 0; "},
    {PHX_OK, 200, "{\"status\":410,\"token\":7}", "closed PHX_ERROR_PROTOCOL 0 0; "},
    {PHX_OK, 200, "{\"status\":410,\"token\":\"a\\r\\nX: y\"}", "closed PHX_ERROR_PROTOCOL 0 0; "},
    {PHX_OK, 200, "{\"status\":410,\"token\":\"a\\u0000b\"}", "closed PHX_ERROR_PROTOCOL 0 0; "},
    {PHX_ERROR_CONNECTION_REFUSED, 0, "", "closed PHX_ERROR_CONNECTION_REFUSED 0 0; "},
    {PHX_ERROR_TLS_PIN, 0, "", "closed PHX_ERROR_TLS_PIN 0 0; "},
    {PHX_ERROR_TOO_LARGE, 200, "", "closed PHX_ERROR_FRAME_TOO_LARGE 0 0; "},
};

static void says_why_no_session_came_about(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        world_begin(&w);
        assert_int_equal(world_open(&w, URL), PHX_OK);
        if (refusals[i].failure != PHX_OK) {
            world_fail_request(&w, 0, refusals[i].failure);
        } else {
            world_answer_http(&w, 0, refusals[i].http_status, refusals[i].body);
        }
        world_expect(&w, refusals[i].log);
        assert_int_equal(w.http.count, 1);
        world_end(&w);
    }
}

/* --- carrying --- */

static void delivers_messages_in_order_and_polls_again(void **state)
{
    (void)state;
    begin_session();
    world_answer(&w, 1,
                 "{\"status\":200,\"token\":\"t0k\",\"messages\":[\"[1]\",\"\","
                 "\"[\\\"a\\\\n\\u00e9\\\"]\"]}");
    world_expect(&w, "message [1]; message ; message [\"a\\n\xc3\xa9\"]; ");
    world_answer(&w, 2, NOTHING);
    world_answer(&w, 3, "{\"messages\":[\"[2]\"],\"more\":{\"a\":[1]},\"status\":200}");
    world_expect(&w, "message [2]; ");
    assert_int_equal(w.http.count, 5);
    assert_string_equal(world_request(&w, 4)->method, "GET");
    assert_int_equal(world_request(&w, 4)->timeout_ms, 20000);
    assert_true(world_request(&w, 4)->is_under_way);
    world_end(&w);
}

static void sends_one_message_a_line(void **state)
{
    (void)state;
    static const uint8_t binary[] = {0x00, 0x01, 0xff, 0x7f};
    begin_session();
    assert_int_equal(world_send(&w, "[1,\r\n\n2]"), PHX_OK);
    assert_int_equal(w.transport->send(w.transport->user_data, w.connection, PHX_FRAME_BINARY,
                                       binary, sizeof binary),
                     PHX_OK);
    world_run(&w, 0);
    assert_string_equal(world_request(&w, 2)->body, "[1,   2]\nAAH/fw==");
    world_expect(&w, "");
    world_answer(&w, 2, DONE);
    world_expect(&w, "written 12; ");
    world_end(&w);
}

static void bounds_what_waits(void **state)
{
    (void)state;
    const size_t length = 4 * 1024 * 1024;
    char *large = malloc(length + 1);
    assert_non_null(large);
    memset(large, '1', length);
    large[length] = '\0';
    begin_session();
    for (int i = 0; i < 4; i++) {
        assert_int_equal(world_send(&w, large), PHX_OK);
    }
    assert_int_equal(world_send(&w, "[1]"), PHX_ERROR_QUEUE_FULL);
    world_run(&w, 0);
    /* Too large to share a request, so it went alone; and now there is room. */
    assert_int_equal(strlen(world_request(&w, 2)->body), length);
    assert_int_equal(world_send(&w, "[1]"), PHX_OK);
    free(large);
    world_end(&w);
}

static void sends_from_inside_events(void **state)
{
    (void)state;
    world_begin(&w);
    assert_int_equal(world_open(&w, URL), PHX_OK);
    w.send_in = "opened";
    world_answer(&w, 0, SESSION);
    assert_string_equal(world_request(&w, 2)->body, "[\"sent inside\"]");
    w.send_in = "written";
    world_answer(&w, 2, DONE);
    assert_string_equal(world_request(&w, 3)->body, "[\"sent inside\"]");
    world_end(&w);
}

static void bounds_messages(void **state)
{
    (void)state;
    world_begin(&w);
    w.max_message_bytes = 5;
    world_open_session(&w);
    world_answer(&w, 1, "{\"status\":200,\"messages\":[\"12345\",\"\\u00e9\\u00e9!\"]}");
    world_expect(&w, "message 12345; message \xc3\xa9\xc3\xa9!; ");
    world_answer(&w, 2, "{\"status\":200,\"messages\":[\"1\",\"123456\",\"2\"]}");
    world_expect(&w, "message 1; closed PHX_ERROR_FRAME_TOO_LARGE 1009 0; ");
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(composes_the_url),
        cmocka_unit_test(refuses_urls),
        cmocka_unit_test(refuses_auth_tokens_that_are_none),
        cmocka_unit_test(passes_what_the_http_port_refuses),
        cmocka_unit_test(keeps_the_given_headers),
        cmocka_unit_test(carries_any_token_both_ways),
        cmocka_unit_test(gives_the_first_answer_the_time_to_connect),
        cmocka_unit_test(says_why_no_session_came_about),
        cmocka_unit_test(delivers_messages_in_order_and_polls_again),
        cmocka_unit_test(sends_one_message_a_line),
        cmocka_unit_test(bounds_what_waits),
        cmocka_unit_test(sends_from_inside_events),
        cmocka_unit_test(bounds_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
