/* SPDX-License-Identifier: MIT */
/*
 * What libwebsockets reports, sorted: progress of an attempt, frames, the many ways in which a
 * connection can end. A return value other than 0 asks libwebsockets to close the socket.
 */
#include "lws/connection.h"

#include <stdio.h>
#include <string.h>

#include "retry_after.h"

enum {
    HTTP_SWITCHING_PROTOCOLS = 101,
    HTTP_UNAUTHORIZED = 401,
    HTTP_FORBIDDEN = 403
};

static int on_tcp_up(phx_connection *connection, struct lws *wsi)
{
    connection->is_tcp_up = true;
    connection->address_deadline_ms = UINT64_MAX;
    phxi_tunnel_hand_over(connection, wsi);
    phxi_attempt_stop_watching(connection);
    return 0;
}

/* TLS is up and verified, nothing of the request has been sent: the last moment to refuse a key. */
static int on_compose_request(phx_connection *connection, char **end, size_t room)
{
    if (connection->target.is_tls && !phxi_verify_pins(connection)) {
        connection->is_pin_wrong = true;
        return -1;
    }
    phxi_close_code_learn(connection->transport, *end, room);
    size_t length = strlen(connection->target.headers);
    if (length > room) {
        return -1;
    }
    memcpy(*end, connection->target.headers, length);
    *end += length;
    connection->is_request_sent = true;
    return 0;
}

/* Before libwebsockets reads the header: it has room for one extension, and does not count. */
static int agree_on_extensions(phx_connection *connection, struct lws *wsi)
{
    char chosen[256] = "";
    if (lws_hdr_total_length(wsi, WSI_TOKEN_EXTENSIONS) == 0) {
        return 0;
    }
    bool is_read = lws_hdr_copy(wsi, chosen, sizeof chosen, WSI_TOKEN_EXTENSIONS) >= 0;
    connection->extension_status =
        is_read ? phxi_inflate_agree(connection, chosen) : PHX_ERROR_PROTOCOL;
    return connection->extension_status == PHX_OK ? 0 : -1;
}

static int on_http_answer(phx_connection *connection, struct lws *wsi)
{
    char value[64];
    connection->http_status = (int32_t)lws_http_client_http_response(wsi);
    if (connection->http_status == HTTP_SWITCHING_PROTOCOLS) {
        return agree_on_extensions(connection, wsi);
    }
    if (lws_hdr_copy(wsi, value, sizeof value, WSI_TOKEN_HTTP_RETRY_AFTER) > 0) {
        connection->retry_after_ms =
            phxi_retry_after_ms(value, phx_loop_wall_ms(connection->transport->loop));
    }
    return -1;
}

static int on_upgraded(phx_connection *connection, struct lws *wsi)
{
    if (lws_hdr_copy(wsi, connection->subprotocol, sizeof connection->subprotocol,
                     WSI_TOKEN_PROTOCOL) < 0) {
        connection->subprotocol[0] = '\0';
    }
    return 0;
}

static int on_open(phx_connection *connection)
{
    connection->state = STATE_OPEN;
    phxi_connection_rearm(connection);
    phxi_connection_begin_event(connection);
    connection->events.opened(connection->events.user_data, connection->subprotocol);
    bool is_alive = phxi_connection_end_event(connection);
    return is_alive && connection->wsi != NULL ? 0 : -1;
}

static void describe_refusal(phx_connection *connection)
{
    bool is_unauthorized =
        connection->http_status == HTTP_UNAUTHORIZED || connection->http_status == HTTP_FORBIDDEN;
    phxi_connection_set_error(connection,
                              is_unauthorized ? PHX_ERROR_UNAUTHORIZED : PHX_ERROR_UPGRADE_REFUSED,
                              "%s answered the WebSocket upgrade with HTTP status %d",
                              connection->target.authority, (int)connection->http_status);
    connection->error.http_status = connection->http_status;
    connection->error.retry_after_ms = connection->retry_after_ms;
}

static void describe_tls_failure(phx_connection *connection, const char *detail)
{
    if (connection->is_pin_wrong) {
        phxi_connection_set_error(connection, PHX_ERROR_TLS_PIN,
                                  "the key of %s is not one of the pinned ones",
                                  connection->target.host);
    } else if (connection->certificate_error != 0) {
        phxi_connection_set_error(
            connection, PHX_ERROR_TLS_CERTIFICATE, "the certificate of %s is not trusted: %s",
            connection->target.host, phxi_verify_error_text(connection->certificate_error));
    } else {
        phxi_connection_set_error(connection, PHX_ERROR_TLS, "the TLS handshake with %s failed%s%s",
                                  connection->target.host, detail[0] != '\0' ? ": " : "", detail);
    }
}

