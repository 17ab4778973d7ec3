/* SPDX-License-Identifier: MIT */
/*
 * HTTP itself, below the REST API: heads and bodies in every form, good and broken.
 */
#include "calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* Sends bytes as they are and expects the statuses of the answers, in order, and then the end. */
static void assert_answers(const char *text, size_t len, const int *statuses)
{
    struct client client = client_connect(backend.port);
    struct response response = {0};
    (void)client_send(&client, text, len);
    for (; *statuses != 0; statuses++) {
        assert_true(client_response(&client, &response));
        assert_int_equal(response.status, *statuses);
        response_free(&response);
    }
    assert_true(client_ends(&client));
    client_close(&client);
}

static void speaks_http(void **state)
{
    static const struct {
        const char *text;
        int statuses[4];
    } exchanges[] = {
        {"GET / HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n\r\n", {404, 404, 404}},
        {"POST " POSTS " HTTP/1.1\r\nAuthorization: Bearer tok-bob\r\nConnection: close\r\n"
         "Transfer-Encoding: chunked\r\n\r\n"
         "9;x=y\r\n{\"body\":\"\r\n4\r\na\"}\n\r\n0\r\nTrailer: t\r\n\r\n",
         {201}},
        {"POST " POSTS " HTTP/1.1\r\nAuthorization: Bearer tok-bob\r\nConnection: close\r\n"
         "Expect: 100-continue\r\nContent-Length: 12\r\n\r\n{\"body\":\"a\"}",
         {201}},
        {"nonsense\r\n\r\n", {400}},
        {"GET / HTTP/2.0\r\n\r\n", {400}},
        {"GET x HTTP/1.1\r\n\r\n", {400}},
        {"GET / HTTP/1.1\r\nno colon\r\n\r\n", {400}},
        {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", {400}},
        {"POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n", {400}},
        {"POST / HTTP/1.1\r\nContent-Length: 9999999999999999\r\n\r\n", {400}},
        {"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", {413}},
        {"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", {400}},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", {400}},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", {400}},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n", {413}},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", {400}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
        assert_answers(exchanges[i].text, strlen(exchanges[i].text), exchanges[i].statuses);
    }
}

static void asks_for_a_body_that_waits(void **state)
{
    struct response response = {0};
    struct client client = client_connect(backend.port);
    (void)state;
    (void)client_send_text(&client, "POST " POSTS " HTTP/1.1\r\nAuthorization: Bearer tok-bob\r\n"
                                    "Expect: 100-continue\r\nContent-Length: 12\r\n\r\n");
    assert_true(client_response(&client, &response));
    assert_int_equal(response.status, 100);
    response_free(&response);
    (void)client_send_text(&client, "{\"body\":\"a\"}");
    assert_true(client_response(&client, &response));
    assert_int_equal(response.status, 201);
    response_free(&response);
    client_close(&client);
}

static void bounds_heads(void **state)
{
    enum {
        SIZE = 40000
    };
    static const int too_large[] = {431, 0};
    (void)state;
    char *text = malloc(SIZE + 1);
    memset(text, 'x', SIZE);
    memcpy(text, "GET / HTTP/1.1\r\nh: ", 19);
    assert_answers(text, SIZE, too_large);
    size_t len = 16;
    for (int i = 0; i < 100; i++) {
        memcpy(text + len, "h: x\r\n", 6);
        len += 6;
    }
    memcpy(text + len, "\r\n", 2);
    assert_answers(text, len + 2, too_large);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(speaks_http, start, stop),
        cmocka_unit_test_setup_teardown(asks_for_a_body_that_waits, start, stop),
        cmocka_unit_test_setup_teardown(bounds_heads, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
