/* SPDX-License-Identifier: MIT */
/*
 * The connection: phx's reports become events of the lifecycle, and its actions become calls of
 * phx. One phx_client for the client's whole life; one channel from each opening to the next
 * closing.
 *
 * Commands to phx are given in the client's turn only, and the loop carries them out before
 * anything else comes in: no report is ever older than the last command.
 */
#include "runtime/community_client.h"
#include "support/config.h"

enum {
    STABLE_MS = 10000
};
#define TOPIC "community:feed"

static void on_channel_state(void *user_data, phx_channel channel, phx_channel_state state,
                             const phx_reply *reply);

static void join(community_client *client)
{
    phx_channel_options options;
    phx_channel_options_init(&options);
    options.on_state = on_channel_state;
    options.on_message = communityi_feed_on_message;
    options.user_data = client;
    client->rejoin_at_ms = UINT64_MAX;
    phx_status status = phx_channel_join(client->phx, TOPIC, &options, &client->channel);
    if (status != PHX_OK) {
        client->channel = (phx_channel){0};
        client->rejoin_at_ms =
            communityi_client_now_ms(client) + communityi_retry_delay_ms(&client->rejoin_retry);
        communityi_report(client, status, "the feed's channel could not be joined yet");
    }
}

/* Of a disconnect and a connect that phx finds together, the last one counts: the connection would
 * stay, with the token of a user who may have logged out. So the one is waited for before the other
 * is said. */
static void open_connection(community_client *client)
{
    client->is_open_delayed = client->is_close_ordered;
    if (client->is_open_delayed) {
        return;
    }
    join(client);
    phx_client_connect(client->phx);
}

/* Leaves too: the channel's process on the server ends at once, and not with the socket. */
static void close_connection(community_client *client)
{
    /* A channel that could not be left ends with the socket, and the next join replaces it. */
    phx_status status = phx_channel_leave(client->phx, client->channel);
    (void)status;
    client->channel = (phx_channel){0};
    client->rejoin_at_ms = UINT64_MAX;
    client->next_attempt_at_ms = 0;
    client->attempts = 0;
    communityi_retry_reset(&client->rejoin_retry);
    client->is_open_delayed = false;
    client->is_close_ordered =
        client->phx_state != PHX_CLIENT_DISCONNECTED && client->phx_state != PHX_CLIENT_CLOSING;
    phx_client_disconnect(client->phx);
}

static void try_now(community_client *client)
{
    if (client->is_open_delayed) {
        return;
    }
    phx_client_connect(client->phx);
    /* An attempt that is under way may still have the old token: its refusal is not the last word.
     */
    phx_client_token_changed(client->phx);
    if (client->channel.id == 0) {
        join(client);
    } else {
        /* Without memory for it, the channel's own backoff tries. */
        phx_status status = phx_channel_rejoin(client->phx, client->channel);
        (void)status;
    }
    communityi_sync_hurry(client->sync);
}

static void act(community_client *client, uint32_t actions)
{
    if ((actions & COMMUNITYI_DO_PAUSE) != 0) {
        communityi_sync_end(client->sync);
    }
    if ((actions & COMMUNITYI_DO_CLOSE) != 0) {
        close_connection(client);
    }
    if ((actions & COMMUNITYI_DO_OPEN) != 0) {
        open_connection(client);
    }
    if ((actions & COMMUNITYI_DO_TRY_NOW) != 0) {
        try_now(client);
    }
    if ((actions & COMMUNITYI_DO_SYNC) != 0) {
        communityi_sync_begin(client->sync);
    }
    communityi_feed_pump(client);
    communityi_status_publish(client);
}

void communityi_link_handle(community_client *client, communityi_event event)
{
    act(client, communityi_lifecycle_handle(&client->lifecycle, event));
}

void communityi_link_set_fact(community_client *client, communityi_fact fact, bool is_true)
{
    uint32_t actions = communityi_lifecycle_set_fact(&client->lifecycle, fact, is_true);
    if (actions != COMMUNITYI_DO_NOTHING) {
        act(client, actions);
    }
}

static bool is_wanted_and_allowed(const community_client *client)
{
    return client->lifecycle.state != COMMUNITY_DISCONNECTED &&
           client->lifecycle.state != COMMUNITY_UNAUTHORIZED;
}

void communityi_link_probe(community_client *client)
{
    if (is_wanted_and_allowed(client)) {
        phx_client_probe(client->phx);
    }
}

static void on_lost(community_client *client)
{
    if (client->lifecycle.state == COMMUNITY_CONNECTED) {
        communityi_count(client, &client->stats.disconnects);
    }
    communityi_link_handle(client, COMMUNITYI_EVENT_LOST);
}

static void on_phx_status(void *user_data, const phx_client_status *status)
{
    community_client *client = user_data;
    client->needs_turn = true;
    client->phx_state = status->state;
    client->is_close_ordered = client->is_close_ordered && status->state != PHX_CLIENT_CLOSING &&
                               status->state != PHX_CLIENT_DISCONNECTED;
    if (!is_wanted_and_allowed(client)) {
        return;
    }
    if (status->error.status != PHX_OK) {
        communityi_status_set_error(client, &status->error);
    }
    if (status->state == PHX_CLIENT_UNAUTHORIZED) {
        communityi_link_handle(client, COMMUNITYI_EVENT_REFUSED);
        return;
    }
    if (client->lifecycle.state == COMMUNITY_CONNECTED && status->state != PHX_CLIENT_CONNECTED) {
        on_lost(client); /* the channel's own report follows */
    }
    client->attempts = status->attempts;
    client->next_attempt_at_ms =
        status->next_attempt_in_ms == 0
            ? 0
            : communityi_client_now_ms(client) + status->next_attempt_in_ms;
    communityi_status_publish(client);
}