/* `detail`: libwebsockets' own words. Its answers about headers begin with "HS: ". */
static void describe_early_end(phx_connection *connection, const char *detail)
{
    if (connection->extension_status == PHX_ERROR_NO_MEMORY) {
        phxi_connection_set_error(connection, PHX_ERROR_NO_MEMORY, "no memory for decompression");
        return;
    }
    if (connection->extension_status != PHX_OK) {
        detail = "it chose an extension that was not offered";
    }
    bool is_answered = connection->http_status == HTTP_SWITCHING_PROTOCOLS ||
                       strncmp(detail, "HS: ", 4) == 0 || strstr(detail, "parsing header") != NULL;
    if (is_answered) {
        phxi_connection_set_error(connection, PHX_ERROR_PROTOCOL,
                                  "%s answered the WebSocket upgrade wrongly: %s",
                                  connection->target.authority, detail);
    } else {
        phxi_connection_set_error(
            connection, PHX_ERROR_CONNECTION_LOST,
            "%s closed the connection instead of answering the WebSocket upgrade",
            connection->target.authority);
        connection->error.close_code = 1006;
    }
}

static void end_attempt(phx_connection *connection, const char *detail)
{
    if (!connection->is_tcp_up) {
        phxi_attempt_failed(connection, 0);
        return;
    }
    if (connection->http_status != 0 && connection->http_status != HTTP_SWITCHING_PROTOCOLS) {
        describe_refusal(connection);
    } else if (connection->target.is_tls && !connection->is_request_sent) {
        describe_tls_failure(connection, detail);
    } else {
        describe_early_end(connection, detail);
    }
    phxi_connection_finish(connection);
}

static void end_open(phx_connection *connection)
{
    /* libwebsockets does not say whether the peer answered the close frame or just hung up. */
    bool is_our_end = connection->is_close_sent;
    if (is_our_end || (connection->state == STATE_CLOSING && connection->error.status != PHX_OK)) {
        phxi_connection_finish(connection);
        return;
    }
    int code = connection->peer_code != 0 ? (int)connection->peer_code : 1006;
    const char *reason = connection->peer_reason;
    phxi_connection_set_error(connection, PHX_ERROR_CONNECTION_LOST,
                              code == 1006 ? "the connection was lost"
                                           : "the server closed the connection with code %d%s%s",
                              code, reason[0] != '\0' ? ": " : "", reason);
    connection->error.close_code = code;
    phxi_connection_finish(connection);
}

/* The socket is gone, or will be when this returns. */
static int on_gone(phx_connection *connection, struct lws *wsi, const char *detail)
{
    if (connection->wsi != wsi) {
        return 0; /* while it is being made: its maker gets to know */
    }
    lws_set_opaque_user_data(wsi, NULL);
    connection->wsi = NULL;
    phxi_attempt_stop_watching(connection);
    if (connection->state == STATE_CONNECTING) {
        end_attempt(connection, detail);
    } else {
        end_open(connection);
    }
    return 0;
}

static int on_connection_error(phx_connection *connection, struct lws *wsi, const char *text,
                               size_t length)
{
    char detail[128];
    (void)snprintf(detail, sizeof detail, "%.*s", (int)(text != NULL ? length : 0),
                   text != NULL ? text : "");
    detail[strcspn(detail, "\r\n")] = '\0';
    return on_gone(connection, wsi, detail);
}

static int dispatch(phx_connection *connection, struct lws *wsi, enum lws_callback_reasons reason,
                    void *in, size_t length)
{
    switch (reason) {
    case LWS_CALLBACK_WSI_CREATE:
        return on_tcp_up(connection, wsi);
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return on_compose_request(connection, in, length);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        return on_http_answer(connection, wsi);
    case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
        return on_upgraded(connection, wsi);
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        return on_open(connection);
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return phxi_frames_receive(connection, in, length);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return phxi_frames_write(connection);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        phxi_frames_peer_closed(connection, in, length);
        return 0; /* libwebsockets answers it and closes */
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        return on_connection_error(connection, wsi, in, length);
    default: /* CLIENT_CLOSED, CLOSED_CLIENT_HTTP, WSI_DESTROY */
        return on_gone(connection, wsi, "");
    }
}

int phxi_lws_on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                      size_t length)
{
    (void)user;
    phx_connection *connection;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_CONFIRM_EXTENSION_SUPPORTED:
        connection = lws_get_opaque_user_data(wsi);
        return connection != NULL && connection->transport->network.compress ? 0 : -1;
    case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
        connection = lws_get_opaque_user_data(wsi);
        return connection != NULL ? phxi_verify_certificate(connection, user, length != 0) : -1;
    case LWS_CALLBACK_WSI_CREATE:
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
    case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
    case LWS_CALLBACK_CLIENT_RECEIVE:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
    case LWS_CALLBACK_WSI_DESTROY:
        connection = lws_get_opaque_user_data(wsi);
        return connection != NULL ? dispatch(connection, wsi, reason, in, length) : -1;
    default:
        return 0; /* of no connection, or of no interest */
    }
}
