/* SPDX-License-Identifier: MIT */
/*
 * The request and its answer. Header names and the tokens of Upgrade and Connection are compared
 * without case, everything else as it is.
 */
#include "wire/websocket_handshake.h"

#include <string.h>
#include <strings.h>

#include "wire/base64.h"
#include "wire/sha1.h"

enum {
    SWITCHING_PROTOCOLS = 101,
    ACCEPT_BYTES = 28, /* a SHA-1 in base64 */
    STATUS_LINE_BYTES = sizeof "HTTP/1.1 101" - 1,
};

static const char version[] = "HTTP/1.";
static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/* What a 101 must say, and has said. */
typedef struct proof {
    char accept[ACCEPT_BYTES];
    bool has_upgrade;
    bool has_connection;
    bool has_accept;
    bool has_subprotocol;
} proof;

void phxi_websocket_make_key(const uint8_t nonce[PHXI_WEBSOCKET_NONCE_BYTES],
                             char out[PHXI_WEBSOCKET_KEY_BYTES + 1])
{
    phxi_base64_write((uint8_t *)out, nonce, PHXI_WEBSOCKET_NONCE_BYTES);
    out[PHXI_WEBSOCKET_KEY_BYTES] = '\0';
}

phx_status phxi_websocket_append_request(phxi_buffer *out, const phxi_websocket_request *request)
{
    bool has_subprotocols = request->subprotocols[0] != '\0';
    const char *const pieces[] = {
        "GET ",
        request->target,
        " HTTP/1.1\r\nHost: ",
        request->authority,
        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ",
        request->key,
        "\r\nSec-WebSocket-Version: 13\r\n",
        has_subprotocols ? "Sec-WebSocket-Protocol: " : "",
        request->subprotocols,
        has_subprotocols ? "\r\n" : "",
        request->headers,
        "\r\n",
    };
    phx_status status = PHX_OK;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0] && status == PHX_OK; i++) {
        status = phxi_buffer_append_text(out, pieces[i]);
    }
    return status;
}

static void compute_accept(const char *key, char out[ACCEPT_BYTES])
{
    char text[PHXI_WEBSOCKET_KEY_BYTES + sizeof guid];
    uint8_t digest[PHXI_SHA1_BYTES];
    memcpy(text, key, PHXI_WEBSOCKET_KEY_BYTES);
    memcpy(text + PHXI_WEBSOCKET_KEY_BYTES, guid, sizeof guid);
    phxi_sha1(text, strlen(text), digest);
    phxi_base64_write((uint8_t *)out, digest, sizeof digest);
}

static bool is_text(phx_slice slice, const char *text)
{
    return slice.length == strlen(text) && strncasecmp(slice.data, text, slice.length) == 0;
}

static phx_slice trim(phx_slice slice)
{
    while (slice.length > 0 && (slice.data[0] == ' ' || slice.data[0] == '\t')) {
        slice = (phx_slice){slice.data + 1, slice.length - 1};
    }
    while (slice.length > 0 &&
           (slice.data[slice.length - 1] == ' ' || slice.data[slice.length - 1] == '\t')) {
        slice.length--;
    }
    return slice;
}

/* Takes what stands before the next `separator` from the front of *text. */
static phx_slice cut(phx_slice *text, char separator)
{
    const char *end = text->length > 0 ? memchr(text->data, separator, text->length) : NULL;
    phx_slice first = {text->data, end != NULL ? (size_t)(end - text->data) : text->length};
    size_t taken = first.length + (end != NULL ? 1U : 0U);
    *text = (phx_slice){text->data + taken, text->length - taken};
    return first;
}

