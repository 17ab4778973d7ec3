/* SPDX-License-Identifier: MIT */
/*
 * The http port's contract (phx/http.h): requests that are answered, cancelled, queued.
 */
#include "http_world.h"

#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_get(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    world_begin(&world, play_answer_text);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    world_request(&world, "GET", NULL, &answer);
    world_wait(&world, &answer.done);
    world_expect(&answer, PHX_OK, 200, "hello");
    assert_true(answer.was_sent);
    assert_memory_equal(world.head, "GET /api?secret=s3cret HTTP/1.1\r\n", 33);
    assert_non_null(strstr(world.head, "\r\nAuthorization: Bearer s3cret\r\n"));
    assert_null(strstr(world.head, "Content-Type"));
    world_end(&world);
}

static void test_methods_and_bodies(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *body;
        const char *length;
    } cases[] = {{"POST", "{\"a\":1}", "\r\nContent-Length: 7\r\n"},
                 {"POST", NULL, "\r\nContent-Length: 0\r\n"},
                 {"PUT", "x", "\r\nContent-Length: 1\r\n"},
                 {"DELETE", NULL, "\r\n"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        test_world world;
        test_answer answer = {0};
        world_begin(&world, play_answer_text);
        world.text = "HTTP/1.1 204 No Content\r\n\r\n";
        world_request(&world, cases[i].method, cases[i].body, &answer);
        world_wait(&world, &answer.done);
        world_expect(&answer, PHX_OK, 204, "");
        assert_memory_equal(world.head, cases[i].method, strlen(cases[i].method));
        assert_non_null(strstr(world.head, cases[i].length));
        assert_string_equal(world.body, cases[i].body != NULL ? cases[i].body : "");
        assert_null(strstr(world.head, "Expect"));
        assert_null(strstr(world.head, "urlencoded"));
        world_end(&world);
    }
}

static void test_statuses_are_answers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int http_status;
        uint32_t retry_after_ms;
        const char *body;
    } cases[] = {
        {"HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\nno", 401, 0, "no"},
        {"HTTP/1.1 429 Slow\r\nretry-after: 3\r\ncontent-length: 0\r\n\r\n", 429, 3000, ""},
        {"HTTP/1.1 503 Busy\r\nretry-after: Thu, 01 Jan 2099 00:00:00 GMT\r\n"
         "content-length: 0\r\n\r\n",
         503, 86400000, ""},
        {"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", 302, 0,
         ""},
        {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
         200, 0, "abcde"},
        {"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, 0, "until the end"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        test_world world;
        test_answer answer = {0};
        world_begin(&world, play_answer_text);
        world.text = cases[i].text;
        world_request(&world, "GET", NULL, &answer);
        world_wait(&world, &answer.done);
        world_expect(&answer, PHX_OK, cases[i].http_status, cases[i].body);
        assert_int_equal(answer.retry_after_ms, cases[i].retry_after_ms);
        assert_int_equal(server_connections(world.server), 1);
        world_end(&world);
    }
}

static void test_connection_is_kept(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, play_answer_text);
    world.times = 5;
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    for (int i = 0; i < 5; i++) {
        test_answer answer = {0};
        world_request(&world, "POST", "x", &answer);
        world_wait(&world, &answer.done);
        world_expect(&answer, PHX_OK, 200, "");
    }
    assert_int_equal(server_connections(world.server), 1);
    /* And costs nothing while it is. */
    int turns = 0;
    uint64_t start_ms = phx_loop_now_ms(world.loop);
    while (phx_loop_now_ms(world.loop) - start_ms < 1000) {
        assert_int_equal(phx_loop_poll(world.loop, 1000), PHX_OK);
        turns++;
    }
    assert_in_range(turns, 1, 4);
    world_end(&world);
}

/* The first connection dies after its first answer, and nobody is told. */
static void play_die_silently(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    if (read_request(stream, world) && stream_print(stream, "%s", world->text) && index == 0) {
        stream_drain(stream);
        (void)atomic_fetch_add(&world->hung_up, 1);
    }
}

