/* SPDX-License-Identifier: MIT */
/*
 * One connection attempt: the token from the keychain, the parameters, the URL, the transport.
 * Whatever held the token is wiped before this returns.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/client_types.h"
#include "support/alloc.h"
#include "support/buffer.h"
#include "support/config.h"
#include "support/log.h"
#include "support/redact.h"
#include "wire/base64.h"
#include "wire/url.h"

enum {
    MAX_URL_BYTES = 64 * 1024,
    MAX_SUBPROTOCOL_BYTES = 32 * 1024
};

struct phx_param_list {
    phxi_buffer *url;
};

phx_status phx_param_list_add(phx_param_list *list, const char *name, const char *value)
{
    return phxi_url_append_query(list->url, name, value, strlen(value));
}

/* The token of one attempt. */
typedef struct token_text {
    char text[PHX_MAX_TOKEN_BYTES];
    size_t length;
} token_text;

static phx_status read_token(phx_client *client, bool is_refresh, token_text *out)
{
    out->length = 0;
    const phx_keychain *keychain = client->keychain;
    if (keychain == NULL) {
        return PHX_OK;
    }
    phx_status status =
        keychain->read(keychain->user_data, is_refresh, out->text, sizeof out->text, &out->length);
    if (status == PHX_OK && (out->length == 0 || out->length > sizeof out->text)) {
        status = PHX_ERROR_NO_TOKEN;
    }
    return status;
}

/* The configured URL with "/websocket" behind its path and its query kept. */
static phx_status append_base(phxi_buffer *out, const char *url)
{
    size_t path_end = strcspn(url, "?");
    size_t trimmed = path_end;
    while (trimmed > 0 && url[trimmed - 1] == '/') {
        trimmed--;
    }
    phx_status status = phxi_buffer_append(out, url, trimmed);
    if (status == PHX_OK) {
        status = phxi_buffer_append_text(out, "/websocket");
    }
    if (status == PHX_OK) {
        status = phxi_buffer_append_text(out, url + path_end);
    }
    return status;
}

static phx_status append_params(phx_client *client, phxi_buffer *out)
{
    phx_status status = PHX_OK;
    for (size_t i = 0; i < client->param_count && status == PHX_OK; i++) {
        const phx_param *param = &client->params[i];
        status = phxi_url_append_query(out, param->name, param->value, strlen(param->value));
    }
    if (status == PHX_OK && client->on_params != NULL) {
        phx_param_list list = {out};
        status = client->on_params(client->user_data, &list);
    }
    return status;
}

static phx_status compose_url(phx_client *client, const token_text *token, phxi_buffer *out)
{
    phx_status status = append_base(out, client->url);
    if (status == PHX_OK) {
        status = append_params(client, out);
    }
    if (status == PHX_OK && token->length > 0 && client->token_place == PHX_TOKEN_IN_QUERY) {
        status = phxi_url_append_query(out, client->token_parameter, token->text, token->length);
    }
    if (status == PHX_OK) {
        status = phxi_url_append_query(out, "vsn", "2.0.0", 5);
    }
    return status == PHX_OK ? phxi_buffer_append_byte(out, '\0') : status;
}

/* Phoenix 1.8's auth_token; base64 of the standard alphabet, whatever the prefix says. */
static phx_status compose_subprotocols(phx_client *client, const token_text *token,
                                       phxi_buffer *out)
{
    if (token->length == 0 || client->token_place != PHX_TOKEN_IN_SUBPROTOCOL) {
        return PHX_OK;
    }
    phx_status status = phxi_buffer_append_text(out, "phoenix, base64url.bearer.phx.");
    if (status == PHX_OK) {
        status = phxi_base64_append(out, token->text, token->length, false);
    }
    return status == PHX_OK ? phxi_buffer_append_byte(out, '\0') : status;
}

