/* SPDX-License-Identifier: MIT */
/*
 * Clients that mean no good, or behave as if: who does not read, and who sends garbage.
 */
#include "client.h"
#include "process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>

#define POSTS "/api/community/posts"
#define BOB "Authorization: Bearer tok-bob\r\n"

static struct backend backend;

static int start(void **state)
{
    static const char *const args[] = {"--db", ":memory:", "--control", NULL};
    (void)state;
    backend = backend_start(args);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    backend_stop(&backend);
    return 0;
}

static struct client joined(int port, const char *token)
{
    struct frame frame = {0};
    struct client client = client_websocket(port, token, "2.0.0");
    (void)client_say(&client, "[\"1\",\"1\",\"community:feed\",\"phx_join\",{}]");
    assert_true(client_frame(&client, &frame));
    assert_non_null(strstr(frame.payload, "\"status\":\"ok\""));
    frame_free(&frame);
    return client;
}

static void assert_burst(struct client *client)
{
    struct frame frame = {0};
    assert_true(client_frame(client, &frame));
    assert_non_null(strstr(frame.payload, "\"body\":\"burst "));
    frame_free(&frame);
}

/* Who does not read is dropped, and who does is not held up. */
static void drops_a_slow_reader_alone(void **state)
{
    static const char *const args[] = {"--db",        ":memory:", "--control",
                                       "--max-queue", "300000",   NULL};
    enum {
        BURST = 100,
        BURSTS_MAX = 400
    };
    const int small = 4096;
    (void)state;
    backend = backend_start(args);
    struct client slow = joined(backend.port, "tok-alice");
    struct client quick = joined(backend.port, "tok-bob");
    (void)setsockopt(slow.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    int bursts = 0;
    while (backend_fact(&backend, "slow_consumers") == 0 && bursts < BURSTS_MAX) {
        backend_control(&backend, "burst", "{\"count\":100,\"bytes\":2000}");
        for (int i = 0; i < BURST; i++) {
            assert_burst(&quick);
        }
        backend_await(&backend, "burst_left", 0);
        bursts++;
    }
    assert_true(bursts < BURSTS_MAX);
    backend_await(&backend, "sockets", 1);
    assert_int_equal(backend_fact(&backend, "slow_consumers"), 1);
    client_close(&slow);
    client_close(&quick);
    backend_stop(&backend);
}

static unsigned random_byte(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 24;
}

/* A mutilated message: some of its bytes are replaced, and it may be cut short. */
static size_t mutilate(const char *text, size_t len, char *out, uint32_t *seed)
{
    memcpy(out, text, len);
    for (unsigned i = random_byte(seed) % 8; i > 0; i--) {
        out[random_byte(seed) % len] = (char)random_byte(seed);
    }
    return random_byte(seed) % 4 == 0 ? random_byte(seed) % len + 1 : len;
}

static void survives_garbage_over_http(void **state)
{
    static const char request[] =
        "POST " POSTS "?limit=3&before=%41 HTTP/1.1\r\n" BOB
        "Transfer-Encoding: chunked\r\nIdempotency-Key: a\r\n\r\n"
        "c\r\n{\"body\":\"a\"}\r\n0\r\n\r\nGET " POSTS "?limit=2 HTTP/1.1\r\n" BOB
        "Connection: close\r\nContent-Length: 2\r\n\r\n{}";
    uint32_t seed = 1;
    (void)state;
    for (int i = 0; i < 500; i++) {
        char text[sizeof(request)];
        struct client client = client_connect(backend.port);
        const size_t len = mutilate(request, sizeof(request) - 1, text, &seed);
        (void)client_send(&client, text, len);
        (void)shutdown(client.fd, SHUT_WR);
        while (client.len < 65536 * 4 && !client_ends(&client) && !client.is_reset) {
            client.len = 0;
        }
        client_close(&client);
    }
    (void)backend_fact(&backend, "sockets");
}

static void survives_garbage_over_websocket(void **state)
{
    static const char *const frames[] = {
        "[\"1\",\"1\",\"echo:a\",\"phx_join\",{\"a\":[1,2,{\"b\":\"\\u00e9\"}]}]",
        "[\"1\",\"2\",\"echo:a\",\"custom_status\",{\"status\":\"weird\",\"a\":1}]",
        "[\"1\",\"3\",\"echo:a\",\"push_n\",{\"n\":3,\"fill\":10}]",
        "\0\1\1\6\3\0614echo:abin\1\2\3",
    };
    uint32_t seed = 2;
    (void)state;
    for (int i = 0; i < 500; i++) {
        char text[256];
        struct client client = client_websocket(backend.port, "tok-alice", "2.0.0");
        (void)client_say(&client, frames[0]);
        for (size_t j = 0; j < 4; j++) {
            const size_t len = j == 3 ? 19 : strlen(frames[j]);
            const size_t cut = mutilate(frames[j], len, text, &seed);
            const unsigned first =
                random_byte(&seed) % 8 == 0 ? random_byte(&seed) : 0x81 + (unsigned)(j / 3);
            (void)client_send_frame(&client, (unsigned char)first, true, text, cut);
        }
        (void)client_send_frame(&client, 0x88, true, "\x03\xe8", 2);
        struct frame frame = {0};
        while (client_frame(&client, &frame)) {
            frame_free(&frame);
        }
        client_close(&client);
    }
    (void)backend_fact(&backend, "sockets");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_a_slow_reader_alone),
        cmocka_unit_test_setup_teardown(survives_garbage_over_http, start, stop),
        cmocka_unit_test_setup_teardown(survives_garbage_over_websocket, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
