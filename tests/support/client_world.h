/* SPDX-License-Identifier: MIT */
/*
 * A phx_client with every port a fake, and a server that answers as Phoenix does: joins, leaves and
 * heartbeats with ok, any other push with ok and its own payload. All callbacks write a word each.
 */
#ifndef CLIENT_WORLD_H
#define CLIENT_WORLD_H

#include <phx/channel.h>

#include "failing_allocator.h"
#include "fake_keychain.h"
#include "fake_poller.h"
#include "fake_transport.h"
#include "testing.h"

/* The callbacks inside which a test may have something done. */
typedef enum world_place {
    IN_NOTHING,
    IN_STATUS,
    IN_ERROR,
    IN_CHANNEL_STATE,
    IN_JOIN_PARAMS,
    IN_URL_PARAMS,
    IN_MESSAGE,
    IN_SUBSCRIPTION,
    IN_REPLY,
    IN_CHANNEL_RELEASE,
    IN_SUBSCRIPTION_RELEASE,
    WORLD_PLACE_COUNT
} world_place;

typedef struct world_subscriber {
    struct client_world *world;
    const char *name;
    phx_subscription id;
    phx_channel channel;
    phx_subscription ends; /* what it unsubscribes in its callback; 0: nothing */
    const char *makes;     /* the name of another that it makes there; NULL: none */
} world_subscriber;

typedef struct client_world {
    failing_allocator allocator;
    fake_poller poller;
    fake_transport transport;
    fake_keychain keychain;
    phx_client_config config; /* of the next client */
    phx_loop_config loop_config;
    phx_channel_options options; /* of the next channel */
    phx_client *client;
    phx_connection *connection; /* the server's */
    phx_error refuse;           /* what attempts are refused with; PHX_OK: they are accepted */
    char url[1024];             /* of the last attempt */
    char subprotocols[512];
    char headers[512]; /* "name: value;" for each */
    char frames[8192]; /* all text that the client sent */
    char lines[4096];  /* what the callbacks said */
    world_place place;
    void (*in_place)(struct client_world *world);
    phx_status url_params_status;  /* what on_params of the client returns */
    const char *url_param[2];      /* and adds; NULL: nothing */
    const char *join_params;       /* what a channel's on_params sets; NULL: nothing */
    const char *first_join_params; /* and before that */
    phx_status params_status;      /* what that gave */
    world_subscriber subscribers[8];
    size_t subscriber_count;
    size_t released;   /* how often the client released its user_data */
    bool is_silent;    /* the server answers nothing */
    bool has_keychain; /* the present client */
} client_world;

/* Fixtures of cmocka: a client that is not connected yet, with "ws://localhost/socket". */
int world_begin(void **state);
int world_end(void **state);
/* The same, for a test that makes its client by itself with world_restart. */
void world_init(client_world *world);
/* Releases the client, if there is one, and makes another of `config`. */
void world_restart(client_world *world);
/* The same, without a claim that it works. */
phx_status world_make(client_world *world);
void world_release(client_world *world);
/* After the release of the client: nothing is left of it, and everything was released once. */
void world_assert_gone(client_world *world);

void world_run(client_world *world, uint32_t ms);
/* What the callbacks said since the last call is exactly this. */
#define world_expect(world, expected)                  \
    do {                                               \
        assert_string_equal((world)->lines, expected); \
        (world)->lines[0] = '\0';                      \
    } while (0)
/* The server sends a text frame. */
void world_say(client_world *world, const char *frame);

phx_channel world_join(client_world *world, const char *topic);
/* Connected and joined; what was said of it is forgotten. */
phx_channel world_joined(client_world *world, const char *topic);
phx_push_id world_push(client_world *world, phx_channel channel, const char *event,
                       const char *payload);
phx_subscription world_subscribe(client_world *world, phx_channel channel, const char *name,
                                 const char *event);
world_subscriber *world_subscriber_of(client_world *world, phx_subscription subscription);

#endif
