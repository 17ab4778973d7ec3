/* SPDX-License-Identifier: MIT */
/*
 * What a phx_client goes through.
 */
#include <stdio.h>

#include "phx_play.h"

enum {
    BURST = 300,
    PATIENT_MS = 1000000
};

/* --- connect, join, leave --- */

static void act_connect(phx_play *play)
{
    play_connect(play);
    play_pass(play, 1000);
    phx_client_probe(play->client);
    play_pass(play, 40000); /* a heartbeat */
}

static void act_join(phx_play *play)
{
    play_join(play, 0);
    play_connect(play);
    play_join(play, 1);
    play_pass(play, 1000);
    play_join(play, 2);
    play_pass(play, 5000);
}

static void act_leave(phx_play *play)
{
    act_join(play);
    play_leave(play, 0);
    play_pass(play, 1000);
    play_leave(play, 1);
    play_join(play, 1);
    play_pass(play, 1000);
    play_leave(play, 2);
    play_disconnect(play);
    play_pass(play, 5000);
}

/* No time-out puts right what was lost on the way. */
static void configure_patient(phx_play *play)
{
    phx_client_config *config = &play->world.config;
    config->connect_timeout_ms = PATIENT_MS;
    config->push_timeout_ms = PATIENT_MS;
    config->close_timeout_ms = PATIENT_MS;
    config->heartbeat_interval_ms = UINT32_MAX;
}

/* --- pushes --- */

static void act_push(phx_play *play)
{
    play_join(play, 0);
    (void)play_send(play, 0, "early", 0);
    play_connect(play);
    play_pass(play, 1000);
    for (int i = 0; i < 5; i++) {
        (void)play_send(play, 0, "shout", 0);
    }
    play_pass(play, 100);
    play->world.is_silent = true;
    (void)play_send(play, 0, "unheard", 1000);
    play_pass(play, 3000);
    (void)play_send(play, 0, "lost", 60000);
    play_pass(play, 100);
    play->world.is_silent = false;
    play_drop(play, 1006);
    play_pass(play, 5000);
}

static void check_push(phx_play *play)
{
    for (size_t i = 0; i < play->push_count; i++) {
        torture_check(play->pushes[i].done == (play->pushes[i].is_accepted ? 1 : 0),
                      "push %zu is not completed", i);
    }
}

/* --- a burst --- */

static void count_message(void *user_data, const phx_message *message)
{
    (void)message;
    ++*(size_t *)user_data;
}

static void act_burst(phx_play *play)
{
    static size_t seen;
    seen = 0;
    play_join(play, 0);
    play_connect(play);
    play_pass(play, 1000);
    const phx_subscribe subscribe = {
        .event = "news", .on_message = count_message, .user_data = &seen};
    phx_subscription subscription;
    phx_status status =
        phx_channel_subscribe(play->client, play->channels[0].id, &subscribe, &subscription);
    torture_check_status(play->run, status, "phx_channel_subscribe");
    play_pass(play, 10);
    bool is_joined =
        play->world.connection != NULL && play->channels[0].state == PHX_CHANNEL_JOINED;
    for (int i = 0; i < BURST; i++) {
        char frame[96];
        (void)snprintf(frame, sizeof frame, "[null,null,\"room:0\",\"%s\",{\"n\":\"\\u00e9%d\"}]",
                       i % 3 == 0 ? "other" : "news", i);
        play_say(play, frame);
    }
    play_pass(play, 1000);
    size_t got = play->channels[0].messages;
    bool is_said = play->errors + play->drops + play->run->failed_polls > 0;
    torture_check(!is_joined || got == BURST || is_said,
                  "of %d messages %zu came, and nothing was said", (int)BURST, got);
    torture_check(seen == (status == PHX_OK ? got - got / 3 : 0) || is_said,
                  "of %zu messages %zu came to a subscription", got, seen);
}

/* --- tokens --- */

static void configure_token(phx_play *play)
{
    play->token = "fresh";
    (void)snprintf(play->world.keychain.refreshed, sizeof play->world.keychain.refreshed, "fresh");
}

static void act_token(phx_play *play)
{
    play_join(play, 0);
    play_connect(play); /* refused, refreshed, accepted */
    play_pass(play, 5000);
    play->token = "later";
    play_drop(play, 1006);
    play_pass(play, 5000); /* refused for good */
    (void)snprintf(play->world.keychain.token, sizeof play->world.keychain.token, "later");
    (void)snprintf(play->world.keychain.refreshed, sizeof play->world.keychain.refreshed, "later");
    phx_client_token_changed(play->client);
    play_pass(play, 5000);
}

/* --- reconnecting, background --- */

static void act_reconnect(phx_play *play)
{
    static const int32_t codes[] = {1006, 1012, 1001, 4000};
    play_join(play, 0);
    play_join(play, 1);
    play_connect(play);
    play_pass(play, 1000);
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        play_drop(play, codes[i]);
        play_pass(play, 11000);
    }
    play_say(play, "[null,null,\"room:0\",\"phx_error\",{}]");
    play_say(play, "this is no frame");
    play_pass(play, 3000);
    play->world.is_silent = true; /* no heartbeat is answered */
    play_pass(play, 60000);
    play->world.is_silent = false;
    play_pass(play, 15000);
}

static void act_background(phx_play *play)
{
    play_join(play, 0);
    for (uint32_t pause_ms = 1; pause_ms < 100; pause_ms *= 3) {
        play_connect(play);
        play_pass(play, pause_ms);
        play_disconnect(play);
        play_pass(play, pause_ms);
    }
    play_connect(play);
    play_disconnect(play);
    play_connect(play);
    play_pass(play, 1000);
    (void)play_send(play, 0, "shout", 0);
    play_disconnect(play);
    play_pass(play, 3000);
    play_connect(play);
    phx_client_probe(play->client);
    play_pass(play, 3000);
}

