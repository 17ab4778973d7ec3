/* SPDX-License-Identifier: MIT */
/*
 * The http port's contract (phx/http.h), against a scripted server.
 */
#include "certificates.h"
#include "testing.h"

#include <phx/platform.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    PUMP_MS = 50,
    PATIENCE_MS = 10000,
    HEAD_BYTES = 16 * 1024,
    MAX_BODY_BYTES = 1024 * 1024
};

typedef struct test_answer {
    int done;
    phx_status status;
    int http_status;
    uint32_t retry_after_ms;
    int os_code;
    bool was_sent;
    char *body;
    size_t body_length;
    char message[512];
    /* Called inside done; NULL: nothing. */
    void (*then)(struct test_answer *answer);
    const phx_http *http;
} test_answer;

typedef struct test_world {
    phx_loop *loop;
    const phx_http *http;
    test_server *server;
    const char *text;
    int times; /* requests answered on one connection */
    atomic_int requests;
    char head[HEAD_BYTES];
    char body[4096];
} test_world;

static void begin_on(test_world *world, const phx_tls *tls, const phx_poller *poller)
{
    phx_loop_config config;
    phx_loop_config_init(&config);
    config.poller = poller;
    assert_int_equal(phx_loop_new(&config, &world->loop), PHX_OK);
    assert_int_equal(phx_http_curl(world->loop, tls, &world->http), PHX_OK);
}

static void begin(test_world *world, server_script script)
{
    memset(world, 0, sizeof *world);
    world->times = 1;
    begin_on(world, NULL, NULL);
    world->server = script != NULL ? server_start(AF_INET, NULL, script, world) : NULL;
}

static void end(test_world *world)
{
    if (world->http != NULL) {
        world->http->release(world->http->user_data);
    }
    phx_loop_release(world->loop);
    if (world->server != NULL) {
        server_stop(world->server);
    }
}

static void on_done(void *user_data, const phx_http_response *response)
{
    test_answer *answer = user_data;
    assert_non_null(response->body);
    assert_non_null(response->error.message);
    answer->done++;
    answer->status = response->error.status;
    answer->http_status = response->error.http_status;
    answer->retry_after_ms = response->error.retry_after_ms;
    answer->os_code = response->error.os_code;
    answer->was_sent = response->was_sent;
    answer->body = malloc(response->body_length + 1);
    memcpy(answer->body, response->body, response->body_length);
    answer->body[response->body_length] = '\0';
    answer->body_length = response->body_length;
    (void)snprintf(answer->message, sizeof answer->message, "%s", response->error.message);
    assert_null(strstr(answer->message, "s3cret"));
    if (answer->then != NULL) {
        answer->then(answer);
    }
}

static const phx_header token[] = {{"Authorization", "Bearer s3cret"}};

static phx_status send_to(test_world *world, const char *url, const char *method, const char *body,
                          test_answer *answer, uint64_t *out_id)
{
    uint64_t id = 0;
    const phx_http_request request = {
        .struct_size = (uint32_t)sizeof request,
        .method = method,
        .url = url,
        .headers = token,
        .header_count = 1,
        .body = (const uint8_t *)body,
        .body_length = body != NULL ? strlen(body) : 0,
        .timeout_ms = 5000,
        .max_response_bytes = MAX_BODY_BYTES,
    };
    phx_status status = world->http->send(world->http->user_data, &request, on_done, answer, &id);
    assert_int_equal(id != 0, status == PHX_OK);
    assert_int_equal(answer->done, 0);
    if (out_id != NULL) {
        *out_id = id;
    }
    return status;
}

static const char *local_url(const test_world *world, const char *scheme)
{
    static char url[128];
    (void)snprintf(url, sizeof url, "%s://localhost:%u/api?secret=s3cret", scheme,
                   (unsigned)server_port(world->server));
    return url;
}

static void request(test_world *world, const char *method, const char *body, test_answer *answer)
{
    assert_int_equal(send_to(world, local_url(world, "http"), method, body, answer, NULL), PHX_OK);
}

static void wait_done(test_world *world, const int *done)
{
    uint64_t start_ms = phx_loop_now_ms(world->loop);
    while (*done == 0) {
        assert_true(phx_loop_now_ms(world->loop) - start_ms < PATIENCE_MS);
        assert_int_equal(phx_loop_poll(world->loop, PUMP_MS), PHX_OK);
    }
}

