/* SPDX-License-Identifier: MIT */
/*
 * Every outcome that a call, a request or a connection of this SDK can have. Blocks of 100 say
 * whose fault it is. Append only: a number, once released, keeps its meaning.
 */
#ifndef PHX_STATUS_H
#define PHX_STATUS_H

#include <phx/base.h>

/* X(name, number, retryable, message) */
#define PHX_STATUS_MAP(X)                                                                 \
    X(OK, 0, 0, "done")                                                                   \
    /* the caller */                                                                      \
    X(ERROR_INVALID_ARGUMENT, -100, 0, "an argument is missing or out of its range")      \
    X(ERROR_INVALID_STATE, -101, 0, "the call is not legal in this state")                \
    X(ERROR_STALE_HANDLE, -102, 0, "the channel, push or subscription no longer exists")  \
    X(ERROR_UNSUPPORTED, -103, 0, "this build has no adapter for it")                     \
    X(ERROR_INVALID_URL, -104, 0, "the URL cannot be used")                               \
    X(ERROR_INVALID_JSON, -105, 0, "the payload is not valid JSON")                       \
    X(ERROR_INSECURE, -106, 0, "a token would travel in clear text")                      \
    /* resources */                                                                       \
    X(ERROR_NO_MEMORY, -200, 1, "out of memory")                                          \
    X(ERROR_QUEUE_FULL, -201, 1, "a bounded queue is full")                               \
    X(ERROR_TOO_LARGE, -202, 0, "larger than the configured limit")                       \
    X(ERROR_IO, -203, 1, "a file could not be read or written")                           \
    X(ERROR_SYSTEM, -204, 1, "the operating system refused a resource")                   \
    /* network and TLS */                                                                 \
    X(ERROR_NETWORK, -300, 1, "the network failed")                                       \
    X(ERROR_NAME_NOT_FOUND, -301, 1, "the host name could not be resolved")               \
    X(ERROR_CONNECTION_REFUSED, -302, 1, "nothing answers at that address and port")      \
    X(ERROR_UNREACHABLE, -303, 1, "no route to the host")                                 \
    X(ERROR_CONNECTION_LOST, -304, 1, "the connection was lost")                          \
    X(ERROR_TIMEOUT, -305, 1, "no answer in time")                                        \
    X(ERROR_HEARTBEAT_TIMEOUT, -306, 1, "the server stopped answering heartbeats")        \
    X(ERROR_TLS, -307, 1, "the TLS handshake failed")                                     \
    X(ERROR_TLS_CERTIFICATE, -308, 1, "the server's certificate is not trusted")          \
    X(ERROR_TLS_PIN, -309, 1, "the server's key is not one of the pinned ones")           \
    /* protocol */                                                                        \
    X(ERROR_PROTOCOL, -400, 1, "the server broke the protocol")                           \
    X(ERROR_MALFORMED_FRAME, -401, 1, "a frame from the server could not be understood")  \
    X(ERROR_FRAME_TOO_LARGE, -402, 1, "a frame from the server is larger than allowed")   \
    X(ERROR_UPGRADE_REFUSED, -403, 1, "the server refused the WebSocket upgrade")         \
    X(ERROR_UNEXPECTED_RESPONSE, -404, 1, "the server's answer is not what was expected") \
    /* authentication */                                                                  \
    X(ERROR_UNAUTHORIZED, -500, 0, "the server refused the token")                        \
    X(ERROR_NO_TOKEN, -501, 0, "there is no token in the keychain")                       \
    X(ERROR_KEYCHAIN, -502, 0, "the keychain could not be read or written")               \
    X(ERROR_KEYCHAIN_PERMISSIONS, -503, 0, "the keychain file can be read by others")     \
    X(ERROR_TOKEN_PENDING, -504, 1, "the token is not there yet")                         \
    /* the server said no */                                                              \
    X(ERROR_REFUSED, -600, 0, "the server refused the request")                           \
    X(ERROR_FORBIDDEN, -601, 0, "not allowed")                                            \
    X(ERROR_NOT_FOUND, -602, 0, "the server does not know it")                            \
    X(ERROR_INVALID_REQUEST, -603, 0, "the server found the request invalid")             \
    X(ERROR_RATE_LIMITED, -604, 1, "the server asks for fewer requests")                  \
    X(ERROR_SERVER, -605, 1, "the server failed")                                         \
    X(ERROR_JOIN_REFUSED, -606, 0, "the server refused the join")                         \
    X(ERROR_CHANNEL_CRASHED, -607, 1, "the channel's process crashed on the server")      \
    X(ERROR_CHANNEL_CLOSED, -608, 0, "the server closed the channel")                     \
    /* lifecycle */                                                                       \
    X(ERROR_CANCELLED, -700, 0, "cancelled")                                              \
    X(ERROR_CLOSED, -701, 0, "the client was released")                                   \
    X(ERROR_DISCONNECTED, -702, 1, "the connection dropped before an answer came")        \
    X(ERROR_LEFT, -703, 0, "the channel was left")

PHX_NONNULL_BEGIN

typedef enum PHX_ENUM(phx_status) {
#define PHX_STATUS_ENUMERATOR(name, number, retryable, message) PHX_##name = number,
    PHX_STATUS_MAP(PHX_STATUS_ENUMERATOR)
#undef PHX_STATUS_ENUMERATOR
} PHX_ENUM_NAME(phx_status);

/* The constant's name, "PHX_OK" for 0; "PHX_UNKNOWN" for a number of no status. Static text.
 * Threads: any. */
PHX_API const char *phx_status_name(phx_status status);

/* One English clause that a person can read, without a final stop. Static text. Threads: any. */
PHX_API const char *phx_status_message(phx_status status);

/* Whether the same thing tried again later can succeed without anybody changing anything.
 * Threads: any. */
PHX_API bool phx_status_is_retryable(phx_status status);

/*
 * The detail of a failure, borrowed for the callback that carries it.
 */
typedef struct phx_error {
    uint32_t struct_size;
    phx_status status;
    /* HTTP status of a refused upgrade or a REST answer; 0: none came. */
    int32_t http_status;
    /* WebSocket close code (RFC 6455, 7.4); 0: none. 1006: closed without a close frame. */
    int32_t close_code;
    /* errno or the like of the operating system; 0: none. */
    int32_t os_code;
    /* Milliseconds after which the server said to come back (Retry-After); 0: it did not say. */
    uint32_t retry_after_ms;
    /* What happened, for a person. Never holds a token. Never NULL in a callback. */
    const char *PHX_NULLABLE message;
} phx_error;

PHX_NONNULL_END

#endif
