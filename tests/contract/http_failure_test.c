/* SPDX-License-Identifier: MIT */
/*
 * The http port's contract (phx/http.h): what goes wrong, and whether the server may have seen the
 * request.
 */
#include "http_world.h"

#include "certificates.h"
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_and_reset(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)read_request(stream, argument);
    stream_reset_at_end(stream);
}

/* Answers the first request of a connection, reads the second and hangs up. */
static void hang_up_on_second(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    (void)index;
    if (read_request(stream, world) &&
        stream_print(stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")) {
        (void)read_request(stream, world);
    }
}

static void endless_headers(test_stream *stream, int index, void *argument)
{
    (void)index;
    bool is_sent = read_request(stream, argument) && stream_print(stream, "HTTP/1.1 200 OK\r\n");
    while (is_sent) {
        is_sent = stream_print(stream, "X-More: and more and more and more and more and more\r\n");
    }
}

static void test_nothing_listens(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    char url[64];
    world_begin(&world, NULL);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", (unsigned)free_port());
    assert_int_equal(world_send_to(&world, url, "POST", "x", &answer, NULL), PHX_OK);
    world_wait(&world, &answer.done);
    world_expect(&answer, PHX_ERROR_CONNECTION_REFUSED, 0, "");
    assert_false(answer.was_sent);
    assert_int_equal(answer.os_code, ECONNREFUSED);
    world_end(&world);
}

static void test_name_that_does_not_resolve(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    world_begin(&world, NULL);
    assert_int_equal(
        world_send_to(&world, "http://no-such-host.invalid/", "GET", NULL, &answer, NULL), PHX_OK);
    world_wait(&world, &answer.done);
    world_expect(&answer, PHX_ERROR_NAME_NOT_FOUND, 0, "");
    assert_false(answer.was_sent);
    assert_non_null(strstr(answer.message, "no-such-host.invalid"));
    world_end(&world);
}

static void test_timeout(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    uint64_t id = 0;
    world_begin(&world, play_never_answer);
    const phx_http_request request = {
        .struct_size = (uint32_t)sizeof request,
        .method = "POST",
        .url = world_url(&world, "http"),
        .timeout_ms = 150,
        .max_response_bytes = 100,
    };
    uint64_t start_ms = phx_loop_now_ms(world.loop);
    assert_int_equal(world.http->send(world.http->user_data, &request, world_done, &answer, &id),
                     PHX_OK);
    world_wait(&world, &answer.done);
    assert_in_range(phx_loop_now_ms(world.loop) - start_ms, 150, 1500);
    world_expect(&answer, PHX_ERROR_TIMEOUT, 0, "");
    assert_true(answer.was_sent);
    world_end(&world);
}

static void test_too_large(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    char text[3000];
    world_begin(&world, play_answer_text);
    int head = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n");
    memset(text + head, 'x', 2000);
    text[head + 2000] = '\0';
    world.text = text;
    uint64_t id = 0;
    phx_http_request request = {.struct_size = (uint32_t)sizeof request,
                                .method = "GET",
                                .url = world_url(&world, "http"),
                                .timeout_ms = 5000,
                                .max_response_bytes = 1999};
    assert_int_equal(world.http->send(world.http->user_data, &request, world_done, &answer, &id),
                     PHX_OK);
    world_wait(&world, &answer.done);
    assert_int_equal(answer.status, PHX_ERROR_TOO_LARGE);
    assert_true(answer.was_sent);
    free(answer.body);
    answer = (test_answer){0};
    request.max_response_bytes = 2000;
    assert_int_equal(world.http->send(world.http->user_data, &request, world_done, &answer, &id),
                     PHX_OK);
    world_wait(&world, &answer.done);
    assert_int_equal(answer.status, PHX_OK);
    assert_int_equal(answer.body_length, 2000);
    free(answer.body);
    world_end(&world);
}

static void test_endless_headers(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    world_begin(&world, endless_headers);
    world_request(&world, "GET", NULL, &answer);
    world_wait(&world, &answer.done);
    world_expect(&answer, PHX_ERROR_TOO_LARGE, 200, "");
    world_end(&world);
}

static void test_lost_answers(void **state)
{
    (void)state;
    static const char *const methods[] = {"GET", "POST"};
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        test_world world;
        test_answer answer = {0};
        world_begin(&world, read_and_reset);
        world_request(&world, methods[i], NULL, &answer);
        world_wait(&world, &answer.done);
        world_expect(&answer, PHX_ERROR_CONNECTION_LOST, 0, "");
        assert_true(answer.was_sent);
        assert_int_equal(world.requests, 1);
        world_end(&world);
    }
}

static void test_truncated_answer(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    world_begin(&world, play_answer_text);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nonly this";
    world_request(&world, "GET", NULL, &answer);
    world_wait(&world, &answer.done);
    assert_int_equal(answer.status, PHX_ERROR_CONNECTION_LOST);
    free(answer.body);
    world_end(&world);
}

