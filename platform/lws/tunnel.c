/* SPDX-License-Identifier: MIT */
/*
 * A connection through an HTTP proxy: TCP to the proxy, CONNECT, its answer; then libwebsockets
 * goes on in it as if it had connected to the server itself. libwebsockets has a CONNECT of its
 * own, which takes an answer that comes in pieces for the server's, tells nobody what the proxy
 * said, and knows one proxy a vhost; so it is not used. It cannot be given a connected socket
 * either: it is made to connect to a socket of ours, and that descriptor is then made to be the
 * tunnel's, before the first byte.
 */
#include "lws/connection.h"
#include "lws/proxy_answer.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *proxy_name(const phx_connection *connection)
{
    return connection->transport->network.proxy_name;
}

static void fail(phx_connection *connection, const char *what, int os_code)
{
    phxi_connection_set_error(connection, PHX_ERROR_PROXY, "the proxy %s %s",
                              proxy_name(connection), what);
    connection->error.os_code = os_code;
    phxi_connection_finish(connection);
}

/* Nobody's fault but this machine's. */
static void give_up(phx_connection *connection, phx_status status)
{
    phxi_connection_set_error(connection, status, "the way through the proxy %s failed here: %s",
                              proxy_name(connection), phx_status_message(status));
    phxi_connection_finish(connection);
}

static phx_status compose_request(phx_connection *connection)
{
    const phxi_network_options *network = &connection->transport->network;
    bool is_ipv6 = connection->target.is_ipv6_literal;
    char server[PHXI_MAX_AUTHORITY_BYTES + sizeof "[]:65535"];
    (void)snprintf(server, sizeof server, "%s%s%s:%u", is_ipv6 ? "[" : "", connection->target.host,
                   is_ipv6 ? "]" : "", (unsigned)connection->target.port);
    const char *const pieces[] = {
        "CONNECT ",
        server,
        " HTTP/1.1\r\nHost: ",
        server,
        "\r\n",
        network->authorization,
        network->authorization[0] != '\0' ? "\r\n\r\n" : "\r\n",
    };
    phx_status status = PHX_OK;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0] && status == PHX_OK; i++) {
        status = phxi_buffer_append_text(&connection->tunnel_bytes, pieces[i]);
    }
    return status;
}

/* A socket that listens on this machine; what connects to it is never served. */
static int listen_for_nobody(uint16_t *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 1) != 0 ||
                    getsockname(fd, (struct sockaddr *)&address, &length) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    *out_port = ntohs(address.sin_port);
    return fd;
}

void phxi_tunnel_hand_over(phx_connection *connection, struct lws *wsi)
{
    int fd = lws_get_socket_fd(wsi);
    if (connection->is_tunnel_up && connection->watched_fd >= 0 && fd >= 0 &&
        dup3(connection->watched_fd, fd, O_CLOEXEC) == fd) {
        phxi_attempt_stop_watching(connection);
    }
}

static void go_on_in_tunnel(phx_connection *connection)
{
    uint16_t port = 0;
    phx_loop_unwatch(connection->transport->loop, connection->socket_watch);
    connection->socket_watch = NULL;
    connection->is_tunnel_up = true;
    int listener = listen_for_nobody(&port);
    struct lws *wsi = listener >= 0 ? phxi_attempt_connect(connection, "127.0.0.1", port) : NULL;
    if (wsi != NULL) {
        connection->wsi = wsi;
        phxi_tunnel_hand_over(connection, wsi);
    }
    if (listener >= 0) {
        (void)close(listener);
    }
    if (wsi == NULL || connection->watched_fd >= 0) {
        give_up(connection, PHX_ERROR_SYSTEM);
    }
}

static void refuse(phx_connection *connection, int http_status)
{
    phxi_connection_set_error(connection, PHX_ERROR_PROXY,
                              "the proxy %s refused a connection to %s with HTTP status %d",
                              proxy_name(connection), connection->target.authority, http_status);
    connection->error.http_status = http_status;
    phxi_connection_finish(connection);
}

