/* SPDX-License-Identifier: MIT */
/*
 * The scripted server.
 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "certificates.h"

enum {
    MAX_CONNECTIONS = 256
};

struct test_stream {
    int fd;
    bool has_tls;
    mbedtls_ssl_context tls;
    bool resets_at_end;
};

struct test_server {
    int fd;
    uint16_t port;
    bool has_tls;
    mbedtls_ssl_config tls;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    server_script script;
    void *argument;
    pthread_t thread;
    pthread_mutex_t lock;
    int count;
    pthread_t threads[MAX_CONNECTIONS];
};

typedef struct played_connection {
    test_server *server;
    int fd;
    int index;
} played_connection;

static void fail(const char *what)
{
    (void)fprintf(stderr, "test server: %s: %s\n", what, strerror(errno));
    abort();
}

static int on_tls_send(void *context, const unsigned char *bytes, size_t length)
{
    ssize_t put = send(*(int *)context, bytes, length, MSG_NOSIGNAL);
    return put < 0 ? -1 : (int)put;
}

static int on_tls_receive(void *context, unsigned char *bytes, size_t length)
{
    ssize_t got = recv(*(int *)context, bytes, length, 0);
    return got < 0 ? -1 : (int)got;
}

static bool begin_tls(test_stream *stream, test_server *server)
{
    mbedtls_ssl_init(&stream->tls);
    stream->has_tls = true;
    if (mbedtls_ssl_setup(&stream->tls, &server->tls) != 0) {
        return false;
    }
    mbedtls_ssl_set_bio(&stream->tls, &stream->fd, on_tls_send, on_tls_receive, NULL);
    return mbedtls_ssl_handshake(&stream->tls) == 0;
}

static void end_stream(test_stream *stream)
{
    if (stream->has_tls) {
        if (!stream->resets_at_end) {
            (void)mbedtls_ssl_close_notify(&stream->tls);
        }
        mbedtls_ssl_free(&stream->tls);
    }
    if (stream->resets_at_end) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    (void)close(stream->fd);
}

static void *play(void *argument)
{
    played_connection connection = *(played_connection *)argument;
    free(argument);
    test_server *server = connection.server;
    struct timeval patience = {.tv_sec = SERVER_PATIENCE_S};
    int on = 1;
    test_stream stream = {.fd = connection.fd};
    (void)setsockopt(stream.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(stream.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    (void)setsockopt(stream.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!server->has_tls || begin_tls(&stream, server)) {
        server->script(&stream, connection.index, server->argument);
    }
    end_stream(&stream);
    return NULL;
}

static void *accept_all(void *argument)
{
    test_server *server = argument;
    for (;;) {
        int fd = accept(server->fd, NULL, NULL);
        if (fd < 0) {
            return NULL;
        }
        played_connection *connection = malloc(sizeof *connection);
        pthread_mutex_lock(&server->lock);
        if (connection == NULL || server->count == MAX_CONNECTIONS) {
            fail("too many connections");
        }
        *connection = (played_connection){.server = server, .fd = fd, .index = server->count};
        if (pthread_create(&server->threads[server->count], NULL, play, connection) != 0) {
            fail("thread");
        }
        server->count++;
        pthread_mutex_unlock(&server->lock);
    }
}

static int listen_on_loopback(int family, uint16_t *out_port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *address = family == AF_INET6 ? (void *)&six : (void *)&four;
    socklen_t length = family == AF_INET6 ? sizeof six : sizeof four;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, address, length) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, address, &length) != 0) {
        fail("listen");
    }
    *out_port = ntohs(family == AF_INET6 ? six.sin6_port : four.sin_port);
    return fd;
}

uint16_t free_port(void)
{
    uint16_t port = 0;
    (void)close(listen_on_loopback(AF_INET, &port));
    return port;
}

static void set_up_tls(test_server *server, const test_certificate *identity)
{
    mbedtls_ssl_config_init(&server->tls);
    mbedtls_entropy_init(&server->entropy);
    mbedtls_ctr_drbg_init(&server->random);
    if (mbedtls_ctr_drbg_seed(&server->random, mbedtls_entropy_func, &server->entropy, NULL, 0) !=
            0 ||
        mbedtls_ssl_config_defaults(&server->tls, MBEDTLS_SSL_IS_SERVER,
                                    MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        fail("TLS");
    }
    mbedtls_ssl_conf_rng(&server->tls, mbedtls_ctr_drbg_random, &server->random);
    if (mbedtls_ssl_conf_own_cert(&server->tls, certificate_chain(identity),
                                  certificate_key(identity)) != 0) {
        fail("TLS certificate");
    }
    server->has_tls = true;
}

test_server *server_start(int family, const test_certificate *identity, server_script script,
                          void *argument)
{
    test_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        fail("memory");
    }
    if (identity != NULL) {
        set_up_tls(server, identity);
    }
    server->script = script;
    server->argument = argument;
    server->fd = listen_on_loopback(family, &server->port);
    (void)pthread_mutex_init(&server->lock, NULL);
    if (pthread_create(&server->thread, NULL, accept_all, server) != 0) {
        fail("thread");
    }
    return server;
}

uint16_t server_port(const test_server *server)
{
    return server->port;
}

int server_connections(test_server *server)
{
    pthread_mutex_lock(&server->lock);
    int count = server->count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

void server_stop(test_server *server)
{
    (void)shutdown(server->fd, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    for (int i = 0; i < server->count; i++) {
        (void)pthread_join(server->threads[i], NULL);
    }
    (void)close(server->fd);
    if (server->has_tls) {
        mbedtls_ssl_config_free(&server->tls);
        mbedtls_ctr_drbg_free(&server->random);
        mbedtls_entropy_free(&server->entropy);
    }
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}

long stream_read(test_stream *stream, void *bytes, size_t length)
{
    if (!stream->has_tls) {
        return (long)recv(stream->fd, bytes, length, 0);
    }
    int got = mbedtls_ssl_read(&stream->tls, bytes, length);
    return got == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ? 0 : got;
}

bool stream_read_all(test_stream *stream, void *bytes, size_t length)
{
    char *at = bytes;
    while (length > 0) {
        long got = stream_read(stream, at, length);
        if (got <= 0) {
            return false;
        }
        at += got;
        length -= (size_t)got;
    }
    return true;
}

bool stream_write(test_stream *stream, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    while (length > 0) {
        long put = stream->has_tls ? mbedtls_ssl_write(&stream->tls, at, length)
                                   : (long)send(stream->fd, at, length, MSG_NOSIGNAL);
        if (put <= 0) {
            return false;
        }
        at += put;
        length -= (size_t)put;
    }
    return true;
}

bool stream_print(test_stream *stream, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return length >= 0 && (size_t)length < sizeof text &&
           stream_write(stream, text, (size_t)length);
}

int stream_descriptor(const test_stream *stream)
{
    return stream->fd;
}

void stream_drain(test_stream *stream)
{
    char bytes[4096];
    while (stream_read(stream, bytes, sizeof bytes) > 0) {
    }
}

void stream_reset_at_end(test_stream *stream)
{
    stream->resets_at_end = true;
}

/* As many bytes as may be read at once: what follows a head is not its reader's. Byte by byte, the
 * server would be the slower one of those whose connecting is measured. */
static size_t next_of_head(test_stream *stream, char *head, size_t length, size_t room)
{
    long seen = stream->has_tls ? 0 : (long)recv(stream->fd, head + length, room, MSG_PEEK);
    if (seen <= 0) {
        return 1;
    }
    size_t from = length < 3 ? 0 : length - 3;
    const char *end = memmem(head + from, length - from + (size_t)seen, "\r\n\r\n", 4);
    return end != NULL ? (size_t)(end - head) + 4 - length : (size_t)seen;
}

bool stream_read_head(test_stream *stream, char *head, size_t capacity)
{
    size_t length = 0;
    while (length + 1 < capacity) {
        size_t part = next_of_head(stream, head, length, capacity - 1 - length);
        if (!stream_read_all(stream, head + length, part)) {
            return false;
        }
        length += part;
        head[length] = '\0';
        if (length >= 4 && strcmp(head + length - 4, "\r\n\r\n") == 0) {
            return true;
        }
    }
    return false;
}
