/* SPDX-License-Identifier: MIT */
/*
 * Getting a WebSocket: libcurl's part, the upgrade request, its answer, and what to say of each way
 * in which that fails.
 */
#include "curl/websocket.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "retry_after.h"
#include "support/alloc.h"

enum {
    HTTP_SWITCHING_PROTOCOLS = 101,
    HTTP_UNAUTHORIZED = 401,
    HTTP_FORBIDDEN = 403,
    MAX_UPGRADE_BYTES = 32 * 1024, /* the bounds of a target's texts allow no more */
    BODY_BYTES = 200,              /* of a refusal, that are waited for and told */
    BODY_PATIENCE_MS = 500,
    VALUE_BYTES = 64,
    WINDOW_BYTES = 6,
};

#define SET(option, value) (code = code == CURLE_OK ? curl_easy_setopt(easy, option, value) : code)

static CURLcode set_options(phx_connection *connection, uint32_t connect_timeout_ms)
{
    CURL *easy = connection->easy;
    const phxi_websocket_target *target = &connection->target;
    char url[PHXI_MAX_AUTHORITY_BYTES + sizeof "https:///"];
    (void)snprintf(url, sizeof url, "%s://%s/", target->is_tls ? "https" : "http",
                   target->authority);
    CURLcode code = phxi_curl_options_apply(&connection->transport->options, easy,
                                            connection->is_proxied ? PHXI_CURL_GIVEN_PROXY
                                                                   : PHXI_CURL_NO_PROXY);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_CONNECT_ONLY, 1L);
    SET(CURLOPT_HTTPPROXYTUNNEL, 1L);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    /* As long as an attempt may last, so that libcurl shares it out among the addresses. */
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)connect_timeout_ms);
    SET(CURLOPT_BUFFERSIZE, (long)PHXI_CURL_RECEIVE_BYTES);
    SET(CURLOPT_ERRORBUFFER, connection->curl_text);
    SET(CURLOPT_PRIVATE, connection);
    return code;
}

#undef SET

static phx_status compose_request(phx_connection *connection)
{
    uint8_t nonce[PHXI_WEBSOCKET_NONCE_BYTES];
    phxi_curl_websocket_random(connection->transport, nonce, sizeof nonce);
    connection->request = (phxi_websocket_request){
        .target = connection->target.path,
        .authority = connection->target.authority,
        .headers = connection->target.headers,
        .subprotocols = connection->target.subprotocols,
    };
    phxi_websocket_make_key(nonce, connection->request.key);
    connection->upgrade.max_bytes = MAX_UPGRADE_BYTES;
    return phxi_websocket_append_request(&connection->upgrade, &connection->request);
}

phx_status phxi_curl_websocket_start(phx_connection *connection, uint32_t connect_timeout_ms)
{
    phx_status status = compose_request(connection);
    if (status != PHX_OK) {
        return status;
    }
    connection->easy = curl_easy_init();
    CURLcode code = connection->easy != NULL ? set_options(connection, connect_timeout_ms)
                                             : CURLE_OUT_OF_MEMORY;
    if (code != CURLE_OK) {
        return code == CURLE_OUT_OF_MEMORY ? PHX_ERROR_NO_MEMORY : PHX_ERROR_UNSUPPORTED;
    }
    CURLMcode added = curl_multi_add_handle(connection->transport->multi.handle, connection->easy);
    return added == CURLM_OK ? PHX_OK : PHX_ERROR_NO_MEMORY;
}

static const char *proxy_name(const phx_connection *connection)
{
    return connection->is_proxied ? connection->transport->options.network.proxy_name : "";
}

void phxi_curl_websocket_describe(phx_connection *connection, phx_status status, const char *detail)
{
    const char *proxy = proxy_name(connection);
    phxi_curl_websocket_set_error(
        connection, status, "%s%s%s: %s%s%s", connection->target.authority,
        proxy[0] != '\0' ? " through the proxy " : "", proxy, phx_status_message(status),
        detail[0] != '\0' ? ": " : "", detail);
}

