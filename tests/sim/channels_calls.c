/* SPDX-License-Identifier: MIT */
/*
 * What the application of phx_client does: any call, at any time, also inside its callbacks.
 */
#include <stdio.h>

#include "channels_app.h"

/* Out of memory is an answer that any call may give; nothing else but PHX_OK. */
static bool is_accepted(phx_status status)
{
    sim_check(status == PHX_OK || status == PHX_ERROR_NO_MEMORY, "a call returned %s",
              phx_status_name(status));
    return status == PHX_OK;
}

static sim_instance *any_instance(sim_world *world)
{
    sim_channels *channels = &world->channels;
    size_t recent = channels->instance_count < 10 ? channels->instance_count : 10;
    return recent == 0
               ? NULL
               : &channels->instances[channels->instance_count - 1 - sim_below(world, recent)];
}

static void on_params(void *user_data, phx_join_params *params)
{
    sim_world *world = ((sim_instance *)user_data)->world;
    static const char json[] = "{\"a\":[1,2,{\"b\":null}]}";
    if (sim_below(world, 2) == 0) {
        (void)is_accepted(phx_join_params_set(params, json, sizeof json - 1));
    }
    phx_status status = phx_join_params_set(params, "{", 1);
    sim_check(status == PHX_ERROR_INVALID_JSON, "half an object was taken for JSON");
}

static phx_join_verdict judge(void *user_data, const phx_reply *reply)
{
    sim_check(reply->error.status != PHX_OK, "a refusal that is none");
    return (phx_join_verdict)sim_below(((sim_instance *)user_data)->world, 3);
}

static void join(sim_world *world)
{
    sim_channels *channels = &world->channels;
    if (channels->instance_count == SIM_INSTANCES) {
        return;
    }
    sim_instance *instance = &channels->instances[channels->instance_count];
    *instance = (sim_instance){.world = world,
                               .serial = (uint32_t)channels->instance_count,
                               .room = sim_below(world, SIM_ROOMS)};
    phx_channel_options options;
    phx_channel_options_init(&options);
    options.params = sim_below(world, 3) == 0 ? "{\"since\":7}" : NULL;
    options.on_params = sim_below(world, 3) == 0 ? on_params : NULL;
    options.on_state = sim_channels_on_state;
    options.on_message = sim_channels_on_message;
    options.user_data = instance;
    options.release_user_data = sim_channels_on_over;
    options.timeout_ms = sim_below(world, 2) == 0 ? 0 : 500 + (uint32_t)sim_below(world, 9000);
    options.overflow = (phx_overflow)sim_below(world, 2);
    options.judge_refusal = sim_below(world, 4) == 0 ? judge : NULL;
    if (is_accepted(phx_channel_join(channels->client, world->phoenix.rooms[instance->room].topic,
                                     &options, &instance->channel))) {
        channels->instance_count++;
    }
}

static void push(sim_world *world, const sim_instance *instance)
{
    static const char *const events[] = {"echo", "echo", "refuse", "silent", "odd"};
    static const char padding[] =
        "................................................................"
        "................................................................"
        "................................................................";
    sim_channels *channels = &world->channels;
    if (channels->push_count + 1 == SIM_PUSHES) {
        return;
    }
    uint32_t number = (uint32_t)++channels->push_count;
    sim_push *book = &channels->pushes[number];
    char payload[256];
    (void)snprintf(payload, sizeof payload, "{\"n\":%u,\"p\":\"%.*s\"}", number,
                   (int)sim_below(world, sizeof padding), padding);
    bool is_binary = sim_below(world, 5) == 0;
    uint32_t timeout_ms = 200 + (uint32_t)sim_below(world, 10000);
    const phx_push what = {
        .event = is_binary ? "echo" : events[sim_below(world, COUNT_OF(events))],
        .payload = is_binary ? NULL : payload,
        .binary = {is_binary ? payload : NULL, is_binary ? strlen(payload) : 0},
        .timeout_ms = timeout_ms,
        .on_reply = sim_channels_on_reply,
        .user_data = book,
    };
    *book = (sim_push){
        .world = world, .state = 1, .deadline_ms = world->app.poller.now_ms + timeout_ms};
    if (!is_accepted(phx_channel_push(channels->client, instance->channel, &what, &book->id))) {
        channels->push_count--;
        book->state = 0;
    }
}

static void burst(sim_world *world, const sim_instance *instance)
{
    for (size_t i = 5 + sim_below(world, 25); i > 0; i--) {
        push(world, instance);
    }
}