static void expect(test_answer *answer, phx_status status, int http_status, const char *body)
{
    if (answer->status != status) {
        fail_msg("%s instead of %s: %s", phx_status_name(answer->status), phx_status_name(status),
                 answer->message);
    }
    assert_int_equal(answer->http_status, http_status);
    assert_string_equal(answer->body, body);
    free(answer->body);
    answer->body = NULL;
}

/* Scripts. */

static bool read_request(test_stream *stream, test_world *world)
{
    if (!stream_read_head(stream, world->head, HEAD_BYTES)) {
        return false;
    }
    const char *length_text = strstr(world->head, "Content-Length: ");
    size_t length = length_text != NULL ? (size_t)atol(length_text + 16) : 0;
    bool is_read = length < sizeof world->body && stream_read_all(stream, world->body, length);
    world->body[is_read ? length : 0] = '\0';
    world->requests++;
    return is_read;
}

static void answer_text(test_stream *stream, int index, void *argument)
{
    test_world *world = argument;
    (void)index;
    for (int i = 0; i < world->times && read_request(stream, world); i++) {
        (void)stream_print(stream, "%s", world->text);
    }
    /* Kept open by the client, perhaps. */
    if (world->times > 1) {
        stream_drain(stream);
    }
}

static void never_answer(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    stream_drain(stream);
}

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

/* Tests. */

static void test_get(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    begin(&world, answer_text);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    request(&world, "GET", NULL, &answer);
    wait_done(&world, &answer.done);
    expect(&answer, PHX_OK, 200, "hello");
    assert_true(answer.was_sent);
    assert_memory_equal(world.head, "GET /api?secret=s3cret HTTP/1.1\r\n", 33);
    assert_non_null(strstr(world.head, "\r\nAuthorization: Bearer s3cret\r\n"));
    assert_null(strstr(world.head, "Content-Type"));
    end(&world);
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
        begin(&world, answer_text);
        world.text = "HTTP/1.1 204 No Content\r\n\r\n";
        request(&world, cases[i].method, cases[i].body, &answer);
        wait_done(&world, &answer.done);
        expect(&answer, PHX_OK, 204, "");
        assert_memory_equal(world.head, cases[i].method, strlen(cases[i].method));
        assert_non_null(strstr(world.head, cases[i].length));
        assert_string_equal(world.body, cases[i].body != NULL ? cases[i].body : "");
        assert_null(strstr(world.head, "Expect"));
        assert_null(strstr(world.head, "urlencoded"));
        end(&world);
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
        begin(&world, answer_text);
        world.text = cases[i].text;
        request(&world, "GET", NULL, &answer);
        wait_done(&world, &answer.done);
        expect(&answer, PHX_OK, cases[i].http_status, cases[i].body);
        assert_int_equal(answer.retry_after_ms, cases[i].retry_after_ms);
        assert_int_equal(server_connections(world.server), 1);
        end(&world);
    }
}

static void test_nothing_listens(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    char url[64];
    begin(&world, NULL);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", (unsigned)free_port());
    assert_int_equal(send_to(&world, url, "POST", "x", &answer, NULL), PHX_OK);
    wait_done(&world, &answer.done);
    expect(&answer, PHX_ERROR_CONNECTION_REFUSED, 0, "");
    assert_false(answer.was_sent);
    assert_int_equal(answer.os_code, ECONNREFUSED);
    end(&world);
}

static void test_name_that_does_not_resolve(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    begin(&world, NULL);
    assert_int_equal(send_to(&world, "http://no-such-host.invalid/", "GET", NULL, &answer, NULL),
                     PHX_OK);
    wait_done(&world, &answer.done);
    expect(&answer, PHX_ERROR_NAME_NOT_FOUND, 0, "");
    assert_false(answer.was_sent);
    assert_non_null(strstr(answer.message, "no-such-host.invalid"));
    end(&world);
}

static void test_timeout(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    uint64_t id = 0;
    begin(&world, never_answer);
    const phx_http_request request = {
        .struct_size = (uint32_t)sizeof request,
        .method = "POST",
        .url = local_url(&world, "http"),
        .timeout_ms = 150,
        .max_response_bytes = 100,
    };
    uint64_t start_ms = phx_loop_now_ms(world.loop);
    assert_int_equal(world.http->send(world.http->user_data, &request, on_done, &answer, &id),
                     PHX_OK);
    wait_done(&world, &answer.done);
    assert_in_range(phx_loop_now_ms(world.loop) - start_ms, 150, 1500);
    expect(&answer, PHX_ERROR_TIMEOUT, 0, "");
    assert_true(answer.was_sent);
    end(&world);
}

