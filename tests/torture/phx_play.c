/* SPDX-License-Identifier: MIT */
/*
 * The play of a phx_client.
 */
#include "phx_play.h"

#include <phx/platform.h>
#include <stdio.h>

enum {
    ALONE_MS = 150000, /* several times the longest wait between attempts */
    TOLD_MS = 60000,
    STEP_MS = 1000,
    FALLBACK_MS = 2500,
    PUSH_TIMEOUT_MS = 10000
};

static const char *const state_names[] = {"disconnected", "connecting",   "connected",
                                          "waiting",      "unauthorized", "closing"};

/* --- what the client says --- */

static void check_alive(const phx_play *play)
{
    torture_check(play->world.released == 0, "a callback after release_user_data");
}

static void on_status(void *user_data, const phx_client_status *status)
{
    phx_play *play = user_data;
    check_alive(play);
    play->drops += play->state == PHX_CLIENT_CONNECTED && status->state != PHX_CLIENT_CONNECTED;
    play->state = status->state;
}

static void on_error(void *user_data, const phx_error *error)
{
    phx_play *play = user_data;
    check_alive(play);
    assert_non_null(error->message);
    play->errors++;
}

static void on_state(void *user_data, phx_channel id, phx_channel_state state,
                     const phx_reply *reply)
{
    play_channel *channel = user_data;
    check_alive(channel->play);
    assert_non_null(reply->error.message);
    if (id.id == channel->id.id) {
        channel->state = state;
        channel->id.id = state == PHX_CHANNEL_CLOSED ? 0 : id.id;
    }
}

static void on_message(void *user_data, const phx_message *message)
{
    play_channel *channel = user_data;
    check_alive(channel->play);
    assert_true(message->topic.length > 0);
    channel->messages++;
}

static void release_channel(void *user_data)
{
    play_channel *channel = user_data;
    check_alive(channel->play);
    channel->released++;
    torture_check(channel->released <= channel->accepted, "a channel is released twice");
}

static void on_reply(void *user_data, const phx_reply *reply)
{
    play_push *push = user_data;
    check_alive(push->play);
    push->done++;
    push->status = reply->error.status;
    bool is_echo = reply->response.length == strlen(push->payload) &&
                   memcmp(reply->response.data, push->payload, strlen(push->payload)) == 0;
    torture_check(push->status != PHX_OK || is_echo, "a push is answered with ok, and not its own");
}

/* --- the server --- */

static void (*base_attempt)(void *user_data, phx_connection *connection,
                            const phx_transport_request *request);

static void take_attempt(void *user_data, phx_connection *connection,
                         const phx_transport_request *request)
{
    const phx_play *play = user_data;
    char expected[64];
    (void)snprintf(expected, sizeof expected, "token=%s&", play->token != NULL ? play->token : "");
    if (play->token != NULL && strstr(request->url, expected) == NULL) {
        const phx_error error = {.status = PHX_ERROR_UNAUTHORIZED,
                                 .http_status = 403,
                                 .message = "the server refused the token"};
        fake_connection_refuse(connection, &error);
    } else {
        base_attempt(user_data, connection, request);
    }
}

/* --- what scripts do --- */

void play_pass(phx_play *play, uint32_t ms)
{
    while (ms > 0) {
        uint32_t step_ms = ms < STEP_MS ? ms : STEP_MS;
        torture_pass(play->run, &play->world.poller, play->loop, step_ms);
        play->world.lines[0] = '\0';
        play->world.frames[0] = '\0';
        ms -= step_ms;
    }
}

void play_join(phx_play *play, size_t index)
{
    play_channel *channel = &play->channels[index];
    char topic[16];
    (void)snprintf(topic, sizeof topic, "room:%zu", index);
    phx_channel_options options;
    phx_channel_options_init(&options);
    options.params = "{\"hello\":true}";
    options.on_state = on_state;
    options.on_message = on_message;
    options.user_data = channel;
    options.release_user_data = release_channel;
    channel->play = play;
    channel->is_wanted = true;
    phx_status status = phx_channel_join(play->client, topic, &options, &channel->id);
    torture_check_status(play->run, status, "phx_channel_join");
    assert_int_equal(channel->id.id != 0, status == PHX_OK);
    if (status == PHX_OK) {
        channel->accepted++;
        channel->state = PHX_CHANNEL_JOINING;
    }
}

