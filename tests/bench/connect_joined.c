/* SPDX-License-Identifier: MIT */
/*
 * From the wish to connect to the answered join, on loopback: phx_client and bare libwebsockets in
 * turn, each with its context or loop already there.
 */
#include <phx/channel.h>
#include <phx/platform.h>
#include <stdio.h>
#include <string.h>

#include "bare_lws.h"
#include "bench.h"
#include "live.h"

enum {
    MAX_ROUNDS = 250 /* the blaster takes 256 connections */
};

typedef struct progress {
    bool is_joined;
    bool is_over;
} progress;

static void on_state(void *user_data, phx_channel channel, phx_channel_state state,
                     const phx_reply *reply)
{
    (void)channel;
    (void)reply;
    ((progress *)user_data)->is_joined |= state == PHX_CHANNEL_JOINED;
}

static void on_status(void *user_data, const phx_client_status *status)
{
    ((progress *)user_data)->is_over = status->state == PHX_CLIENT_DISCONNECTED;
}

static phx_client *make_client(phx_loop *loop, const phx_network *network, uint16_t port,
                               progress *attempt)
{
    char url[64];
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%u/community", (unsigned)port);
    phx_client_config config;
    phx_client_config_init(&config);
    config.url = url;
    config.loop = loop;
    config.network = network;
    config.on_status = on_status;
    config.user_data = attempt;
    phx_client *client = NULL;
    bench_check(phx_client_new(&config, &client) == PHX_OK);
    return client;
}

static double join_us(phx_loop *loop, const phx_network *network, uint16_t port)
{
    progress attempt = {false, false};
    phx_client *client = make_client(loop, network, port, &attempt);
    phx_channel_options options;
    phx_channel_options_init(&options);
    options.on_state = on_state;
    options.user_data = &attempt;
    uint64_t begin_ns = bench_wall_ns();
    phx_channel channel;
    bench_check(phx_channel_join(client, "community:feed", &options, &channel) == PHX_OK);
    phx_client_connect(client);
    while (!attempt.is_joined) {
        bench_check(phx_loop_poll(loop, 1000) == PHX_OK);
    }
    double us = (double)(bench_wall_ns() - begin_ns) / 1e3;
    attempt.is_over = false;
    phx_client_disconnect(client);
    while (!attempt.is_over) {
        bench_check(phx_loop_poll(loop, 1000) == PHX_OK);
    }
    phx_client_release(client);
    return us;
}

static double bare_join_us(bare_lws *bare, uint16_t port)
{
    uint64_t begin_ns = bench_wall_ns();
    bare_lws_join(bare, port);
    double us = (double)(bench_wall_ns() - begin_ns) / 1e3;
    bare_lws_close(bare);
    return us;
}

int main(int argc, char **argv)
{
    uint64_t rounds = bench_number(argc, argv, "rounds", 200);
    const char *transport = bench_text(argc, argv, "transport", "lws");
    static double ours[MAX_ROUNDS];
    static double bare_ones[MAX_ROUNDS];
    char name[64];
    bench_check(rounds <= MAX_ROUNDS);
    bench_target target;
    bench_target bare_target;
    bench_target_start(&target);
    bench_target_start(&bare_target);
    phx_network network = bench_network(transport);
    phx_loop *loop = NULL;
    phx_platform_set_lws_log_level(PHX_LOG_ERROR);
    bench_check(phx_platform_loop_new(NULL, &network, &loop) == PHX_OK);
    bare_lws bare;
    bare_lws_init(&bare);
    for (uint64_t i = 0; i < rounds; i++) {
        ours[i] = join_us(loop, &network, target.port);
        bare_ones[i] = bare_join_us(&bare, bare_target.port);
    }
    (void)snprintf(name, sizeof name, "connect_%s", transport);
    bench_figure(name, bench_median(ours, rounds), "us", rounds);
    (void)snprintf(name, sizeof name, "connect_%s.bare_lws", transport);
    bench_figure(name, bench_median(bare_ones, rounds), "us", rounds);
    bare_lws_free(&bare);
    phx_loop_release(loop);
    bench_target_stop(&target);
    bench_target_stop(&bare_target);
    return 0;
}