/* --- presence --- */

static void on_sync(void *user_data, phx_presence *presence)
{
    (void)user_data;
    assert_true(phx_presence_count(presence) < 100);
}

static void on_presence_error(void *user_data, phx_status status)
{
    phx_play *play = user_data;
    assert_int_not_equal(status, PHX_OK);
    play->presence_errors++;
}

/* A presence is of one channel: of another, another. */
static void track(phx_play *play)
{
    phx_presence_options options;
    phx_presence_options_init(&options);
    options.on_sync = on_sync;
    options.on_error = on_presence_error;
    options.user_data = play;
    phx_presence_release(play->presence);
    play->tracked = play->channels[0].id;
    phx_status status = phx_presence_new(play->client, play->tracked, &options, &play->presence);
    torture_check_status(play->run, status, "phx_presence_new");
    assert_int_equal(play->presence != NULL, status == PHX_OK);
}

static void act_presence(phx_play *play)
{
    play_join(play, 0);
    play_connect(play);
    track(play);
    play_pass(play, 1000);
    play_say(play, "[null,null,\"room:0\",\"presence_diff\",{\"joins\":{\"early\":{\"metas\":[{"
                   "\"phx_ref\":\"e\"}]}},\"leaves\":{}}]");
    play_say(play, "[null,null,\"room:0\",\"presence_state\",{\"a\":{\"metas\":[{\"phx_ref\":\"1\"}"
                   ",{\"phx_ref\":\"2\"}]},\"b\":{\"metas\":[{\"phx_ref\":\"3\"}]}}]");
    for (int i = 0; i < 10; i++) {
        char frame[256];
        (void)snprintf(frame, sizeof frame,
                       "[null,null,\"room:0\",\"presence_diff\",{\"joins\":{\"k%d\":{\"metas\":[{"
                       "\"phx_ref\":\"r%d\",\"name\":\"B\\u00f6b\"}]}},\"leaves\":{}}]",
                       i, i);
        play_say(play, frame);
    }
    play_say(play, "[null,null,\"room:0\",\"presence_diff\",{\"joins\":{},\"leaves\":{\"a\":{"
                   "\"metas\":[{\"phx_ref\":\"1\"}]}}}]");
    play_pass(play, 1000);
    if (play->presence != NULL && play->errors + play->drops + play->presence_errors == 0 &&
        play->channels[0].messages == 13) {
        assert_int_equal(phx_presence_count(play->presence), 13);
    }
    play_drop(play, 1006);
    play_pass(play, 5000);
}

/* The next state puts it right. */
static void check_presence(phx_play *play)
{
    if (play->presence == NULL || play->tracked.id != play->channels[0].id.id) {
        track(play);
        play_pass(play, 100);
    }
    play_say(play, "[null,null,\"room:0\",\"presence_state\",{\"x\":{\"metas\":[{\"phx_ref\":\"8\"}"
                   "]},\"y\":{\"metas\":[{\"phx_ref\":\"9\"}]}}]");
    play_pass(play, 100);
    assert_int_equal(phx_presence_count(play->presence), 2);
    assert_non_null(phx_presence_find(play->presence, "x"));
    assert_non_null(phx_presence_find(play->presence, "y"));
}

/* --- other carriers --- */

static void act_longpoll(phx_play *play)
{
    play_join(play, 0);
    play_join(play, 1);
    play_connect(play);
    play_pass(play, 3000);
    (void)play_send(play, 0, "shout", 0);
    play_pass(play, 3000);
    play_disconnect(play);
    play_pass(play, 3000);
    play_connect(play);
    play_pass(play, 3000);
}

static void configure_fallback(phx_play *play)
{
    play->world.refuse = (phx_error){
        .status = PHX_ERROR_UPGRADE_REFUSED, .http_status = 400, .message = "no WebSockets here"};
}

#define SCRIPT(...) (&(const phx_script){__VA_ARGS__})

const torture_scenario torture_phx_scenarios[] = {
    {"connect", phx_play_script, SCRIPT(.act = act_connect), false},
    {"join", phx_play_script, SCRIPT(.act = act_join), false},
    {"leave", phx_play_script, SCRIPT(.act = act_leave), false},
    {"connect_patient", phx_play_script, SCRIPT(.configure = configure_patient, .act = act_connect),
     false},
    {"join_patient", phx_play_script, SCRIPT(.configure = configure_patient, .act = act_join),
     false},
    {"leave_patient", phx_play_script, SCRIPT(.configure = configure_patient, .act = act_leave),
     false},
    {"push", phx_play_script, SCRIPT(.act = act_push, .check = check_push), false},
    {"burst", phx_play_script, SCRIPT(.act = act_burst), false},
    {"token", phx_play_script, SCRIPT(.configure = configure_token, .act = act_token), false},
    {"reconnect", phx_play_script, SCRIPT(.act = act_reconnect), false},
    {"background", phx_play_script, SCRIPT(.act = act_background), false},
    {"presence", phx_play_script, SCRIPT(.act = act_presence, .check = check_presence), false},
    {"longpoll", phx_play_script, SCRIPT(.carrier = OVER_LONGPOLL, .act = act_longpoll), false},
    {"fallback", phx_play_script,
     SCRIPT(.carrier = OVER_FALLBACK, .configure = configure_fallback, .act = act_longpoll), false},
    {NULL, NULL, NULL, false},
};
