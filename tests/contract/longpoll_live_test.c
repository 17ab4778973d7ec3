/* SPDX-License-Identifier: MIT */
/*
 * A whole client over long polls (libcurl) and over the fallback, against the development backend
 * on loopback.
 */
#include <phx/channel.h>
#include <phx/client.h>
#include <phx/platform.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "../backend/client.h"
#include "../backend/process.h"
#include "testing.h"

enum {
    FALLBACK_MS = 2500,
    PUSHES = 150
};

typedef struct carrier {
    bool is_fallback;
    const char *token;
    phx_token_place token_place;
} carrier;

typedef struct live {
    struct backend backend;
    phx_loop *loop;
    phx_client *client;
    phx_client_state state;
    phx_channel channel;
    phx_channel_state channel_state;
    int32_t close_code; /* of the last drop */
    phx_status drop;
    size_t connects;
    size_t joins;
    size_t posts;
    size_t replies;
    bool are_replies_in_order;
} live;

static live it;

static const char *token_text;

static phx_status read_token(void *user_data, bool is_refresh, char *out, size_t capacity,
                             size_t *out_length)
{
    (void)user_data;
    (void)is_refresh;
    *out_length = strlen(token_text);
    assert_in_range(*out_length, 1, capacity);
    memcpy(out, token_text, *out_length);
    return PHX_OK;
}

static const phx_keychain keychain = {
    .struct_size = (uint32_t)sizeof(phx_keychain),
    .read = read_token,
};

static uint32_t retry_soon(void *user_data, uint32_t attempt, const phx_error *error)
{
    (void)user_data;
    (void)attempt;
    (void)error;
    return 10;
}

static void on_status(void *user_data, const phx_client_status *status)
{
    (void)user_data;
    it.state = status->state;
    it.connects += status->state == PHX_CLIENT_CONNECTED ? 1 : 0;
    if (status->error.status != PHX_OK) {
        it.drop = status->error.status;
        it.close_code = status->error.close_code;
    }
}

static void on_state(void *user_data, phx_channel channel, phx_channel_state state,
                     const phx_reply *reply)
{
    (void)user_data;
    (void)channel;
    (void)reply;
    it.channel_state = state;
    it.joins += state == PHX_CHANNEL_JOINED ? 1 : 0;
}

static void on_message(void *user_data, const phx_message *message)
{
    (void)user_data;
    it.posts += message->event.length == 8 && memcmp(message->event.data, "new_post", 8) == 0;
}

static void on_reply(void *user_data, const phx_reply *reply)
{
    char expected[32];
    (void)user_data;
    (void)snprintf(expected, sizeof expected, "{ \"n\":%zu}", it.replies++);
    it.are_replies_in_order = it.are_replies_in_order && reply->error.status == PHX_OK &&
                              reply->response.length == strlen(expected) &&
                              memcmp(reply->response.data, expected, reply->response.length) == 0;
}

static const phx_transport *make_transport(bool is_fallback)
{
    const phx_http *http = NULL;
    const phx_transport *longpoll = NULL;
    const phx_transport *websocket = NULL;
    const phx_transport *fallback = NULL;
    assert_int_equal(phx_http_curl(it.loop, NULL, NULL, &http), PHX_OK);
    assert_int_equal(phx_transport_longpoll(it.loop, http, &longpoll), PHX_OK);
    if (!is_fallback) {
        return longpoll;
    }
    assert_int_equal(phx_platform_transport(it.loop, NULL, NULL, &websocket), PHX_OK);
    assert_int_equal(phx_transport_fallback(it.loop, websocket, longpoll, FALLBACK_MS, &fallback),
                     PHX_OK);
    return fallback;
}

static void begin(const char *const *args, carrier with)
{
    char url[64];
    it = (live){.are_replies_in_order = true};
    it.backend = backend_start(args);
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%d/community", it.backend.port);
    token_text = with.token;
    phx_platform_set_lws_log_level(PHX_LOG_ERROR);
    assert_int_equal(phx_loop_new(NULL, &it.loop), PHX_OK);
    phx_client_config config;
    phx_client_config_init(&config);
    config.url = url;
    config.keychain = &keychain;
    config.token_place = with.token_place;
    config.loop = it.loop;
    config.transport = make_transport(with.is_fallback);
    config.on_status = on_status;
    config.reconnect = (phx_backoff){.struct_size = (uint32_t)sizeof config.reconnect,
                                     .kind = PHX_BACKOFF_CUSTOM,
                                     .delay_ms = retry_soon};
    config.rejoin = config.reconnect;
    assert_int_equal(phx_client_new(&config, &it.client), PHX_OK);
}