static void test_idle_connection_is_not_trusted(void **state)
{
    (void)state;
    test_world world;
    test_answer answers[2] = {0};
    world_begin(&world, play_die_silently);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    world_request(&world, "GET", NULL, &answers[0]);
    world_wait(&world, &answers[0].done);
    world_expect(&answers[0], PHX_OK, 200, "");
    const uint64_t start_ms = phx_loop_now_ms(world.loop);
    while (phx_loop_now_ms(world.loop) - start_ms < 2900) {
        assert_int_equal(phx_loop_poll(world.loop, PUMP_MS), PHX_OK);
        assert_int_equal(atomic_load(&world.hung_up), 0);
    }
    /* What will not be used again is not held either. */
    while (atomic_load(&world.hung_up) == 0) {
        assert_true(phx_loop_now_ms(world.loop) - start_ms < PATIENCE_MS);
        assert_int_equal(phx_loop_poll(world.loop, PUMP_MS), PHX_OK);
    }
    world_request(&world, "GET", NULL, &answers[1]);
    world_wait(&world, &answers[1].done);
    world_expect(&answers[1], PHX_OK, 200, "");
    assert_int_equal(server_connections(world.server), 2);
    world_end(&world);
}

static void test_many_at_once(void **state)
{
    (void)state;
    enum {
        MANY = 64
    };
    test_world world;
    test_answer answers[MANY + 1] = {0};
    world_begin(&world, play_answer_text);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx";
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(
            world_send_to(&world, world_url(&world, "http"), "GET", NULL, &answers[i], NULL),
            PHX_OK);
    }
    assert_int_equal(
        world_send_to(&world, world_url(&world, "http"), "GET", NULL, &answers[MANY], NULL),
        PHX_ERROR_QUEUE_FULL);
    for (int i = 0; i < MANY; i++) {
        world_wait(&world, &answers[i].done);
        world_expect(&answers[i], PHX_OK, 200, "x");
    }
    world_end(&world);
}

static void test_cancel(void **state)
{
    (void)state;
    for (int turns = 0; turns < 4; turns++) {
        test_world world;
        test_answer answer = {0};
        uint64_t id = 0;
        world_begin(&world, play_never_answer);
        assert_int_equal(
            world_send_to(&world, world_url(&world, "http"), "GET", NULL, &answer, &id), PHX_OK);
        for (int i = 0; i < turns; i++) {
            assert_int_equal(phx_loop_poll(world.loop, 0), PHX_OK);
        }
        world.http->cancel(world.http->user_data, id);
        world.http->cancel(world.http->user_data, id);
        world.http->cancel(world.http->user_data, 12345);
        assert_int_equal(phx_loop_poll(world.loop, 0), PHX_OK);
        assert_int_equal(answer.done, 0);
        world_end(&world);
    }
}

static void release_adapter(test_answer *answer)
{
    answer->http->release(answer->http->user_data);
}

static void test_release_inside_done(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    test_answer other = {0};
    world_begin(&world, play_answer_text);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    answer.http = world.http;
    answer.then = release_adapter;
    world_request(&world, "GET", NULL, &answer);
    world_wait(&world, &answer.done);
    world.http = NULL;
    world_expect(&answer, PHX_OK, 200, "");
    assert_int_equal(phx_loop_poll(world.loop, 0), PHX_OK);
    assert_int_equal(other.done, 0);
    world_end(&world);
}

static void test_on_another_poller(void **state)
{
    (void)state;
    test_world world = {.times = 1};
    test_answer answer = {0};
    const phx_poller *poller = NULL;
    assert_int_equal(phx_platform_epoll_poller(NULL, &poller), PHX_OK);
    world_begin_on(&world, NULL, poller);
    world.server = server_start(AF_INET, NULL, play_answer_text, &world);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    world_request(&world, "GET", NULL, &answer);
    world_wait(&world, &answer.done);
    world_expect(&answer, PHX_OK, 200, "hi");
    world_end(&world);
}

static void test_proxy_of_the_environment_is_not_for_loopback(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    char proxy[64];
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", (unsigned)free_port());
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    world_begin(&world, play_answer_text);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    world_request(&world, "GET", NULL, &answer);
    world_wait(&world, &answer.done);
    world_expect(&answer, PHX_OK, 200, "");
    world_end(&world);
    assert_int_equal(unsetenv("http_proxy"), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_methods_and_bodies),
        cmocka_unit_test(test_statuses_are_answers),
        cmocka_unit_test(test_connection_is_kept),
        cmocka_unit_test(test_idle_connection_is_not_trusted),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_release_inside_done),
        cmocka_unit_test(test_on_another_poller),
        cmocka_unit_test(test_proxy_of_the_environment_is_not_for_loopback),
    };
    phx_platform_set_lws_log_level(0);
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