/* A frame that was not understood may have been an event. */
static void on_phx_error(void *user_data, const phx_error *error)
{
    community_client *client = user_data;
    client->needs_turn = true;
    if (error->status == PHX_ERROR_MALFORMED_FRAME) {
        communityi_count(client, &client->stats.malformed);
    }
    if (error->status == PHX_ERROR_MALFORMED_FRAME || error->status == PHX_ERROR_NO_MEMORY) {
        communityi_sync_lost(client->sync, communityi_client_now_ms(client));
        communityi_feed_pump(client);
    }
    if (client->config.on_error != NULL && communityi_client_is_live(client)) {
        client->config.on_error(client->config.user_data, error);
    }
    communityi_status_publish(client);
}

/* What the socket's end did to the channel says less than the socket's own error. */
static void keep_channel_error(community_client *client, const phx_reply *reply)
{
    phx_status status = reply->error.status;
    if (status == PHX_OK || status == PHX_ERROR_DISCONNECTED || status == PHX_ERROR_LEFT) {
        return;
    }
    communityi_status_set_error(client, &reply->error);
}

/* The server ended the channel for good, but it is still wanted: join anew, not too often. */
static void on_channel_closed(community_client *client)
{
    uint64_t now_ms = communityi_client_now_ms(client);
    if (client->joined_at_ms != 0 && now_ms - client->joined_at_ms >= STABLE_MS) {
        communityi_retry_reset(&client->rejoin_retry);
    }
    client->channel = (phx_channel){0};
    if (is_wanted_and_allowed(client)) {
        client->rejoin_at_ms = now_ms + communityi_retry_delay_ms(&client->rejoin_retry);
        client->next_attempt_at_ms = client->rejoin_at_ms;
    }
}

static void on_channel_state(void *user_data, phx_channel channel, phx_channel_state state,
                             const phx_reply *reply)
{
    community_client *client = user_data;
    if (channel.id != client->channel.id) {
        return; /* one that was left before */
    }
    client->needs_turn = true;
    switch (state) {
    case PHX_CHANNEL_JOINED:
        client->joined_at_ms = communityi_client_now_ms(client);
        client->next_attempt_at_ms = 0;
        communityi_count(client, &client->stats.connects);
        communityi_outbox_hurry(&client->outbox); /* the server can be reached */
        communityi_link_handle(client, COMMUNITYI_EVENT_JOINED);
        break;
    case PHX_CHANNEL_JOINING:
    case PHX_CHANNEL_ERRORED:
        keep_channel_error(client, reply);
        on_lost(client);
        break;
    case PHX_CHANNEL_CLOSED:
        keep_channel_error(client, reply);
        on_channel_closed(client);
        on_lost(client);
        break;
    case PHX_CHANNEL_REFUSED:
        keep_channel_error(client, reply);
        communityi_link_handle(client, COMMUNITYI_EVENT_REFUSED);
        break;
    default: /* leaving: our own doing */
        break;
    }
}

void communityi_link_turn(community_client *client, uint64_t now_ms)
{
    if (client->is_open_delayed && !client->is_close_ordered) {
        open_connection(client);
    }
    if (now_ms >= client->rejoin_at_ms) {
        client->next_attempt_at_ms = 0;
        join(client);
    }
}

uint64_t communityi_link_deadline_ms(const community_client *client)
{
    return client->rejoin_at_ms;
}

static phx_status read_token(void *user_data, bool is_refresh, char *buffer, size_t capacity,
                             size_t *out_length)
{
    const phx_keychain *keychain = ((const community_client *)user_data)->keychain;
    return keychain->read(keychain->user_data, is_refresh, buffer, capacity, out_length);
}

static void on_phx_released(void *user_data)
{
    communityi_client_end(user_data);
}

phx_status community_client_dump_recording(community_client *client, phx_recording_write_fn write,
                                           void *user_data)
{
    return phx_client_dump_recording(client->phx, write, user_data);
}

phx_status communityi_link_new(community_client *client, const community_config *given)
{
    client->phx_keychain = (phx_keychain){
        .struct_size = (uint32_t)sizeof client->phx_keychain,
        .user_data = client,
        .read = read_token,
    };
    phx_client_config config;
    phxi_config_copy(&config, sizeof config, given->connection);
    config.struct_size = (uint32_t)sizeof config;
    config.url = given->url;
    config.keychain = &client->phx_keychain;
    config.token_place =
        given->token_in_subprotocol ? PHX_TOKEN_IN_SUBPROTOCOL : PHX_TOKEN_IN_QUERY;
    config.allow_insecure = given->allow_insecure;
    config.on_params = NULL;
    config.on_status = on_phx_status;
    config.on_error = on_phx_error;
    config.user_data = client;
    config.release_user_data = on_phx_released;
    config.tls = given->tls;
    config.network = given->network;
    config.loop = client->loop;
    config.loop_config = NULL;
    config.transport = given->transport;
    if (given->recorder_bytes != 0) {
        config.recorder_bytes = given->recorder_bytes;
    }
    return phx_client_new(&config, &client->phx);
}
