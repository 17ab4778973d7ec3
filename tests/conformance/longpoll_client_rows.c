/* SPDX-License-Identifier: MIT */
/*
 * The rows of phoenix.js's Socket on its LongPoll: a whole client over the long-poll transport.
 */
#include <phx/channel.h>
#include <phx/client.h>

#include <stdio.h>

#include "longpoll_rows.h"
#include "longpoll_world.h"

#define SESSION "{\"status\":410,\"token\":\"token123\",\"messages\":[]}"

static longpoll_world the_world;

static char status_log[1024];
static char channel_log[1024];

static void on_status(void *user_data, const phx_client_status *status)
{
    (void)user_data;
    size_t used = strlen(status_log);
    (void)snprintf(status_log + used, sizeof status_log - used, "%d;", (int)status->state);
}

static void on_state(void *user_data, phx_channel channel, phx_channel_state state,
                     const phx_reply *reply)
{
    (void)user_data;
    (void)channel;
    size_t used = strlen(channel_log);
    (void)snprintf(channel_log + used, sizeof channel_log - used, "%d %.*s;", (int)state,
                   (int)reply->response.length,
                   reply->response.data != NULL ? reply->response.data : "");
}

static phx_status read_token(void *user_data, bool is_refresh, char *out, size_t capacity,
                             size_t *out_length)
{
    (void)user_data;
    (void)is_refresh;
    assert_in_range(capacity, 13, SIZE_MAX);
    memcpy(out, "my-auth-token", 13);
    *out_length = 13;
    return PHX_OK;
}

static const phx_keychain token_keychain = {
    .struct_size = (uint32_t)sizeof(phx_keychain),
    .read = read_token,
};

static phx_client *begin_client(const phx_keychain *keychain)
{
    phx_client *client = NULL;
    phx_client_config config;
    world_begin(&the_world);
    status_log[0] = '\0';
    channel_log[0] = '\0';
    phx_client_config_init(&config);
    config.url = "ws://localhost/socket";
    config.loop = the_world.loop;
    config.transport = the_world.transport;
    config.keychain = keychain;
    config.token_place = PHX_TOKEN_IN_SUBPROTOCOL;
    config.on_status = on_status;
    assert_int_equal(phx_client_new(&config, &client), PHX_OK);
    the_world.transport = NULL;
    phx_client_connect(client);
    world_run(&the_world, 0);
    return client;
}

static void end_client(phx_client *client)
{
    phx_client_release(client);
    world_end(&the_world);
}

void L14_offers_no_subprotocols_without_a_token(void **state)
{
    (void)state;
    phx_client *client = begin_client(NULL);
    assert_string_equal(world_request(&the_world, 0)->headers, "Accept: application/json\n");
    end_client(client);
}

void L15_offers_the_subprotocols_with_a_token(void **state)
{
    (void)state;
    phx_client *client = begin_client(&token_keychain);
    assert_string_equal(world_request(&the_world, 0)->headers,
                        "Accept: application/json\nX-Phoenix-AuthToken: my-auth-token\n");
    assert_null(strstr(world_request(&the_world, 0)->url, "my-auth-token"));
    end_client(client);
}

void S17_establishes_a_long_poll_with_the_endpoint(void **state)
{
    (void)state;
    phx_client *client = begin_client(NULL);
    assert_int_equal(the_world.http.count, 1);
    assert_string_equal(world_request(&the_world, 0)->url,
                        "http://localhost/socket/longpoll?vsn=2.0.0");
    end_client(client);
}

#define NOTHING "{\"status\":204,\"token\":\"t0k\",\"messages\":[]}"

