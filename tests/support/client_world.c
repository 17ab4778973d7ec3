/* SPDX-License-Identifier: MIT */
#include "client_world.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const status_names[] = {"disconnected", "connecting",   "connected",
                                           "waiting",      "unauthorized", "closing"};
static const char *const state_names[] = {"closed",  "joining", "joined",
                                          "errored", "refused", "leaving"};

static void append(char *text, size_t capacity, const char *more, size_t length)
{
    size_t before = strlen(text);
    assert_true(before + length < capacity);
    memcpy(text + before, more, length);
    text[before + length] = '\0';
}

static void say(client_world *w, world_place place, const char *line)
{
    append(w->lines, sizeof w->lines, line, strlen(line));
    if (w->place == place && w->in_place != NULL) {
        void (*in_place)(client_world * world) = w->in_place;
        w->in_place = NULL;
        in_place(w);
    }
}

static const char *name_of(phx_status status)
{
    return phx_status_name(status) + strlen("PHX_");
}

/* --- the client's callbacks --- */

static void on_status(void *user_data, const phx_client_status *status)
{
    char line[64];
    (void)snprintf(line, sizeof line, "status %s;", status_names[status->state]);
    say(user_data, IN_STATUS, line);
}

static void on_error(void *user_data, const phx_error *error)
{
    char line[64];
    (void)snprintf(line, sizeof line, "error %s;", name_of(error->status));
    say(user_data, IN_ERROR, line);
}

static phx_status on_url_params(void *user_data, phx_param_list *list)
{
    client_world *w = user_data;
    say(w, IN_URL_PARAMS, "");
    if (w->url_param[0] != NULL) {
        assert_int_equal(phx_param_list_add(list, w->url_param[0], w->url_param[1]), PHX_OK);
    }
    return w->url_params_status;
}

static void release_client_data(void *user_data)
{
    ((client_world *)user_data)->released++;
}

static void on_state(void *user_data, phx_channel channel, phx_channel_state state,
                     const phx_reply *reply)
{
    char line[64];
    assert_true(channel.id != 0);
    (void)snprintf(line, sizeof line, "state %s %s;", state_names[state],
                   name_of(reply->error.status));
    say(user_data, IN_CHANNEL_STATE, line);
}

static void on_join_params(void *user_data, phx_join_params *params)
{
    client_world *w = user_data;
    say(w, IN_JOIN_PARAMS, "");
    if (w->first_join_params != NULL) {
        assert_int_equal(
            phx_join_params_set(params, w->first_join_params, strlen(w->first_join_params)),
            PHX_OK);
    }
    if (w->join_params != NULL) {
        w->params_status = phx_join_params_set(params, w->join_params, strlen(w->join_params));
    }
}

static void on_message(void *user_data, const phx_message *message)
{
    char line[256];
    (void)snprintf(line, sizeof line, "message %.*s %.*s;", (int)message->event.length,
                   message->event.data, (int)message->payload.length, message->payload.data);
    say(user_data, IN_MESSAGE, line);
}

static void release_channel_data(void *user_data)
{
    say(user_data, IN_CHANNEL_RELEASE, "channel released;");
}

static void on_reply(void *user_data, const phx_reply *reply)
{
    char line[256];
    bool has_response = reply->response.data != NULL && !reply->is_binary;
    (void)snprintf(line, sizeof line, "reply %s%s%.*s;", name_of(reply->error.status),
                   has_response ? " " : "", has_response ? (int)reply->response.length : 0,
                   has_response ? reply->response.data : "");
    say(user_data, IN_REPLY, line);
}

static void on_subscribed(void *user_data, const phx_message *message)
{
    world_subscriber *subscriber = user_data;
    client_world *w = subscriber->world;
    char line[80];
    (void)snprintf(line, sizeof line, "%s %.*s;", subscriber->name, (int)message->event.length,
                   message->event.data);
    say(w, IN_SUBSCRIPTION, line);
    if (subscriber->ends.id != 0) {
        assert_int_equal(phx_channel_unsubscribe(w->client, subscriber->ends), PHX_OK);
    }
    if (subscriber->makes != NULL) {
        (void)world_subscribe(w, subscriber->channel, subscriber->makes, NULL);
    }
}