void play_leave(phx_play *play, size_t index)
{
    play_channel *channel = &play->channels[index];
    phx_status status = phx_channel_leave(play->client, channel->id);
    torture_check_status(play->run, status, "phx_channel_leave");
    channel->is_wanted = status != PHX_OK;
}

size_t play_send(phx_play *play, size_t index, const char *event, uint32_t timeout_ms)
{
    assert_true(play->push_count < PLAY_PUSHES);
    size_t number = play->push_count++;
    play_push *push = &play->pushes[number];
    (void)snprintf(push->payload, sizeof push->payload, "{\"number\":%zu}", number);
    push->play = play;
    const phx_push request = {.event = event,
                              .payload = push->payload,
                              .timeout_ms = timeout_ms,
                              .on_reply = on_reply,
                              .user_data = push};
    phx_push_id id;
    phx_status status = phx_channel_push(play->client, play->channels[index].id, &request, &id);
    torture_check_status(play->run, status, "phx_channel_push");
    assert_int_equal(id.id != 0, status == PHX_OK);
    push->is_accepted = status == PHX_OK;
    return push->is_accepted ? number : PLAY_PUSHES;
}

void play_say(phx_play *play, const char *frame)
{
    if (play->world.connection != NULL) {
        world_say(&play->world, frame);
    }
}

void play_drop(phx_play *play, int32_t close_code)
{
    if (play->world.connection != NULL) {
        fake_connection_drop(play->world.connection, close_code);
    }
}

void play_connect(phx_play *play)
{
    play->is_wanted = true;
    phx_client_connect(play->client);
}

void play_disconnect(phx_play *play)
{
    play->is_wanted = false;
    phx_client_disconnect(play->client);
}

/* --- what has to be true --- */

static void check_state(phx_play *play, bool may_be_refused)
{
    phx_client_status status = {.struct_size = (uint32_t)sizeof status};
    phx_client_read_status(play->client, &status);
    bool has_said_no = status.state == PHX_CLIENT_UNAUTHORIZED
                           ? faults_concern_token(&play->run->faults)
                           : status.state == PHX_CLIENT_DISCONNECTED && !play->is_wanted;
    torture_check(status.state == PHX_CLIENT_CONNECTED || (may_be_refused && has_said_no),
                  "the client is %s (%s) although nothing fails any more",
                  state_names[status.state], phx_status_name(status.error.status));
    for (size_t i = 0; i < PLAY_CHANNELS && status.state == PHX_CLIENT_CONNECTED; i++) {
        const play_channel *channel = &play->channels[i];
        bool is_over = channel->id.id == 0 && channel->released == channel->accepted;
        bool is_well = channel->is_wanted ? channel->state == PHX_CHANNEL_JOINED ||
                                                (may_be_refused &&
                                                 (is_over || channel->state == PHX_CHANNEL_REFUSED))
                                          : is_over;
        torture_check(is_well, "channel %zu is in state %d although nothing fails any more", i,
                      (int)channel->state);
    }
}

static void check_pushes(const phx_play *play)
{
    for (size_t i = 0; i < play->push_count; i++) {
        const play_push *push = &play->pushes[i];
        torture_check(push->done == (push->is_accepted ? 1 : 0), "push %zu completed %zu times", i,
                      push->done);
    }
}

static void tell_again(phx_play *play)
{
    play_connect(play);
    phx_client_token_changed(play->client);
    for (size_t i = 0; i < PLAY_CHANNELS; i++) {
        play_channel *channel = &play->channels[i];
        if (channel->is_wanted && channel->id.id == 0) {
            play_join(play, i);
        } else if (channel->is_wanted) {
            assert_int_equal(phx_channel_rejoin(play->client, channel->id), PHX_OK);
        }
    }
}

