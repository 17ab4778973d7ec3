/* SPDX-License-Identifier: MIT */
/*
 * An application of phx_client: its callbacks, which hold what they are told against the rules, and
 * its life.
 */
#include <stdio.h>
#include <stdlib.h>

#include "channels_app.h"

enum {
    /* Joins, leaves and heartbeats are not bounded by the queue of pushes. */
    CONTROL_BYTES = 16384
};

uint32_t sim_number_of(phx_slice payload)
{
    const char *at = memmem(payload.data, payload.length, "\"n\":", 4);
    uint32_t number = 0;
    for (at = at == NULL ? payload.data + payload.length : at + 4;
         at < payload.data + payload.length && *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (uint32_t)(*at - '0');
    }
    return number;
}

static void on_status(void *user_data, const phx_client_status *status)
{
    sim_world *world = user_data;
    sim_channels *channels = &world->channels;
    sim_note(world, "rooms status", (uint64_t)status->state, status->next_attempt_in_ms);
    sim_rule_text(status->error.message, "a status");
    if (!channels->is_ending) {
        sim_rule_client_status(channels->state, status, channels->most_backoff_ms);
    }
    channels->state = status->state;
    world->coverage.client_states[status->state]++;
    bool is_brief = status->state == PHX_CLIENT_CLOSING || status->state == PHX_CLIENT_CONNECTING;
    if (is_brief && channels->end.connection != NULL && sim_happens(world, SIM_DROP)) {
        sim_phoenix_drop(&channels->end, true);
    }
    sim_channels_inside(world);
}

static void on_error(void *user_data, const phx_error *error)
{
    sim_note(user_data, "rooms error", (uint64_t)-error->status, 0);
    sim_rule_text(error->message, "an error");
    ((sim_world *)user_data)->channels.lost++;
    sim_channels_inside(user_data);
}

static void on_released(void *user_data)
{
    ((sim_world *)user_data)->channels.released++;
}

/* --- channels --- */

void sim_channels_on_state(void *user_data, phx_channel channel, phx_channel_state state,
                           const phx_reply *reply)
{
    sim_instance *instance = user_data;
    sim_world *world = instance->world;
    sim_note(world, "channel", instance->serial, (uint64_t)state);
    sim_check(channel.id == instance->channel.id || instance->channel.id == 0,
              "a channel under another name");
    sim_rule_text(reply->error.message, "a channel's state");
    sim_rule_channel(instance, state);
    sim_check(state != PHX_CHANNEL_JOINED || world->channels.state == PHX_CLIENT_CONNECTED,
              "joined without a connection");
    world->coverage.channel_states[state]++;
    if (reply->error.status == PHX_ERROR_QUEUE_FULL) {
        sim_count(world, SIM_QUEUE_FULL);
    }
    sim_channels_inside(world);
}

void sim_channels_on_message(void *user_data, const phx_message *message)
{
    sim_instance *instance = user_data;
    sim_world *world = instance->world;
    bool is_tick = sim_wire_is(message->event, "tick");
    uint32_t number = is_tick ? sim_number_of(message->payload) : 0;
    sim_note(world, "message", instance->serial, number);
    sim_check(sim_wire_is(message->topic, world->phoenix.rooms[instance->room].topic),
              "a message of another topic");
    sim_rule_message(instance, number, world->channels.lost + world->memory.refused);
    sim_channels_inside(world);
}

void sim_channels_on_subscribed(void *user_data, const phx_message *message)
{
    sim_subscription *subscription = user_data;
    bool is_tick = sim_wire_is(message->event, "tick");
    sim_rule_subscription(subscription, is_tick ? sim_number_of(message->payload) : 0);
    sim_channels_inside(subscription->instance->world);
}

void sim_channels_on_subscription_over(void *user_data)
{
    sim_subscription *subscription = user_data;
    sim_check(!subscription->is_over, "a subscription ended twice");
    subscription->is_over = true;
}

void sim_channels_on_over(void *user_data)
{
    sim_instance *instance = user_data;
    sim_check(instance->state == PHX_CHANNEL_CLOSED && instance->is_told && !instance->is_released,
              "a channel was released before its end, or twice");
    for (size_t i = 0; i < instance->subscription_count; i++) {
        instance->subscriptions[i].told = UINT32_MAX;
    }
    instance->is_released = true;
}