static void on_opened(void *user_data, const char *subprotocol)
{
    (void)subprotocol; /* a server that echoes none is a server that was not told to */
    phx_client *client = user_data;
    const phx_transport *transport = client->transport;
    phxi_log(phx_loop_log(client->loop), PHX_LOG_INFO, "phx", "connected");
    phxi_engine_skip_heartbeats(client->engine, PHXI_HAS_MEMBER(transport, skips_heartbeat) &&
                                                    transport->skips_heartbeat);
    phxi_engine_opened(client->engine, phx_loop_now_ms(client->loop), client->connection_epoch);
    phxi_client_drain(client);
}

static void on_message(void *user_data, phx_frame_kind kind, const uint8_t *data, size_t length)
{
    phx_client *client = user_data;
    phxi_engine_message(client->engine, phx_loop_now_ms(client->loop), client->connection_epoch,
                        kind, data, length);
    phxi_client_drain(client);
}

static void on_written(void *user_data, size_t length)
{
    phx_client *client = user_data;
    phxi_engine_written(client->engine, client->connection_epoch, length);
}

static void on_closed(void *user_data, const phx_error *error)
{
    phx_client *client = user_data;
    phxi_log(phx_loop_log(client->loop), PHX_LOG_INFO, "phx",
             "connection over: %s (close code %d, HTTP status %d)",
             error->message != NULL ? error->message : phx_status_message(error->status),
             (int)error->close_code, (int)error->http_status);
    phxi_engine_closed(client->engine, phx_loop_now_ms(client->loop), client->connection_epoch,
                       error);
    phxi_client_drain(client);
}

static phx_status begin(phx_client *client, const char *url, const char *subprotocols)
{
    phx_transport_request request = {
        .struct_size = (uint32_t)sizeof request,
        .url = url,
        .headers = client->headers,
        .header_count = client->header_count,
        .subprotocols = subprotocols,
        .connect_timeout_ms = client->connect_timeout_ms,
        .max_message_bytes = client->max_frame_bytes,
        .close_timeout_ms = client->close_timeout_ms,
    };
    phx_transport_events events = {
        .user_data = client,
        .opened = on_opened,
        .message = on_message,
        .written = on_written,
        .closed = on_closed,
    };
    char shown[256];
    phxi_log(phx_loop_log(client->loop), PHX_LOG_INFO, "phx", "connecting to %s",
             phxi_redact_url(url, shown, sizeof shown));
    return client->transport->open(client->transport->user_data, &request, &events,
                                   &client->connection);
}

static phx_status attempt(phx_client *client, const token_text *token)
{
    phxi_buffer url;
    phxi_buffer subprotocols;
    phxi_buffer_init(&url, client->allocator, MAX_URL_BYTES);
    phxi_buffer_init(&subprotocols, client->allocator, MAX_SUBPROTOCOL_BYTES);
    url.is_secret = true;
    subprotocols.is_secret = true;
    phx_status status = compose_url(client, token, &url);
    if (status == PHX_OK) {
        status = compose_subprotocols(client, token, &subprotocols);
    }
    if (status == PHX_OK) {
        status = begin(client, (const char *)url.data,
                       subprotocols.length > 0 ? (const char *)subprotocols.data : NULL);
    }
    phxi_buffer_free(&url);
    phxi_buffer_free(&subprotocols);
    return status;
}

void phxi_client_open(phx_client *client, uint64_t epoch, bool is_refresh)
{
    client->connection_epoch = epoch;
    token_text token;
    phx_status status = read_token(client, is_refresh, &token);
    if (status == PHX_OK) {
        status = attempt(client, &token);
    }
    phxi_wipe(&token, sizeof token);
    if (status != PHX_OK) {
        phx_error error = {.struct_size = (uint32_t)sizeof error,
                           .status = status,
                           .message = phx_status_message(status)};
        phxi_engine_closed(client->engine, phx_loop_now_ms(client->loop), epoch, &error);
    }
}

void phxi_client_drop_connection(phx_client *client)
{
    if (client->connection != NULL) {
        phx_connection *connection = client->connection;
        client->connection = NULL;
        client->transport->release_connection(client->transport->user_data, connection);
    }
}
