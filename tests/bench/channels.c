/* SPDX-License-Identifier: MIT */
/*
 * The same traffic on one channel of a socket and spread over 1,000 of them: two phx_clients side
 * by side, measured in turn.
 */
#include <phx/channel.h>
#include <stdio.h>

#include "bench.h"
#include "rig.h"

enum {
    SLICES = 10,
    MANY = 1000
};

typedef struct socket_run {
    bench_rig rig;
    phx_client *client;
    uint32_t joined;
    double event_ns[SLICES];
} socket_run;

static void on_state(void *user_data, phx_channel channel, phx_channel_state state,
                     const phx_reply *reply)
{
    (void)channel;
    (void)reply;
    ((socket_run *)user_data)->joined += state == PHX_CHANNEL_JOINED ? 1 : 0;
}

static void on_message(void *user_data, const phx_message *message)
{
    socket_run *run = user_data;
    run->rig.taken += message->payload.length > 0 ? 1 : 0;
}

static void join_all(socket_run *run, uint32_t channels)
{
    phx_channel_options options;
    phx_channel_options_init(&options);
    options.on_state = on_state;
    options.on_message = on_message;
    options.user_data = run;
    for (uint32_t i = 0; i < channels; i++) {
        char topic[16];
        (void)snprintf(topic, sizeof topic, "community:%04u", i);
        phx_channel channel;
        bench_check(phx_channel_join(run->client, topic, &options, &channel) == PHX_OK);
    }
}

static void start(socket_run *run, uint32_t channels)
{
    bench_rig_init(&run->rig, NULL);
    phx_client_config config;
    phx_client_config_init(&config);
    config.url = "ws://127.0.0.1/community";
    config.transport = &run->rig.transport;
    config.loop = run->rig.loop;
    bench_check(phx_client_new(&config, &run->client) == PHX_OK);
    run->rig.channels = channels;
    join_all(run, channels);
    phx_client_connect(run->client);
    bench_rig_settle(&run->rig);
    bench_check(run->joined == channels);
    bench_rig_events(&run->rig, 10000, 64);
}

static void stop(socket_run *run)
{
    phx_client_release(run->client);
    bench_rig_free(&run->rig);
}

int main(int argc, char **argv)
{
    uint64_t events = bench_number(argc, argv, "events", 20000);
    const char *only = bench_text(argc, argv, "only", "");
    static socket_run one;
    static socket_run many;
    start(&one, 1);
    start(&many, MANY);
    for (size_t i = 0; i < SLICES; i++) {
        if (only[0] != 'm') {
            one.event_ns[i] = bench_rig_event_ns(&one.rig, events, 64);
        }
        if (only[0] != 'o') {
            many.event_ns[i] = bench_rig_event_ns(&many.rig, events, 64);
        }
    }
    bench_figure("channels.event_of_1", bench_median(one.event_ns, SLICES), "ns", events * SLICES);
    bench_figure("channels.event_of_1000", bench_median(many.event_ns, SLICES), "ns",
                 events * SLICES);
    stop(&one);
    stop(&many);
    return 0;
}
