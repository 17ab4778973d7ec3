/* SPDX-License-Identifier: MIT */
/*
 * The transport port: WebSocket connections, for a client's socket. A stock one is in
 * phx/platform.h; an app may bring its own (URLSessionWebSocketTask, Network.framework, a
 * simulator).
 */
#ifndef PHX_TRANSPORT_H
#define PHX_TRANSPORT_H

#include <phx/loop.h>

PHX_NONNULL_BEGIN

/* Who is trusted. All texts are copied by whoever is given the struct. */
typedef struct phx_tls {
    uint32_t struct_size;
    /* PEM file of the certificate authorities to trust instead of the system's. NULL: the system's.
     */
    const char *PHX_NULLABLE ca_file;
    /* The same as PEM text; wins over ca_file. */
    const char *PHX_NULLABLE ca_pem;
    /* Pinned keys, "sha256/BASE64" of the server key's SubjectPublicKeyInfo (as HPKP and curl write
     * them); one must match, beside the usual verification. pin_count 0: none pinned. */
    const char *PHX_NULLABLE const *PHX_NULLABLE pins;
    size_t pin_count;
} phx_tls;

/* The stock transports: see phx/platform.h. */
typedef enum PHX_ENUM(phx_transport_kind) {
    PHX_TRANSPORT_AUTO = 0, /* what phx_platform_transport_kind says */
    PHX_TRANSPORT_LWS,      /* libwebsockets */
    PHX_TRANSPORT_CURL,     /* libcurl */
} PHX_ENUM_NAME(phx_transport_kind);

/* How servers are reached. All texts are copied by whoever is given the struct. */
typedef struct phx_network {
    uint32_t struct_size;
    /*
     * "http://[USER:PASSWORD@]HOST[:PORT]", at most 1024 bytes, user and password percent-encoded,
     * port 80 if none is written: the HTTP proxy of every connection but those to this machine
     * (localhost, 127.0.0.0/8, ::1). WebSockets and https: go through it by CONNECT, with TLS and
     * pins still those of the server; the proxy resolves the server's name. The credentials are
     * sent as Basic authentication, never logged, and wiped. NULL: WebSockets take no proxy,
     * whatever the environment says; libcurl's requests take that of http_proxy, https_proxy and
     * no_proxy, as in every program with libcurl.
     */
    const char *PHX_NULLABLE proxy;
    /* Offer permessage-deflate (RFC 7692), for what the server sends: our own messages, which are
     * small and may hold secrets, go out as they are. Costs some 40 KB a connection that uses it.
     * max_message_bytes bounds a message after decompression. libwebsockets only. */
    bool compress;
    /* The stock transport that a client takes when it is given none. */
    phx_transport_kind transport;
} phx_network;

typedef struct phx_header {
    const char *name;
    const char *value;
} phx_header;

typedef enum PHX_ENUM(phx_frame_kind) {
    PHX_FRAME_TEXT = 1,
    PHX_FRAME_BINARY = 2,
} PHX_ENUM_NAME(phx_frame_kind);

/* One connection attempt; a transport's own. */
typedef struct phx_connection phx_connection;

/*
 * What a transport reports of one connection, always on the loop's thread and never from inside a
 * call into the transport. In order: `opened` at most once; then any number of `message` and
 * `written`; then exactly one `closed`, which also reports an attempt that failed (without
 * `opened`). After `closed`, or after release of the connection, nothing more comes.
 */
