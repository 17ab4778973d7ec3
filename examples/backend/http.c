/* SPDX-License-Identifier: MIT */
/*
 * The request parser of http.h. It starts over at each call until the request is whole, which
 * keeps no state that could go stale; the sizes are bounded, so that this stays cheap.
 */
#include "http.h"

#include <string.h>
#include <strings.h>

bool http_same_text(struct slice text, const char *other)
{
    return text.len == strlen(other) && strncasecmp(text.data, other, text.len) == 0;
}

struct slice http_header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (http_same_text(request->headers[i].name, name)) {
            return request->headers[i].value;
        }
    }
    return SLICE("");
}

bool http_header_lists(const struct http_request *request, const char *name, const char *token)
{
    struct slice rest = http_header(request, name);
    while (rest.len > 0) {
        if (http_same_text(slice_trim(slice_until(rest, ',', &rest)), token)) {
            return true;
        }
    }
    return false;
}

static bool is_token(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f || text.data[i] == ':') {
            return false;
        }
    }
    return text.len > 0;
}

static struct slice take_line(struct slice *head)
{
    struct slice line = slice_until(*head, '\n', head);
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

static bool parse_request_line(struct slice line, struct http_request *out)
{
    struct slice rest;
    out->method = slice_until(line, ' ', &rest);
    const struct slice target = slice_until(rest, ' ', &rest);
    out->path = slice_until(target, '?', &out->query);
    out->keep_alive = slice_is(rest, "HTTP/1.1");
    return is_token(out->method) && slice_starts_with(out->path, "/") &&
           (out->keep_alive || slice_is(rest, "HTTP/1.0"));
}

/* Returns the status to refuse the head with, or 0. */
static int parse_head(struct slice head, struct http_request *out)
{
    if (!parse_request_line(take_line(&head), out)) {
        return 400;
    }
    while (head.len > 0) {
        struct slice value;
        const struct slice line = take_line(&head);
        const struct slice name = slice_until(line, ':', &value);
        if (!is_token(name) || name.len == line.len || memchr(line.data, '\0', line.len) != NULL) {
            return 400;
        }
        if (out->header_count == HTTP_HEADERS_MAX) {
            return 431;
        }
        out->headers[out->header_count++] = (struct http_header){name, slice_trim(value)};
    }
    if (http_header_lists(out, "connection", "close")) {
        out->keep_alive = false;
    }
    out->expects_continue = http_same_text(http_header(out, "expect"), "100-continue");
    return 0;
}

static bool parse_size(struct slice text, unsigned base, size_t *out)
{
    size_t size = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digits = "0123456789abcdef";
        const char *digit = memchr(digits, text.data[i] | 0x20, base);
        if (digit == NULL || i >= 12) {
            return false;
        }
        size = size * base + (size_t)(digit - digits);
    }
    *out = size;
    return text.len > 0;
}

static enum http_progress refuse(int status, int *out_status)
{
    *out_status = status;
    return HTTP_BAD;
}

/* The line that ends at the first "\r\n", or false while there is none. */
static bool chunk_line(struct slice *in, struct slice *out_line)
{
    const char *end = in->len > 0 ? memchr(in->data, '\n', in->len) : NULL;
    if (end == NULL) {
        return false;
    }
    *out_line = take_line(in);
    return true;
}

static enum http_progress parse_chunks(struct slice in, size_t body_max, struct http_request *out,
                                       struct slice *out_rest, int *out_status)
{
    for (;;) {
        struct slice line;
        struct slice extension;
        size_t size = 0;
        if (!chunk_line(&in, &line)) {
            return in.len > HTTP_HEAD_MAX ? refuse(400, out_status) : HTTP_MORE_BODY;
        }
        if (!parse_size(slice_trim(slice_until(line, ';', &extension)), 16, &size)) {
            return refuse(400, out_status);
        }
        if (size > body_max - out->unchunked.len) {
            return refuse(413, out_status);
        }
        if (size == 0) {
            break;
        }
        if (in.len < size + 2) {
            return HTTP_MORE_BODY;
        }
        bytes_append(&out->unchunked, in.data, size);
        if (memcmp(in.data + size, "\r\n", 2) != 0 || out->unchunked.failed) {
            return refuse(out->unchunked.failed ? 503 : 400, out_status);
        }
        in = slice_skip(in, size + 2);
    }
    struct slice trailer;
    do {
        if (!chunk_line(&in, &trailer)) {
            return in.len > HTTP_HEAD_MAX ? refuse(400, out_status) : HTTP_MORE_BODY;
        }
    } while (trailer.len > 0);
    out->body = slice_from(&out->unchunked);
    *out_rest = in;
    return HTTP_DONE;
}