void sim_channels_on_reply(void *user_data, const phx_reply *reply)
{
    sim_push *push = user_data;
    sim_world *world = push->world;
    uint32_t number = (uint32_t)(push - world->channels.pushes);
    const sim_phoenix *phoenix = &world->phoenix;
    phx_status status = reply->error.status;
    sim_note(world, "reply", number, (uint64_t)-status);
    sim_rule_text(reply->error.message, "a reply");
    sim_rule_push_done(push, reply);
    sim_check(status != PHX_OK ||
                  (phoenix->answered_ok[number] != 0 && sim_number_of(reply->response) == number),
              "push %u has an answer that nobody gave", number);
    sim_check(status != PHX_ERROR_REFUSED || phoenix->answered_error[number] != 0,
              "push %u was refused by nobody", number);
    if (status == PHX_ERROR_QUEUE_FULL) {
        sim_count(world, SIM_QUEUE_FULL);
    }
    sim_channels_inside(world);
}

/* --- life --- */

static uint32_t custom_delay_ms(void *user_data, uint32_t attempt, const phx_error *error)
{
    (void)user_data;
    (void)error;
    sim_check(attempt > 0, "the first attempt is a retry");
    return attempt * 300 < 5000 ? attempt * 300 : 5000;
}

static void configure_backoff(sim_world *world, phx_backoff *backoff)
{
    backoff->kind = (phx_backoff_kind)sim_below(world, 3);
    backoff->delay_ms = custom_delay_ms;
    backoff->max_ms = sim_below(world, 2) == 0 ? 0 : 1000 + (uint32_t)sim_below(world, 10000);
    backoff->stable_ms = sim_below(world, 2) == 0 ? 0 : 500 + (uint32_t)sim_below(world, 10000);
}

static void configure(sim_world *world)
{
    sim_channels *channels = &world->channels;
    phx_client_config *config = &channels->config;
    phx_client_config_init(config);
    config->url = "wss://example.org/socket";
    config->keychain = &channels->keychain.port;
    config->transport = &channels->transport.port;
    config->loop = world->app.loop;
    config->recorder_bytes = sim_recorder_bytes(world);
    config->on_status = on_status;
    config->on_error = on_error;
    config->user_data = world;
    config->release_user_data = on_released;
    config->token_place = (phx_token_place)sim_below(world, 2);
    config->connect_timeout_ms = 3000 + (uint32_t)sim_below(world, 7000);
    config->heartbeat_interval_ms = sim_below(world, 2) == 0 ? 0 : 5000;
    config->heartbeat_timeout_ms = 3000 + (uint32_t)sim_below(world, 7000);
    config->probe_timeout_ms = 500 + (uint32_t)sim_below(world, 3000);
    config->push_timeout_ms = 2000 + (uint32_t)sim_below(world, 8000);
    config->close_timeout_ms = 500 + (uint32_t)sim_below(world, 2000);
    config->max_queued_pushes = sim_below(world, 2) == 0 ? 0 : 3 + (uint32_t)sim_below(world, 20);
    config->max_queued_bytes = sim_below(world, 2) == 0 ? 0 : 300 + sim_below(world, 3000);
    config->max_channels = sim_below(world, 4) == 0 ? 3 : 0;
    config->max_frame_bytes = sim_below(world, 4) == 0 ? 700 : 0;
    configure_backoff(world, &config->reconnect);
    configure_backoff(world, &config->rejoin);
    /* The largest Retry-After and a tenth more, or the largest backoff. */
    channels->most_backoff_ms = 30000;
}

void sim_channels_init(sim_world *world)
{
    sim_channels *channels = &world->channels;
    fake_keychain_init(&channels->keychain, world->phoenix.token);
    fake_transport_init(&channels->transport, &world->app.poller, &(fake_server_events){0});
    channels->transport.latency_ms = (uint32_t)sim_below(world, 80);
    channels->transport.jitter_ms = (uint32_t)sim_below(world, 60);
    channels->end.world = world;
    channels->end.transport = &channels->transport;
    channels->end.keychain = &channels->keychain;
    sim_phoenix_attach(&channels->end);
    configure(world);
    phx_status status = phx_client_new(&channels->config, &channels->client);
    while (status != PHX_OK) { /* the ports were consumed all the same */
        sim_check(status == PHX_ERROR_NO_MEMORY && channels->client == NULL, "no client: %s",
                  phx_status_name(status));
        sim_check(channels->keychain.is_released && channels->transport.is_released,
                  "a client that was not made kept its ports");
        channels->keychain.is_released = channels->transport.is_released = false;
        status = phx_client_new(&channels->config, &channels->client);
    }
}

static uint64_t limit_of(uint64_t configured, uint64_t fallback)
{
    return configured != 0 ? configured : fallback;
}

