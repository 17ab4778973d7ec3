/* SPDX-License-Identifier: MIT */
/*
 * The transport port on libwebsockets: its functions, its place in the loop, its TLS configuration.
 * Each transport has a vhost of its own for wss:, because libwebsockets ties authorities to vhosts,
 * and makes it only when the first such connection is opened, because that costs megabytes.
 */
#include <phx/platform.h>

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lws/connection.h"
#include "mbedtls/digest.h"
#include "support/alloc.h"

static phx_status open_connection(void *user_data, const phx_transport_request *request,
                                  const phx_transport_events *events,
                                  phx_connection **out_connection)
{
    phx_status status = PHX_OK;
    *out_connection = phxi_connection_new(user_data, request, events, &status);
    return status;
}

static phx_status send_message(void *user_data, phx_connection *connection, phx_frame_kind kind,
                               const uint8_t *data, size_t length)
{
    (void)user_data;
    return phxi_frames_send(connection, kind, data, length);
}

static void close_connection(void *user_data, phx_connection *connection, uint16_t code,
                             const char *reason)
{
    (void)user_data;
    phxi_connection_close(connection, code, reason);
}

static void release_connection(void *user_data, phx_connection *connection)
{
    (void)user_data;
    phxi_connection_release(connection);
}

static void turn(void *user_data, uint64_t now_ms)
{
    lws_transport *transport = user_data;
    phxi_timer *timer;
    while ((timer = phxi_timer_pop_due(&transport->timers, now_ms)) != NULL) {
        size_t offset = offsetof(phx_connection, timer);
        phxi_connection_advance((phx_connection *)(void *)((char *)timer - offset), now_ms);
    }
}

static uint64_t deadline_ms(void *user_data)
{
    const lws_transport *transport = user_data;
    return phxi_timer_next_deadline(&transport->timers);
}

/*
 * libwebsockets reads one certificate from memory, but all of them from a file; so the PEM text
 * becomes a file without a name. The text is passed along too: libwebsockets shares configurations
 * that look alike, and by the file's name alone two different ones could.
 */
static struct lws_vhost *create_tls_vhost(const lws_transport *transport)
{
    char path[32] = "";
    int fd = -1;
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .vhost_name = "phx-tls",
        .protocols = phxi_lws_protocols,
        .extensions = phxi_inflate_extensions,
        .connect_timeout_secs = PHXI_LWS_STEP_SECONDS,
        .http_proxy_address = PHXI_LWS_NO_PROXY,
    };
    if (transport->tls.ca_pem != NULL) {
        size_t length = transport->tls.ca_pem_length;
        fd = memfd_create("phx-ca", MFD_CLOEXEC);
        if (fd < 0 || write(fd, transport->tls.ca_pem, length) != (ssize_t)length) {
            (void)close(fd);
            return NULL;
        }
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
        info.client_ssl_ca_filepath = path;
        info.client_ssl_ca_mem = transport->tls.ca_pem;
        info.client_ssl_ca_mem_len = (unsigned int)length;
    }
    struct lws_vhost *vhost = lws_create_vhost(phxi_lws_poller_context(transport->poller), &info);
    if (fd >= 0) {
        (void)close(fd);
    }
    return vhost;
}

struct lws_vhost *phxi_transport_vhost(lws_transport *transport, bool is_tls)
{
    if (!is_tls) {
        return phxi_lws_poller_vhost(transport->poller);
    }
    if (transport->tls_vhost == NULL) {
        const phx_allocator *allocator = phxi_lws_poller_allocator(transport->poller);
        phxi_lws_vhost *vhost = phxi_alloc_zero(allocator, sizeof *vhost);
        if (vhost == NULL) {
            return NULL;
        }
        vhost->vhost = create_tls_vhost(transport);
        if (vhost->vhost == NULL) {
            phxi_free(allocator, vhost);
            return NULL;
        }
        transport->tls_vhost = vhost;
    }
    return transport->tls_vhost->vhost;
}

static void release(void *user_data)
{
    lws_transport *transport = user_data;
    phx_loop_remove_source(transport->loop, &transport->source);
    if (transport->tls_vhost != NULL) {
        phxi_lws_poller_retire(transport->poller, transport->tls_vhost);
    }
    phxi_resolver_free(transport->resolver);
    phx_allocator allocator = transport->allocator;
    phxi_tls_options_free(&allocator, &transport->tls);
    phxi_network_options_free(&transport->network);
    phxi_free(&allocator, transport);
}

static phx_status set_up(lws_transport *transport, const phx_tls *tls, const phx_network *network)
{
    phx_status status = phxi_tls_options_copy(&transport->allocator, tls, &transport->tls);
    if (status == PHX_OK) {
        status = phxi_network_options_copy(&transport->allocator, network, &transport->network);
    }
    if (status == PHX_OK && transport->network.compress && !phxi_inflate_is_built) {
        status = PHX_ERROR_UNSUPPORTED;
    }
    if (status == PHX_OK && transport->tls.pin_count > 0) {
        char text[PHXI_DIGEST_TEXT_BYTES];
        status = phxi_digest_text("", 0, text); /* whether this build can check pins at all */
    }
    if (status == PHX_OK) {
        transport->resolver = phxi_resolver_new(transport->loop);
        status = transport->resolver != NULL ? PHX_OK : PHX_ERROR_NO_MEMORY;
    }
    return status;
}

phx_status phx_transport_lws(phx_loop *loop, const phx_tls *tls, const phx_network *network,
                             const phx_transport **out)
{
    *out = NULL;
    phxi_lws_poller *poller = phxi_lws_poller_of(loop);
    if (poller == NULL) {
        return PHX_ERROR_UNSUPPORTED;
    }
    const phx_allocator *allocator = phx_loop_allocator(loop);
    lws_transport *transport = phxi_alloc_zero(allocator, sizeof *transport);
    if (transport == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    transport->allocator = *allocator;
    transport->loop = loop;
    transport->poller = poller;
    phx_status status = set_up(transport, tls, network);
    if (status != PHX_OK) {
        phxi_tls_options_free(allocator, &transport->tls);
        phxi_network_options_free(&transport->network);
        phxi_free(allocator, transport);
        return status;
    }
    transport->source =
        (phx_loop_source){.user_data = transport, .turn = turn, .deadline_ms = deadline_ms};
    phx_loop_add_source(loop, &transport->source);
    transport->port = (phx_transport){
        .struct_size = (uint32_t)sizeof(phx_transport),
        .user_data = transport,
        .open = open_connection,
        .send = send_message,
        .close = close_connection,
        .release_connection = release_connection,
        .release = release,
    };
    *out = &transport->port;
    return PHX_OK;
}
