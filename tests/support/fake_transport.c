/* SPDX-License-Identifier: MIT */
/*
 * WebSocket connections that are queues of deliveries in virtual time.
 */
#include "fake_transport.h"

#include <stdlib.h>

#include "testing.h"

struct phx_connection {
    fake_transport *transport;
    phx_transport_events events;
    uint32_t references; /* the client's, and one for each delivery that is under way */
    bool is_released;    /* by the client */
    bool is_open;
    bool is_over;
    bool is_closing;
    bool is_cut;
    uint32_t close_timeout_ms;
    uint64_t due_ms[2]; /* before which nothing more arrives: at the client, at the server */
};

/* The last two go to the server. */
typedef enum delivery_kind {
    OPENED,
    MESSAGE,
    WRITTEN,
    CLOSED,
    FRAME,
    CLOSE
} delivery_kind;

typedef struct delivery {
    phx_connection *connection;
    delivery_kind kind;
    bool is_local; /* it does not come over the network */
    phx_frame_kind frame_kind;
    phx_error error;
    size_t length;
    uint8_t data[];
} delivery;

static void unreference(phx_connection *connection)
{
    if (--connection->references == 0) {
        free(connection);
    }
}

/* To the server: it hears of the end once. */
static void end(phx_connection *connection)
{
    fake_transport *transport = connection->transport;
    if (connection->is_over) {
        return;
    }
    connection->is_over = true;
    transport->open -= connection->is_open ? 1 : 0;
    connection->is_open = false;
    if (transport->server.gone != NULL) {
        transport->server.gone(transport->server.user_data, connection);
    }
}

static void deliver_to_client(phx_connection *connection, const delivery *item)
{
    const phx_transport_events *events = &connection->events;
    switch (item->kind) {
    case OPENED:
        events->opened(events->user_data, "");
        break;
    case MESSAGE:
        events->message(events->user_data, item->frame_kind, item->data, item->length);
        break;
    case WRITTEN:
        events->written(events->user_data, item->length);
        break;
    case CLOSED:
        events->closed(events->user_data, &item->error);
        break;
    case FRAME:
    case CLOSE:
        break;
    }
}

static void close_later(phx_connection *connection, const phx_error *error);

static void deliver_to_server(phx_connection *connection, const delivery *item)
{
    const fake_server_events *server = &connection->transport->server;
    if (connection->is_over) {
        return;
    }
    if (item->kind == CLOSE) {
        const phx_error done = {.status = PHX_OK, .close_code = 1000, .message = "closed"};
        close_later(connection, &done);
        end(connection);
    } else if (server->frame != NULL) {
        server->frame(server->user_data, connection, item->frame_kind, item->data, item->length);
    }
}

static bool is_to_server(const delivery *item)
{
    return item->kind == FRAME || item->kind == CLOSE;
}

static void deliver(void *user_data)
{
    delivery *item = user_data;
    phx_connection *connection = item->connection;
    bool is_lost = connection->is_cut && !item->is_local;
    if (is_to_server(item)) {
        if (!is_lost) {
            deliver_to_server(connection, item);
        }
    } else if (!is_lost && !connection->is_released) {
        deliver_to_client(connection, item);
    }
    unreference(connection);
    free(item);
}

static delivery *new_delivery(phx_connection *connection, delivery_kind kind, const void *data,
                              size_t length)
{
    delivery *item = calloc(1, sizeof *item + length);
    assert_non_null(item);
    item->connection = connection;
    item->kind = kind;
    item->length = length;
    if (data != NULL && length > 0) {
        memcpy(item->data, data, length);
    }
    connection->references++;
    return item;
}

static void send_later(delivery *item)
{
    fake_transport *transport = item->connection->transport;
    fake_poller *poller = transport->poller;
    uint64_t *due_ms =
        &item->connection->due_ms[is_to_server(item) || item->kind == WRITTEN ? 1 : 0];
    uint64_t arrival_ms = poller->now_ms + transport->latency_ms;
    if (transport->jitter_ms > 0) {
        arrival_ms += random_below(&poller->random_state, (size_t)transport->jitter_ms + 1);
    }
    *due_ms = arrival_ms > *due_ms ? arrival_ms : *due_ms;
    fake_poller_after(poller, (uint32_t)(*due_ms - poller->now_ms), deliver, item);
}

static phx_status failure(const fake_transport *transport, bool is_open)
{
    return transport->fails == NULL ? PHX_OK
                                    : transport->fails(transport->server.user_data, is_open);
}

