/* SPDX-License-Identifier: MIT */
/*
 * A whole phx_client in virtual time, over a transport, a poller, a clock and a keychain that are
 * the test's: for what an application sees and the engine does not. What the client asks of the
 * transport and what it tells the application is written down as lines:
 *
 *   open URL [subprotocols] | > FRAME | close CODE | drop |
 *   status NAME STATUS | channel NAME STATUS RESPONSE | message NAME EVENT PAYLOAD | reply STATUS
 * RESPONSE
 *
 * A message's NAME is the subscription's, "all" for the channel's own on_message.
 */
#ifndef CLIENT_FIXTURE_H
#define CLIENT_FIXTURE_H

#include <phx/channel.h>

enum {
    CLIENT_FIXTURE_SUBSCRIBERS = 8,
};

struct client_fixture;

typedef struct client_subscriber {
    struct client_fixture *fixture;
    const char *name;
} client_subscriber;

typedef struct client_fixture {
    phx_clock clock;
    phx_random random;
    phx_poller poller;
    phx_transport transport;
    phx_keychain keychain;
    phx_loop_config loop_config;
    phx_client_config config; /* the test may change it before client_fixture_start */
    phx_client *client;
    uint64_t now_ms;
    const char *token;
    int32_t join_params; /* each join's payload is {"n":join_params} */
    const char
        *auto_reply; /* status that joins are answered with in the turn they are sent; NULL: none */
    phx_transport_events events; /* of the latest connection */
    bool is_alive;               /* it was not released */
    phx_loop_task task;
    char pending[512]; /* the frame of `task` */
    client_subscriber subscribers[CLIENT_FIXTURE_SUBSCRIBERS];
    size_t subscriber_count;
    char lines[32 * 1024];
    size_t length;
} client_fixture;

/* The configuration is phx_client's defaults with phoenix.js's backoff and the URL
 * ws://localhost/socket. */
void client_fixture_init(client_fixture *fixture);
void client_fixture_start(client_fixture *fixture);
void client_fixture_stop(client_fixture *fixture);

void client_fixture_connect(client_fixture *fixture);
void client_fixture_disconnect(client_fixture *fixture);
void client_fixture_opened(client_fixture *fixture);
void client_fixture_closed(client_fixture *fixture, phx_status status, int32_t close_code);
void client_fixture_receive(client_fixture *fixture, const char *text);
void client_fixture_advance(client_fixture *fixture, uint32_t ms);
/* connect and opened. */
void client_fixture_go_online(client_fixture *fixture);

/* A channel whose every callback is written down; timeout_ms 0: the client's. */
phx_channel client_fixture_join(client_fixture *fixture, const char *topic, uint32_t timeout_ms);
void client_fixture_push(client_fixture *fixture, phx_channel channel, const char *event,
                         uint32_t timeout_ms);
/* `name` stands in the lines; static. event NULL: all. Holds from the next turn on. */
phx_subscription client_fixture_subscribe(client_fixture *fixture, phx_channel channel,
                                          const char *event, const char *name);
/* One whose callback is the test's. */
phx_subscription client_fixture_subscribe_fn(client_fixture *fixture, phx_channel channel,
                                             const char *event, phx_message_fn fn, void *user_data);
void client_fixture_unsubscribe(client_fixture *fixture, phx_subscription subscription);
/* Runs what was asked for. */
void client_fixture_turn(client_fixture *fixture);

/* --- between the fixture's own files --- */

/* Adds to the lines. */
void client_fixture_write(client_fixture *fixture, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Runs it in the next turn. */
void client_fixture_post(client_fixture *fixture, phx_task_fn run);
/* The frame in `pending` arrives. */
void client_fixture_run_receive(void *user_data);

/* --- what happened --- */

/* What happened since the last call is exactly these lines. */
#define client_fixture_expect(fixture, expected) \
    client_fixture_expect_at(fixture, expected, __FILE__, __LINE__)
void client_fixture_expect_at(client_fixture *fixture, const char *expected, const char *file,
                              int line);
bool client_fixture_saw(const client_fixture *fixture, const char *text);
void client_fixture_forget(client_fixture *fixture);

#endif
