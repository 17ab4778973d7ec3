/* SPDX-License-Identifier: MIT */
/*
 * A plain blocking client over a TCP socket, for tests: HTTP requests, and WebSocket frames of any
 * shape, good or bad. It shares no code with what it tests. Every wait has a limit.
 */
#ifndef TEST_BACKEND_CLIENT_H
#define TEST_BACKEND_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client {
    int fd;
    char *in;
    size_t len;
    size_t cap;
    bool is_reset;
};

struct response {
    int status;
    char *head; /* with the status line; NUL-terminated */
    char *body; /* NUL-terminated behind body_len bytes */
    size_t body_len;
};

struct frame {
    unsigned char first; /* FIN, RSV and opcode */
    char *payload;       /* NUL-terminated behind len bytes */
    size_t len;
};

uint64_t now_ms(void);

struct client client_connect(int port);
void client_close(struct client *client);
/* False when the other side has gone. */
bool client_send(struct client *client, const void *data, size_t len);
bool client_send_text(struct client *client, const char *text);

/* One HTTP answer; head and body are to be freed with response_free(). False at the end. */
bool client_response(struct client *client, struct response *out);
void response_free(struct response *response);
/* One request on a connection of its own. `headers` are whole lines. */
void http_call(int port, const char *method, const char *path, const char *headers,
               const char *body, size_t body_len, struct response *out);

/* Connects and upgrades; the server must agree. */
struct client client_websocket(int port, const char *token, const char *vsn);
/* `first` is the frame's first byte: 0x81 a text, 0x82 a binary, 0x88 a close. */
bool client_send_frame(struct client *client, unsigned char first, bool is_masked,
                       const void *payload, size_t len);
bool client_say(struct client *client, const char *text);
/* The next frame, to be freed with frame_free(). False when the connection has ended. */
bool client_frame(struct client *client, struct frame *out);
void frame_free(struct frame *frame);
/* The code of a close frame: 0 for one without. */
int frame_close_code(const struct frame *frame);
/* Whether the connection ends without anything more being said. */
bool client_ends(struct client *client);

#endif
