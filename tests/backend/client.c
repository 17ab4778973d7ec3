/* SPDX-License-Identifier: MIT */
/*
 * The client of client.h.
 */
#include "client.h"

#include "process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct client client_connect(int port)
{
    const int on = 1;
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (client.fd < 0 ||
        connect(client.fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        die("cannot connect to port %d: %s", port, strerror(errno));
    }
    (void)setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return client;
}

void client_close(struct client *client)
{
    (void)close(client->fd);
    free(client->in);
    *client = (struct client){.fd = -1};
}

/* Reads what is there, waiting for the first of it. False at the end. */
static bool receive(struct client *client)
{
    struct pollfd ready = {client->fd, POLLIN, 0};
    if (poll(&ready, 1, WAIT_MS) != 1) {
        die("nothing came for %d ms", WAIT_MS);
    }
    if (client->cap - client->len < 65536) {
        client->cap = client->cap * 2 + 65536 * 2;
        client->in = realloc(client->in, client->cap);
    }
    const ssize_t got = recv(client->fd, client->in + client->len, 65536, 0);
    client->is_reset = got < 0;
    client->len += got > 0 ? (size_t)got : 0;
    return got > 0;
}

/* Reads on while it sends, so that neither side waits for the other for ever. */
bool client_send(struct client *client, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        struct pollfd ready = {client->fd, POLLIN | POLLOUT, 0};
        if (poll(&ready, 1, WAIT_MS) != 1) {
            die("cannot send for %d ms", WAIT_MS);
        }
        if ((ready.revents & POLLOUT) == 0) {
            if (!receive(client)) {
                return false;
            }
            continue;
        }
        const ssize_t sent = send(client->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) {
            return false;
        }
        at += sent > 0 ? sent : 0;
        len -= sent > 0 ? (size_t)sent : 0;
    }
    return true;
}

bool client_send_text(struct client *client, const char *text)
{
    return client_send(client, text, strlen(text));
}

static char *copy(const char *data, size_t len)
{
    char *text = malloc(len + 1);
    if (len > 0) {
        memcpy(text, data, len);
    }
    text[len] = '\0';
    return text;
}

static void consume(struct client *client, size_t count)
{
    client->len -= count;
    memmove(client->in, client->in + count, client->len);
}

/* Of an answer without a length the body goes up to the end, unless the status has none. */
static size_t body_length(const char *head, int status, bool *out_to_end)
{
    const char *length = strcasestr(head, "\r\ncontent-length:");
    const bool has_body = status >= 200 && status != 204;
    *out_to_end = length == NULL && has_body;
    return length != NULL && has_body ? strtoul(length + 17, NULL, 10) : 0;
}

bool client_response(struct client *client, struct response *out)
{
    const char *end = NULL;
    while ((end = client->len > 0 ? memmem(client->in, client->len, "\r\n\r\n", 4) : NULL) ==
           NULL) {
        if (!receive(client)) {
            return false;
        }
    }
    bool to_end = false;
    const size_t head_len = (size_t)(end - client->in) + 4;
    out->head = copy(client->in, head_len);
    out->status =
        strncmp(out->head, "HTTP/1.1 ", 9) == 0 ? (int)strtol(out->head + 9, NULL, 10) : 0;
    out->body_len = body_length(out->head, out->status, &to_end);
    consume(client, head_len);
    while (to_end || client->len < out->body_len) {
        if (!receive(client)) {
            break;
        }
    }
    out->body_len = to_end ? client->len : out->body_len;
    if (client->len < out->body_len) {
        die("the answer's body was cut short");
    }
    out->body = copy(client->in, out->body_len);
    consume(client, out->body_len);
    return true;
}

void response_free(struct response *response)
{
    free(response->head);
    free(response->body);
    *response = (struct response){0};
}