static enum http_progress parse_body(struct slice in, size_t body_max, struct http_request *out,
                                     struct slice *out_rest, int *out_status)
{
    const struct slice length = http_header(out, "content-length");
    const struct slice coding = http_header(out, "transfer-encoding");
    size_t size = 0;
    if (coding.len > 0) {
        if (length.len > 0 || !http_same_text(coding, "chunked")) {
            return refuse(400, out_status);
        }
        return parse_chunks(in, body_max, out, out_rest, out_status);
    }
    if (length.len > 0 && !parse_size(length, 10, &size)) {
        return refuse(400, out_status);
    }
    if (size > body_max) {
        return refuse(413, out_status);
    }
    if (in.len < size) {
        return HTTP_MORE_BODY;
    }
    out->body = (struct slice){in.data, size};
    *out_rest = slice_skip(in, size);
    return HTTP_DONE;
}

enum http_progress http_parse(struct slice in, size_t body_max, struct http_request *out,
                              size_t *out_consumed, int *out_status)
{
    *out = (struct http_request){0};
    const char *end = in.len > 0 ? memmem(in.data, in.len, "\r\n\r\n", 4) : NULL;
    const size_t head_len = end != NULL ? (size_t)(end - in.data) + 2 : in.len;
    if (head_len > HTTP_HEAD_MAX) {
        return refuse(431, out_status);
    }
    if (end == NULL) {
        return HTTP_MORE;
    }
    const int status = parse_head((struct slice){in.data, head_len}, out);
    if (status != 0) {
        return refuse(status, out_status);
    }
    struct slice rest;
    const enum http_progress progress =
        parse_body(slice_skip(in, head_len + 2), body_max, out, &rest, out_status);
    if (progress == HTTP_DONE) {
        *out_consumed = in.len - rest.len;
    }
    return progress;
}

void http_request_free(struct http_request *request)
{
    bytes_free(&request->unchunked);
}

static bool percent_decode(struct slice text, struct bytes *out)
{
    for (size_t i = 0; i < text.len; i++) {
        size_t byte = 0;
        if (text.data[i] == '%') {
            if (i + 2 >= text.len || !parse_size((struct slice){text.data + i + 1, 2}, 16, &byte)) {
                return false;
            }
            bytes_char(out, (char)byte);
            i += 2;
        } else {
            bytes_char(out, text.data[i] == '+' ? ' ' : text.data[i]);
        }
    }
    return !out->failed;
}

bool http_query(struct slice query, const char *name, struct bytes *out)
{
    struct slice found = {NULL, 0};
    while (query.len > 0) {
        struct slice value;
        const struct slice key = slice_until(slice_until(query, '&', &query), '=', &value);
        if (slice_is(key, name)) {
            found = value;
        }
    }
    return found.data != NULL && percent_decode(found, out);
}

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {409, "Conflict"},
        {413, "Request Entity Too Large"},
        {422, "Unprocessable Entity"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Unknown";
}

void http_compose(struct bytes *out, const struct http_answer *answer)
{
    bytes_format(out, "HTTP/1.1 %d %s\r\n", answer->status, http_reason(answer->status));
    bytes_text(out, "cache-control: max-age=0, private, must-revalidate\r\n");
    if (answer->status != 204) {
        bytes_format(out, "content-length: %zu\r\n", answer->body.len);
    }
    if (answer->is_json) {
        bytes_text(out, "content-type: application/json; charset=utf-8\r\n");
    }
    if (answer->retry_after_s > 0) {
        bytes_format(out, "retry-after: %lld\r\n", (long long)answer->retry_after_s);
    }
    if (answer->extra_headers != NULL) {
        bytes_text(out, answer->extra_headers);
    }
    bytes_text(out, answer->close ? "connection: close\r\n\r\n" : "\r\n");
    bytes_slice(out, answer->body);
}