void sim_channels_check(sim_world *world)
{
    const sim_channels *channels = &world->channels;
    phx_client_metrics metrics = {.struct_size = (uint32_t)sizeof metrics};
    phx_client_read_metrics(channels->client, &metrics);
    sim_check(channels->transport.living <= 1, "%zu connections", channels->transport.living);
    sim_check(metrics.queued_bytes <=
                  limit_of(channels->config.max_queued_bytes, 1 << 20) + CONTROL_BYTES,
              "%llu bytes are queued", (unsigned long long)metrics.queued_bytes);
    sim_check(metrics.pushes_pending <= limit_of(channels->config.max_queued_pushes, 1024),
              "%u pushes are pending", metrics.pushes_pending);
    sim_check(metrics.channels <= limit_of(channels->config.max_channels, 1000), "%u channels",
              metrics.channels);
    for (size_t i = 1; i <= channels->push_count; i++) {
        sim_check(channels->pushes[i].state != 1 ||
                      channels->pushes[i].deadline_ms >= world->app.poller.now_ms,
                  "push %zu has no outcome after its time-out", i);
    }
}

/* --- the end --- */

static bool is_over(const sim_instance *instance)
{
    return instance->is_told && instance->state == PHX_CHANNEL_CLOSED;
}

void sim_channels_calm(sim_world *world)
{
    sim_channels *channels = &world->channels;
    if (!channels->is_wanted || channels->state == PHX_CLIENT_UNAUTHORIZED) {
        channels->is_wanted = true;
        channels->end.unwanted_since_ms = UINT64_MAX;
        phx_client_connect(channels->client);
    }
    for (size_t i = 0; i < channels->instance_count; i++) {
        const sim_instance *instance = &channels->instances[i];
        if (instance->is_told && instance->state == PHX_CHANNEL_REFUSED) {
            assert_int_equal(phx_channel_rejoin(channels->client, instance->channel), PHX_OK);
        }
    }
}

static bool has_right_presences(const sim_instance *instance)
{
    const sim_room *room = &instance->world->phoenix.rooms[instance->room];
    size_t expected = 0;
    for (size_t i = 0; i < SIM_MEMBERS; i++) {
        char key[16];
        char meta[32];
        (void)snprintf(key, sizeof key, "user%zu", i);
        (void)snprintf(meta, sizeof meta, "{\"phx_ref\":\"r%u\"}", room->members[i]);
        const phx_presence_entry *entry = phx_presence_find(instance->presence, key);
        if ((entry != NULL) != (room->members[i] != 0) ||
            (entry != NULL && !sim_wire_is(phx_presence_meta(entry, 0), meta))) {
            return false;
        }
        expected += entry != NULL ? 1 : 0;
    }
    return phx_presence_count(instance->presence) == expected;
}

bool sim_channels_is_settled(sim_world *world)
{
    sim_channels *channels = &world->channels;
    bool is_settled = channels->state == PHX_CLIENT_CONNECTED;
    for (size_t i = 0; i < channels->instance_count && is_settled; i++) {
        const sim_instance *instance = &channels->instances[i];
        is_settled = is_over(instance) || instance->state == PHX_CHANNEL_JOINED;
    }
    for (size_t i = 1; i <= channels->push_count && is_settled; i++) {
        is_settled = channels->pushes[i].state == 2;
    }
    return is_settled;
}

static void check_presences(sim_world *world)
{
    sim_channels *channels = &world->channels;
    for (size_t i = 0; i < channels->instance_count; i++) {
        sim_instance *instance = &channels->instances[i];
        if (instance->presence == NULL) {
            continue;
        }
        bool is_joined = !is_over(instance) && !instance->is_presence_doubtful;
        sim_check(!is_joined || has_right_presences(instance),
                  "the presences of channel %u are wrong", instance->serial);
        phx_presence_release(instance->presence);
        instance->presence = NULL;
    }
}

void sim_channels_end(sim_world *world)
{
    sim_channels *channels = &world->channels;
    check_presences(world);
    channels->is_ending = true;
    phx_client_release(channels->client);
    sim_check(channels->released == 1, "the client was released %zu times", channels->released);
    sim_check(channels->transport.is_released && channels->keychain.is_released &&
                  channels->transport.living == 0,
              "the client kept its ports");
    for (size_t i = 0; i < channels->instance_count; i++) {
        sim_check(channels->instances[i].is_released, "channel %zu was not released", i);
    }
    for (size_t i = 1; i <= channels->push_count; i++) {
        sim_check(channels->pushes[i].state == 2, "push %zu has no outcome", i);
    }
}