const char *phxi_curl_websocket_stage(const phx_connection *connection)
{
    curl_off_t resolved_us = 0;
    curl_off_t connected_us = 0;
    long tunnel = 0;
    if (connection->state == STATE_UPGRADING) {
        return "the WebSocket upgrade was not answered";
    }
    (void)curl_easy_getinfo(connection->easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved_us);
    (void)curl_easy_getinfo(connection->easy, CURLINFO_CONNECT_TIME_T, &connected_us);
    (void)curl_easy_getinfo(connection->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
    return resolved_us == 0                        ? "its name was not resolved"
           : connected_us == 0                     ? "no connection came about"
           : connection->is_proxied && tunnel == 0 ? "no way to the server came about"
                                                   : "the TLS handshake did not end";
}

/* What libcurl says of TLS it says well, but for one case, in which it has a certificate that is
 * trusted (0), or has not come to note that it is (1, OpenSSL's "unspecified"). */
static const char *tls_detail(const phx_connection *connection, CURLcode code)
{
    long verified = -1;
    (void)curl_easy_getinfo(connection->easy, CURLINFO_SSL_VERIFYRESULT, &verified);
    bool is_other_host = code == CURLE_PEER_FAILED_VERIFICATION && (verified == 0 || verified == 1);
    return is_other_host ? "it is for another host" : connection->curl_text;
}

/* libcurl has one code for all that a proxy can do; its words are all that tells them apart. */
static const char *proxy_detail(const phx_connection *connection, long refusal)
{
    static const struct {
        const char *curl_text;
        const char *detail;
    } rows[] = {
        {"response 0", "it did not answer in HTTP"},
        {"too large", "it sent too long an answer"},
        {"aborted", "it closed the connection instead of answering"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && refusal == 0; i++) {
        if (strstr(connection->curl_text, rows[i].curl_text) != NULL) {
            return rows[i].detail;
        }
    }
    return connection->curl_text;
}

static void describe_failure(phx_connection *connection, CURLcode code)
{
    long os_code = 0;
    long refusal = phxi_curl_proxy_refusal(connection->easy);
    (void)curl_easy_getinfo(connection->easy, CURLINFO_OS_ERRNO, &os_code);
    phx_status status = phxi_curl_status(code, (int)os_code);
    const char *detail = "";
    bool is_tls = status == PHX_ERROR_TLS || status == PHX_ERROR_TLS_CERTIFICATE;
    if (is_tls) {
        detail = tls_detail(connection, code);
    } else if (refusal != 0 || (connection->is_proxied && (status == PHX_ERROR_CONNECTION_LOST ||
                                                           status == PHX_ERROR_PROTOCOL))) {
        status = PHX_ERROR_PROXY;
        detail = proxy_detail(connection, refusal);
    } else if (status == PHX_ERROR_TIMEOUT) {
        detail = phxi_curl_websocket_stage(connection);
    }
    phxi_curl_websocket_describe(connection, status, detail);
    connection->error.os_code = (int32_t)os_code;
    connection->error.http_status = (int32_t)refusal;
}

static void fail_here(phx_connection *connection, phx_status status)
{
    phxi_curl_websocket_describe(connection, status, "on this device");
    phxi_curl_websocket_finish(connection);
}

/* Nobody but the client may speak first in a tunnel. */
static bool has_spoken(curl_socket_t fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

static void on_ready(void *user_data, int32_t fd, uint32_t events)
{
    phx_connection *connection = user_data;
    (void)fd;
    bool is_alive = true;
    if ((events & PHX_POLL_WRITE) != 0) {
        is_alive = phxi_curl_websocket_flush(connection);
    }
    if (is_alive && (events & (PHX_POLL_READ | PHX_POLL_ERROR)) != 0) {
        (void)phxi_curl_websocket_receive(connection);
    }
}

void phxi_curl_websocket_connected(phx_connection *connection, CURLcode code)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (code != CURLE_OK) {
        describe_failure(connection, code);
        phxi_curl_websocket_finish(connection);
        return;
    }
    if (curl_easy_getinfo(connection->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
        fd == CURL_SOCKET_BAD) {
        connection->state = STATE_UPGRADING;
        phxi_curl_websocket_lost_early(connection);
        return;
    }
    if (connection->is_proxied && !connection->target.is_tls && has_spoken(fd)) {
        phxi_curl_websocket_describe(connection, PHX_ERROR_PROXY, "it sent more than its answer");
        phxi_curl_websocket_finish(connection);
        return;
    }
    connection->state = STATE_UPGRADING;
    connection->watched_events = PHX_POLL_READ;
    phx_status status = phx_loop_watch(connection->transport->loop, (int32_t)fd, PHX_POLL_READ,
                                       on_ready, connection, &connection->watch);
    if (status != PHX_OK) {
        fail_here(connection, status);
        return;
    }
    (void)phxi_curl_websocket_send_request(connection);
}

bool phxi_curl_websocket_send_request(phx_connection *connection)
{
    phxi_buffer *request = &connection->upgrade;
    while (connection->upgrade_sent < request->length) {
        size_t sent = 0;
        CURLcode code = curl_easy_send(connection->easy, request->data + connection->upgrade_sent,
                                       request->length - connection->upgrade_sent, &sent);
        if (code != CURLE_OK && code != CURLE_AGAIN) {
            phxi_curl_websocket_lost_early(connection);
            return false;
        }
        connection->upgrade_sent += sent;
        if (code == CURLE_AGAIN) {
            phxi_curl_websocket_watch(connection);
            return true;
        }
    }
    phxi_buffer_free(request);
    request->max_bytes = PHXI_CURL_MAX_ANSWER_BYTES + PHXI_CURL_RECEIVE_BYTES;
    connection->upgrade_sent = 0;
    connection->is_request_sent = true;
    phxi_curl_websocket_watch(connection);
    return true;
}

void phxi_curl_websocket_lost_early(phx_connection *connection)
{
    if (!connection->is_refused) {
        phxi_curl_websocket_set_error(
            connection, PHX_ERROR_CONNECTION_LOST,
            "%s closed the connection instead of answering the WebSocket upgrade",
            connection->target.authority);
        connection->error.close_code = PHXI_WEBSOCKET_LOST;
    }
    phxi_curl_websocket_finish(connection);
}

static void fail_upgrade(phx_connection *connection, const char *what)
{
    phxi_curl_websocket_set_error(connection, PHX_ERROR_PROTOCOL,
                                  "%s answered the WebSocket upgrade wrongly: %s",
                                  connection->target.authority, what);
    phxi_curl_websocket_finish(connection);
}

static void copy_slice(char *out, size_t capacity, phx_slice slice)
{
    (void)snprintf(out, capacity, "%.*s", (int)slice.length, slice.data != NULL ? slice.data : "");
}

/* Whether a text holds WINDOW_BYTES in a row of what may hold a token, or all of a shorter one. */
static bool repeats(const char *text, const char *secret)
{
    char window[WINDOW_BYTES + 1];
    size_t length = strlen(secret);
    size_t size = length < WINDOW_BYTES ? length : WINDOW_BYTES;
    for (size_t at = 0; size > 0 && at + size <= length; at++) {
        memcpy(window, secret + at, size);
        window[size] = '\0';
        if (strstr(text, window) != NULL) {
            return true;
        }
    }
    return false;
}

/*
 * What of a refusal's body can be told: printable, short, and nothing if it repeats what may hold
 * the token.
 */
static void copy_body(const phx_connection *connection, phx_slice body, char out[BODY_BYTES + 1])
{
    size_t length = body.length < BODY_BYTES ? body.length : BODY_BYTES;
    const char *query = strchr(connection->target.path, '?');
    const char *secrets[] = {query != NULL ? query + 1 : "", connection->target.subprotocols,
                             connection->target.headers};
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)body.data[i];
        out[i] = byte < 0x20 || byte >= 0x7f ? ' ' : (char)byte;
    }
    out[length] = '\0';
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (repeats(out, secrets[i])) {
            out[0] = '\0';
        }
    }
}

