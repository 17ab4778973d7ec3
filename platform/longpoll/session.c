/* SPDX-License-Identifier: MIT */
/*
 * The URL and the headers of a session's requests.
 *
 * The session's token goes both ways at once: as the last `token` of the query, which Phoenix up
 * to 1.8 reads (of several parameters of a name the last one counts, so an API token of that name
 * that the URL holds already is in nobody's way), and as the header that later versions look at
 * first.
 */
#include <string.h>

#include "header_text.h"
#include "longpoll/auth_token.h"
#include "longpoll/connection.h"
#include "support/alloc.h"
#include "wire/url.h"

enum {
    MAX_URL_BYTES = 128 * 1024,
    MAX_TOKEN_BYTES = 32 * 1024,
    OWN_HEADERS = 3
};

static const char websocket_path[] = "/websocket";

/* ws://HOST/socket/websocket?QUERY becomes http://HOST/socket/longpoll?QUERY. */
static phx_status compose_url(phxi_buffer *out, const char *given)
{
    phxi_url url;
    const char *reason = NULL;
    size_t tail = sizeof websocket_path - 1;
    if (phxi_url_parse(given, &url, &reason) != PHX_OK || !url.is_websocket ||
        url.path.length < tail ||
        memcmp(url.path.data + url.path.length - tail, websocket_path, tail) != 0) {
        return PHX_ERROR_INVALID_URL;
    }
    phx_status status = phxi_buffer_append_text(out, url.is_secure ? "https://" : "http://");
    if (status == PHX_OK) {
        const char *end = url.path.data + url.path.length - tail;
        status = phxi_buffer_append(out, url.authority.data, (size_t)(end - url.authority.data));
    }
    if (status == PHX_OK) {
        status = phxi_buffer_append_text(out, "/longpoll");
    }
    if (status == PHX_OK) {
        status = phxi_buffer_append_text(out, url.path.data + url.path.length);
    }
    return status == PHX_OK ? phxi_buffer_append_byte(out, '\0') : status;
}

static void add_header(phx_connection *connection, const char *name, const char *value)
{
    connection->headers[connection->header_count++] = (phx_header){name, value};
}

phx_status phxi_longpoll_set_up(phx_connection *connection)
{
    const phx_allocator *allocator = &connection->allocator;
    const phx_transport_request *request = &connection->copy.request;
    phxi_buffer_init(&connection->url, allocator, MAX_URL_BYTES);
    phxi_buffer_init(&connection->auth_token, allocator, MAX_TOKEN_BYTES);
    phxi_buffer_init(&connection->session_token, allocator, MAX_TOKEN_BYTES);
    connection->url.is_secret = true;
    connection->auth_token.is_secret = true;
    connection->session_token.is_secret = true;
    phx_status status = compose_url(&connection->url, request->url);
    if (status == PHX_OK) {
        status = phxi_auth_token_append(&connection->auth_token, request->subprotocols);
    }
    if (status != PHX_OK) {
        return status;
    }
    connection->headers =
        phxi_alloc(allocator, (OWN_HEADERS + request->header_count) * sizeof(phx_header));
    if (connection->headers == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    add_header(connection, "Accept", "application/json");
    if (connection->auth_token.length > 0) {
        add_header(connection, "X-Phoenix-AuthToken", (const char *)connection->auth_token.data);
    }
    for (size_t i = 0; i < request->header_count; i++) {
        add_header(connection, request->headers[i].name, request->headers[i].value);
    }
    return PHX_OK;
}

static phx_status append_to_url(phxi_buffer *url, const char *token)
{
    url->length--; /* the NUL */
    phx_status status = phxi_url_append_query(url, "token", token, strlen(token));
    return status == PHX_OK ? phxi_buffer_append_byte(url, '\0') : status;
}

phx_status phxi_longpoll_begin_session(phx_connection *connection, const phxi_json_token *token)
{
    phxi_buffer *out = &connection->session_token;
    if (token->kind != PHXI_JSON_STRING || token->text.length == 0) {
        return PHX_ERROR_PROTOCOL;
    }
    phx_status status = phxi_buffer_reserve(out, token->text.length + 1);
    if (status != PHX_OK) {
        return status == PHX_ERROR_TOO_LARGE ? PHX_ERROR_PROTOCOL : status;
    }
    out->length = phxi_json_unescape(token, (char *)out->data);
    out->data[out->length++] = '\0';
    const char *text = (const char *)out->data;
    if (strlen(text) + 1 != out->length || !phxi_is_header_value(text)) {
        return PHX_ERROR_PROTOCOL;
    }
    add_header(connection, "X-Phoenix-Longpoll-Token", text);
    status = append_to_url(&connection->url, text);
    return status == PHX_ERROR_TOO_LARGE ? PHX_ERROR_PROTOCOL : status;
}
