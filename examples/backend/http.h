/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 as a pure parser and composer: bytes in, a request out; an answer in, bytes out. Knows
 * nothing of connections, routes or WebSocket.
 */
#ifndef BACKEND_HTTP_H
#define BACKEND_HTTP_H

#include "bytes.h"

#include <stdint.h>

enum {
    HTTP_HEAD_MAX = 32 * 1024,
    HTTP_HEADERS_MAX = 64
};

struct http_header {
    struct slice name;
    struct slice value;
};

/* Views into the bytes that were parsed, but for the body, which is a copy if it was chunked. */
struct http_request {
    struct slice method;
    struct slice path;  /* as sent, without the query */
    struct slice query; /* as sent, without the question mark */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t header_count;
    struct slice body;
    struct bytes unchunked;
    bool keep_alive;
    bool expects_continue;
};

enum http_progress {
    HTTP_MORE,      /* not a whole request yet */
    HTTP_MORE_BODY, /* the head is whole, the body is not */
    HTTP_DONE,      /* *out_consumed bytes were a request */
    HTTP_BAD,       /* *out_status is what to answer; the connection cannot go on */
};

enum http_progress http_parse(struct slice in, size_t body_max, struct http_request *out,
                              size_t *out_consumed, int *out_status);
void http_request_free(struct http_request *request);

/* The value of a header, or an empty slice; names are compared without case. */
struct slice http_header(const struct http_request *request, const char *name);
/* Whether a comma-separated header lists `token`, without case. */
bool http_header_lists(const struct http_request *request, const char *name, const char *token);
bool http_same_text(struct slice text, const char *other);

/* The decoded query parameter `name` appended to `out`; false if absent or badly encoded. Of
 * several the last counts, as in Plug. */
bool http_query(struct slice query, const char *name, struct bytes *out);

struct http_answer {
    int status;
    struct slice body;
    bool is_json;
    bool close;
    int64_t retry_after_s;     /* 0: no such header */
    const char *extra_headers; /* whole lines, or NULL */
};

void http_compose(struct bytes *out, const struct http_answer *answer);
const char *http_reason(int status);

#endif
