/* SPDX-License-Identifier: MIT */
/*
 * The recorder.
 */
#include "client.h"

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PUMP_MS = 50
};

static void on_opened(void *user_data, const char *subprotocol)
{
    test_client *client = user_data;
    assert_int_equal(client->is_in_call, 0);
    assert_int_equal(client->opened, 0);
    assert_int_equal(client->closed, 0);
    client->opened++;
    (void)snprintf(client->subprotocol, sizeof client->subprotocol, "%s", subprotocol);
    if (client->on_opened != NULL) {
        client->on_opened(client);
    }
}

static void on_message(void *user_data, phx_frame_kind kind, const uint8_t *data, size_t length)
{
    test_client *client = user_data;
    assert_int_equal(client->is_in_call, 0);
    assert_int_equal(client->opened, 1);
    assert_int_equal(client->closed, 0);
    assert_non_null(data);
    assert_true(client->messages < MAX_MESSAGES);
    test_received *one = &client->received[client->messages];
    one->kind = kind;
    one->length = length;
    one->bytes = malloc(length + 1);
    assert_non_null(one->bytes);
    memcpy(one->bytes, data, length);
    one->bytes[length] = 0;
    client->messages++;
    if (client->on_message != NULL) {
        client->on_message(client);
    }
}

static void on_written(void *user_data, size_t length)
{
    test_client *client = user_data;
    assert_int_equal(client->is_in_call, 0);
    assert_int_equal(client->closed, 0);
    client->written += length;
    if (client->on_written != NULL) {
        client->on_written(client);
    }
}

static void on_closed(void *user_data, const phx_error *error)
{
    test_client *client = user_data;
    assert_int_equal(client->is_in_call, 0);
    assert_int_equal(client->closed, 0);
    assert_non_null(error->message);
    client->closed++;
    client->error = *error;
    (void)snprintf(client->error_text, sizeof client->error_text, "%s", error->message);
    if (client->on_closed != NULL) {
        client->on_closed(client);
    }
}

void client_init_on(test_client *client, phx_loop *loop, const phx_transport *transport)
{
    memset(client, 0, sizeof *client);
    client->loop = loop;
    client->transport = transport;
    client->request = (phx_transport_request){
        .struct_size = (uint32_t)sizeof(phx_transport_request),
        .connect_timeout_ms = 5000,
        .close_timeout_ms = 2000,
        .max_message_bytes = 4 * 1024 * 1024,
    };
}

make_transport_fn transport_under_test(void)
{
    const char *name = getenv("TEST_TRANSPORT");
    return name != NULL && strcmp(name, "curl") == 0 ? phx_transport_curl : phx_transport_lws;
}

phx_loop *loop_for(make_transport_fn make)
{
    phx_loop *loop = NULL;
    phx_loop_config config;
    phx_loop_config_init(&config);
    assert_int_equal(make == phx_transport_lws ? phx_platform_lws_poller(NULL, NULL, &config.poller)
                                               : phx_platform_epoll_poller(NULL, &config.poller),
                     PHX_OK);
    assert_int_equal(phx_loop_new(&config, &loop), PHX_OK);
    return loop;
}

void client_init_over(test_client *client, make_transport_fn make, const phx_tls *tls,
                      const phx_network *network)
{
    phx_loop *loop = loop_for(make);
    const phx_transport *transport = NULL;
    assert_int_equal(make(loop, tls, network, &transport), PHX_OK);
    client_init_on(client, loop, transport);
}

void client_init(test_client *client, make_transport_fn make, const phx_tls *tls)
{
    client_init_over(client, make, tls, NULL);
}

void client_free(test_client *client)
{
    client_release(client);
    client->transport->release(client->transport->user_data);
    phx_loop_release(client->loop);
}

phx_status client_open(test_client *client, const char *url)
{
    const phx_transport_events events = {.user_data = client,
                                         .opened = on_opened,
                                         .message = on_message,
                                         .written = on_written,
                                         .closed = on_closed};
    client->request.url = url;
    client->is_in_call++;
    phx_status status = client->transport->open(client->transport->user_data, &client->request,
                                                &events, &client->connection);
    client->is_in_call--;
    assert_int_equal(client->connection != NULL, status == PHX_OK);
    return status;
}

phx_status client_open_port(test_client *client, const char *scheme, const char *host,
                            uint16_t port)
{
    char url[256];
    (void)snprintf(url, sizeof url, "%s://%s:%u/socket/websocket?token=s3cret&vsn=2.0.0", scheme,
                   host, (unsigned)port);
    return client_open(client, url);
}

phx_status client_send_text(test_client *client, const char *text)
{
    client->is_in_call++;
    phx_status status =
        client->transport->send(client->transport->user_data, client->connection, PHX_FRAME_TEXT,
                                (const uint8_t *)text, strlen(text));
    client->is_in_call--;
    return status;
}

void client_close(test_client *client, uint16_t code, const char *reason)
{
    client->is_in_call++;
    client->transport->close(client->transport->user_data, client->connection, code, reason);
    client->is_in_call--;
}

void client_release(test_client *client)
{
    if (client->connection != NULL) {
        client->is_in_call++;
        client->transport->release_connection(client->transport->user_data, client->connection);
        client->is_in_call--;
        client->connection = NULL;
    }
    for (int i = 0; i < client->messages; i++) {
        free(client->received[i].bytes);
        client->received[i].bytes = NULL;
    }
    client->messages = 0;
}

static void pump(test_client *client, uint64_t deadline_ms)
{
    uint64_t now_ms = phx_loop_now_ms(client->loop);
    if (now_ms >= deadline_ms) {
        fail_msg("nothing came in time; last error: %s", client->error_text);
    }
    /* A turn waits even if it has called something before, so the limit is short. */
    assert_int_equal(phx_loop_poll(client->loop, PUMP_MS), PHX_OK);
}

void client_wait(test_client *client, const int *value, int least)
{
    uint64_t deadline_ms = phx_loop_now_ms(client->loop) + CLIENT_PATIENCE_MS;
    while (*value < least) {
        pump(client, deadline_ms);
    }
}

void client_wait_size(test_client *client, const size_t *value, size_t least)
{
    uint64_t deadline_ms = phx_loop_now_ms(client->loop) + CLIENT_PATIENCE_MS;
    while (*value < least) {
        pump(client, deadline_ms);
    }
}

void client_turn(test_client *client)
{
    assert_int_equal(phx_loop_poll(client->loop, 0), PHX_OK);
}