static void recover(phx_play *play, const phx_script *script)
{
    faults_disarm(&play->run->faults);
    if (play->run->faults.plan.status == PHX_ERROR_TOKEN_PENDING) {
        phx_client_token_changed(play->client); /* what the keychain promised */
    }
    play_pass(play, ALONE_MS);
    check_state(play, true);
    tell_again(play);
    play_pass(play, TOLD_MS);
    check_state(play, false);
    if (script->check != NULL) {
        script->check(play);
    }
    for (size_t i = 0; i < PLAY_CHANNELS; i++) {
        if (play->channels[i].is_wanted) {
            size_t number = play_send(play, i, "shout", PUSH_TIMEOUT_MS);
            play_pass(play, PUSH_TIMEOUT_MS);
            assert_int_equal(play->pushes[number].status, PHX_OK);
            assert_int_equal(play->pushes[number].done, 1);
        }
    }
    check_pushes(play);
}

/* --- begin and end --- */

static phx_status make_transport(phx_play *play, play_carrier carrier)
{
    client_world *world = &play->world;
    fault_set *faults = &play->run->faults;
    const phx_transport *websocket = &world->transport.port;
    const phx_transport *longpoll = NULL;
    if (carrier == OVER_WEBSOCKET) {
        world->config.transport = faults_transport(faults, websocket);
        return PHX_OK;
    }
    longpoll_server_init(&play->longpoll, &world->poller);
    faults_serve(faults, &play->longpoll.http);
    phx_status status = phx_transport_longpoll(
        play->loop, faults_http(faults, &play->longpoll.http.port), &longpoll);
    assert_int_equal(longpoll != NULL, status == PHX_OK);
    if (status == PHX_OK && carrier == OVER_FALLBACK) {
        const phx_transport *primary = faults_transport(faults, websocket);
        status = phx_transport_fallback(play->loop, primary, longpoll, FALLBACK_MS, &longpoll);
    }
    world->config.transport = longpoll;
    return status;
}

static phx_status make_client(phx_play *play, const phx_script *script)
{
    client_world *world = &play->world;
    phx_status status = make_transport(play, script->carrier);
    if (status == PHX_OK) {
        world->config.keychain = faults_keychain(&play->run->faults, &world->keychain.port);
        world->config.loop = play->loop;
        status = phx_client_new(&world->config, &play->client);
        assert_int_equal(play->client != NULL, status == PHX_OK);
    }
    return status;
}

static void configure(phx_play *play, const phx_script *script)
{
    client_world *world = &play->world;
    fault_set *faults = &play->run->faults;
    base_attempt = world->transport.server.attempt;
    world->transport.server.attempt = take_attempt;
    faults_server(faults, &world->transport);
    world->config.on_status = on_status;
    world->config.on_error = on_error;
    world->config.heartbeat_interval_ms = 0;
    world->loop_config.allocator = &faults->allocator.port;
    world->loop_config.clock = faults_clock(faults, &world->poller.clock);
    world->loop_config.random = faults_random(faults, &world->poller.random);
    world->loop_config.log = faults_log(faults);
    if (script->configure != NULL) {
        script->configure(play);
    }
    world->loop_config.poller = faults_poller(faults, &world->poller.port);
}

static void finish(phx_play *play)
{
    phx_presence_release(play->presence);
    phx_client_release(play->client);
    assert_int_equal(play->world.released, play->client != NULL ? 1 : 0);
    phx_loop_release(play->loop);
    fake_poller_run_rest(&play->world.poller);
    check_pushes(play);
    for (size_t i = 0; i < PLAY_CHANNELS; i++) {
        torture_check(play->channels[i].released == play->channels[i].accepted,
                      "channel %zu was not released", i);
    }
    assert_int_equal(play->world.transport.living, 0);
}

void phx_play_script(torture_run *run, const void *given)
{
    static phx_play play;
    const phx_script *script = given;
    memset(&play, 0, sizeof play);
    play.run = run;
    world_init(&play.world);
    configure(&play, script);
    faults_arm(&run->faults);
    phx_status status = phx_loop_new(&play.world.loop_config, &play.loop);
    if (status == PHX_OK) {
        status = make_client(&play, script);
    }
    torture_check_status(run, status, "making the client");
    if (status == PHX_OK) {
        script->act(&play);
        if (run->mode != TORTURE_END) {
            recover(&play, script);
        }
    }
    finish(&play);
}