static void release_subscriber(void *user_data)
{
    const world_subscriber *subscriber = user_data;
    char line[80];
    (void)snprintf(line, sizeof line, "%s released;", subscriber->name);
    say(subscriber->world, IN_SUBSCRIPTION_RELEASE, line);
}

/* --- the server --- */

static void take_attempt(void *user_data, phx_connection *connection,
                         const phx_transport_request *request)
{
    client_world *w = user_data;
    (void)snprintf(w->url, sizeof w->url, "%s", request->url);
    (void)snprintf(w->subprotocols, sizeof w->subprotocols, "%s",
                   request->subprotocols != NULL ? request->subprotocols : "");
    w->headers[0] = '\0';
    for (size_t i = 0; i < request->header_count; i++) {
        size_t length = strlen(w->headers);
        (void)snprintf(w->headers + length, sizeof w->headers - length, "%s: %s;",
                       request->headers[i].name, request->headers[i].value);
    }
    if (w->refuse.status != PHX_OK) {
        fake_connection_refuse(connection, &w->refuse);
        return;
    }
    w->connection = connection;
    fake_connection_accept(connection);
}

/* ["1","2","room:a","shout",{...}]: answered with ok and the payload, if it holds nothing odd. */
static void take_frame(void *user_data, phx_connection *connection, phx_frame_kind kind,
                       const uint8_t *data, size_t length)
{
    client_world *w = user_data;
    char text[512];
    char head[256];
    char join_ref[32];
    char ref[32];
    char topic[64];
    char event[64];
    if (kind != PHX_FRAME_TEXT) {
        return;
    }
    append(w->frames, sizeof w->frames, (const char *)data, length);
    assert_true(length < sizeof text);
    memcpy(text, data, length);
    text[length] = '\0';
    int payload = 0;
    int count =
        sscanf(text, "[%31[^,],%31[^,],%63[^,],%63[^,],%n", join_ref, ref, topic, event, &payload);
    assert_int_equal(count, 4);
    if (w->is_silent) {
        return;
    }
    bool is_own = strncmp(event, "\"phx_", 5) == 0 || strcmp(topic, "\"phoenix\"") == 0;
    (void)snprintf(head, sizeof head,
                   "[%s,%s,%s,\"phx_reply\",{\"status\":\"ok\",\"response\":", join_ref, ref,
                   topic);
    char answer[1024];
    (void)snprintf(answer, sizeof answer, "%s%.*s}]", head,
                   is_own ? 2 : (int)(length - (size_t)payload - 1),
                   is_own ? "{}" : text + payload);
    fake_connection_send(connection, PHX_FRAME_TEXT, answer, strlen(answer));
}

static void lose_connection(void *user_data, phx_connection *connection)
{
    client_world *w = user_data;
    if (w->connection == connection) {
        w->connection = NULL;
    }
}

/* --- the world --- */

static void init_configs(client_world *w)
{
    phx_loop_config_init(&w->loop_config);
    w->loop_config.allocator = &w->allocator.port;
    w->loop_config.clock = &w->poller.clock;
    w->loop_config.random = &w->poller.random;
    w->loop_config.poller = &w->poller.port;
    phx_client_config_init(&w->config);
    w->config.url = "ws://localhost/socket";
    w->config.on_status = on_status;
    w->config.on_error = on_error;
    w->config.on_params = on_url_params;
    w->config.user_data = w;
    w->config.release_user_data = release_client_data;
    w->config.reconnect.kind = PHX_BACKOFF_STEPPED;
    w->config.rejoin.kind = PHX_BACKOFF_STEPPED;
    w->config.heartbeat_interval_ms = UINT32_MAX;
    w->config.transport = &w->transport.port;
    w->config.loop_config = &w->loop_config;
    phx_channel_options_init(&w->options);
    w->options.on_state = on_state;
    w->options.on_message = on_message;
    w->options.on_params = on_join_params;
    w->options.user_data = w;
    w->options.release_user_data = release_channel_data;
}

