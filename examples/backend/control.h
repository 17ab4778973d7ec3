/* SPDX-License-Identifier: MIT */
/*
 * Faults on demand, for tests: POST /control/VERB and GET /control/status, behind --control. The
 * switches live in `control`; the code that they disturb reads them. README.md lists the verbs.
 */
#ifndef BACKEND_CONTROL_H
#define BACKEND_CONTROL_H

#include <libwebsockets.h>

#include <stdbool.h>
#include <stdint.h>

struct app;
struct conn;
struct http_request;
struct user;

/* Whose manners the echo topics have: ECHO_FULL answers a join with topic and params, announces a
 * stop and broadcasts binaries; ECHO_PLAIN does not. */
enum echo_manners {
    ECHO_FULL,
    ECHO_PLAIN
};

/* Posts still to be made, some each turn of the loop, so that nobody waits for all of them. */
struct burst {
    lws_sorted_usec_list_t timer;
    const struct user *user;
    int64_t count;
    int64_t made;
    int64_t size; /* of a post's body, at least */
};

struct control {
    bool is_stalled;
    lws_sorted_usec_list_t stall_timer;
    int64_t refusals_left; /* negative: all */
    int refuse_status;
    int64_t retry_after_s;
    bool refuse_upgrades;
    bool refuse_rest;
    uint32_t slow_join_ms;
    bool double_subscription;
    bool no_push;
    enum echo_manners echo;
    struct burst burst;
};

/* Answers a request whose path begins with /control/. */
void control_handle(struct conn *conn, const struct http_request *request);

/* Answers with the facts of GET /control/status. */
void control_answer_status(struct conn *conn, const struct http_request *request);

/* Whether a request to the socket (or else to the REST API) is to be refused now; counts it. */
bool control_refuses(struct app *app, bool is_upgrade);

#endif
