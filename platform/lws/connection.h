/* SPDX-License-Identifier: MIT */
/*
 * One WebSocket connection on libwebsockets, as the files of this folder share it:
 *   transport.c   the port's functions, TLS configurations, the loop's source
 *   connection.c  its life: what is due when, how it ends, when it is freed
 *   attempt.c     name, addresses, TCP
 *   tunnel.c      the way through a proxy
 *   callback.c    what libwebsockets reports, sorted
 *   frames.c      messages and close frames
 *   inflate.c     compressed messages
 *   close_code.c  close codes that libwebsockets hides
 *   verify.c      certificates and pins
 *
 * libwebsockets' object (`wsi`) refers to the connection until either lets go; whoever lets go
 * first clears the other's pointer, so a call from one that we have dropped finds none and asks to
 * be closed.
 */
#ifndef PHXI_LWS_CONNECTION_H
#define PHXI_LWS_CONNECTION_H

#include <phx/transport.h>

#include "lws/poller.h"
#include "network_options.h"
#include "posix/resolver.h"
#include "support/buffer.h"
#include "support/timer_heap.h"
#include "tls_options.h"
#include "websocket_target.h"

/* Made to be no proxy. libwebsockets takes http_proxy from the environment even for this very
 * machine, and would resolve the proxy's name in the loop. */
#define PHXI_LWS_NO_PROXY "none:0"

enum {
    MAX_SUBPROTOCOL_BYTES = 256,
    MAX_CLOSE_REASON_BYTES = 123,
    MAX_TUNNEL_BYTES = 8 * 1024, /* of CONNECT, and of its answer */
    ERROR_TEXT_BYTES = 512,
};

typedef struct lws_transport {
    phx_transport port;
    phx_allocator allocator;
    phx_loop *loop;
    phxi_lws_poller *poller;
    phxi_resolver *resolver;
    phxi_tls_options tls;
    phxi_network_options network;
    phxi_lws_vhost *tls_vhost; /* NULL until the first wss: connection */
    phx_loop_source source;
    phxi_timer_heap timers;
    uint8_t *read_bytes; /* close_code.c's */
} lws_transport;

typedef struct outgoing outgoing;
typedef struct inflater inflater;

typedef enum connection_state {
    STATE_CONNECTING,
    STATE_OPEN,
    STATE_CLOSING, /* our close frame waits to be sent, or for its answer */
    STATE_OVER,    /* `closed` is to be reported, or was */
} connection_state;

struct phx_connection {
    lws_transport *transport;
    phx_transport_events events;
    connection_state state;
    bool is_reported;
    bool is_in_event;
    bool is_released; /* inside an event: freed when that returns */

    /* What to connect to. */
    phxi_websocket_target target;
    bool is_proxied;
    uint32_t close_timeout_ms;

    /* What is due when. */
    phxi_timer timer;
    bool is_due;                  /* start, go on with the next address, or report */
    uint64_t deadline_ms;         /* of connecting or closing */
    uint64_t address_deadline_ms; /* of one address's TCP handshake */

    /* The attempt. */
    phxi_lookup *lookup;
    phxi_addresses addresses;
    size_t next_address;
    struct lws *wsi;
    phx_watch *socket_watch;
    int watched_fd;
    bool is_proxy_up;         /* TCP to it */
    bool is_request_made;     /* CONNECT is sent */
    bool is_tunnel_up;        /* it has answered well; watched_fd is the tunnel */
    phxi_buffer tunnel_bytes; /* CONNECT, then its answer; may hold the proxy's credentials */
    size_t tunnel_sent;
    bool is_tcp_up;
    bool is_request_sent;
    bool is_pin_wrong;
    long certificate_error; /* of OpenSSL; 0: none */
    int32_t http_status;
    uint32_t retry_after_ms;
    char subprotocol[MAX_SUBPROTOCOL_BYTES];

    /* Frames. */
    phxi_buffer gathered; /* a message that comes in pieces */
    bool is_gathering;
    phx_frame_kind gathered_kind;
    inflater *inflater;          /* NULL: compression was not agreed on */
    phx_status extension_status; /* what phxi_inflate_agree said */
    bool is_compressed;          /* the message that is being gathered */
    bool is_inside_frame;        /* more of the frame is to come */
    outgoing *first_outgoing;
    outgoing *last_outgoing;
    size_t unconfirmed_bytes; /* given to libwebsockets, which may still hold a part */
    uint16_t close_code;
    char close_reason[MAX_CLOSE_REASON_BYTES + 1];
    bool is_close_sent;
    int32_t peer_code; /* of the peer's close frame; 0: none came */
    char peer_reason[MAX_CLOSE_REASON_BYTES + 1];

