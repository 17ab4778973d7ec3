/* SPDX-License-Identifier: MIT */
/*
 * What the http port's tests share: an adapter on a loop, a scripted server, and what became of a
 * request.
 */
#ifndef CONTRACT_HTTP_WORLD_H
#define CONTRACT_HTTP_WORLD_H

#include <phx/platform.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "server.h"

enum {
    PUMP_MS = 50,
    PATIENCE_MS = 10000,
    HEAD_BYTES = 16 * 1024,
    BODY_BYTES = 4096,
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
    const phx_network *network; /* for world_begin_on */
    test_server *server;
    const char *text;
    int times; /* requests answered on one connection */
    atomic_int requests;
    atomic_int hung_up; /* connections that the client has ended while the server waited */
    char head[HEAD_BYTES];
    char body[BODY_BYTES];
} test_world;

/* NULL: the stock ones. */
void world_begin_on(test_world *world, const phx_tls *tls, const phx_poller *poller);
/* script NULL: no server. */
void world_begin(test_world *world, server_script script);
void world_end(test_world *world);
/* For phx_http.send, with a test_answer. */
void world_done(void *user_data, const phx_http_response *response);

/* With a token in the headers. */
phx_status world_send_to(test_world *world, const char *url, const char *method, const char *body,
                         test_answer *answer, uint64_t *out_id);
/* With a secret in it; valid until the next call. */
const char *world_url(const test_world *world, const char *scheme);
void world_request(test_world *world, const char *method, const char *body, test_answer *answer);
void world_wait(test_world *world, const int *done);

/* Also frees the body. */
void world_expect(test_answer *answer, phx_status status, int http_status, const char *body);

/* Scripts for server_start, and reading one request within one. */
bool read_request(test_stream *stream, test_world *world);
void play_answer_text(test_stream *stream, int index, void *argument);
void play_never_answer(test_stream *stream, int index, void *argument);

#endif