static void end(void)
{
    phx_client_release(it.client);
    phx_loop_release(it.loop);
    backend_stop(&it.backend);
}

/* Pumps until it is so; a test that waits for what does not come fails. */
#define PUMP_UNTIL(condition)                                         \
    do {                                                              \
        const uint64_t end_ms = now_ms() + WAIT_MS;                   \
        while (!(condition)) {                                        \
            assert_true(now_ms() < end_ms);                           \
            assert_int_equal(phx_client_poll(it.client, 50), PHX_OK); \
        }                                                             \
    } while (0)

static void join(const char *topic)
{
    phx_channel_options options;
    phx_channel_options_init(&options);
    options.on_state = on_state;
    options.on_message = on_message;
    phx_client_connect(it.client);
    assert_int_equal(phx_channel_join(it.client, topic, &options, &it.channel), PHX_OK);
    PUMP_UNTIL(it.channel_state == PHX_CHANNEL_JOINED);
}

static const char *const plain_args[] = {"--db", ":memory:", "--control", NULL};
static const carrier longpoll = {.token = "tok-alice"};
static const carrier longpoll_by_header = {.token = "tok-alice",
                                           .token_place = PHX_TOKEN_IN_SUBPROTOCOL};
static const carrier fallback = {.is_fallback = true, .token = "tok-alice"};

static void carries_the_feed(void **state)
{
    (void)state;
    begin(plain_args, longpoll);
    join("community:feed");
    backend_control(&it.backend, "burst", "{\"count\":500,\"bytes\":300}");
    PUMP_UNTIL(it.posts == 500);
    assert_int_equal(it.connects, 1);
    assert_int_equal(backend_fact(&it.backend, "longpolls"), 1);
    assert_int_equal(backend_fact(&it.backend, "upgrades"), 0);
    end();
}

static void keeps_pushes_in_order(void **state)
{
    (void)state;
    begin(plain_args, longpoll_by_header);
    join("echo:a");
    for (int n = 0; n < PUSHES; n++) {
        char payload[32];
        (void)snprintf(payload, sizeof payload, "\n{\n\"n\":%d}", n);
        const phx_push push = {.event = "ping", .payload = payload, .on_reply = on_reply};
        assert_int_equal(phx_channel_push(it.client, it.channel, &push, NULL), PHX_OK);
    }
    PUMP_UNTIL(it.replies == PUSHES);
    assert_true(it.are_replies_in_order);
    end();
}

/* The server understands a binary push, and, as Phoenix, cannot put its binary answer into JSON. */
static void survives_a_binary_answer(void **state)
{
    (void)state;
    begin(plain_args, longpoll);
    join("echo:a");
    const phx_push push = {.event = "bin", .binary = {"\xff\xfe", 2}};
    assert_int_equal(phx_channel_push(it.client, it.channel, &push, NULL), PHX_OK);
    PUMP_UNTIL(it.joins == 2);
    assert_int_equal(it.drop, PHX_ERROR_CONNECTION_LOST);
    assert_int_equal(it.close_code, 1011);
    end();
}

static void polls_on_while_nothing_happens(void **state)
{
    (void)state;
    static const char *const args[] = {"--db", ":memory:", "--control", "--window-ms", "50", NULL};
    begin(args, longpoll);
    join("community:feed");
    const long before = backend_fact(&it.backend, "requests");
    PUMP_UNTIL(backend_fact(&it.backend, "requests") - before >= 60);
    assert_int_equal(it.connects, 1);
    assert_int_equal(it.joins, 1);
    end();
}