static void init_ports(client_world *w)
{
    fake_server_events server = {
        .user_data = w, .attempt = take_attempt, .frame = take_frame, .gone = lose_connection};
    fake_poller_init(&w->poller, 1);
    fake_transport_init(&w->transport, &w->poller, &server);
    fake_keychain_init(&w->keychain, "secret");
    w->released = 0;
}

void world_init(client_world *w)
{
    *w = (client_world){.client = NULL};
    failing_allocator_init(&w->allocator);
    init_ports(w);
    init_configs(w);
}

phx_status world_make(client_world *w)
{
    if (w->client != NULL) {
        world_release(w);
        world_assert_gone(w);
    }
    init_ports(w);
    w->lines[0] = '\0';
    w->frames[0] = '\0';
    w->has_keychain = w->config.keychain != NULL;
    return phx_client_new(&w->config, &w->client);
}

void world_restart(client_world *w)
{
    assert_int_equal(world_make(w), PHX_OK);
}

void world_release(client_world *w)
{
    phx_client *client = w->client;
    w->client = NULL;
    phx_client_release(client);
    fake_poller_run_rest(&w->poller);
}

void world_assert_gone(client_world *w)
{
    assert_int_equal(w->released, 1);
    assert_true(w->poller.is_released);
    assert_true(w->transport.is_released);
    assert_int_equal(w->transport.living, 0);
    assert_int_equal(w->keychain.is_released, w->has_keychain);
    assert_int_equal(atomic_load(&w->allocator.live_blocks), 0);
}

int world_begin(void **state)
{
    static client_world w;
    world_init(&w);
    world_restart(&w);
    *state = &w;
    return 0;
}

int world_end(void **state)
{
    client_world *w = *state;
    if (w->client != NULL) {
        world_release(w);
        world_assert_gone(w);
    }
    return 0;
}

void world_run(client_world *w, uint32_t ms)
{
    fake_poller_run(&w->poller, phx_client_loop(w->client), ms);
}

void world_say(client_world *w, const char *frame)
{
    assert_non_null(w->connection);
    fake_connection_send(w->connection, PHX_FRAME_TEXT, frame, strlen(frame));
}

phx_channel world_join(client_world *w, const char *topic)
{
    phx_channel channel;
    assert_int_equal(phx_channel_join(w->client, topic, &w->options, &channel), PHX_OK);
    assert_true(channel.id != 0);
    return channel;
}

phx_channel world_joined(client_world *w, const char *topic)
{
    phx_channel channel = world_join(w, topic);
    phx_client_connect(w->client);
    world_run(w, 100);
    assert_non_null(strstr(w->lines, "state joined OK"));
    w->lines[0] = '\0';
    return channel;
}

phx_push_id world_push(client_world *w, phx_channel channel, const char *event, const char *payload)
{
    phx_push_id id;
    phx_push push = {.event = event, .payload = payload, .on_reply = on_reply, .user_data = w};
    assert_int_equal(phx_channel_push(w->client, channel, &push, &id), PHX_OK);
    assert_true(id.id != 0);
    return id;
}

phx_subscription world_subscribe(client_world *w, phx_channel channel, const char *name,
                                 const char *event)
{
    assert_true(w->subscriber_count < COUNT_OF(w->subscribers));
    world_subscriber *subscriber = &w->subscribers[w->subscriber_count++];
    *subscriber = (world_subscriber){.world = w, .name = name, .channel = channel};
    phx_subscribe subscribe = {.event = event,
                               .on_message = on_subscribed,
                               .user_data = subscriber,
                               .release_user_data = release_subscriber};
    assert_int_equal(phx_channel_subscribe(w->client, channel, &subscribe, &subscriber->id),
                     PHX_OK);
    return subscriber->id;
}

world_subscriber *world_subscriber_of(client_world *w, phx_subscription subscription)
{
    for (size_t i = 0; i < w->subscriber_count; i++) {
        if (w->subscribers[i].id.id == subscription.id) {
            return &w->subscribers[i];
        }
    }
    fail_msg("no such subscription");
    return NULL;
}