static void cancel(sim_world *world)
{
    const sim_channels *channels = &world->channels;
    if (channels->push_count > 0) {
        size_t back = sim_below(world, channels->push_count < 5 ? channels->push_count : 5);
        const sim_push *book = &channels->pushes[channels->push_count - back];
        (void)is_accepted(phx_push_cancel(channels->client, book->id));
    }
}

static void subscribe(sim_world *world, sim_instance *instance)
{
    if (instance->subscription_count == SIM_SUBSCRIPTIONS) {
        const sim_subscription *old = &instance->subscriptions[sim_below(world, SIM_SUBSCRIPTIONS)];
        (void)is_accepted(phx_channel_unsubscribe(world->channels.client, old->id));
        return;
    }
    sim_subscription *subscription = &instance->subscriptions[instance->subscription_count];
    *subscription = (sim_subscription){.instance = instance};
    const phx_subscribe what = {
        .event = sim_below(world, 2) == 0 ? NULL : "tick",
        .on_message = sim_channels_on_subscribed,
        .user_data = subscription,
        .release_user_data = sim_channels_on_subscription_over,
    };
    if (is_accepted(phx_channel_subscribe(world->channels.client, instance->channel, &what,
                                          &subscription->id))) {
        instance->subscription_count++;
    }
}

/* What could not be understood for want of memory is told, and the list may be wrong then. */
static void on_presence_error(void *user_data, phx_status status)
{
    sim_instance *instance = user_data;
    sim_check(status == PHX_ERROR_NO_MEMORY, "presences: %s", phx_status_name(status));
    instance->is_presence_doubtful = true;
}

static void on_presence_sync(void *user_data, phx_presence *presence)
{
    sim_instance *instance = user_data;
    sim_check(presence == instance->presence, "the presences of another channel");
    sim_note(instance->world, "presences", instance->serial, phx_presence_count(presence));
}

static void watch_presences(sim_world *world, sim_instance *instance)
{
    /* One that is made after the state came waits for the next. */
    if (instance->presence != NULL || instance->is_told) {
        return;
    }
    phx_presence_options options;
    phx_presence_options_init(&options);
    options.on_sync = on_presence_sync;
    options.on_error = on_presence_error;
    options.user_data = instance;
    (void)is_accepted(
        phx_presence_new(world->channels.client, instance->channel, &options, &instance->presence));
}

static void want(sim_world *world, bool is_wanted)
{
    sim_channels *channels = &world->channels;
    if (is_wanted) {
        channels->end.unwanted_since_ms = UINT64_MAX;
        phx_client_connect(channels->client);
    } else {
        if (channels->is_wanted) {
            channels->end.unwanted_since_ms = world->app.poller.now_ms;
        }
        phx_client_disconnect(channels->client);
    }
    channels->is_wanted = is_wanted;
}

static void renew_token(sim_world *world)
{
    (void)snprintf(world->channels.keychain.token, sizeof world->channels.keychain.token, "%s",
                   world->phoenix.token);
    phx_client_token_changed(world->channels.client);
}

static void act_on(sim_world *world, sim_instance *instance)
{
    phx_client *client = world->channels.client;
    switch (sim_below(world, 12)) {
    case 0:
        (void)is_accepted(phx_channel_leave(client, instance->channel));
        break;
    case 1:
        (void)is_accepted(phx_channel_rejoin(client, instance->channel));
        break;
    case 2:
        cancel(world);
        break;
    case 3:
    case 4:
        subscribe(world, instance);
        break;
    case 5:
        burst(world, instance);
        break;
    default:
        push(world, instance);
        break;
    }
}

void sim_channels_act(sim_world *world)
{
    size_t what = sim_below(world, 40);
    sim_instance *instance = any_instance(world);
    sim_note(world, "act", what, 0);
    if (what < 2 || instance == NULL) {
        want(world, true);
        join(world);
        instance = any_instance(world);
        if (instance != NULL && sim_below(world, 2) == 0) {
            watch_presences(world, instance);
        }
    } else if (what == 2) {
        want(world, sim_below(world, 3) != 0);
    } else if (what == 3) {
        phx_client_probe(world->channels.client);
    } else if (what == 4) {
        renew_token(world);
    } else {
        act_on(world, instance);
    }
}

void sim_channels_inside(sim_world *world)
{
    sim_channels *channels = &world->channels;
    bool is_free = channels->depth == 0 && !world->is_calm && !channels->is_ending;
    if (is_free && sim_below(world, 30) == 0) {
        channels->depth++;
        sim_count(world, SIM_CALL_INSIDE);
        sim_channels_act(world);
        channels->depth--;
    }
}

void sim_channels_step(sim_world *world)
{
    if (sim_below(world, 3) == 0) {
        sim_channels_act(world);
    }
}
