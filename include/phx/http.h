/* SPDX-License-Identifier: MIT */
/*
 * The HTTP port: one request, one answer, on the loop's thread, cancellable. A stock one is in
 * phx/platform.h.
 */
#ifndef PHX_HTTP_H
#define PHX_HTTP_H

#include <phx/loop.h>
#include <phx/transport.h>

PHX_NONNULL_BEGIN

/* Everything here is borrowed for the call of send(); copied where it is needed longer. */
typedef struct phx_http_request {
    uint32_t struct_size;
    const char *method;                     /* "GET", "POST", "PUT", "DELETE" */
    const char *url;                        /* http:// or https://, complete */
    const phx_header *PHX_NULLABLE headers; /* may hold a token */
    size_t header_count;
    const uint8_t *PHX_NULLABLE body;
    size_t body_length;
    uint32_t timeout_ms; /* for all of it, the name look-up included */
    /* A larger body ends the request with PHX_ERROR_TOO_LARGE. */
    size_t max_response_bytes;
} phx_http_request;

/* Borrowed for the callback. */
typedef struct phx_http_response {
    uint32_t struct_size;
    /* PHX_OK: a whole answer came, whatever its http_status. Else what prevented it:
     * PHX_ERROR_TIMEOUT, PHX_ERROR_TLS*, PHX_ERROR_CONNECTION_REFUSED, ... Redirects are not
     * followed. */
    phx_error error;
    /* Whether the whole request may have reached the server: false means that it certainly did not,
     * and that repeating it cannot double anything. */
    bool was_sent;
    const uint8_t *body; /* never NULL */
    size_t body_length;
} phx_http_response;

typedef void (*phx_http_done_fn)(void *PHX_NULLABLE user_data, const phx_http_response *response);

typedef struct phx_http {
    uint32_t struct_size;
    void *PHX_NULLABLE user_data;
    /*
     * Begins a request; returns at once. PHX_OK: done comes exactly once, later, on the loop's
     * thread, unless cancelled; *out_id names it until then, and is never 0. Any other status: no
     * done, *out_id is 0 (PHX_ERROR_INVALID_URL, PHX_ERROR_NO_MEMORY, PHX_ERROR_QUEUE_FULL).
     * Threads: loop only.
     */
    phx_status (*send)(void *PHX_NULLABLE user_data, const phx_http_request *request,
                       phx_http_done_fn done, void *PHX_NULLABLE done_user_data, uint64_t *out_id);
    /* Drops the request; its done is not called. Unknown ids do nothing. Threads: loop only. */
    void (*cancel)(void *PHX_NULLABLE user_data, uint64_t id);
    /* Frees the adapter, dropping what is under way. Threads: loop only. */
    void (*PHX_NULLABLE release)(void *PHX_NULLABLE user_data);
} phx_http;

PHX_NONNULL_END

#endif
