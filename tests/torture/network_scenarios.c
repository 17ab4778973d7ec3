/* SPDX-License-Identifier: MIT */
/*
 * The stock transport and the stock HTTP over TLS on loopback, in real time: with a server that is
 * trusted, and with those that must not be, whatever else fails.
 */
#include <phx/channel.h>
#include <phx/platform.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "../contract/certificates.h"
#include "../contract/websocket.h"
#include "phoenix_answer.h"
#include "torture.h"

enum {
    PUMP_MS = 5,
    PATIENCE_MS = 10000,
    REQUEST_TIMEOUT_MS = 60000, /* longer than anybody waits: no time-out hides a loss */
    FAILING_MS = 20,            /* how long to go on while things fail */
    MAX_BODY_BYTES = 4096
};

typedef struct tls_script {
    bool is_expired;
    bool is_other_host;
    bool is_untrusted;
    bool is_other_pin;
    phx_status status; /* what the attempt ends with; PHX_OK: it works */
} tls_script;

/* Of the scenario, which has the process to itself. */
typedef struct tls_server {
    test_certificate *authority;
    test_certificate *other_authority;
    test_certificate *identity;
    test_server *server;
    const char *pins[1];
    phx_tls tls;
} tls_server;

static tls_server shared;

typedef struct tls_play {
    torture_run *run;
    const tls_script *script;
    phx_loop *loop;
    phx_client *client;
    const phx_http *http;
    phx_client_state state;
    phx_channel channel; /* 0: none */
    bool is_joined;
    phx_status last_error;
    size_t ended; /* pushes and requests */
    size_t begun;
    phx_status end_status;
} tls_play;

/* --- servers --- */

static void play_phoenix(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    test_frame one;
    if (!ws_accept(stream, NULL, "")) {
        return;
    }
    bool is_over = false;
    while (!is_over && ws_receive(stream, &one)) {
        char answer[PHOENIX_ANSWER_BYTES];
        is_over = one.opcode == OP_CLOSE;
        size_t length =
            one.opcode == OP_TEXT ? phoenix_answer((char *)one.bytes, one.length, answer) : 0;
        if (is_over) {
            (void)ws_send(stream, true, OP_CLOSE, one.bytes, one.length);
        } else if (length > 0) {
            (void)ws_send(stream, true, OP_TEXT, answer, length);
        }
        free(one.bytes);
    }
}