static void test_too_large(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    char text[3000];
    begin(&world, answer_text);
    int head = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n");
    memset(text + head, 'x', 2000);
    text[head + 2000] = '\0';
    world.text = text;
    uint64_t id = 0;
    phx_http_request request = {.struct_size = (uint32_t)sizeof request,
                                .method = "GET",
                                .url = local_url(&world, "http"),
                                .timeout_ms = 5000,
                                .max_response_bytes = 1999};
    assert_int_equal(world.http->send(world.http->user_data, &request, on_done, &answer, &id),
                     PHX_OK);
    wait_done(&world, &answer.done);
    assert_int_equal(answer.status, PHX_ERROR_TOO_LARGE);
    assert_true(answer.was_sent);
    free(answer.body);
    answer = (test_answer){0};
    request.max_response_bytes = 2000;
    assert_int_equal(world.http->send(world.http->user_data, &request, on_done, &answer, &id),
                     PHX_OK);
    wait_done(&world, &answer.done);
    assert_int_equal(answer.status, PHX_OK);
    assert_int_equal(answer.body_length, 2000);
    free(answer.body);
    end(&world);
}

static void test_endless_headers(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    begin(&world, endless_headers);
    request(&world, "GET", NULL, &answer);
    wait_done(&world, &answer.done);
    expect(&answer, PHX_ERROR_TOO_LARGE, 200, "");
    end(&world);
}

static void test_lost_answers(void **state)
{
    (void)state;
    static const char *const methods[] = {"GET", "POST"};
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        test_world world;
        test_answer answer = {0};
        begin(&world, read_and_reset);
        request(&world, methods[i], NULL, &answer);
        wait_done(&world, &answer.done);
        expect(&answer, PHX_ERROR_CONNECTION_LOST, 0, "");
        assert_true(answer.was_sent);
        assert_int_equal(world.requests, 1);
        end(&world);
    }
}

static void test_truncated_answer(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    begin(&world, answer_text);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nonly this";
    request(&world, "GET", NULL, &answer);
    wait_done(&world, &answer.done);
    assert_int_equal(answer.status, PHX_ERROR_CONNECTION_LOST);
    free(answer.body);
    end(&world);
}

static void test_garbage_answer(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    begin(&world, answer_text);
    world.text = "this is no HTTP\r\n\r\n";
    request(&world, "GET", NULL, &answer);
    wait_done(&world, &answer.done);
    expect(&answer, PHX_ERROR_PROTOCOL, 0, "");
    end(&world);
}

/* The server may have acted on the first copy: only the app knows whether a second one is welcome.
 */
static void test_write_is_not_repeated(void **state)
{
    (void)state;
    test_world world;
    begin(&world, hang_up_on_second);
    test_answer first = {0};
    request(&world, "GET", NULL, &first);
    wait_done(&world, &first.done);
    expect(&first, PHX_OK, 200, "ok");
    test_answer second = {0};
    request(&world, "POST", NULL, &second);
    wait_done(&world, &second.done);
    expect(&second, PHX_ERROR_CONNECTION_LOST, 0, "");
    assert_true(second.was_sent);
    assert_int_equal(world.requests, 2);
    end(&world);
}

static void test_read_is_repeated_on_a_new_connection(void **state)
{
    (void)state;
    test_world world;
    begin(&world, hang_up_on_second);
    for (int i = 0; i < 2; i++) {
        test_answer answer = {0};
        request(&world, "GET", NULL, &answer);
        wait_done(&world, &answer.done);
        expect(&answer, PHX_OK, 200, "ok");
    }
    assert_int_equal(world.requests, 3);
    end(&world);
}

static void test_connection_is_kept(void **state)
{
    (void)state;
    test_world world;
    begin(&world, answer_text);
    world.times = 5;
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    for (int i = 0; i < 5; i++) {
        test_answer answer = {0};
        request(&world, "POST", "x", &answer);
        wait_done(&world, &answer.done);
        expect(&answer, PHX_OK, 200, "");
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
    end(&world);
}

static void test_many_at_once(void **state)
{
    (void)state;
    enum {
        MANY = 64
    };
    test_world world;
    test_answer answers[MANY + 1] = {0};
    begin(&world, answer_text);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx";
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(send_to(&world, local_url(&world, "http"), "GET", NULL, &answers[i], NULL),
                         PHX_OK);
    }
    assert_int_equal(send_to(&world, local_url(&world, "http"), "GET", NULL, &answers[MANY], NULL),
                     PHX_ERROR_QUEUE_FULL);
    for (int i = 0; i < MANY; i++) {
        wait_done(&world, &answers[i].done);
        expect(&answers[i], PHX_OK, 200, "x");
    }
    end(&world);
}

