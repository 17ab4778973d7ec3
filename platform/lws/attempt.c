/* SPDX-License-Identifier: MIT */
/*
 * Getting a TCP connection: the name's addresses, tried one after the other. libwebsockets is given
 * numeric addresses only, because its own look-up would block the loop; the name goes along for
 * SNI, the certificate and the Host header.
 */
#include "lws/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void describe_failure(phx_connection *connection, int os_code)
{
    char host[PHXI_MAX_AUTHORITY_BYTES + sizeof "the proxy "];
    (void)snprintf(host, sizeof host, "%s%s", connection->is_proxied ? "the proxy " : "",
                   connection->is_proxied ? connection->transport->network.proxy_name
                                          : connection->target.authority);
    switch (os_code) {
    case ECONNREFUSED:
        phxi_connection_set_error(connection, PHX_ERROR_CONNECTION_REFUSED,
                                  "nothing accepts connections at %s", host);
        break;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        phxi_connection_set_error(connection, PHX_ERROR_UNREACHABLE, "there is no route to %s",
                                  host);
        break;
    case ETIMEDOUT:
        phxi_connection_set_error(connection, PHX_ERROR_TIMEOUT, "%s does not answer", host);
        break;
    case EMFILE:
    case ENFILE:
        phxi_connection_set_error(connection, PHX_ERROR_SYSTEM, "no file descriptor is left");
        break;
    case ENOMEM:
        phxi_connection_set_error(connection, PHX_ERROR_NO_MEMORY, "no memory for a connection");
        break;
    default:
        phxi_connection_set_error(connection, PHX_ERROR_NETWORK, "%s could not be reached", host);
        break;
    }
    connection->error.os_code = os_code;
}

void phxi_attempt_failed(phx_connection *connection, int os_code)
{
    connection->address_deadline_ms = UINT64_MAX;
    describe_failure(connection, os_code);
    phxi_connection_set_due(connection);
}

void phxi_attempt_stop_watching(phx_connection *connection)
{
    if (connection->socket_watch != NULL) {
        phx_loop_unwatch(connection->transport->loop, connection->socket_watch);
        connection->socket_watch = NULL;
    }
    if (connection->watched_fd >= 0) {
        (void)close(connection->watched_fd);
        connection->watched_fd = -1;
    }
}

static void on_socket_error(void *user_data, int32_t fd, uint32_t events)
{
    phx_connection *connection = user_data;
    (void)events;
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error == 0) {
        phxi_attempt_stop_watching(connection);
        return;
    }
    phxi_connection_drop_socket(connection);
    phxi_attempt_failed(connection, error);
}

/*
 * libwebsockets takes the socket's error and tells nobody which it was. So a duplicate of the
 * socket is watched beside it, by the epoll poller, which libwebsockets serves first: the error is
 * here before it is there. Where that fails, "could not be reached" is all that is known.
 */
static void watch_for_error(phx_connection *connection)
{
    int fd = lws_get_socket_fd(connection->wsi);
    connection->watched_fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (connection->watched_fd >= 0 &&
        phx_loop_watch(connection->transport->loop, connection->watched_fd, 0, on_socket_error,
                       connection, &connection->socket_watch) != PHX_OK) {
        phxi_attempt_stop_watching(connection);
    }
}

struct lws *phxi_attempt_connect(phx_connection *connection, const char *address, uint16_t port)
{
    struct lws_vhost *vhost =
        phxi_transport_vhost(connection->transport, connection->target.is_tls);
    if (vhost == NULL) {
        return NULL;
    }
    int flags = LCCSCF_HTTP_NO_FOLLOW_REDIRECT;
    flags |= connection->target.is_tls ? LCCSCF_USE_SSL : 0;
    /* libwebsockets would look for the name "[": verify.c compares such an address itself. */
    flags |= connection->target.is_ipv6_literal ? LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK : 0;
    const struct lws_client_connect_info info = {
        .context = phxi_lws_poller_context(connection->transport->poller),
        .vhost = vhost,
        .address = address,
        .port = port,
        .ssl_connection = flags,
        .path = connection->target.path,
        .host = connection->target.authority,
        .protocol =
            connection->target.subprotocols[0] != '\0' ? connection->target.subprotocols : NULL,
        .local_protocol_name = phxi_lws_websocket_protocol,
        .ietf_version_or_minus_one = -1,
        .opaque_user_data = connection,
    };
    return lws_client_connect_via_info(&info);
}

static bool connect_directly(phx_connection *connection, const char *address)
{
    connection->wsi = phxi_attempt_connect(connection, address, connection->target.port);
    if (connection->wsi != NULL) {
        watch_for_error(connection);
    }
    return connection->wsi != NULL;
}

/* Those that are left share the time that is left, so that one dead address does not use it all up.
 */
static uint64_t address_deadline(const phx_connection *connection, uint64_t now_ms)
{
    size_t left = connection->addresses.count - connection->next_address + 1;
    return left > 1 ? now_ms + (connection->deadline_ms - now_ms) / left : UINT64_MAX;
}

void phxi_attempt_next(phx_connection *connection, uint64_t now_ms)
{
    if (connection->next_address == connection->addresses.count) {
        phxi_connection_finish(connection);
        return;
    }
    struct lws_vhost *vhost =
        phxi_transport_vhost(connection->transport, connection->target.is_tls);
    if (vhost == NULL) {
        phxi_connection_set_error(connection, PHX_ERROR_TLS, "TLS could not be set up");
        phxi_connection_finish(connection);
        return;
    }
    const char *address = connection->addresses.text[connection->next_address];
    connection->next_address++;
    errno = 0;
    if (!(connection->is_proxied ? phxi_tunnel_open(connection, address)
                                 : connect_directly(connection, address))) {
        phxi_attempt_failed(connection, errno);
        return;
    }
    connection->address_deadline_ms = address_deadline(connection, now_ms);
    phxi_connection_rearm(connection);
}

/* Through a proxy, it is the proxy that resolves the server's name. */
static const char *dialed_host(const phx_connection *connection)
{
    return connection->is_proxied ? connection->transport->network.proxy_host
                                  : connection->target.host;
}

static void on_resolved(void *user_data, phx_status status, const phxi_addresses *addresses,
                        const char *reason)
{
    phx_connection *connection = user_data;
    connection->lookup = NULL;
    if (status == PHX_OK) {
        connection->addresses = *addresses;
        phxi_connection_set_due(connection);
        return;
    }
    phxi_connection_set_error(connection, status, "the host name %s could not be resolved: %s",
                              dialed_host(connection), reason);
    phxi_connection_finish(connection);
}

void phxi_attempt_start(phx_connection *connection, uint64_t now_ms)
{
    const char *host = dialed_host(connection);
    if (phxi_is_numeric_address(host)) {
        (void)snprintf(connection->addresses.text[0], PHXI_ADDRESS_BYTES, "%s", host);
        connection->addresses.count = 1;
        phxi_attempt_next(connection, now_ms);
        return;
    }
    phx_status status = phxi_resolve(connection->transport->resolver, host, on_resolved, connection,
                                     &connection->lookup);
    if (status != PHX_OK) {
        phxi_connection_set_error(connection, status, "the look-up of %s could not be started: %s",
                                  host, phx_status_message(status));
        phxi_connection_finish(connection);
        return;
    }
    phxi_connection_rearm(connection);
}
