/* SPDX-License-Identifier: MIT */
/*
 * The commands that never fail: connect, disconnect, probe, token changed. They set flags under the
 * lock and post one task that is part of the client, so they allocate nothing; of connect and
 * disconnect the last one counts.
 */
#include "runtime/client_types.h"

typedef struct control_flags {
    int8_t wanted;
    bool probe;
    bool token;
} control_flags;

static control_flags take_control(phx_client *client)
{
    pthread_mutex_lock(&client->lock);
    control_flags control = {client->control_wanted, client->control_probe, client->control_token};
    client->control_wanted = 0;
    client->control_probe = false;
    client->control_token = false;
    client->is_control_posted = false;
    pthread_mutex_unlock(&client->lock);
    return control;
}

void phxi_client_run_control(void *user_data)
{
    phx_client *client = user_data;
    control_flags control = take_control(client);
    uint64_t now_ms = phx_loop_now_ms(client->loop);
    if (control.wanted < 0) {
        phxi_engine_disconnect(client->engine, now_ms);
    } else if (control.wanted > 0) {
        phxi_engine_connect(client->engine, now_ms);
    }
    if (control.token) {
        phxi_engine_token_changed(client->engine, now_ms);
    }
    if (control.probe) {
        phxi_engine_probe(client->engine, now_ms);
    }
    phxi_client_drain(client);
}

static void post_control(phx_client *client, const control_flags *control)
{
    pthread_mutex_lock(&client->lock);
    bool must_post = !client->is_control_posted && !client->is_closing;
    if (control->wanted != 0) {
        client->control_wanted = control->wanted;
    }
    client->control_probe = client->control_probe || control->probe;
    client->control_token = client->control_token || control->token;
    client->is_control_posted = client->is_control_posted || must_post;
    pthread_mutex_unlock(&client->lock);
    if (must_post) {
        phx_loop_enqueue(client->loop, &client->control_task);
    }
}

void phx_client_connect(phx_client *client)
{
    post_control(client, &(control_flags){.wanted = 1});
}

void phx_client_disconnect(phx_client *client)
{
    post_control(client, &(control_flags){.wanted = -1});
}

void phx_client_probe(phx_client *client)
{
    post_control(client, &(control_flags){.probe = true});
}

void phx_client_token_changed(phx_client *client)
{
    post_control(client, &(control_flags){.token = true});
}