static phx_status port_open(void *user_data, const phx_transport_request *request,
                            const phx_transport_events *events, phx_connection **out_connection)
{
    fake_transport *transport = user_data;
    *out_connection = NULL;
    phx_status status = failure(transport, true);
    if (status != PHX_OK) {
        return status;
    }
    phx_connection *connection = calloc(1, sizeof *connection);
    assert_non_null(connection);
    connection->transport = transport;
    connection->close_timeout_ms = request->close_timeout_ms;
    connection->events = *events;
    connection->references = 1;
    transport->attempts++;
    transport->living++;
    *out_connection = connection;
    if (transport->server.attempt != NULL) {
        transport->server.attempt(transport->server.user_data, connection, request);
    }
    return PHX_OK;
}

static phx_status port_send(void *user_data, phx_connection *connection, phx_frame_kind kind,
                            const uint8_t *data, size_t length)
{
    assert_false(connection->is_released);
    if (connection->is_over) {
        return PHX_OK; /* the end is on its way to the client */
    }
    assert_false(connection->is_closing);
    phx_status status = failure(user_data, false);
    if (status != PHX_OK) {
        return status;
    }
    delivery *item = new_delivery(connection, FRAME, data, length);
    item->frame_kind = kind;
    send_later(item);
    send_later(new_delivery(connection, WRITTEN, NULL, length));
    return PHX_OK;
}

static delivery *new_closed(phx_connection *connection, const phx_error *error)
{
    delivery *item = new_delivery(connection, CLOSED, NULL, 0);
    item->error = *error;
    item->error.struct_size = (uint32_t)sizeof item->error;
    return item;
}

static void close_later(phx_connection *connection, const phx_error *error)
{
    send_later(new_closed(connection, error));
}

/* The handshake is not answered: the transport gives it up. */
static void close_alone(phx_connection *connection)
{
    const phx_error done = {.status = PHX_OK, .message = "closed"};
    delivery *item = new_closed(connection, &done);
    item->is_local = true;
    fake_poller_after(connection->transport->poller, connection->close_timeout_ms, deliver, item);
}

static void port_close(void *user_data, phx_connection *connection, uint16_t code,
                       const char *reason)
{
    fake_transport *transport = user_data;
    (void)code;
    (void)reason;
    assert_false(connection->is_released);
    if (connection->is_over && !connection->is_cut) {
        return;
    }
    assert_false(connection->is_closing);
    connection->is_closing = true;
    transport->closes++;
    if (connection->is_cut) {
        close_alone(connection);
        return;
    }
    send_later(new_delivery(connection, CLOSE, NULL, 0));
}

static void port_release_connection(void *user_data, phx_connection *connection)
{
    fake_transport *transport = user_data;
    assert_false(connection->is_released);
    connection->is_released = true;
    transport->living--;
    end(connection);
    unreference(connection);
}

static void port_release(void *user_data)
{
    fake_transport *transport = user_data;
    assert_int_equal(transport->living, 0);
    assert_false(transport->is_released);
    transport->is_released = true;
}

void fake_transport_init(fake_transport *transport, fake_poller *poller,
                         const fake_server_events *server)
{
    *transport = (fake_transport){
        .port = {.struct_size = (uint32_t)sizeof(phx_transport),
                 .user_data = transport,
                 .open = port_open,
                 .send = port_send,
                 .close = port_close,
                 .release_connection = port_release_connection,
                 .release = port_release},
        .poller = poller,
        .server = *server,
        .latency_ms = 5,
    };
}

void fake_connection_accept(phx_connection *connection)
{
    fake_transport *transport = connection->transport;
    if (connection->is_over) {
        return;
    }
    connection->is_open = true;
    transport->open++;
    transport->most_open =
        transport->open > transport->most_open ? transport->open : transport->most_open;
    send_later(new_delivery(connection, OPENED, NULL, 0));
}

void fake_connection_refuse(phx_connection *connection, const phx_error *error)
{
    if (!connection->is_over) {
        close_later(connection, error);
        end(connection);
    }
}

void fake_connection_send(phx_connection *connection, phx_frame_kind kind, const void *data,
                          size_t length)
{
    if (!connection->is_over) {
        delivery *item = new_delivery(connection, MESSAGE, data, length);
        item->frame_kind = kind;
        send_later(item);
    }
}

void fake_connection_stall(phx_connection *connection, uint32_t ms, bool to_server, bool to_client)
{
    uint64_t until_ms = connection->transport->poller->now_ms + ms;
    for (size_t i = 0; i < 2; i++) {
        bool is_meant = i == 0 ? to_client : to_server;
        if (is_meant && connection->due_ms[i] < until_ms) {
            connection->due_ms[i] = until_ms;
        }
    }
}

void fake_connection_cut(phx_connection *connection)
{
    connection->is_cut = true;
}

void fake_connection_drop(phx_connection *connection, int32_t close_code)
{
    const phx_error lost = {.status = PHX_ERROR_CONNECTION_LOST,
                            .close_code = close_code,
                            .message = "the connection was lost"};
    fake_connection_refuse(connection, &lost);
}
