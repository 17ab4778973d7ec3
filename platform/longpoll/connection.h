/* SPDX-License-Identifier: MIT */
/*
 * One long-poll session as a phx_connection: a poll that is always under way, and at most one POST
 * beside it. Knows HTTP through the port only.
 */
#ifndef PHXI_LONGPOLL_CONNECTION_H
#define PHXI_LONGPOLL_CONNECTION_H

#include <phx/http.h>

#include "longpoll/lines.h"
#include "longpoll/request_copy.h"
#include "support/timer_heap.h"
#include "wire/json_reader.h"

typedef struct longpoll_transport {
    phx_transport port;
    phx_allocator allocator;
    phx_loop *loop;
    phx_loop_source source;
    const phx_http *http;
    phxi_timer_heap timers;
} longpoll_transport;

typedef enum longpoll_state {
    LONGPOLL_CONNECTING, /* the first poll is under way: no session yet */
    LONGPOLL_OPEN,
    LONGPOLL_CLOSING,  /* what is queued is still posted */
    LONGPOLL_GIVEN_UP, /* closed before it was open */
    LONGPOLL_CLOSED,   /* and reported */
} longpoll_state;

struct phx_connection {
    longpoll_transport *transport;
    phx_allocator allocator;
    phx_transport_events events;
    phxi_request_copy copy;
    longpoll_state state;
    phxi_buffer url; /* with a NUL; holds tokens */
    phxi_buffer auth_token;
    phxi_buffer session_token; /* as a header's value, with a NUL; empty: no session yet */
    phx_header *headers;       /* the first says what is accepted or sent */
    size_t header_count;
    phxi_lines lines;
    size_t posted_bytes; /* the payload of the POST under way */
    phxi_buffer message; /* unescaped */
    uint64_t poll_id;    /* 0: none is under way */
    uint64_t post_id;
    phxi_timer timer; /* OPEN: time to post; CLOSING, GIVEN_UP: time to report the end */
    bool is_reporting;
    bool is_released; /* while reporting: freed when that is over */
};

/* NULL: *out_status says why. */
phx_connection *phxi_longpoll_new(longpoll_transport *transport,
                                  const phx_transport_request *request,
                                  const phx_transport_events *events, phx_status *out_status);
phx_status phxi_longpoll_send(phx_connection *connection, phx_frame_kind kind, const uint8_t *data,
                              size_t length);
void phxi_longpoll_close(phx_connection *connection);
void phxi_longpoll_release(phx_connection *connection);
/* Its timer is due. */
void phxi_longpoll_advance(phx_connection *connection);

enum {
    PHXI_LONGPOLL_CLOSE_PROTOCOL = 1002
};

/* outcome.c. Events: false if the connection was released inside it, and is gone. */
bool phxi_longpoll_report_opened(phx_connection *connection);
bool phxi_longpoll_report_message(phx_connection *connection, const uint8_t *data, size_t length);
bool phxi_longpoll_report_written(phx_connection *connection, size_t length);
/* Cancels the request, if it is under way. */
void phxi_longpoll_cancel(phx_connection *connection, uint64_t *id);
/* The end, after which the connection may be gone. While closing it is a good one, whatever
 * happened. */
void phxi_longpoll_fail(phx_connection *connection, phx_status status, int32_t close_code,
                        const char *message);
void phxi_longpoll_fail_plainly(phx_connection *connection, phx_status status);
void phxi_longpoll_fail_by_size(phx_connection *connection);
/* No answer came; or one with another status than was hoped for, 0: none that JSON holds. */
void phxi_longpoll_fail_by_network(phx_connection *connection, const phx_error *cause);
void phxi_longpoll_fail_by_status(phx_connection *connection, int32_t status,
                                  const phx_error *http);
void phxi_longpoll_free(phx_connection *connection);

/* session.c: what is asked of the server with every request. */
PHX_MUST_CHECK phx_status phxi_longpoll_set_up(phx_connection *connection);
/* PHX_ERROR_PROTOCOL: no token that could stand in a header. PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status phxi_longpoll_begin_session(phx_connection *connection,
                                                      const phxi_json_token *token);

#endif
