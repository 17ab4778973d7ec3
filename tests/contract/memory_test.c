/* SPDX-License-Identifier: MIT */
/*
 * The adapters without memory: each request to the allocator refused in turn, in a connection that
 * sends and receives, and in an HTTP request. Whatever happens is reported, and nothing is left
 * behind.
 */
#include "failing_allocator.h"
#include "http_world.h"
#include "proxy.h"
#include "testing.h"
#include "websocket.h"
#ifdef TEST_DEFLATE
#include "deflate.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct test_run {
    phx_loop *loop;
    const phx_transport *transport;
    phx_connection *connection;
    int opened;
    int messages;
    int closed;
    phx_status status;
} test_run;

static void on_opened(void *user_data, const char *subprotocol)
{
    (void)subprotocol;
    ((test_run *)user_data)->opened++;
}

static void on_message(void *user_data, phx_frame_kind kind, const uint8_t *data, size_t length)
{
    (void)kind;
    assert_bytes(data, length, "one two", 7);
    ((test_run *)user_data)->messages++;
}

static void on_written(void *user_data, size_t length)
{
    (void)user_data;
    (void)length;
}

static void on_closed(void *user_data, const phx_error *error)
{
    test_run *run = user_data;
    run->closed++;
    run->status = error->status;
}

static void pump(test_run *run, const int *value)
{
    uint64_t start_ms = phx_loop_now_ms(run->loop);
    while (*value == 0 && run->closed == 0) {
        assert_true(phx_loop_now_ms(run->loop) - start_ms < PATIENCE_MS);
        assert_int_equal(phx_loop_poll(run->loop, PUMP_MS), PHX_OK);
    }
}

static phx_status converse(test_run *run, const char *url)
{
    static const phx_transport_events functions = {
        .opened = on_opened, .message = on_message, .written = on_written, .closed = on_closed};
    phx_transport_events events = functions;
    const phx_transport_request request = {.struct_size = (uint32_t)sizeof request,
                                           .url = url,
                                           .connect_timeout_ms = PATIENCE_MS,
                                           .close_timeout_ms = 1000,
                                           .max_message_bytes = 1000};
    events.user_data = run;
    phx_status status =
        run->transport->open(run->transport->user_data, &request, &events, &run->connection);
    if (status != PHX_OK) {
        return status;
    }
    pump(run, &run->opened);
    if (run->opened != 0) {
        status = run->transport->send(run->transport->user_data, run->connection, PHX_FRAME_TEXT,
                                      (const uint8_t *)"hello", 5);
    }
    if (status == PHX_OK && run->closed == 0) {
        pump(run, &run->messages);
        run->transport->close(run->transport->user_data, run->connection, 1000, "");
        pump(run, &run->closed);
    }
    return run->closed != 0 ? run->status : status;
}

static const phx_transport_kind kinds[] = {PHX_TRANSPORT_LWS, PHX_TRANSPORT_CURL};

static void say_in_pieces(test_stream *stream)
{
    test_frame one;
    if (ws_receive(stream, &one)) {
        free(one.bytes);
        (void)ws_send(stream, false, OP_TEXT, "one ", 4);
        (void)ws_send(stream, true, OP_CONTINUATION, "two", 3);
        (void)ws_finish(stream);
    }
}

static void answer_in_pieces(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    if (ws_accept(stream, NULL, "")) {
        say_in_pieces(stream);
    }
}

#ifdef TEST_DEFLATE
enum {
    IS_COMPRESSED = true
};

/* The same, compressed if that is offered. */
static void answer_either(test_stream *stream, int index, void *argument)
{
    test_frame one;
    char head[2048];
    char answer[512];
    (void)index;
    (void)argument;
    if (!stream_read_head(stream, head, sizeof head)) {
        return;
    }
    bool is_offered = strstr(head, "permessage-deflate") != NULL;
    size_t length =
        ws_compose_answer(head, is_offered ? ACCEPT_DEFLATE "\r\n" : "", answer, sizeof answer);
    if (!stream_write(stream, answer, length)) {
        return;
    }
    if (!is_offered) {
        say_in_pieces(stream);
    } else if (ws_receive(stream, &one)) {
        test_deflater *deflater = deflater_new(15, true);
        free(one.bytes);
        (void)ws_send_deflated(stream, deflater, "one two", 7, 4);
        (void)ws_finish(stream);
        deflater_free(deflater);
    }
}
#else
enum {
    IS_COMPRESSED = false
};
#define answer_either answer_in_pieces
#endif

