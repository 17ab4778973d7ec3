/* SPDX-License-Identifier: MIT */
/*
 * phx_client: birth, death, and what any thread may read. The commands are in client_control.c and
 * client_channel.c, what the engine wants done in client_actions.c.
 */
#include <string.h>

#include "phx/backoff.h"
#include "runtime/client_types.h"
#include "support/alloc.h"
#include "support/config.h"
#include "wire/url.h"

enum {
    CONNECT_TIMEOUT_MS = 10000,
    HEARTBEAT_INTERVAL_MS = 30000,
    HEARTBEAT_TIMEOUT_MS = 10000,
    PROBE_TIMEOUT_MS = 3000,
    PUSH_TIMEOUT_MS = 10000,
    CLOSE_TIMEOUT_MS = 2000,
    RECONNECT_BASE_MS = 250,
    REJOIN_BASE_MS = 1000,
    MAX_FRAME_BYTES = 4 * 1024 * 1024,
    MAX_QUEUED_BYTES = 1024 * 1024,
    MAX_QUEUED_PUSHES = 1024,
    MAX_CHANNELS = 1000,
};

void phx_client_config_init_sized(phx_client_config *config, uint32_t struct_size)
{
    phxi_config_init(config, struct_size);
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

static size_t or_default_bytes(size_t value, size_t fallback)
{
    return value != 0 ? value : fallback;
}

/* --- copies of what the caller configured --- */

/* All pairs and their texts in one block. NULL: no memory, or no pairs. */
static phx_header *copy_pairs(const phx_allocator *allocator, const phx_header *pairs, size_t count)
{
    size_t bytes = count * sizeof *pairs;
    for (size_t i = 0; i < count; i++) {
        bytes += strlen(pairs[i].name) + strlen(pairs[i].value) + 2;
    }
    phx_header *copies = count > 0 ? phxi_alloc(allocator, bytes) : NULL;
    if (copies == NULL) {
        return NULL;
    }
    char *text = (char *)(copies + count);
    for (size_t i = 0; i < count; i++) {
        size_t name_bytes = strlen(pairs[i].name) + 1;
        size_t value_bytes = strlen(pairs[i].value) + 1;
        copies[i].name = memcpy(text, pairs[i].name, name_bytes);
        copies[i].value = memcpy(text + name_bytes, pairs[i].value, value_bytes);
        text += name_bytes + value_bytes;
    }
    return copies;
}

static phx_status copy_texts(phx_client *client, const phx_client_config *config)
{
    const phx_allocator *allocator = client->allocator;
    const char *token_parameter =
        config->token_parameter != NULL ? config->token_parameter : "token";
    client->url = phxi_copy_text(allocator, config->url, strlen(config->url));
    client->token_parameter = phxi_copy_text(allocator, token_parameter, strlen(token_parameter));
    client->params = copy_pairs(allocator, config->params, config->param_count);
    client->headers = copy_pairs(allocator, config->headers, config->header_count);
    bool is_whole = client->url != NULL && client->token_parameter != NULL &&
                    (client->params != NULL || config->param_count == 0) &&
                    (client->headers != NULL || config->header_count == 0);
    client->param_count = config->param_count;
    client->header_count = config->header_count;
    return is_whole ? PHX_OK : PHX_ERROR_NO_MEMORY;
}

static void copy_scalars(phx_client *client, const phx_client_config *config)
{
    client->token_place = config->token_place;
    client->on_params = config->on_params;
    client->on_status = config->on_status;
    client->on_error = config->on_error;
    client->user_data = config->user_data;
    client->release_user_data = config->release_user_data;
    client->connect_timeout_ms = or_default(config->connect_timeout_ms, CONNECT_TIMEOUT_MS);
    client->close_timeout_ms = or_default(config->close_timeout_ms, CLOSE_TIMEOUT_MS);
    client->max_frame_bytes = or_default_bytes(config->max_frame_bytes, MAX_FRAME_BYTES);
}

/* --- checks --- */

static bool is_whole_transport(const phx_transport *transport)
{
    return transport->open != NULL && transport->send != NULL && transport->close != NULL &&
           transport->release_connection != NULL;
}

static phx_status check_config(const phx_client_config *config)
{
    if (config->url == NULL || (config->keychain != NULL && config->keychain->read == NULL) ||
        (config->transport != NULL && !is_whole_transport(config->transport)) ||
        (config->params == NULL && config->param_count > 0) ||
        (config->headers == NULL && config->header_count > 0)) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    phxi_url url;
    const char *reason = NULL;
    phx_status status = phxi_url_parse(config->url, &url, &reason);
    if (status != PHX_OK) {
        return status;
    }
    if (!url.is_websocket) {
        return PHX_ERROR_INVALID_URL;
    }
    bool is_exposed = config->keychain != NULL && !url.is_secure && !phxi_url_is_loopback(&url);
    return is_exposed && !config->allow_insecure ? PHX_ERROR_INSECURE : PHX_OK;
}

/* --- birth --- */

static phx_status new_engine(phx_client *client, const phx_client_config *config)
{
    uint64_t seeds[3];
    const phx_random *random = phx_loop_random(client->loop);
    phx_status status = random->fill(random->user_data, (uint8_t *)seeds, sizeof seeds);
    if (status != PHX_OK) {
        return status;
    }
    phxi_engine_config engine = {
        .allocator = client->allocator,
        .random_seed = seeds[0],
        .hash_seed = {seeds[1], seeds[2]},
        .reconnect = config->reconnect,
        .rejoin = config->rejoin,
        .connect_timeout_ms = client->connect_timeout_ms,
        .heartbeat_interval_ms = or_default(config->heartbeat_interval_ms, HEARTBEAT_INTERVAL_MS),
        .heartbeat_timeout_ms = or_default(config->heartbeat_timeout_ms, HEARTBEAT_TIMEOUT_MS),
        .probe_timeout_ms = or_default(config->probe_timeout_ms, PROBE_TIMEOUT_MS),
        .push_timeout_ms = or_default(config->push_timeout_ms, PUSH_TIMEOUT_MS),
        .close_timeout_ms = client->close_timeout_ms,
        .max_frame_bytes = client->max_frame_bytes,
        .max_queued_bytes = or_default_bytes(config->max_queued_bytes, MAX_QUEUED_BYTES),
        .max_queued_pushes = or_default(config->max_queued_pushes, MAX_QUEUED_PUSHES),
        .max_channels = or_default(config->max_channels, MAX_CHANNELS),
        .recorder_bytes = config->recorder_bytes,
    };
    phxi_backoff_resolve(&engine.reconnect, RECONNECT_BASE_MS);
    phxi_backoff_resolve(&engine.rejoin, REJOIN_BASE_MS);
    phxi_map_init(&client->subscriptions, client->allocator, engine.hash_seed);
    return phxi_engine_new(&engine, &client->engine);
}

static phx_status take_transport(phx_client *client, const phx_client_config *config)
{
    if (config->transport == NULL) {
        return phx_platform_transport(client->loop, config->tls, config->network,
                                      &client->transport);
    }
    client->transport = config->transport;
    return PHX_OK;
}

/* All that was made, and nothing of what the caller still owns. */
static void free_client(phx_client *client)
{
    phx_loop *loop = client->loop;
    phxi_engine_free(client->engine);
    phxi_map_free(&client->subscriptions);
    if (client->transport != NULL && client->transport->release != NULL) {
        client->transport->release(client->transport->user_data);
    }
    phx_keychain_release(client->keychain);
    phxi_free(client->allocator, client->url);
    phxi_free(client->allocator, client->token_parameter);
    phxi_free(client->allocator, client->params);
    phxi_free(client->allocator, client->headers);
    (void)pthread_mutex_destroy(&client->lock);
    phxi_free(client->allocator, client);
    phx_loop_release(loop);
}

static void release_ports(const phx_client_config *config)
{
    phx_keychain_release(config->keychain);
    if (config->transport != NULL && config->transport->release != NULL) {
        config->transport->release(config->transport->user_data);
    }
}

static phx_status take_loop(const phx_client_config *config, phx_loop **out_loop)
{
    if (config->loop == NULL) {
        return phx_platform_loop_new(config->loop_config, config->network, out_loop);
    }
    phx_loop_retain(config->loop);
    *out_loop = config->loop;
    return PHX_OK;
}

static void run_start(void *user_data)
{
    phx_client *client = user_data;
    phx_loop_add_source(client->loop, &client->source);
}

/* The loop may be shared and running: its sources are its own thread's. Nothing of the client gets
 * there before this task. */
static void start_source(phx_client *client)
{
    client->source = (phx_loop_source){
        .user_data = client, .turn = phxi_client_turn, .deadline_ms = phxi_client_deadline_ms};
    client->control_task = (phx_loop_task){.user_data = client, .run = phxi_client_run_control};
    atomic_init(&client->next_id, 1);
    phxi_client_publish(client, phx_loop_now_ms(client->loop));
    client->start_task = (phx_loop_task){.user_data = client, .run = run_start};
    phx_loop_finish(client->loop, &client->start_task);
}

static phx_client *allocate(const phx_client_config *config, phx_loop *loop)
{
    const phx_allocator *allocator = phx_loop_allocator(loop);
    phx_client *client = phxi_alloc_zero(allocator, sizeof *client);
    if (client != NULL && pthread_mutex_init(&client->lock, NULL) != 0) {
        phxi_free(allocator, client);
        client = NULL;
    }
    if (client != NULL) {
        client->allocator = allocator;
        client->loop = loop;
        copy_scalars(client, config);
    }
    return client;
}

phx_status phx_client_new(const phx_client_config *given, phx_client **out_client)
{
    *out_client = NULL;
    phx_client_config config;
    phxi_config_copy(&config, sizeof config, given);
    phx_loop *loop = NULL;
    phx_status status = check_config(&config);
    if (status == PHX_OK) {
        status = take_loop(&config, &loop);
    }
    if (status != PHX_OK) {
        release_ports(&config);
        return status;
    }
    phx_client *client = allocate(&config, loop);
    if (client == NULL) {
        release_ports(&config);
        phx_loop_release(loop);
        return PHX_ERROR_NO_MEMORY;
    }
    client->keychain = config.keychain;
    client->transport = config.transport;
    status = copy_texts(client, &config);
    if (status == PHX_OK) {
        status = new_engine(client, &config);
    }
    if (status == PHX_OK) {
        status = take_transport(client, &config);
    }
    if (status != PHX_OK) {
        free_client(client);
        return status;
    }
    start_source(client);
    *out_client = client;
    return PHX_OK;
}

/* --- death --- */

static void run_release(void *user_data)
{
    phx_client *client = user_data;
    pthread_mutex_lock(&client->lock);
    bool has_commands = client->commands_pending > 0 || client->is_control_posted;
    pthread_mutex_unlock(&client->lock);
    if (has_commands) {
        phx_loop_finish(client->loop, &client->release_task); /* behind them */
        return;
    }
    phxi_engine_shut_down(client->engine, phx_loop_now_ms(client->loop));
    phxi_client_drain(client);
    phxi_client_drop_connection(client);
    phx_loop_remove_source(client->loop, &client->source);
    void (*release_user_data)(void *) = client->release_user_data;
    void *client_user_data = client->user_data;
    phx_loop *loop = client->loop;
    phx_loop_retain(loop);
    free_client(client);
    if (release_user_data != NULL) {
        release_user_data(client_user_data);
    }
    phx_loop_release(loop);
}

void phx_client_release(phx_client *client)
{
    if (client == NULL) {
        return;
    }
    pthread_mutex_lock(&client->lock);
    client->is_closing = true;
    pthread_mutex_unlock(&client->lock);
    client->release_task = (phx_loop_task){.user_data = client, .run = run_release};
    phx_loop *loop = client->loop;
    phx_loop_retain(loop);
    phx_loop_finish(loop, &client->release_task);
    phx_loop_release(loop);
}

/* --- pumping --- */

phx_status phx_client_poll(phx_client *client, uint32_t timeout_ms)
{
    return phx_loop_poll(client->loop, timeout_ms);
}

phx_status phx_client_run(phx_client *client)
{
    return phx_loop_run(client->loop);
}

phx_status phx_client_start(phx_client *client)
{
    return phx_loop_start(client->loop);
}

void phx_client_stop(phx_client *client)
{
    phx_loop_stop(client->loop);
}

phx_loop *phx_client_loop(phx_client *client)
{
    return client->loop;
}

/* --- what any thread may read --- */

void phx_client_read_status(phx_client *client, phx_client_status *out_status)
{
    uint64_t now_ms = phx_loop_now_ms(client->loop);
    pthread_mutex_lock(&client->lock);
    phx_client_status status = client->status;
    memcpy(client->read_message, client->status_message, sizeof client->read_message);
    status.error.message = client->read_message;
    bool is_ahead = status.next_attempt_in_ms > 0 && client->next_attempt_ms > now_ms;
    status.next_attempt_in_ms = is_ahead ? (uint32_t)(client->next_attempt_ms - now_ms) : 0;
    pthread_mutex_unlock(&client->lock);
    uint32_t struct_size = out_status->struct_size;
    if (struct_size == 0 || struct_size > sizeof status) {
        struct_size = (uint32_t)sizeof status;
    }
    status.struct_size = struct_size;
    memcpy(out_status, &status, struct_size);
}

phx_status phx_client_dump_recording(phx_client *client, phx_recording_write_fn write,
                                     void *user_data)
{
    return phxi_engine_dump_recording(client->engine, write, user_data);
}

void phx_client_read_metrics(phx_client *client, phx_client_metrics *out_metrics)
{
    uint32_t struct_size = out_metrics->struct_size;
    pthread_mutex_lock(&client->lock);
    phx_client_metrics metrics = client->metrics;
    pthread_mutex_unlock(&client->lock);
    if (struct_size == 0 || struct_size > sizeof metrics) {
        struct_size = (uint32_t)sizeof metrics;
    }
    metrics.struct_size = struct_size;
    memcpy(out_metrics, &metrics, struct_size);
}