/* A heartbeat that the application asks for goes out all the same, and none follows it. */
static void expect_probe_and_no_heartbeat(phx_client *client, size_t poll)
{
    phx_client_probe(client);
    world_run(&the_world, 0);
    assert_string_equal(world_request(&the_world, poll + 1)->body,
                        "[null,\"1\",\"phoenix\",\"heartbeat\",{}]");
    world_answer(&the_world, poll + 1, "{\"status\":200}");
    world_answer(&the_world, poll,
                 "{\"status\":200,\"messages\":[\"[null,\\\"1\\\",\\\"phoenix\\\","
                 "\\\"phx_reply\\\",{\\\"status\\\":\\\"ok\\\",\\\"response\\\":{}}]\"]}");
    for (size_t i = 2; i < 8; i++) {
        world_run(&the_world, 10000);
        world_answer(&the_world, poll + i, NOTHING);
    }
    assert_int_equal(the_world.http.count, poll + 9);
}

void S18_reports_to_the_callbacks(void **state)
{
    (void)state;
    char expected[64];
    phx_client *client = begin_client(NULL);
    world_answer(&the_world, 0, SESSION);
    world_answer(&the_world, 1, "{\"status\":500}");
    (void)snprintf(expected, sizeof expected, "%d;%d;%d;", (int)PHX_CLIENT_CONNECTING,
                   (int)PHX_CLIENT_CONNECTED, (int)PHX_CLIENT_WAITING);
    assert_string_equal(status_log, expected);
    /* No heartbeat goes out on the next one, however long it lasts. */
    world_run(&the_world, 1000);
    size_t first = the_world.http.count - 1;
    world_answer(&the_world, first, SESSION);
    for (size_t i = 1; i <= 8; i++) {
        world_run(&the_world, 10000);
        world_answer(&the_world, first + i, NOTHING);
    }
    assert_int_equal(the_world.http.count, first + 10);
    for (size_t i = 0; i < the_world.http.count; i++) {
        assert_string_equal(world_request(&the_world, i)->method, "GET");
    }
    expect_probe_and_no_heartbeat(client, first + 9);
    end_client(client);
}

void S19_is_idempotent(void **state)
{
    (void)state;
    phx_client *client = begin_client(NULL);
    phx_client_connect(client);
    world_run(&the_world, 0);
    assert_int_equal(the_world.http.count, 1);
    world_answer(&the_world, 0, SESSION);
    phx_client_connect(client);
    world_run(&the_world, 0);
    assert_int_equal(the_world.http.count, 2);
    assert_true(world_request(&the_world, 1)->is_under_way);
    end_client(client);
}

static void join_lobby(phx_client *client)
{
    phx_channel channel;
    phx_channel_options options;
    phx_channel_options_init(&options);
    options.on_state = on_state;
    assert_int_equal(phx_channel_join(client, "room:lobby", &options, &channel), PHX_OK);
    world_run(&the_world, 0);
}

void S71_encodes_json(void **state)
{
    (void)state;
    phx_client *client = begin_client(NULL);
    world_answer(&the_world, 0, SESSION);
    join_lobby(client);
    assert_string_equal(world_request(&the_world, 2)->body,
                        "[\"1\",\"1\",\"room:lobby\",\"phx_join\",{}]");
    end_client(client);
}

void S74_decodes_json(void **state)
{
    (void)state;
    char expected[64];
    phx_client *client = begin_client(NULL);
    world_answer(&the_world, 0, SESSION);
    join_lobby(client);
    world_answer(&the_world, 2, "{\"status\":200}");
    world_answer(&the_world, 1,
                 "{\"status\":200,\"token\":\"token123\",\"messages\":[\"[\\\"1\\\",\\\"1\\\","
                 "\\\"room:lobby\\\",\\\"phx_reply\\\",{\\\"status\\\":\\\"ok\\\","
                 "\\\"response\\\":{\\\"n\\\":7}}]\"]}");
    (void)snprintf(expected, sizeof expected, "%d ;%d {\"n\":7};", (int)PHX_CHANNEL_JOINING,
                   (int)PHX_CHANNEL_JOINED);
    assert_string_equal(channel_log, expected);
    end_client(client);
}
