/* SPDX-License-Identifier: MIT */
/*
 * The server's side of RFC 6455.
 */
#include "websocket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/base64.h>
#include <mbedtls/sha1.h>

size_t ws_compose_answer(const char *request, const char *headers, char *answer, size_t capacity)
{
    char text[128];
    unsigned char digest[20];
    unsigned char accept[64];
    size_t accept_length = 0;
    const char *key = strstr(request, "Sec-WebSocket-Key: ");
    if (key == NULL) {
        return 0;
    }
    key += strlen("Sec-WebSocket-Key: ");
    (void)snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
                   (int)strcspn(key, "\r"), key);
    if (mbedtls_sha1_ret((unsigned char *)text, strlen(text), digest) != 0 ||
        mbedtls_base64_encode(accept, sizeof accept, &accept_length, digest, sizeof digest) != 0) {
        return 0;
    }
    /* In lower case, as Phoenix writes it. */
    int length = snprintf(answer, capacity,
                          "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
                          "connection: Upgrade\r\nsec-websocket-accept: %s\r\n%s\r\n",
                          accept, headers);
    return length > 0 && (size_t)length < capacity ? (size_t)length : 0;
}

bool ws_accept(test_stream *stream, char *request, const char *headers)
{
    char answer[2048];
    char *head = malloc(REQUEST_BYTES);
    bool is_read = head != NULL && stream_read_head(stream, head, REQUEST_BYTES);
    size_t length = is_read ? ws_compose_answer(head, headers, answer, sizeof answer) : 0;
    if (is_read && request != NULL) {
        (void)snprintf(request, REQUEST_BYTES, "%s", head);
    }
    free(head);
    return length > 0 && stream_write(stream, answer, length);
}

size_t ws_compose(unsigned char *out, bool is_final, int opcode, const void *bytes, size_t length)
{
    size_t head = 2;
    out[0] = (unsigned char)((is_final ? 0x80 : 0) | opcode);
    if (length < 126) {
        out[1] = (unsigned char)length;
    } else if (length < 65536) {
        out[1] = 126;
        out[2] = (unsigned char)(length >> 8);
        out[3] = (unsigned char)length;
        head = 4;
    } else {
        out[1] = 127;
        for (int i = 0; i < 8; i++) {
            out[2 + i] = (unsigned char)((uint64_t)length >> (56 - 8 * i));
        }
        head = 10;
    }
    if (length > 0) {
        memcpy(out + head, bytes, length);
    }
    return head + length;
}

bool ws_send(test_stream *stream, bool is_final, int opcode, const void *bytes, size_t length)
{
    unsigned char *out = malloc(length + 10);
    bool is_sent =
        out != NULL && stream_write(stream, out, ws_compose(out, is_final, opcode, bytes, length));
    free(out);
    return is_sent;
}

bool ws_send_text(test_stream *stream, const char *text)
{
    return ws_send(stream, true, OP_TEXT, text, strlen(text));
}

bool ws_send_close(test_stream *stream, int code, const char *reason)
{
    unsigned char payload[125];
    size_t length = strlen(reason);
    payload[0] = (unsigned char)(code >> 8);
    payload[1] = (unsigned char)code;
    memcpy(payload + 2, reason, length);
    return ws_send(stream, true, OP_CLOSE, payload, 2 + length);
}

static bool read_length(test_stream *stream, unsigned char first, size_t *out)
{
    unsigned char more[8];
    size_t count = first == 127 ? 8 : first == 126 ? 2 : 0;
    *out = first;
    if (count == 0) {
        return true;
    }
    if (!stream_read_all(stream, more, count)) {
        return false;
    }
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        *out = *out << 8 | more[i];
    }
    return true;
}

bool ws_receive(test_stream *stream, test_frame *out)
{
    unsigned char head[2];
    unsigned char mask[4] = {0};
    if (!stream_read_all(stream, head, 2)) {
        return false;
    }
    *out = (test_frame){.is_final = (head[0] & 0x80) != 0,
                        .is_reserved = (head[0] & 0x70) != 0,
                        .opcode = head[0] & 0x0f,
                        .is_masked = (head[1] & 0x80) != 0};
    if (!read_length(stream, head[1] & 0x7f, &out->length) ||
        (out->is_masked && !stream_read_all(stream, mask, 4))) {
        return false;
    }
    out->bytes = malloc(out->length + 1);
    if (out->bytes == NULL || !stream_read_all(stream, out->bytes, out->length)) {
        free(out->bytes);
        return false;
    }
    for (size_t i = 0; i < out->length; i++) {
        out->bytes[i] ^= mask[i & 3];
    }
    out->bytes[out->length] = '\0';
    return true;
}

int ws_finish(test_stream *stream)
{
    test_frame one;
    while (ws_receive(stream, &one)) {
        int code = one.length >= 2 ? one.bytes[0] << 8 | one.bytes[1] : 1005;
        bool is_close = one.opcode == OP_CLOSE;
        if (is_close) {
            (void)ws_send(stream, true, OP_CLOSE, one.bytes, one.length);
        }
        free(one.bytes);
        if (is_close) {
            return code;
        }
    }
    return 1006;
}