static void judge_answer(phx_connection *connection)
{
    const phxi_buffer *answer = &connection->tunnel_bytes;
    int http_status = 0;
    switch (phxi_proxy_answer_read((const char *)answer->data, answer->length, &http_status)) {
    case PHXI_PROXY_UNFINISHED:
        break;
    case PHXI_PROXY_UP:
        phxi_buffer_free(&connection->tunnel_bytes);
        go_on_in_tunnel(connection);
        break;
    case PHXI_PROXY_REFUSED:
        refuse(connection, http_status);
        break;
    case PHXI_PROXY_NOT_HTTP:
        fail(connection, "did not answer in HTTP", 0);
        break;
    case PHXI_PROXY_SAID_MORE:
        fail(connection, "sent more than its answer", 0);
        break;
    }
}

static void take_answer(phx_connection *connection, const char *bytes, size_t length)
{
    phxi_buffer *answer = &connection->tunnel_bytes;
    phx_status status = phxi_buffer_append(answer, bytes, length);
    status = status == PHX_OK ? phxi_buffer_append_byte(answer, 0) : status;
    if (status == PHX_ERROR_NO_MEMORY) {
        give_up(connection, status);
    } else if (status != PHX_OK) {
        fail(connection, "sent too long an answer", 0);
    } else {
        answer->length--;
        judge_answer(connection);
    }
}

static void receive_answer(phx_connection *connection, int fd)
{
    char bytes[1024];
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);
    if (got > 0) {
        take_answer(connection, bytes, (size_t)got);
    } else if (got == 0) {
        fail(connection, "closed the connection instead of answering", 0);
    } else if (errno != EAGAIN && errno != EINTR) {
        fail(connection, "dropped the connection", errno);
    }
}

static void send_request(phx_connection *connection, int fd)
{
    phxi_buffer *request = &connection->tunnel_bytes;
    size_t left = request->length - connection->tunnel_sent;
    ssize_t put = send(fd, request->data + connection->tunnel_sent, left, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN && errno != EINTR) {
        fail(connection, "dropped the connection", errno);
        return;
    }
    connection->tunnel_sent += put > 0 ? (size_t)put : 0;
    if (connection->tunnel_sent < request->length) {
        return;
    }
    phxi_buffer_free(request);
    connection->is_request_made = true;
    phx_status status =
        phx_loop_modify(connection->transport->loop, connection->socket_watch, PHX_POLL_READ);
    if (status != PHX_OK) {
        give_up(connection, status);
    }
}

static void on_socket(void *user_data, int32_t fd, uint32_t events)
{
    phx_connection *connection = user_data;
    (void)events;
    int error = 0;
    socklen_t length = sizeof error;
    if (!connection->is_proxy_up &&
        (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0)) {
        phxi_connection_drop_socket(connection);
        phxi_attempt_failed(connection, error);
        return;
    }
    if (!connection->is_proxy_up) {
        connection->is_proxy_up = true;
        connection->address_deadline_ms = UINT64_MAX;
        phxi_connection_rearm(connection);
    }
    if (connection->is_request_made) {
        receive_answer(connection, fd);
    } else {
        send_request(connection, fd);
    }
}

/* Begins TCP; -1 and errno on failure. */
static int begin_tcp(const char *address, uint16_t port)
{
    char service[sizeof "65535"];
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    if (getaddrinfo(address, service, &hints, &found) != 0) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    if (fd >= 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(fd, found->ai_addr, found->ai_addrlen) != 0 && errno != EINPROGRESS) {
            int error = errno;
            (void)close(fd);
            errno = error;
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

bool phxi_tunnel_open(phx_connection *connection, const char *address)
{
    connection->is_proxy_up = false;
    connection->is_tunnel_up = false;
    connection->is_request_made = false;
    connection->tunnel_sent = 0;
    phxi_buffer_free(&connection->tunnel_bytes);
    connection->watched_fd = begin_tcp(address, connection->transport->network.proxy_port);
    if (connection->watched_fd < 0) {
        return false;
    }
    if (compose_request(connection) != PHX_OK ||
        phx_loop_watch(connection->transport->loop, connection->watched_fd, PHX_POLL_WRITE,
                       on_socket, connection, &connection->socket_watch) != PHX_OK) {
        phxi_attempt_stop_watching(connection);
        errno = ENOMEM;
        return false;
    }
    return true;
}