static void begins_anew_when_the_session_is_gone(void **state)
{
    (void)state;
    /* With the API token in the query, a lost session's token is taken for one and refused. */
    begin(plain_args, longpoll);
    join("community:feed");
    backend_control(&it.backend, "drop", "{}");
    PUMP_UNTIL(it.joins == 2);
    assert_int_equal(it.close_code, 1008);
    assert_int_equal(backend_fact(&it.backend, "longpolls"), 2);
    end();
    begin(plain_args, longpoll_by_header);
    join("community:feed");
    backend_control(&it.backend, "drop", "{}");
    PUMP_UNTIL(it.joins == 2);
    assert_int_equal(it.close_code, 3410);
    end();
}

static void stops_when_the_token_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        carrier refused = i == 0 ? longpoll : longpoll_by_header;
        refused.token = "nonsense";
        begin(plain_args, refused);
        phx_client_connect(it.client);
        PUMP_UNTIL(it.state == PHX_CLIENT_UNAUTHORIZED);
        end();
    }
}

static void leaves_before_it_goes(void **state)
{
    (void)state;
    begin(plain_args, longpoll);
    join("community:feed");
    backend_await(&it.backend, "channels", 1);
    assert_int_equal(phx_channel_leave(it.client, it.channel), PHX_OK);
    phx_client_disconnect(it.client);
    PUMP_UNTIL(it.state == PHX_CLIENT_DISCONNECTED);
    assert_int_equal(backend_fact(&it.backend, "channels"), 0);
    assert_int_equal(it.connects, 1);
    end();
}

static void reconnects_to_a_server_that_comes_back(void **state)
{
    (void)state;
    begin(plain_args, longpoll);
    join("community:feed");
    char port[16];
    const char *const args[] = {"--db", ":memory:", "--control", "--port", port, NULL};
    (void)snprintf(port, sizeof port, "%d", it.backend.port);
    (void)backend_end(&it.backend, SIGKILL);
    PUMP_UNTIL(it.drop != PHX_OK);
    it.backend = backend_start(args);
    PUMP_UNTIL(it.joins == 2);
    end();
}

/* --- the fallback --- */

static void takes_the_websocket_where_it_works(void **state)
{
    (void)state;
    begin(plain_args, fallback);
    join("community:feed");
    backend_control(&it.backend, "burst", "{\"count\":20}");
    PUMP_UNTIL(it.posts == 20);
    assert_int_equal(backend_fact(&it.backend, "upgrades"), 1);
    assert_int_equal(backend_fact(&it.backend, "longpolls"), 0);
    assert_int_equal(backend_fact(&it.backend, "messages"), 2); /* the probe and the join */
    end();
}

static void falls_back_where_upgrades_are_refused(void **state)
{
    (void)state;
    begin(plain_args, fallback);
    backend_control(&it.backend, "refuse", "{\"status\":502}");
    join("community:feed");
    backend_control(&it.backend, "burst", "{\"count\":20}");
    PUMP_UNTIL(it.posts == 20);
    assert_int_equal(it.connects, 1);
    assert_int_equal(backend_fact(&it.backend, "refused"), 1);
    /* And does not try again. */
    backend_control(&it.backend, "drop", "{}");
    PUMP_UNTIL(it.joins == 2);
    assert_int_equal(backend_fact(&it.backend, "longpolls"), 2);
    assert_int_equal(backend_fact(&it.backend, "upgrades"), 0);
    end();
}

static void says_unauthorized_when_both_are(void **state)
{
    (void)state;
    carrier refused = fallback;
    refused.token = "nonsense";
    begin(plain_args, refused);
    phx_client_connect(it.client);
    PUMP_UNTIL(it.state == PHX_CLIENT_UNAUTHORIZED);
    assert_int_equal(it.drop, PHX_ERROR_UNAUTHORIZED);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_the_feed),
        cmocka_unit_test(keeps_pushes_in_order),
        cmocka_unit_test(survives_a_binary_answer),
        cmocka_unit_test(polls_on_while_nothing_happens),
        cmocka_unit_test(begins_anew_when_the_session_is_gone),
        cmocka_unit_test(stops_when_the_token_is_refused),
        cmocka_unit_test(leaves_before_it_goes),
        cmocka_unit_test(reconnects_to_a_server_that_comes_back),
        cmocka_unit_test(takes_the_websocket_where_it_works),
        cmocka_unit_test(falls_back_where_upgrades_are_refused),
        cmocka_unit_test(says_unauthorized_when_both_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