static void test_garbage_answer(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    world_begin(&world, play_answer_text);
    world.text = "this is no HTTP\r\n\r\n";
    world_request(&world, "GET", NULL, &answer);
    world_wait(&world, &answer.done);
    world_expect(&answer, PHX_ERROR_PROTOCOL, 0, "");
    world_end(&world);
}

/* The server may have acted on the first copy: only the app knows whether a second one is welcome.
 */
static void test_write_is_not_repeated(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, hang_up_on_second);
    test_answer first = {0};
    world_request(&world, "GET", NULL, &first);
    world_wait(&world, &first.done);
    world_expect(&first, PHX_OK, 200, "ok");
    test_answer second = {0};
    world_request(&world, "POST", NULL, &second);
    world_wait(&world, &second.done);
    world_expect(&second, PHX_ERROR_CONNECTION_LOST, 0, "");
    assert_true(second.was_sent);
    assert_int_equal(world.requests, 2);
    world_end(&world);
}

static void test_read_is_repeated_on_a_new_connection(void **state)
{
    (void)state;
    test_world world;
    world_begin(&world, hang_up_on_second);
    for (int i = 0; i < 2; i++) {
        test_answer answer = {0};
        world_request(&world, "GET", NULL, &answer);
        world_wait(&world, &answer.done);
        world_expect(&answer, PHX_OK, 200, "ok");
    }
    assert_int_equal(world.requests, 3);
    world_end(&world);
}

static void test_bad_requests(void **state)
{
    (void)state;
    static const char *const urls[] = {"", "ftp://x/", "ws://x/", "http://", "http://u:p@x/"};
    test_world world;
    test_answer answer = {0};
    uint64_t id = 1;
    world_begin(&world, NULL);
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        assert_int_equal(world_send_to(&world, urls[i], "GET", NULL, &answer, NULL),
                         PHX_ERROR_INVALID_URL);
    }
    const phx_header bad[] = {{"X", "a\r\nInjected: 1"}};
    const phx_http_request request = {.struct_size = (uint32_t)sizeof request,
                                      .method = "GET",
                                      .url = "http://127.0.0.1/",
                                      .headers = bad,
                                      .header_count = 1};
    assert_int_equal(world.http->send(world.http->user_data, &request, world_done, &answer, &id),
                     PHX_ERROR_INVALID_ARGUMENT);
    assert_int_equal(id, 0);
    world_end(&world);
}

static void expect_tls(const test_certificate *identity, const phx_tls *tls, phx_status status)
{
    test_world world = {.times = 1};
    test_answer answer = {0};
    world_begin_on(&world, tls, NULL);
    world.server = server_start(AF_INET, identity, play_answer_text, &world);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    assert_int_equal(world_send_to(&world, world_url(&world, "https"), "GET", NULL, &answer, NULL),
                     PHX_OK);
    world_wait(&world, &answer.done);
    world_expect(&answer, status, status == PHX_OK ? 200 : 0, status == PHX_OK ? "hi" : "");
    assert_int_equal(answer.was_sent, status == PHX_OK);
    world_end(&world);
    assert_int_equal(world.requests, status == PHX_OK ? 1 : 0);
}

static void test_tls(void **state)
{
    (void)state;
    test_certificate *authority = certificate_new(NULL, NULL, false, false);
    test_certificate *other = certificate_new(NULL, NULL, false, false);
    test_certificate *good = certificate_new(authority, "localhost", true, false);
    test_certificate *expired = certificate_new(authority, "localhost", true, true);
    test_certificate *other_host = certificate_new(authority, "example.invalid", false, false);
    phx_tls tls = {.struct_size = (uint32_t)sizeof tls, .ca_pem = certificate_pem(authority)};
    phx_tls wrong = {.struct_size = (uint32_t)sizeof wrong, .ca_pem = certificate_pem(other)};
    expect_tls(good, &tls, PHX_OK);
    expect_tls(good, &wrong, PHX_ERROR_TLS_CERTIFICATE);
    expect_tls(good, NULL, PHX_ERROR_TLS_CERTIFICATE);
    expect_tls(expired, &tls, PHX_ERROR_TLS_CERTIFICATE);
    expect_tls(other_host, &tls, PHX_ERROR_TLS_CERTIFICATE);
    const char *const pins[] = {certificate_pin(other), certificate_pin(good)};
    tls.pins = pins;
    tls.pin_count = 2;
    expect_tls(good, &tls, PHX_OK);
    tls.pin_count = 1;
    expect_tls(good, &tls, PHX_ERROR_TLS_PIN);
    certificate_free(authority);
    certificate_free(other);
    certificate_free(good);
    certificate_free(expired);
    certificate_free(other_host);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_listens),
        cmocka_unit_test(test_name_that_does_not_resolve),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_endless_headers),
        cmocka_unit_test(test_lost_answers),
        cmocka_unit_test(test_truncated_answer),
        cmocka_unit_test(test_garbage_answer),
        cmocka_unit_test(test_write_is_not_repeated),
        cmocka_unit_test(test_read_is_repeated_on_a_new_connection),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_tls),
    };
    phx_platform_set_lws_log_level(0);
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
