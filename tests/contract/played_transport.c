/* SPDX-License-Identifier: MIT */
/*
 * The transport of played_transport.h. Breaking the port's rules fails the test.
 */
#include "played_transport.h"

#include <stdio.h>
#include <stdlib.h>

#include "testing.h"

static phx_status fake_open(void *user_data, const phx_transport_request *request,
                            const phx_transport_events *events, phx_connection **out_connection)
{
    played_transport *transport = user_data;
    *out_connection = NULL;
    transport->opens++;
    if (transport->refusal != PHX_OK) {
        return transport->refusal;
    }
    assert_false(transport->has_connection);
    free(transport->url);
    free(transport->subprotocols);
    transport->url = strdup(request->url);
    transport->subprotocols = strdup(request->subprotocols != NULL ? request->subprotocols : "");
    transport->connect_timeout_ms = request->connect_timeout_ms;
    transport->events = *events;
    transport->has_connection = true;
    transport->close_code = 0;
    transport->sent[0] = '\0';
    *out_connection = (phx_connection *)(void *)transport;
    return PHX_OK;
}

static phx_status fake_send(void *user_data, phx_connection *connection, phx_frame_kind kind,
                            const uint8_t *data, size_t length)
{
    played_transport *transport = user_data;
    assert_ptr_equal(connection, transport);
    assert_true(transport->has_connection);
    assert_int_equal(kind, PHX_FRAME_TEXT);
    size_t used = strlen(transport->sent);
    (void)snprintf(transport->sent + used, sizeof transport->sent - used, "%.*s\n", (int)length,
                   (const char *)data);
    return PHX_OK;
}

static void fake_close(void *user_data, phx_connection *connection, uint16_t code,
                       const char *reason)
{
    played_transport *transport = user_data;
    assert_ptr_equal(connection, transport);
    assert_true(transport->has_connection);
    assert_non_null(reason);
    transport->close_code = code;
}

static void fake_release_connection(void *user_data, phx_connection *connection)
{
    played_transport *transport = user_data;
    assert_ptr_equal(connection, transport);
    assert_true(transport->has_connection);
    transport->has_connection = false;
}

static void fake_release(void *user_data)
{
    played_transport *transport = user_data;
    assert_false(transport->has_connection);
    free(transport->url);
    free(transport->subprotocols);
    transport->is_released = true;
}

void played_transport_init(played_transport *transport, bool skips_heartbeat)
{
    transport->port = (phx_transport){
        .struct_size = (uint32_t)sizeof transport->port,
        .user_data = transport,
        .open = fake_open,
        .send = fake_send,
        .close = fake_close,
        .release_connection = fake_release_connection,
        .release = fake_release,
        .skips_heartbeat = skips_heartbeat,
    };
}

void played_transport_opened(played_transport *transport)
{
    assert_true(transport->has_connection);
    transport->events.opened(transport->events.user_data, "phoenix");
}

void played_transport_message(played_transport *transport, const char *text)
{
    assert_true(transport->has_connection);
    transport->events.message(transport->events.user_data, PHX_FRAME_TEXT, (const uint8_t *)text,
                              strlen(text));
}

void played_transport_closed(played_transport *transport, phx_status status, int32_t http_status)
{
    phx_error error = {.struct_size = (uint32_t)sizeof error,
                       .status = status,
                       .http_status = http_status,
                       .message = phx_status_message(status)};
    assert_true(transport->has_connection);
    transport->events.closed(transport->events.user_data, &error);
}