static void describe_refusal(phx_connection *connection, const phxi_websocket_answer *answer,
                             phx_slice body)
{
    char value[VALUE_BYTES];
    char text[BODY_BYTES + 1];
    bool is_unauthorized =
        answer->http_status == HTTP_UNAUTHORIZED || answer->http_status == HTTP_FORBIDDEN;
    copy_slice(value, sizeof value, answer->retry_after);
    copy_body(connection, body, text);
    phxi_curl_websocket_set_error(
        connection, is_unauthorized ? PHX_ERROR_UNAUTHORIZED : PHX_ERROR_UPGRADE_REFUSED,
        "%s answered the WebSocket upgrade with HTTP status %d%s%s", connection->target.authority,
        (int)answer->http_status, text[0] != '\0' ? ": " : "", text);
    connection->error.http_status = answer->http_status;
    connection->error.retry_after_ms =
        phxi_retry_after_ms(value, phx_loop_wall_ms(connection->transport->loop));
}

/* The status is known; a little more time is given for the words that come with it. */
static bool refuse(phx_connection *connection, const phxi_websocket_answer *answer)
{
    size_t have = connection->upgrade.length - answer->head_length;
    uint64_t want = answer->has_body_length ? answer->body_length : BODY_BYTES;
    want = want < BODY_BYTES ? want : BODY_BYTES;
    describe_refusal(
        connection, answer,
        (phx_slice){(const char *)connection->upgrade.data + answer->head_length, have});
    if (have >= want) {
        phxi_curl_websocket_finish(connection);
        return false;
    }
    if (!connection->is_refused) {
        uint64_t patience_ms = phx_loop_now_ms(connection->transport->loop) + BODY_PATIENCE_MS;
        connection->is_refused = true;
        connection->deadline_ms =
            patience_ms < connection->deadline_ms ? patience_ms : connection->deadline_ms;
        phxi_curl_websocket_rearm(connection);
    }
    return true;
}

