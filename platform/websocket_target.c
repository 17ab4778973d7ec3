/* SPDX-License-Identifier: MIT */
/*
 * Taking a request apart. Everything is copied into one block, which is wiped when it goes.
 */
#include "websocket_target.h"

#include <string.h>

#include "header_text.h"
#include "support/log.h"
#include "wire/url.h"

enum {
    MAX_TEXTS_BYTES = PHXI_MAX_TARGET_BYTES + 2 * PHXI_MAX_AUTHORITY_BYTES +
                      PHXI_MAX_HEADERS_BYTES + PHXI_MAX_SUBPROTOCOLS_BYTES + 64,
};

/* A text that was appended to the buffer, as an offset: the buffer moves while it grows. */
typedef struct text_offsets {
    size_t authority;
    size_t path;
    size_t headers;
    size_t subprotocols;
} text_offsets;

static phx_status append_slice(phxi_buffer *texts, phx_slice slice, const char *fallback)
{
    return slice.length > 0 ? phxi_buffer_append(texts, slice.data, slice.length)
                            : phxi_buffer_append_text(texts, fallback);
}

static phx_status append_path(phxi_buffer *texts, const phxi_url *url)
{
    if (url->path.length + url->query.length + 2 > PHXI_MAX_TARGET_BYTES) {
        return PHX_ERROR_INVALID_URL;
    }
    phx_status status = append_slice(texts, url->path, "/");
    if (status == PHX_OK && url->query.data != NULL) {
        status = phxi_buffer_append_byte(texts, '?');
    }
    return status == PHX_OK ? append_slice(texts, url->query, "") : status;
}

static phx_status append_headers(phxi_buffer *texts, const phx_transport_request *request)
{
    size_t start = texts->length;
    phx_status status = PHX_OK;
    for (size_t i = 0; i < request->header_count && status == PHX_OK; i++) {
        const phx_header *header = &request->headers[i];
        if (!phxi_is_header_name(header->name) || !phxi_is_header_value(header->value)) {
            return PHX_ERROR_INVALID_ARGUMENT;
        }
        const char *const pieces[] = {header->name, ": ", header->value, "\r\n"};
        for (size_t piece = 0; piece < 4 && status == PHX_OK; piece++) {
            status = phxi_buffer_append_text(texts, pieces[piece]);
        }
    }
    bool is_too_large = texts->length - start > PHXI_MAX_HEADERS_BYTES;
    return status == PHX_OK && is_too_large ? PHX_ERROR_TOO_LARGE : status;
}

static phx_status append_subprotocols(phxi_buffer *texts, const char *subprotocols)
{
    if (subprotocols == NULL) {
        return PHX_OK;
    }
    if (!phxi_is_header_value(subprotocols)) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    return strlen(subprotocols) > PHXI_MAX_SUBPROTOCOLS_BYTES
               ? PHX_ERROR_TOO_LARGE
               : phxi_buffer_append_text(texts, subprotocols);
}

static phx_status append_texts(phxi_buffer *texts, const phxi_url *url,
                               const phx_transport_request *request, text_offsets *offsets)
{
    if (url->authority.length > PHXI_MAX_AUTHORITY_BYTES) {
        return PHX_ERROR_INVALID_URL;
    }
    phx_status status = append_slice(texts, url->host, "");
    status = status == PHX_OK ? phxi_buffer_append_byte(texts, 0) : status;
    offsets->authority = texts->length;
    status = status == PHX_OK ? append_slice(texts, url->authority, "") : status;
    status = status == PHX_OK ? phxi_buffer_append_byte(texts, 0) : status;
    offsets->path = texts->length;
    status = status == PHX_OK ? append_path(texts, url) : status;
    status = status == PHX_OK ? phxi_buffer_append_byte(texts, 0) : status;
    offsets->headers = texts->length;
    status = status == PHX_OK ? append_headers(texts, request) : status;
    status = status == PHX_OK ? phxi_buffer_append_byte(texts, 0) : status;
    offsets->subprotocols = texts->length;
    status = status == PHX_OK ? append_subprotocols(texts, request->subprotocols) : status;
    return status == PHX_OK ? phxi_buffer_append_byte(texts, 0) : status;
}

static phx_status take(phxi_websocket_target *out, const phxi_url *url,
                       const phx_transport_request *request)
{
    text_offsets offsets = {0};
    phx_status status = append_texts(&out->texts, url, request, &offsets);
    if (status != PHX_OK) {
        return status;
    }
    const char *texts = (const char *)out->texts.data;
    out->host = texts;
    out->authority = texts + offsets.authority;
    out->path = texts + offsets.path;
    out->headers = texts + offsets.headers;
    out->subprotocols = texts + offsets.subprotocols;
    out->port = url->port;
    out->is_tls = url->is_secure;
    out->is_ipv6_literal = url->is_ipv6_literal;
    out->is_loopback = phxi_url_is_loopback(url);
    return PHX_OK;
}

phx_status phxi_websocket_target_copy(const phx_allocator *allocator, const phx_log *log,
                                      const char *component, const phx_transport_request *request,
                                      phxi_websocket_target *out)
{
    phxi_url url;
    const char *reason = NULL;
    *out = (phxi_websocket_target){.port = 0};
    phxi_buffer_init(&out->texts, allocator, MAX_TEXTS_BYTES);
    out->texts.is_secret = true;
    phx_status status = phxi_url_parse(request->url, &url, &reason);
    if (status != PHX_OK || !url.is_websocket) {
        phxi_log(log, PHX_LOG_ERROR, component, "the URL cannot be used: %s",
                 reason != NULL ? reason : "it is not ws: or wss:");
        return PHX_ERROR_INVALID_URL;
    }
    status = take(out, &url, request);
    if (status != PHX_OK) {
        phxi_websocket_target_free(out);
    }
    return status;
}

void phxi_websocket_target_free(phxi_websocket_target *target)
{
    phxi_buffer_free(&target->texts);
}
