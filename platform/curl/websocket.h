/* SPDX-License-Identifier: MIT */
/*
 * One WebSocket connection on libcurl, as these files share it:
 *   websocket_transport.c  the port's functions, the loop's source
 *   websocket.c            its life: what is due when, how it ends, when it is freed
 *   websocket_open.c       the way there, and the upgrade
 *   websocket_read.c       what comes in, and how it ends
 *   websocket_write.c      what goes out
 *
 * libcurl resolves, connects, asks a proxy for a tunnel and sets up TLS (CURLOPT_CONNECT_ONLY);
 * from then on it only moves bytes, and the codec in sdk/wire says what they mean. libcurl is told
 * the server's name, never the path and query, where a token may be.
 *
 * State: CONNECTING: libcurl has the descriptor. UPGRADING: we watch it; the request is to be sent,
 * its answer to be read. OPEN. CLOSING: a close frame of ours is to be sent, or is sent and its
 * answer awaited. OVER: `closed` is to be reported, or was; the easy handle is gone.
 */
#ifndef PHXI_CURL_WEBSOCKET_H
#define PHXI_CURL_WEBSOCKET_H

#include <phx/transport.h>

#include "curl/multi.h"
#include "curl/options.h"
#include "support/buffer.h"
#include "support/timer_heap.h"
#include "websocket_target.h"
#include "wire/websocket_frame.h"
#include "wire/websocket_handshake.h"
#include "wire/websocket_reader.h"

enum {
    PHXI_CURL_RECEIVE_BYTES = 64 * 1024,
    PHXI_CURL_MAX_ANSWER_BYTES = 16 * 1024,
    PHXI_CURL_MAX_REASON_BYTES = 123,
    PHXI_CURL_ERROR_BYTES = 2 * CURL_ERROR_SIZE,
};

typedef struct curl_transport {
    phx_transport port;
    phx_allocator allocator;
    phx_loop *loop;
    phxi_curl_options options;
    phxi_curl_multi multi;
    phx_loop_source source;
    phxi_timer_heap timers;
    uint64_t random_seed[2];
    uint64_t random_count; /* of the numbers that were made of the seed */
} curl_transport;

typedef enum connection_state {
    STATE_CONNECTING,
    STATE_UPGRADING,
    STATE_OPEN,
    STATE_CLOSING,
    STATE_OVER,
} connection_state;

typedef struct outgoing outgoing;

typedef struct outgoing_list {
    outgoing *first;
    outgoing *last;
    uint32_t count;
} outgoing_list;

struct phx_connection {
    curl_transport *transport;
    phx_transport_events events;
    connection_state state;
    bool is_reported;
    bool is_in_event;
    bool is_released; /* inside an event: freed when that returns */
    bool is_due;      /* something is to be done as soon as the loop gets to it */
    bool is_proxied;
    phxi_websocket_target target;
    uint32_t close_timeout_ms;
    phxi_timer timer;
    uint64_t deadline_ms; /* of everything before OPEN, or of CLOSING */

    /* libcurl's. */
    CURL *easy;
    phx_watch *watch; /* ours, of libcurl's descriptor, from UPGRADING on */
    uint32_t watched_events;
    char curl_text[CURL_ERROR_SIZE];

    /* The upgrade. */
    phxi_websocket_request request;
    phxi_buffer upgrade; /* the request, then its answer; may hold a token */
    size_t upgrade_sent;
    bool is_request_sent;
    bool is_refused; /* the answer is a refusal; its body is read */

    /* Frames. */
    phxi_websocket_reader reader;
    outgoing_list controls; /* pongs */
    outgoing_list messages;
    outgoing *current;    /* whose frame is being sent, out of its list; NULL: none, or our close */
    const uint8_t *frame; /* what is left of that frame */
    size_t frame_left;
    size_t frame_payload;
    size_t unreported_bytes; /* payload that is with the operating system */
    uint16_t close_code;
    char close_reason[PHXI_CURL_MAX_REASON_BYTES + 1];
    bool is_close_begun; /* it is `frame` */
    bool is_close_sent;
    bool is_peer_closed;
    uint8_t close_frame[PHXI_WEBSOCKET_MAX_HEAD_BYTES + PHXI_WEBSOCKET_MAX_CONTROL_BYTES];

    /* How it ended, or why it is being closed. */
    phx_error error;
    char error_text[PHXI_CURL_ERROR_BYTES];
};

/* websocket_transport.c: bytes that nobody can foresee who does not know the transport's seed. */
void phxi_curl_websocket_random(curl_transport *transport, uint8_t *out, size_t length);

/* websocket.c */
phx_connection *phxi_curl_websocket_new(curl_transport *transport,
                                        const phx_transport_request *request,
                                        const phx_transport_events *events, phx_status *out_status);
void phxi_curl_websocket_release(phx_connection *connection);
void phxi_curl_websocket_close(phx_connection *connection, uint16_t code, const char *reason);
/* Runs what is due at now_ms. */
void phxi_curl_websocket_advance(phx_connection *connection, uint64_t now_ms);
void phxi_curl_websocket_set_due(phx_connection *connection);
/* Sets the timer after a deadline or the state was changed. */
void phxi_curl_websocket_rearm(phx_connection *connection);
void phxi_curl_websocket_set_error(phx_connection *connection, phx_status status,
                                   const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Ends it with the error that is set; `closed` is reported from the loop, soon. */
void phxi_curl_websocket_finish(phx_connection *connection);
/* Around each call of an event. False: the connection is gone, or over. */
void phxi_curl_websocket_begin_event(phx_connection *connection);
bool phxi_curl_websocket_end_event(phx_connection *connection);

/* websocket_open.c */
/* Hands it to libcurl. */
PHX_MUST_CHECK phx_status phxi_curl_websocket_start(phx_connection *connection,
                                                    uint32_t connect_timeout_ms);
/* libcurl is done. */
void phxi_curl_websocket_connected(phx_connection *connection, CURLcode code);
/* What did not come about in time. */
const char *phxi_curl_websocket_stage(const phx_connection *connection);
void phxi_curl_websocket_describe(phx_connection *connection, phx_status status,
                                  const char *detail);
/* Sends what is left of the request. False, here and below: the connection is gone, or over. */
bool phxi_curl_websocket_send_request(phx_connection *connection);
/* Takes what the server sends before its first frame. */
bool phxi_curl_websocket_take_answer(phx_connection *connection, const uint8_t *bytes,
                                     size_t length);
/* The connection ended before it was a WebSocket. */
void phxi_curl_websocket_lost_early(phx_connection *connection);

/* websocket_read.c */
/* Reads what is there. False, here and below: the connection is gone, or over. */
bool phxi_curl_websocket_receive(phx_connection *connection);
bool phxi_curl_websocket_take_frames(phx_connection *connection, const uint8_t *bytes,
                                     size_t length);
/* The connection ended after it was a WebSocket. */
void phxi_curl_websocket_lost(phx_connection *connection);

/* websocket_write.c */
phx_status phxi_curl_websocket_send(phx_connection *connection, phx_frame_kind kind,
                                    const uint8_t *data, size_t length);
void phxi_curl_websocket_answer_ping(phx_connection *connection, const phxi_websocket_event *event);
/* Writes what can be written. */
bool phxi_curl_websocket_flush(phx_connection *connection);
/* Waits for what can be done next. */
void phxi_curl_websocket_watch(phx_connection *connection);
void phxi_curl_websocket_free_frames(phx_connection *connection);

#endif