static bool report_opened(phx_connection *connection, const phxi_websocket_answer *answer)
{
    char subprotocol[256];
    copy_slice(subprotocol, sizeof subprotocol, answer->subprotocol);
    connection->state = STATE_OPEN;
    phxi_curl_websocket_rearm(connection);
    phxi_curl_websocket_begin_event(connection);
    connection->events.opened(connection->events.user_data, subprotocol);
    return phxi_curl_websocket_end_event(connection);
}

bool phxi_curl_websocket_take_answer(phx_connection *connection, const uint8_t *bytes,
                                     size_t length)
{
    phxi_buffer *upgrade = &connection->upgrade;
    phxi_websocket_answer answer;
    if (!connection->is_request_sent) {
        fail_upgrade(connection, "before it was asked");
        return false;
    }
    if (phxi_buffer_append(upgrade, bytes, length) != PHX_OK) {
        fail_here(connection, PHX_ERROR_NO_MEMORY);
        return false;
    }
    phx_status status =
        phxi_websocket_read_answer(&connection->request, upgrade->data, upgrade->length, &answer);
    if (status != PHX_OK) {
        fail_upgrade(connection, answer.fault);
        return false;
    }
    if (answer.head_length == 0) {
        if (upgrade->length > PHXI_CURL_MAX_ANSWER_BYTES) {
            fail_upgrade(connection, "it is too long");
            return false;
        }
        return true;
    }
    if (answer.http_status != HTTP_SWITCHING_PROTOCOLS) {
        return refuse(connection, &answer);
    }
    /* What follows the head is frames; the buffer is the connection's no more. */
    phxi_buffer whole = *upgrade;
    phxi_buffer_init(upgrade, &connection->transport->allocator, 0);
    bool is_alive = report_opened(connection, &answer) &&
                    phxi_curl_websocket_take_frames(connection, whole.data + answer.head_length,
                                                    whole.length - answer.head_length);
    phxi_buffer_free(&whole);
    return is_alive;
}