typedef struct test_place {
    const char *url;
    phx_network network;
} test_place;

static void run_transport(failing_allocator *allocator, void *user_data)
{
    const test_place *place = user_data;
    test_run run = {0};
    phx_loop_config config;
    phx_loop_config_init(&config);
    config.allocator = &allocator->port;
    phx_status status = phx_platform_loop_new(&config, &place->network, &run.loop);
    if (status == PHX_OK) {
        status = phx_platform_transport(run.loop, NULL, &place->network, &run.transport);
    }
    if (status == PHX_OK) {
        status = converse(&run, place->url);
    }
    if (status != PHX_OK) {
        assert_int_equal(status, PHX_ERROR_NO_MEMORY);
        assert_true(allocator->refused > 0);
    }
    if (run.connection != NULL) {
        run.transport->release_connection(run.transport->user_data, run.connection);
    }
    if (run.transport != NULL) {
        run.transport->release(run.transport->user_data);
    }
    phx_loop_release(run.loop);
}

static void test_transport(void **state)
{
    (void)state;
    char url[64];
    test_place place = {.url = url, .network = {.struct_size = (uint32_t)sizeof(phx_network)}};
    test_server *server = server_start(AF_INET, NULL, answer_in_pieces, NULL);
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)server_port(server));
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        place.network.transport = kinds[i];
        (void)failing_allocator_torture(run_transport, &place);
    }
    server_stop(server);
}

static void test_transport_through_proxy(void **state)
{
    (void)state;
    test_proxy proxy;
    test_server *server = server_start(AF_INET, NULL, answer_either, NULL);
    proxy_start(&proxy, PROXY_CONNECTED, server_port(server));
    test_place place = {
        .url = "ws://feed.test/",
        .network = {.struct_size = (uint32_t)sizeof(phx_network), .proxy = proxy.url}};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        place.network.transport = kinds[i];
        place.network.compress = IS_COMPRESSED && kinds[i] == PHX_TRANSPORT_LWS;
        (void)failing_allocator_torture(run_transport, &place);
    }
    proxy_stop(&proxy);
    server_stop(server);
}

static void run_http(failing_allocator *allocator, void *user_data)
{
    test_world *world = user_data;
    test_answer answer = {0};
    phx_loop_config config;
    phx_loop_config_init(&config);
    config.allocator = &allocator->port;
    world->http = NULL;
    phx_status status = phx_loop_new(&config, &world->loop);
    if (status == PHX_OK) {
        status = phx_http_curl(world->loop, NULL, NULL, &world->http);
    }
    if (status == PHX_OK) {
        status = world_send_to(world, world_url(world, "http"), "GET", NULL, &answer, NULL);
    }
    if (status == PHX_OK) {
        world_wait(world, &answer.done);
        status = answer.status;
        free(answer.body);
    }
    if (status != PHX_OK) {
        assert_int_equal(status, PHX_ERROR_NO_MEMORY);
        assert_true(allocator->refused > 0);
    }
    if (world->http != NULL) {
        world->http->release(world->http->user_data);
    }
    phx_loop_release(world->loop);
}

static void test_http(void **state)
{
    (void)state;
    static test_world world;
    world.times = 1;
    world.text = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    world.server = server_start(AF_INET, NULL, play_answer_text, &world);
    (void)failing_allocator_torture(run_http, &world);
    server_stop(world.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transport),
        cmocka_unit_test(test_transport_through_proxy),
        cmocka_unit_test(test_http),
    };
    phx_platform_set_lws_log_level(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