static void test_cancel(void **state)
{
    (void)state;
    for (int turns = 0; turns < 4; turns++) {
        test_world world;
        test_answer answer = {0};
        uint64_t id = 0;
        begin(&world, never_answer);
        assert_int_equal(send_to(&world, local_url(&world, "http"), "GET", NULL, &answer, &id),
                         PHX_OK);
        for (int i = 0; i < turns; i++) {
            assert_int_equal(phx_loop_poll(world.loop, 0), PHX_OK);
        }
        world.http->cancel(world.http->user_data, id);
        world.http->cancel(world.http->user_data, id);
        world.http->cancel(world.http->user_data, 12345);
        assert_int_equal(phx_loop_poll(world.loop, 0), PHX_OK);
        assert_int_equal(answer.done, 0);
        end(&world);
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
    begin(&world, answer_text);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    answer.http = world.http;
    answer.then = release_adapter;
    request(&world, "GET", NULL, &answer);
    wait_done(&world, &answer.done);
    world.http = NULL;
    expect(&answer, PHX_OK, 200, "");
    assert_int_equal(phx_loop_poll(world.loop, 0), PHX_OK);
    assert_int_equal(other.done, 0);
    end(&world);
}

static void test_bad_requests(void **state)
{
    (void)state;
    static const char *const urls[] = {"", "ftp://x/", "ws://x/", "http://", "http://u:p@x/"};
    test_world world;
    test_answer answer = {0};
    uint64_t id = 1;
    begin(&world, NULL);
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        assert_int_equal(send_to(&world, urls[i], "GET", NULL, &answer, NULL),
                         PHX_ERROR_INVALID_URL);
    }
    const phx_header bad[] = {{"X", "a\r\nInjected: 1"}};
    const phx_http_request request = {.struct_size = (uint32_t)sizeof request,
                                      .method = "GET",
                                      .url = "http://127.0.0.1/",
                                      .headers = bad,
                                      .header_count = 1};
    assert_int_equal(world.http->send(world.http->user_data, &request, on_done, &answer, &id),
                     PHX_ERROR_INVALID_ARGUMENT);
    assert_int_equal(id, 0);
    end(&world);
}

static void test_on_another_poller(void **state)
{
    (void)state;
    test_world world = {.times = 1};
    test_answer answer = {0};
    const phx_poller *poller = NULL;
    assert_int_equal(phx_platform_epoll_poller(NULL, &poller), PHX_OK);
    begin_on(&world, NULL, poller);
    world.server = server_start(AF_INET, NULL, answer_text, &world);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    request(&world, "GET", NULL, &answer);
    wait_done(&world, &answer.done);
    expect(&answer, PHX_OK, 200, "hi");
    end(&world);
}

static void expect_tls(const test_certificate *identity, const phx_tls *tls, phx_status status)
{
    test_world world = {.times = 1};
    test_answer answer = {0};
    begin_on(&world, tls, NULL);
    world.server = server_start(AF_INET, identity, answer_text, &world);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    assert_int_equal(send_to(&world, local_url(&world, "https"), "GET", NULL, &answer, NULL),
                     PHX_OK);
    wait_done(&world, &answer.done);
    expect(&answer, status, status == PHX_OK ? 200 : 0, status == PHX_OK ? "hi" : "");
    assert_int_equal(answer.was_sent, status == PHX_OK);
    end(&world);
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

static void test_proxy_of_the_environment_is_not_for_loopback(void **state)
{
    (void)state;
    test_world world;
    test_answer answer = {0};
    char proxy[64];
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", (unsigned)free_port());
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    begin(&world, answer_text);
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    request(&world, "GET", NULL, &answer);
    wait_done(&world, &answer.done);
    expect(&answer, PHX_OK, 200, "");
    end(&world);
    assert_int_equal(unsetenv("http_proxy"), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_methods_and_bodies),
        cmocka_unit_test(test_statuses_are_answers),
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
        cmocka_unit_test(test_connection_is_kept),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_release_inside_done),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_on_another_poller),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_proxy_of_the_environment_is_not_for_loopback),
    };
    phx_platform_set_lws_log_level(0);
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