typedef struct phx_transport_events {
    void *PHX_NULLABLE user_data;
    /* The upgrade is done. `subprotocol`: what the server chose, "" for none; borrowed. */
    void (*opened)(void *PHX_NULLABLE user_data, const char *subprotocol);
    /* One whole message, reassembled; text is NOT yet checked to be UTF-8. Borrowed for the call;
     * `length` may be 0 and `data` is never NULL. */
    void (*message)(void *PHX_NULLABLE user_data, phx_frame_kind kind, const uint8_t *data,
                    size_t length);
    /* `length` more payload bytes of those given to send() have left for the operating system. */
    void (*written)(void *PHX_NULLABLE user_data, size_t length);
    /*
     * The connection is over. error->status: PHX_OK after a close handshake that we began;
     * otherwise what went wrong: PHX_ERROR_CONNECTION_LOST (with close_code: what the server's
     * close frame said, 1005 if it held no code, 1006 without a close frame),
     * PHX_ERROR_UPGRADE_REFUSED or PHX_ERROR_UNAUTHORIZED (with http_status, retry_after_ms),
     * PHX_ERROR_NAME_NOT_FOUND, PHX_ERROR_CONNECTION_REFUSED, PHX_ERROR_UNREACHABLE,
     * PHX_ERROR_PROXY (with the proxy's http_status), PHX_ERROR_TIMEOUT, PHX_ERROR_TLS*,
     * PHX_ERROR_FRAME_TOO_LARGE, PHX_ERROR_PROTOCOL, PHX_ERROR_MALFORMED_FRAME (it does not
     * decompress, or is not UTF-8), PHX_ERROR_NETWORK, PHX_ERROR_SYSTEM, PHX_ERROR_QUEUE_FULL (too
     * many look-ups hang), PHX_ERROR_NO_MEMORY, PHX_ERROR_CANCELLED (close() during the attempt).
     * Borrowed.
     */
    void (*closed)(void *PHX_NULLABLE user_data, const phx_error *error);
} phx_transport_events;

/* Everything here is borrowed for the call of open(). */
typedef struct phx_transport_request {
    uint32_t struct_size;
    const char *url; /* ws:// or wss://, complete with path and query; may hold a token */
    const phx_header *PHX_NULLABLE headers;
    size_t header_count;
    /* Offered in Sec-WebSocket-Protocol, comma separated; NULL: none. May hold a token. A server
     * that chooses none is accepted. */
    const char *PHX_NULLABLE subprotocols;
    /* Covers name, TCP, TLS and upgrade together. */
    uint32_t connect_timeout_ms;
    /* Bounds a reassembled message; a larger one ends the connection with 1009 and
     * PHX_ERROR_FRAME_TOO_LARGE. */
    size_t max_message_bytes;
    /* After close(), how long to wait for the server's close frame before closed() is reported. */
    uint32_t close_timeout_ms;
} phx_transport_request;

typedef struct phx_transport {
    uint32_t struct_size;
    void *PHX_NULLABLE user_data;
    /*
     * Begins a connection; returns at once, never blocks. PHX_OK: `closed` will come unless the
     * connection is released first. Any other status: no connection, no event, *out is NULL
     * (PHX_ERROR_INVALID_URL, PHX_ERROR_INVALID_ARGUMENT: a header that is none,
     * PHX_ERROR_TOO_LARGE: headers or sub-protocols, PHX_ERROR_NO_MEMORY, PHX_ERROR_SYSTEM).
     * Threads: loop only.
     */
    phx_status (*open)(void *PHX_NULLABLE user_data, const phx_transport_request *request,
                       const phx_transport_events *events,
                       phx_connection *PHX_NULLABLE *PHX_NONNULL out_connection);
    /* Queues one message, copying it. Only between opened and closed/close, else
     * PHX_ERROR_INVALID_STATE. PHX_ERROR_NO_MEMORY: nothing was queued. Threads: loop only. */
    phx_status (*send)(void *PHX_NULLABLE user_data, phx_connection *connection,
                       phx_frame_kind kind, const uint8_t *data, size_t length);
    /* Begins the close handshake behind what is queued: code 1000..4999, reason at most 123 bytes.
     * On one that is not open yet: gives the attempt up. `closed` follows within close_timeout_ms.
     * Threads: loop only. */
    void (*close)(void *PHX_NULLABLE user_data, phx_connection *connection, uint16_t code,
                  const char *reason);
    /* Frees the connection, dropping it at once if it still lives; no event comes any more. Legal
     * inside its own events. Threads: loop only. */
    void (*release_connection)(void *PHX_NULLABLE user_data, phx_connection *connection);
    /* Frees the transport; all its connections were released before. Threads: loop only. */
    void (*PHX_NULLABLE release)(void *PHX_NULLABLE user_data);
    /* The transport notices a dead link by itself and keeps the server from its idle limit, so the
     * client sends no heartbeats. Read at every `opened`: it may differ from one connection to the
     * next. */
    bool skips_heartbeat;
} phx_transport;

PHX_NONNULL_END

#endif