    /* How it ended, or why it is being closed. */
    phx_error error;
    char error_text[ERROR_TEXT_BYTES];
};

/* connection.c */
phx_connection *phxi_connection_new(lws_transport *transport, const phx_transport_request *request,
                                    const phx_transport_events *events, phx_status *out_status);
void phxi_connection_release(phx_connection *connection);
void phxi_connection_close(phx_connection *connection, uint16_t code, const char *reason);
/* Runs what is due at now_ms. */
void phxi_connection_advance(phx_connection *connection, uint64_t now_ms);
/* Has phxi_connection_advance called as soon as the loop gets to it. */
void phxi_connection_set_due(phx_connection *connection);
/* Sets the timer after a deadline was changed. */
void phxi_connection_rearm(phx_connection *connection);
/* Notes what went wrong; the text is formatted as by printf. */
void phxi_connection_set_error(phx_connection *connection, phx_status status, const char *format,
                               ...) __attribute__((format(printf, 3, 4)));
/* Ends it with the error that is set; `closed` is reported from the loop, soon. */
void phxi_connection_finish(phx_connection *connection);
/* Lets go of libwebsockets' object, which dies at once but never inside this call. */
void phxi_connection_drop_socket(phx_connection *connection);
/* Around each call of an event: false: the connection is gone. */
void phxi_connection_begin_event(phx_connection *connection);
bool phxi_connection_end_event(phx_connection *connection);

/* attempt.c */
void phxi_attempt_start(phx_connection *connection, uint64_t now_ms);
/* Tries the next address; finishes the connection if there is none. */
void phxi_attempt_next(phx_connection *connection, uint64_t now_ms);
/* This address is no good; os_code: errno, 0: unknown. */
void phxi_attempt_failed(phx_connection *connection, int os_code);
void phxi_attempt_stop_watching(phx_connection *connection);
/* Makes libwebsockets' object, which connects to the address. NULL: errno says why, if it is not 0.
 */
struct lws *phxi_attempt_connect(phx_connection *connection, const char *address, uint16_t port);

/* tunnel.c */
/* Begins at one of the proxy's addresses. False: errno says why. */
bool phxi_tunnel_open(phx_connection *connection, const char *address);
/* Puts the tunnel, if there is one, in the place of libwebsockets' socket. */
void phxi_tunnel_hand_over(phx_connection *connection, struct lws *wsi);

/* callback.c */
int phxi_lws_on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                      size_t length);

/* frames.c: the int is what libwebsockets is to be returned. */
phx_status phxi_frames_send(phx_connection *connection, phx_frame_kind kind, const uint8_t *data,
                            size_t length);
int phxi_frames_receive(phx_connection *connection, const uint8_t *data, size_t length);
int phxi_frames_write(phx_connection *connection);
void phxi_frames_peer_closed(phx_connection *connection, const uint8_t *payload, size_t length);
void phxi_frames_free(phx_connection *connection);

/* inflate.c, or no_inflate.c in a build without zlib */
extern const bool phxi_inflate_is_built;
/* What a vhost offers if the connection wants it. */
extern const struct lws_extension phxi_inflate_extensions[];
/* Takes what the server chose of the extensions, its header's value. PHX_ERROR_PROTOCOL: it may not
 * choose that. PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status phxi_inflate_agree(phx_connection *connection, const char *chosen);
/* Appends what is compressed in data[length] to the gathered message, which ends with it if
 * is_last. PHX_ERROR_TOO_LARGE, PHX_ERROR_MALFORMED_FRAME, PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status phxi_inflate_append(phx_connection *connection, const uint8_t *data,
                                              size_t length, bool is_last);
void phxi_inflate_free(phx_connection *connection);

/* close_code.c */
/* From a request that is being composed: its end, and the room behind it. */
void phxi_close_code_learn(lws_transport *transport, char *end, size_t room);
/* The code of a close frame whose payload, as libwebsockets shows it, has at least two bytes. */
int32_t phxi_close_code_find(lws_transport *transport, const uint8_t *payload, size_t length);

/* transport.c: the vhost that a connection belongs to. NULL: it could not be made. */
struct lws_vhost *phxi_transport_vhost(lws_transport *transport, bool is_tls);

/* verify.c */
/* What OpenSSL thinks of one certificate of the chain, with the struct that it keeps about it. */
int phxi_verify_certificate(phx_connection *connection, void *store_context, bool is_trusted);
const char *phxi_verify_error_text(long error);
/* Whether the server's key is one of the pinned ones, or none is pinned. */
bool phxi_verify_pins(phx_connection *connection);

#endif
