/* SPDX-License-Identifier: MIT */
/*
 * The long-poll transport held against what the transport port promises, over a fake http port in
 * virtual time: how sessions end, also where memory does.
 */
#include "failing_allocator.h"
#include "longpoll_world.h"

#define URL "wss://host:4001/socket/websocket?vsn=2.0.0"
#define SESSION "{\"status\":410,\"token\":\"t0k\",\"messages\":[]}"
#define DONE "{\"status\":200}"

static longpoll_world w;

static void begin_session(void)
{
    world_begin(&w);
    world_open_session(&w);
}

typedef struct ending {
    phx_status failure; /* PHX_OK: an answer came */
    int32_t http_status;
    const char *body;
    const char *log;
} ending;

static const ending endings[] = {
    {PHX_OK, 200, "{\"status\":403}", "closed PHX_ERROR_CONNECTION_LOST 1008 0; "},
    {PHX_OK, 200, SESSION, "closed PHX_ERROR_CONNECTION_LOST 3410 0; "},
    {PHX_OK, 200, "{\"status\":500}", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
    {PHX_OK, 500, "", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
    {PHX_OK, 200, "", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
    {PHX_OK, 200, "{\"status\":200}", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
    {PHX_OK, 200, "{\"status\":204", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
    {PHX_OK, 200, "{\"status\":204} 1", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
    {PHX_OK, 200, "[{\"status\":204}]", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
    {PHX_OK, 200, "{\"status\":\"204\"}", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
    {PHX_OK, 200, "{\"status\":4294967500}", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
    {PHX_OK, 200, "{\"status\":200,\"messages\":\"[1]\"}",
     "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
    {PHX_OK, 200, "{\"status\":200,\"messages\":[\"1\",2,\"3\"]}",
     "message 1; closed PHX_ERROR_PROTOCOL 1002 0; "},
    {PHX_ERROR_TIMEOUT, 0, "", "closed PHX_ERROR_TIMEOUT 1005 0; "},
    {PHX_ERROR_CONNECTION_LOST, 0, "", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
    {PHX_ERROR_NAME_NOT_FOUND, 0, "", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
    {PHX_ERROR_TOO_LARGE, 0, "", "closed PHX_ERROR_FRAME_TOO_LARGE 1009 0; "},
    {PHX_ERROR_NO_MEMORY, 0, "", "closed PHX_ERROR_NO_MEMORY 0 0; "},
};

static void says_how_a_session_ended(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        begin_session();
        assert_int_equal(world_send(&w, "[1]"), PHX_OK);
        world_run(&w, 0);
        if (endings[i].failure != PHX_OK) {
            world_fail_request(&w, 1, endings[i].failure);
        } else {
            world_answer_http(&w, 1, endings[i].http_status, endings[i].body);
        }
        world_expect(&w, endings[i].log);
        assert_true(world_request(&w, 2)->is_cancelled);
        assert_int_equal(world_send(&w, "[2]"), PHX_ERROR_INVALID_STATE);
        world_run(&w, 100000);
        assert_int_equal(w.http.count, 3);
        world_expect(&w, "");
        world_end(&w);
    }
}

static void ends_when_a_post_is_not_taken(void **state)
{
    (void)state;
    static const ending posts[] = {
        {PHX_OK, 200, "{\"status\":410}", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
        {PHX_OK, 200, "{\"status\":408}", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
        {PHX_OK, 500, "", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
        {PHX_ERROR_TIMEOUT, 0, "", "closed PHX_ERROR_TIMEOUT 1005 0; "},
        {PHX_ERROR_NETWORK, 0, "", "closed PHX_ERROR_CONNECTION_LOST 1011 0; "},
    };
    for (size_t i = 0; i < COUNT_OF(posts); i++) {
        begin_session();
        assert_int_equal(world_send(&w, "[1]"), PHX_OK);
        world_run(&w, 0);
        if (posts[i].failure != PHX_OK) {
            world_fail_request(&w, 2, posts[i].failure);
        } else {
            world_answer_http(&w, 2, posts[i].http_status, posts[i].body);
        }
        world_expect(&w, posts[i].log);
        assert_true(world_request(&w, 1)->is_cancelled);
        world_end(&w);
    }
}

static void close_connection(void)
{
    w.transport->close(w.transport->user_data, w.connection, 1000, "");
}

static void closes_an_idle_session(void **state)
{
    (void)state;
    begin_session();
    close_connection();
    world_expect(&w, ""); /* never from inside a call */
    assert_true(world_request(&w, 1)->is_cancelled);
    close_connection();
    world_run(&w, 0);
    world_expect(&w, "closed PHX_OK 0 0; ");
    world_run(&w, 5000);
    world_expect(&w, "");
    world_end(&w);
}

static void closes_behind_what_is_queued(void **state)
{
    (void)state;
    begin_session();
    assert_int_equal(world_send(&w, "[1]"), PHX_OK);
    world_run(&w, 0);
    assert_int_equal(world_send(&w, "[\"leave\"]"), PHX_OK);
    close_connection();
    assert_int_equal(world_send(&w, "[3]"), PHX_ERROR_INVALID_STATE);
    world_run(&w, 0);
    world_answer(&w, 2, DONE);
    assert_string_equal(world_request(&w, 3)->body, "[\"leave\"]");
    world_answer(&w, 3, DONE);
    world_expect(&w, "written 3; written 9; closed PHX_OK 0 0; ");
    assert_int_equal(w.http.count, 4);
    world_end(&w);
}

static void posts_at_once_what_is_queued_when_it_closes(void **state)
{
    (void)state;
    begin_session();
    assert_int_equal(world_send(&w, "[\"leave\"]"), PHX_OK);
    close_connection();
    assert_string_equal(world_request(&w, 2)->body, "[\"leave\"]");
    world_fail_request(&w, 2, PHX_ERROR_NETWORK);
    world_expect(&w, "closed PHX_OK 0 0; ");
    world_end(&w);
}

static void waits_no_longer_than_the_close_timeout(void **state)
{
    (void)state;
    begin_session();
    assert_int_equal(world_send(&w, "[1]"), PHX_OK);
    close_connection();
    world_run(&w, 1999);
    world_expect(&w, "");
    world_run(&w, 1);
    world_expect(&w, "closed PHX_OK 0 0; ");
    assert_true(world_request(&w, 2)->is_cancelled);
    world_end(&w);
}

static void gives_an_attempt_up(void **state)
{
    (void)state;
    world_begin(&w);
    assert_int_equal(world_open(&w, URL), PHX_OK);
    close_connection();
    assert_true(world_request(&w, 0)->is_cancelled);
    world_run(&w, 0);
    world_expect(&w, "closed PHX_ERROR_CANCELLED 0 0; ");
    world_end(&w);
}

static void delivers_nothing_after_a_close_inside_an_event(void **state)
{
    (void)state;
    begin_session();
    w.close_in = "message [2]";
    world_answer(&w, 1, "{\"status\":200,\"messages\":[\"[1]\",\"[2]\",\"[3]\"]}");
    world_expect(&w, "message [1]; message [2]; closed PHX_OK 0 0; ");
    assert_int_equal(w.http.count, 2);
    world_end(&w);
    begin_session();
    assert_int_equal(world_send(&w, "[1]"), PHX_OK);
    world_run(&w, 0);
    assert_int_equal(world_send(&w, "[2]"), PHX_OK);
    w.close_in = "written";
    world_answer(&w, 2, DONE);
    assert_string_equal(world_request(&w, 3)->body, "[2]");
    world_answer(&w, 3, DONE);
    world_expect(&w, "written 3; written 3; closed PHX_OK 0 0; ");
    world_end(&w);
}

static void can_be_released_inside_every_event(void **state)
{
    (void)state;
    static const char *const events[] = {"opened", "message [1]", "message [2]", "written",
                                         "closed"};
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        world_begin(&w);
        assert_int_equal(world_open(&w, URL), PHX_OK);
        w.release_in = events[i];
        world_answer(&w, 0, SESSION);
        if (w.connection != NULL) {
            assert_int_equal(world_send(&w, "[0]"), PHX_OK);
            world_run(&w, 0);
            assert_int_equal(world_send(&w, "[1]"), PHX_OK);
            world_answer(&w, 1, "{\"status\":200,\"messages\":[\"[1]\",\"[2]\",\"[3]\"]}");
        }
        if (w.connection != NULL) {
            world_answer(&w, 2, DONE);
        }
        if (w.connection != NULL) {
            world_answer(&w, 3, "{\"status\":500}");
        }
        assert_null(w.connection);
        assert_non_null(strstr(w.log, events[i]));
        world_run(&w, 30000);
        world_end(&w);
    }
}

static void can_be_released_at_any_time(void **state)
{
    (void)state;
    for (int step = 0; step < 5; step++) {
        world_begin(&w);
        assert_int_equal(world_open(&w, URL), PHX_OK);
        if (step > 0) {
            world_answer(&w, 0, SESSION);
            assert_int_equal(world_send(&w, "[1]"), PHX_OK);
        }
        if (step > 1) {
            world_run(&w, 0);
            assert_int_equal(world_send(&w, "[2]"), PHX_OK);
        }
        if (step > 2) {
            close_connection();
        }
        if (step > 3) {
            world_run(&w, 5000);
        }
        w.log[0] = '\0';
        world_release_connection(&w);
        world_run(&w, 30000);
        assert_string_equal(w.log, "");
        world_end(&w);
    }
}

/* --- out of memory --- */

static void scenario(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    phx_status status;
    const phx_allocator *port = &allocator->port;
    world_begin_with(&w, port);
    if (w.transport == NULL) {
        world_end(&w);
        return;
    }
    w.subprotocols = "phoenix, base64url.bearer.phx.YWJj";
    status = world_open(&w, URL);
    assert_true(status == PHX_OK || status == PHX_ERROR_NO_MEMORY);
    if (status == PHX_OK) {
        world_answer(&w, 0, SESSION);
    }
    if (status == PHX_OK && strcmp(w.log, "opened ; ") == 0) {
        status = world_send(&w, "[\"a rather long message, so that a buffer has to grow\"]");
        assert_true(status == PHX_OK || status == PHX_ERROR_NO_MEMORY);
        world_run(&w, 0);
        if (world_request(&w, 1)->is_under_way) {
            world_answer(&w, 1, "{\"status\":200,\"messages\":[\"[\\\"a\\\"]\"]}");
        }
    }
    if (allocator->refused == 0) {
        assert_string_equal(w.log, "opened ; message [\"a\"]; ");
    } else if (strstr(w.log, "closed") != NULL) {
        assert_non_null(strstr(w.log, "closed PHX_ERROR_NO_MEMORY 0 0; "));
    }
    world_end(&w);
}

static void survives_out_of_memory(void **state)
{
    (void)state;
    assert_in_range(failing_allocator_torture(scenario, NULL), 8, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_how_a_session_ended),
        cmocka_unit_test(ends_when_a_post_is_not_taken),
        cmocka_unit_test(closes_an_idle_session),
        cmocka_unit_test(closes_behind_what_is_queued),
        cmocka_unit_test(posts_at_once_what_is_queued_when_it_closes),
        cmocka_unit_test(waits_no_longer_than_the_close_timeout),
        cmocka_unit_test(gives_an_attempt_up),
        cmocka_unit_test(delivers_nothing_after_a_close_inside_an_event),
        cmocka_unit_test(can_be_released_inside_every_event),
        cmocka_unit_test(can_be_released_at_any_time),
        cmocka_unit_test(survives_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