void http_call(int port, const char *method, const char *path, const char *headers,
               const char *body, size_t body_len, struct response *out)
{
    char head[4096];
    struct client client = client_connect(port);
    const int len = snprintf(head, sizeof(head),
                             "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                             "Content-Length: %zu\r\n%s\r\n",
                             method, path, body_len, headers);
    if (len < 0 || (size_t)len >= sizeof(head)) {
        die("the request's head is too long");
    }
    (void)client_send(&client, head, (size_t)len);
    (void)client_send(&client, body, body_len);
    if (!client_response(&client, out)) {
        die("%s %s: no answer", method, path);
    }
    client_close(&client);
}

struct client client_websocket(int port, const char *token, const char *vsn)
{
    char request[1024];
    struct response response = {0};
    struct client client = client_connect(port);
    (void)snprintf(request, sizeof(request),
                   "GET /community/websocket?token=%s&vsn=%s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                   "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                   token, vsn);
    (void)client_send_text(&client, request);
    if (!client_response(&client, &response) || response.status != 101) {
        die("no upgrade: %d", response.status);
    }
    response_free(&response);
    return client;
}

bool client_send_frame(struct client *client, unsigned char first, bool is_masked,
                       const void *payload, size_t len)
{
    static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    const size_t extension = len > 65535 ? 8 : len > 125 ? 2 : 0;
    const size_t head = 2 + extension + (is_masked ? 4 : 0);
    char *frame = copy("", 0);
    frame = realloc(frame, head + len + 1);
    frame[0] = (char)first;
    frame[1] = (char)((is_masked ? 0x80 : 0) | (int)(extension == 8   ? 127
                                                     : extension == 2 ? 126
                                                                      : len));
    for (size_t i = 0; i < extension; i++) {
        frame[2 + i] = (char)(len >> (8 * (extension - 1 - i)));
    }
    if (is_masked) {
        memcpy(frame + 2 + extension, mask, 4);
    }
    for (size_t i = 0; i < len; i++) {
        const unsigned char byte = ((const unsigned char *)payload)[i];
        frame[head + i] = (char)(is_masked ? byte ^ mask[i % 4] : byte);
    }
    const bool sent = client_send(client, frame, head + len);
    free(frame);
    return sent;
}

bool client_say(struct client *client, const char *text)
{
    return client_send_frame(client, 0x81, true, text, strlen(text));
}

/* The size of the frame at the start of what came, and of its head; 0 while that is not known. */
static uint64_t frame_size(const struct client *client, size_t *out_head)
{
    const unsigned char *in = (const unsigned char *)client->in;
    const unsigned length = client->len >= 2 ? in[1] & 0x7f : 0;
    const size_t extension = length == 127 ? 8 : length == 126 ? 2 : 0;
    *out_head = 2 + extension;
    if (client->len < *out_head) {
        return 0;
    }
    uint64_t size = extension == 0 ? length : 0;
    for (size_t i = 0; i < extension; i++) {
        size = size << 8 | in[2 + i];
    }
    return size + *out_head;
}

bool client_frame(struct client *client, struct frame *out)
{
    size_t head = 0;
    uint64_t size = 0;
    while ((size = frame_size(client, &head)) == 0 || client->len < size) {
        if (!receive(client)) {
            return false;
        }
    }
    if ((client->in[1] & 0x80) != 0) {
        die("the server masked a frame");
    }
    out->first = (unsigned char)client->in[0];
    out->len = (size_t)size - head;
    out->payload = copy(client->in + head, out->len);
    consume(client, (size_t)size);
    return true;
}

void frame_free(struct frame *frame)
{
    free(frame->payload);
    *frame = (struct frame){0};
}

int frame_close_code(const struct frame *frame)
{
    const unsigned char *payload = (const unsigned char *)frame->payload;
    return frame->len >= 2 ? payload[0] << 8 | payload[1] : 0;
}

bool client_ends(struct client *client)
{
    return client->len == 0 && !receive(client) && client->len == 0;
}