static void play_http(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    char head[16384];
    while (stream_read_head(stream, head, sizeof head) &&
           stream_print(stream, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")) {
    }
}

static void stop_serving(void)
{
    server_stop(shared.server);
}

/* One server for all runs of the scenario's process. */
static void serve_once(const tls_script *script, server_script play)
{
    if (shared.server != NULL) {
        return;
    }
    phx_platform_set_lws_log_level(0);
    shared.authority = certificate_new(NULL, NULL, false, false);
    shared.other_authority = certificate_new(NULL, NULL, false, false);
    shared.identity =
        certificate_new(shared.authority, script->is_other_host ? "example.invalid" : "localhost",
                        !script->is_other_host, script->is_expired);
    shared.server = server_start(AF_INET, shared.identity, play, NULL);
    (void)atexit(stop_serving);
    shared.pins[0] = certificate_pin(script->is_other_pin ? shared.authority : shared.identity);
    shared.tls = (phx_tls){
        .struct_size = (uint32_t)sizeof shared.tls,
        .ca_pem = certificate_pem(script->is_untrusted ? shared.other_authority : shared.authority),
        .pins = shared.pins,
        .pin_count = 1,
    };
}

/* --- pumping --- */

/* Until there is what is waited for, or, while things are made to fail, for a little while. */
static void pump(tls_play *play, bool (*is_reached)(const tls_play *play))
{
    uint64_t start_ms = phx_loop_now_ms(play->loop);
    while (!is_reached(play)) {
        uint64_t passed_ms = phx_loop_now_ms(play->loop) - start_ms;
        bool is_failing = play->run->faults.is_armed && faults_failed(&play->run->faults) > 0;
        if (is_failing && passed_ms >= FAILING_MS) {
            return;
        }
        torture_check(passed_ms < PATIENCE_MS, "nothing comes any more: state %d, %s",
                      (int)play->state, phx_status_name(play->last_error));
        torture_check_status(play->run, phx_loop_poll(play->loop, PUMP_MS), "phx_loop_poll");
    }
}

static phx_status make_loop(tls_play *play, const phx_poller *poller)
{
    fault_set *faults = &play->run->faults;
    phx_loop_config config;
    phx_loop_config_init(&config);
    config.allocator = &faults->allocator.port;
    config.random = faults_random(faults, phx_platform_random());
    config.log = faults_log(faults);
    config.poller = poller;
    return phx_loop_new(&config, &play->loop);
}

/* --- the transport --- */

static void on_status(void *user_data, const phx_client_status *status)
{
    tls_play *play = user_data;
    play->state = status->state;
    torture_check(status->state != PHX_CLIENT_CONNECTED || play->script->status == PHX_OK,
                  "connected to a server that is not to be trusted");
    if (status->error.status != PHX_OK) {
        play->last_error = status->error.status;
    }
}

static void on_channel_state(void *user_data, phx_channel channel, phx_channel_state state,
                             const phx_reply *reply)
{
    tls_play *play = user_data;
    (void)reply;
    play->is_joined = state == PHX_CHANNEL_JOINED;
    if (state == PHX_CHANNEL_CLOSED && channel.id == play->channel.id) {
        play->channel.id = 0;
    }
}

static void on_reply(void *user_data, const phx_reply *reply)
{
    tls_play *play = user_data;
    play->ended++;
    play->end_status = reply->error.status;
}

static bool is_settled(const tls_play *play)
{
    return play->script->status == PHX_OK ? play->is_joined
                                          : play->last_error == play->script->status;
}

static bool is_ended(const tls_play *play)
{
    return play->ended == play->begun;
}

static void join(tls_play *play)
{
    phx_channel_options options;
    phx_channel_options_init(&options);
    options.on_state = on_channel_state;
    options.user_data = play;
    phx_status status = phx_channel_join(play->client, "room:0", &options, &play->channel);
    torture_check_status(play->run, status, "phx_channel_join");
}

static phx_status make_client(tls_play *play)
{
    char url[64];
    (void)snprintf(url, sizeof url, "wss://localhost:%u/socket",
                   (unsigned)server_port(shared.server));
    phx_client_config config;
    phx_client_config_init(&config);
    config.url = url;
    config.tls = &shared.tls;
    config.loop = play->loop;
    config.on_status = on_status;
    config.user_data = play;
    config.reconnect = (phx_backoff){.struct_size = (uint32_t)sizeof config.reconnect,
                                     .kind = PHX_BACKOFF_JITTER,
                                     .base_ms = 2,
                                     .max_ms = 10,
                                     .spread_ms = 10};
    config.rejoin = config.reconnect;
    phx_status status = phx_client_new(&config, &play->client);
    assert_int_equal(play->client != NULL, status == PHX_OK);
    return status;
}

static void push(tls_play *play)
{
    const phx_push request = {.event = "shout", .on_reply = on_reply, .user_data = play};
    phx_status status = phx_channel_push(play->client, play->channel, &request, NULL);
    torture_check_status(play->run, status, "phx_channel_push");
    play->begun += status == PHX_OK ? 1 : 0;
}

static void recover_client(tls_play *play)
{
    faults_disarm(&play->run->faults);
    play->last_error = PHX_OK;
    phx_client_connect(play->client);
    if (play->script->status == PHX_OK && play->channel.id == 0) {
        join(play);
    }
    pump(play, is_settled);
    if (play->script->status == PHX_OK) {
        push(play);
        pump(play, is_ended);
        torture_check(play->end_status == PHX_OK, "the push ended with %s",
                      phx_status_name(play->end_status));
    }
}

static bool is_settled_or_over(const tls_play *play)
{
    return is_settled(play) || play->channel.id == 0;
}

static void act_client(tls_play *play)
{
    join(play);
    phx_client_connect(play->client);
    pump(play, is_settled_or_over);
    if (play->is_joined) {
        push(play);
        pump(play, is_ended);
    }
    if (play->run->mode != TORTURE_END) {
        recover_client(play);
    }
}

static void play_tls(torture_run *run, const void *script)
{
    tls_play play = {.run = run, .script = script};
    serve_once(script, play_phoenix);
    faults_arm(&run->faults);
    phx_status status = make_loop(&play, NULL);
    if (status == PHX_OK) {
        status = make_client(&play);
    }
    torture_check_status(run, status, "making the client");
    if (status == PHX_OK) {
        act_client(&play);
    }
    phx_client_release(play.client);
    torture_check(is_ended(&play), "a push did not complete");
    phx_loop_release(play.loop);
}

/* --- HTTP --- */

static void on_done(void *user_data, const phx_http_response *response)
{
    tls_play *play = user_data;
    play->ended++;
    play->end_status = response->error.status;
    torture_check(play->end_status != PHX_OK || play->script->status == PHX_OK,
                  "an answer from a server that is not to be trusted");
    torture_check(play->end_status == PHX_OK || play->end_status == play->script->status ||
                      faults_failed(&play->run->faults) > 0,
                  "the request ended with %s", phx_status_name(play->end_status));
    torture_check(play->script->status == PHX_OK || !response->was_sent ||
                      faults_failed(&play->run->faults) > 0,
                  "the request may have gone to a server that is not to be trusted");
}

static void request(tls_play *play)
{
    char url[64];
    (void)snprintf(url, sizeof url, "https://localhost:%u/", (unsigned)server_port(shared.server));
    const phx_http_request given = {.struct_size = (uint32_t)sizeof given,
                                    .method = "GET",
                                    .url = url,
                                    .timeout_ms = REQUEST_TIMEOUT_MS,
                                    .max_response_bytes = MAX_BODY_BYTES};
    uint64_t id = 0;
    phx_status status = play->http->send(play->http->user_data, &given, on_done, play, &id);
    torture_check_status(play->run, status, "phx_http.send");
    assert_int_equal(id != 0, status == PHX_OK);
    play->begun += status == PHX_OK ? 1 : 0;
}

static void act_http(tls_play *play)
{
    request(play);
    request(play);
    pump(play, is_ended);
    if (play->run->mode != TORTURE_END) {
        faults_disarm(&play->run->faults);
        pump(play, is_ended);
        request(play);
        pump(play, is_ended);
        torture_check(play->end_status == play->script->status,
                      "the request ended with %s although nothing fails any more",
                      phx_status_name(play->end_status));
    }
}

static void play_https(torture_run *run, const void *script)
{
    tls_play play = {.run = run, .script = script};
    const phx_poller *poller = NULL;
    serve_once(script, play_http);
    faults_arm(&run->faults);
    phx_status status = phx_platform_epoll_poller(&run->faults.allocator.port, &poller);
    if (status == PHX_OK) {
        status = make_loop(&play, faults_poller(&run->faults, poller));
    }
    if (status == PHX_OK) {
        status = phx_http_curl(play.loop, &shared.tls, NULL, &play.http);
    }
    torture_check_status(run, status, "making the adapter");
    if (status == PHX_OK) {
        act_http(&play);
        play.http->release(play.http->user_data);
    }
    phx_loop_release(play.loop);
}

#define SCRIPT(...) (&(const tls_script){__VA_ARGS__})

const torture_scenario torture_network_scenarios[] = {
    {"tls", play_tls, SCRIPT(.status = PHX_OK), true},
    {"tls_untrusted", play_tls, SCRIPT(.is_untrusted = true, .status = PHX_ERROR_TLS_CERTIFICATE),
     true},
    {"tls_expired", play_tls, SCRIPT(.is_expired = true, .status = PHX_ERROR_TLS_CERTIFICATE),
     true},
    {"tls_host", play_tls, SCRIPT(.is_other_host = true, .status = PHX_ERROR_TLS_CERTIFICATE),
     true},
    {"tls_pin", play_tls, SCRIPT(.is_other_pin = true, .status = PHX_ERROR_TLS_PIN), true},
    {"https", play_https, SCRIPT(.status = PHX_OK), true},
    {"https_untrusted", play_https,
     SCRIPT(.is_untrusted = true, .status = PHX_ERROR_TLS_CERTIFICATE), true},
    {"https_expired", play_https, SCRIPT(.is_expired = true, .status = PHX_ERROR_TLS_CERTIFICATE),
     true},
    {"https_host", play_https, SCRIPT(.is_other_host = true, .status = PHX_ERROR_TLS_CERTIFICATE),
     true},
    {"https_pin", play_https, SCRIPT(.is_other_pin = true, .status = PHX_ERROR_TLS_PIN), true},
    {NULL, NULL, NULL, false},
};
