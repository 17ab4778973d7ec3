/* SPDX-License-Identifier: MIT */
/*
 * The transport port on libcurl: its functions, and its place in the loop.
 */
#include <phx/platform.h>

#include <string.h>

#include "curl/websocket.h"
#include "support/alloc.h"
#include "support/map.h"

/*
 * The random port is asked once, because gathering entropy takes longer than all else that a frame
 * or a connection needs here; from there on a keyed hash counts.
 */
void phxi_curl_websocket_random(curl_transport *transport, uint8_t *out, size_t length)
{
    for (size_t at = 0; at < length; at += sizeof(uint64_t)) {
        uint64_t count = transport->random_count++;
        uint64_t number = phxi_hash(transport->random_seed, &count, sizeof count);
        size_t left = length - at;
        memcpy(out + at, &number, left < sizeof number ? left : sizeof number);
    }
}

static phx_status open_connection(void *user_data, const phx_transport_request *request,
                                  const phx_transport_events *events,
                                  phx_connection **out_connection)
{
    phx_status status = PHX_OK;
    *out_connection = phxi_curl_websocket_new(user_data, request, events, &status);
    return status;
}

static phx_status send_message(void *user_data, phx_connection *connection, phx_frame_kind kind,
                               const uint8_t *data, size_t length)
{
    (void)user_data;
    return phxi_curl_websocket_send(connection, kind, data, length);
}

static void close_connection(void *user_data, phx_connection *connection, uint16_t code,
                             const char *reason)
{
    (void)user_data;
    phxi_curl_websocket_close(connection, code, reason);
}

static void release_connection(void *user_data, phx_connection *connection)
{
    (void)user_data;
    phxi_curl_websocket_release(connection);
}

static bool on_finished(void *user_data, CURL *easy, CURLcode code)
{
    phx_connection *connection = NULL;
    (void)user_data;
    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &connection) == CURLE_OK && connection != NULL) {
        phxi_curl_websocket_connected(connection, code);
    }
    return true; /* no event was reported, so nobody has released anything */
}

static void on_failed(void *user_data, CURL *easy, phx_status status)
{
    phx_connection *connection = NULL;
    (void)user_data;
    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &connection) == CURLE_OK && connection != NULL) {
        phxi_curl_websocket_set_error(connection, status, "the connection cannot be watched");
        phxi_curl_websocket_set_due(connection);
    }
}

static void turn(void *user_data, uint64_t now_ms)
{
    curl_transport *transport = user_data;
    (void)phxi_curl_multi_turn(&transport->multi, now_ms);
    /* Not those that are due again because of this turn: the loop has others to serve. */
    uint64_t last = transport->timers.next_sequence;
    phxi_timer *timer;
    while (transport->timers.root != NULL && transport->timers.root->sequence < last &&
           (timer = phxi_timer_pop_due(&transport->timers, now_ms)) != NULL) {
        size_t offset = offsetof(phx_connection, timer);
        phxi_curl_websocket_advance((phx_connection *)(void *)((char *)timer - offset), now_ms);
    }
}

static uint64_t deadline_ms(void *user_data)
{
    const curl_transport *transport = user_data;
    uint64_t timers_ms = phxi_timer_next_deadline(&transport->timers);
    return timers_ms < transport->multi.deadline_ms ? timers_ms : transport->multi.deadline_ms;
}

static void destroy(curl_transport *transport)
{
    phx_allocator allocator = transport->allocator;
    phxi_curl_multi_free(&transport->multi);
    phxi_curl_options_free(&transport->options, &allocator);
    phxi_wipe(transport->random_seed, sizeof transport->random_seed);
    phxi_free(&allocator, transport);
}

static void release(void *user_data)
{
    curl_transport *transport = user_data;
    phx_loop_remove_source(transport->loop, &transport->source);
    destroy(transport);
}

phx_status phx_transport_curl(phx_loop *loop, const phx_tls *tls, const phx_network *network,
                              const phx_transport **out)
{
    *out = NULL;
    const phx_allocator *allocator = phx_loop_allocator(loop);
    curl_transport *transport = phxi_alloc_zero(allocator, sizeof *transport);
    if (transport == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    transport->allocator = *allocator;
    transport->loop = loop;
    transport->multi = (phxi_curl_multi){
        .loop = loop, .user_data = transport, .finished = on_finished, .failed = on_failed};
    phx_status status =
        phxi_curl_options_init(&transport->options, &transport->allocator, tls, network);
    if (status == PHX_OK && transport->options.network.compress) {
        status = PHX_ERROR_UNSUPPORTED;
    }
    if (status == PHX_OK) {
        const phx_random *random = phx_loop_random(loop);
        status = random->fill(random->user_data, (uint8_t *)transport->random_seed,
                              sizeof transport->random_seed);
    }
    if (status == PHX_OK) {
        status = phxi_curl_multi_init(&transport->multi, 1);
    }
    if (status != PHX_OK) {
        destroy(transport);
        return status;
    }
    transport->source =
        (phx_loop_source){.user_data = transport, .turn = turn, .deadline_ms = deadline_ms};
    phx_loop_add_source(loop, &transport->source);
    transport->port = (phx_transport){
        .struct_size = (uint32_t)sizeof(phx_transport),
        .user_data = transport,
        .open = open_connection,
        .send = send_message,
        .close = close_connection,
        .release_connection = release_connection,
        .release = release,
    };
    *out = &transport->port;
    return PHX_OK;
}
