/* SPDX-License-Identifier: MIT */
/*
 * The near end of a transport test: a loop, a transport, and a record of what one connection
 * reported.
 */
#ifndef CONTRACT_CLIENT_H
#define CONTRACT_CLIENT_H

#include <phx/platform.h>

enum {
    MAX_MESSAGES = 64,
    CLIENT_PATIENCE_MS = 10000
};

/* What is under test. */
typedef phx_status (*make_transport_fn)(phx_loop *loop, const phx_tls *tls,
                                        const phx_network *network, const phx_transport **out);

/* The one that the environment names: TEST_TRANSPORT=lws (the default) or curl. */
make_transport_fn transport_under_test(void);
/* A loop with the poller that this transport needs. */
phx_loop *loop_for(make_transport_fn make);

typedef struct test_received {
    phx_frame_kind kind;
    size_t length;
    uint8_t *bytes;
} test_received;

typedef struct test_client {
    phx_loop *loop;
    const phx_transport *transport;
    phx_connection *connection;
    phx_transport_request request;

    int opened;
    char subprotocol[256];
    int messages;
    test_received received[MAX_MESSAGES];
    size_t written;
    int closed;
    phx_error error;
    char error_text[512];

    /* Called inside the events; NULL: nothing. */
    void (*on_opened)(struct test_client *client);
    void (*on_message)(struct test_client *client);
    void (*on_written)(struct test_client *client);
    void (*on_closed)(struct test_client *client);
    int is_in_call; /* an event in it would break the contract */
} test_client;

void client_init(test_client *client, make_transport_fn make, const phx_tls *tls);
void client_init_over(test_client *client, make_transport_fn make, const phx_tls *tls,
                      const phx_network *network);
/* On a loop that is there already, whose transport it borrows. */
void client_init_on(test_client *client, phx_loop *loop, const phx_transport *transport);
void client_free(test_client *client);

phx_status client_open(test_client *client, const char *url);
/* "ws://127.0.0.1:PORT/socket" and the like. */
phx_status client_open_port(test_client *client, const char *scheme, const char *host,
                            uint16_t port);
phx_status client_send_text(test_client *client, const char *text);
void client_close(test_client *client, uint16_t code, const char *reason);
void client_release(test_client *client);

/* Pumps until *value reaches `least`; fails the test if that takes too long. */
void client_wait(test_client *client, const int *value, int least);
void client_wait_size(test_client *client, const size_t *value, size_t least);
/* Pumps once, without waiting. */
void client_turn(test_client *client);

#endif
