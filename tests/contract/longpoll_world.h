/* SPDX-License-Identifier: MIT */
/*
 * A world in virtual time for transports that stand on other ports: a loop whose waiting takes no
 * time, an http port that the test answers for, transports that the test plays, and a log of what a
 * connection reported, as text that is compared whole.
 */
#ifndef LONGPOLL_WORLD_H
#define LONGPOLL_WORLD_H

#include <phx/http.h>
#include <phx/platform.h>

#include "played_transport.h"
#include "testing.h"

enum {
    WORLD_MAX_REQUESTS = 64,
    WORLD_LOG_BYTES = 1 << 16
};

struct longpoll_world;

typedef struct fake_request {
    uint64_t id;
    const char *method;
    char *url;
    char *headers; /* "Name: value\n" each, in order */
    char *body;
    uint32_t timeout_ms;
    uint64_t deadline_ms;
    size_t max_response_bytes;
    phx_http_done_fn done;
    void *done_user_data;
    bool is_under_way;
    bool is_cancelled;
    bool is_answered;
    phx_status status;
    int32_t http_status;
    uint32_t retry_after_ms;
    char *answer;
} fake_request;

typedef struct fake_http {
    phx_http port;
    struct longpoll_world *world;
    phx_loop_source source;
    fake_request requests[WORLD_MAX_REQUESTS];
    size_t count;
    phx_status refusal; /* what the next send() returns instead of sending; PHX_OK: it sends */
    bool is_released;
} fake_http;

typedef struct longpoll_world {
    phx_poller poller;
    phx_clock clock;
    phx_random random;
    uint64_t now_ms;
    phx_loop *loop;
    fake_http http;
    played_transport primary;
    played_transport secondary;

    /* what is tested */
    const phx_transport *transport; /* NULL: somebody consumed it */
    phx_connection *connection;
    char log[WORLD_LOG_BYTES];
    size_t log_length;
    /* What the owner of the connection does inside an event whose log line begins so. */
    const char *release_in;
    const char *close_in;
    const char *send_in;
    uint32_t connect_timeout_ms;
    size_t max_message_bytes;
    const char *subprotocols;
    const phx_header *given_headers;
    size_t given_header_count;
} longpoll_world;

/* The long-poll transport over the fake http port, which takes its memory from `allocator` (NULL:
 * from malloc). Out of memory: the world has no loop, or no transport. */
void world_begin_with(longpoll_world *world, const phx_allocator *allocator);
void world_begin(longpoll_world *world);
/* The fallback over the two fake transports. */
void world_begin_fallback(longpoll_world *world, uint32_t fallback_ms);
/* Releases everything, and checks that everything was. */
void world_end(longpoll_world *world);

phx_status world_open(longpoll_world *world, const char *url);
void world_release_connection(longpoll_world *world);
phx_status world_send(longpoll_world *world, const char *text);
/* Lets ms pass. 0: one turn of the loop. */
void world_run(longpoll_world *world, uint32_t ms);
/* The log since the last call is exactly this: "; " behind each event. */
void world_expect(longpoll_world *world, const char *log);

/* The n-th request, from 0. It has been made. */
fake_request *world_request(longpoll_world *world, size_t n);
/* Answers the request with status 200 and this body, in the next turn, which this runs. */
void world_answer(longpoll_world *world, size_t n, const char *body);
void world_answer_http(longpoll_world *world, size_t n, int32_t http_status, const char *body);
void world_fail_request(longpoll_world *world, size_t n, phx_status status);
/* Opens "ws://host/socket/websocket?vsn=2.0.0" and answers the first poll with the token "t0k". */
void world_open_session(longpoll_world *world);

#endif