/* Whether one of the comma-separated items is `item`. */
static bool has_item(phx_slice list, phx_slice item, bool ignores_case)
{
    while (list.length > 0) {
        phx_slice one = trim(cut(&list, ','));
        if (one.length == item.length &&
            (ignores_case ? strncasecmp(one.data, item.data, item.length)
                          : memcmp(one.data, item.data, item.length)) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_token(phx_slice list, const char *token)
{
    return has_item(list, (phx_slice){token, strlen(token)}, true);
}

/* Digits only, at most as many as cannot overflow. */
static bool read_number(phx_slice text, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        *out = *out * 10 + (uint64_t)(text.data[i] - '0');
    }
    return text.length > 0 && text.length <= 18;
}

static const char *take_subprotocol(const phxi_websocket_request *request, proof *seen,
                                    phx_slice value, phxi_websocket_answer *out)
{
    phx_slice offered = {request->subprotocols, strlen(request->subprotocols)};
    if (seen->has_subprotocol || value.length == 0 || !has_item(offered, value, false)) {
        return "it chose a sub-protocol that was not offered";
    }
    seen->has_subprotocol = true;
    out->subprotocol = value;
    return NULL;
}

/* What is wrong with one header of a 101; NULL: nothing. */
static const char *take_upgrade_header(const phxi_websocket_request *request, proof *seen,
                                       phx_slice name, phx_slice value, phxi_websocket_answer *out)
{
    if (is_text(name, "Upgrade")) {
        seen->has_upgrade = seen->has_upgrade || has_token(value, "websocket");
    } else if (is_text(name, "Connection")) {
        seen->has_connection = seen->has_connection || has_token(value, "upgrade");
    } else if (is_text(name, "Sec-WebSocket-Accept")) {
        bool is_right =
            value.length == ACCEPT_BYTES && memcmp(value.data, seen->accept, ACCEPT_BYTES) == 0;
        if (seen->has_accept || !is_right) {
            return "its Sec-WebSocket-Accept is wrong";
        }
        seen->has_accept = true;
    } else if (is_text(name, "Sec-WebSocket-Extensions") && value.length > 0) {
        return "it chose an extension that was not offered";
    } else if (is_text(name, "Sec-WebSocket-Protocol")) {
        return take_subprotocol(request, seen, value, out);
    }
    return NULL;
}

static void take_refusal_header(phx_slice name, phx_slice value, phxi_websocket_answer *out)
{
    if (is_text(name, "Retry-After")) {
        out->retry_after = value;
    } else if (is_text(name, "Content-Length")) {
        out->has_body_length = read_number(value, &out->body_length);
    }
}

static const char *take_headers(const phxi_websocket_request *request, phx_slice lines,
                                phxi_websocket_answer *out)
{
    proof seen = {.has_upgrade = false};
    compute_accept(request->key, seen.accept);
    while (lines.length > 0) {
        phx_slice value = cut(&lines, '\n');
        value.length -= value.length > 0 ? 1U : 0U; /* the '\r' before it */
        phx_slice name = cut(&value, ':');
        if (name.length == 0 || name.data + name.length == value.data ||
            trim(name).length != name.length) {
            return "a line of its head is no header";
        }
        value = trim(value);
        if (out->http_status != SWITCHING_PROTOCOLS) {
            take_refusal_header(name, value, out);
            continue;
        }
        const char *fault = take_upgrade_header(request, &seen, name, value, out);
        if (fault != NULL) {
            return fault;
        }
    }
    if (out->http_status != SWITCHING_PROTOCOLS) {
        return NULL;
    }
    return !seen.has_upgrade      ? "it did not upgrade to websocket"
           : !seen.has_connection ? "it did not upgrade the connection"
           : !seen.has_accept     ? "its Sec-WebSocket-Accept is missing"
                                  : NULL;
}

/* "HTTP/1.x NNN", followed by a space or the line's end. False: it is none, or cannot become one.
 */
static bool read_status(phx_slice head, int32_t *out)
{
    for (size_t i = 0; i < head.length && i <= STATUS_LINE_BYTES; i++) {
        char byte = head.data[i];
        bool is_digit = byte >= '0' && byte <= '9';
        bool is_right = i < sizeof version - 1   ? byte == version[i]
                        : i == sizeof version    ? byte == ' '
                        : i == STATUS_LINE_BYTES ? byte == ' ' || byte == '\r'
                                                 : is_digit;
        if (!is_right) {
            return false;
        }
    }
    if (head.length > STATUS_LINE_BYTES) {
        const char *digits = head.data + sizeof version + 1;
        *out = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    }
    return true;
}

/* The length of the head, its empty line included; 0: it does not end here. *out_is_text: no
 * control character is in it but the ends of its lines. */
static size_t find_head(phx_slice bytes, bool *out_is_text)
{
    *out_is_text = true;
    for (size_t i = 0; i < bytes.length; i++) {
        char byte = bytes.data[i];
        bool is_end = byte == '\n' && i > 0 && bytes.data[i - 1] == '\r';
        if (is_end && i >= 3 && bytes.data[i - 2] == '\n' && bytes.data[i - 3] == '\r') {
            return i + 1;
        }
        bool is_return = byte == '\r' && (i + 1 == bytes.length || bytes.data[i + 1] == '\n');
        bool is_control = ((unsigned char)byte < 0x20 && byte != '\t') || byte == 0x7f;
        if (is_control && !is_end && !is_return) {
            *out_is_text = false;
            return 0;
        }
    }
    return 0;
}

phx_status phxi_websocket_read_answer(const phxi_websocket_request *request, const void *bytes,
                                      size_t length, phxi_websocket_answer *out)
{
    phx_slice left = {bytes, length};
    *out = (phxi_websocket_answer){.fault = NULL};
    for (;;) {
        bool is_text_only = true;
        size_t head_length = find_head(left, &is_text_only);
        int32_t http_status = 0;
        if (!is_text_only || !read_status(left, &http_status)) {
            out->fault = "it is no HTTP";
            return PHX_ERROR_PROTOCOL;
        }
        if (head_length == 0) {
            return PHX_OK;
        }
        phx_slice lines = {left.data, head_length - 2};
        left = (phx_slice){left.data + head_length, left.length - head_length};
        if (http_status / 100 == 1 && http_status != SWITCHING_PROTOCOLS) {
            continue;
        }
        out->http_status = http_status;
        (void)cut(&lines, '\n');
        out->fault = take_headers(request, lines, out);
        out->head_length = length - left.length;
        return out->fault == NULL ? PHX_OK : PHX_ERROR_PROTOCOL;
    }
}
