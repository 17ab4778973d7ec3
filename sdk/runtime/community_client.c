/* SPDX-License-Identifier: MIT */
/*
 * A community_client's birth, its turns on the loop, and its end.
 */
#include "runtime/community_outbox.h"

#include <phx/platform.h>
#include <string.h>

#include "community/outbox_list.h"
#include "support/alloc.h"
#include "support/config.h"
#include "wire/url.h"

enum {
    DEFAULT_MAX_POSTS = 1000,
    /* An event that is on its way while the first page is answered is of a post in that page then,
     * and finds its place; below so few it would come to stand above newer ones. */
    MIN_INITIAL_POSTS = 10,
    DEFAULT_PAGE_POSTS = 50,
    DEFAULT_REQUEST_TIMEOUT_MS = 15000,
    DEFAULT_MAX_REQUESTS = 64,
    MAX_NOTED_IDS = 4096,
    DEFAULT_OUTBOX_ITEMS = 100,
    DEFAULT_OUTBOX_BYTES = 1 << 20,
    DEFAULT_OUTBOX_EXPIRES_MS = 24 * 60 * 60 * 1000,
};

void community_config_init_sized(community_config *config, uint32_t struct_size)
{
    phxi_config_init(config, struct_size);
}

void communityi_client_lock(community_client *client)
{
    pthread_mutex_lock(&client->lock);
}

void communityi_client_unlock(community_client *client)
{
    pthread_mutex_unlock(&client->lock);
}

uint64_t communityi_client_now_ms(const community_client *client)
{
    return phx_loop_now_ms(client->loop);
}

bool communityi_client_is_live(community_client *client)
{
    communityi_client_lock(client);
    bool is_live = !client->is_released;
    communityi_client_unlock(client);
    return is_live;
}

/* What a client holds but its memory and its phx_client. */
static void let_go(community_client *client)
{
    communityi_cache_free(client);
    communityi_storage_free(client);
    communityi_sync_free(client->sync);
    communityi_likes_free(&client->likes);
    community_outbox_release(client->outbox_list);
    communityi_store_free(client->store);
    community_snapshot_release(client->snapshot);
    if (client->http != NULL && client->http->release != NULL) {
        client->http->release(client->http->user_data);
    }
    phx_keychain_release(client->keychain);
    phxi_free(&client->allocator, client->user_id);
    phxi_free(&client->allocator, client->api_url);
}

static uint64_t earlier(uint64_t a_ms, uint64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

static uint64_t deadline_ms(void *user_data)
{
    const community_client *client = user_data;
    if (client->needs_turn) {
        return 0;
    }
    uint64_t connection_ms =
        earlier(communityi_link_deadline_ms(client), communityi_sync_deadline_ms(client->sync));
    uint64_t kept_ms = earlier(communityi_storage_deadline_ms(client),
                               communityi_outbox_deadline_ms(&client->outbox));
    return earlier(connection_ms, kept_ms);
}

/* An outbox, which may lack memory for what it wants, takes every turn that there is. */
static bool has_work(community_client *client, uint64_t now_ms)
{
    return deadline_ms(client) <= now_ms || client->outbox.first != NULL ||
           client->is_outbox_changed;
}

static void turn(void *user_data, uint64_t now_ms)
{
    community_client *client = user_data;
    if (!has_work(client, now_ms)) {
        return; /* the loop's turn is for others */
    }
    client->needs_turn = false;
    client->burst_ms = 0;
    communityi_storage_begin_turn(client);
    communityi_mailbox_empty(client);
    communityi_link_turn(client, now_ms);
    communityi_outbox_pump(client, NULL, NULL);
    communityi_sync_advance(client->sync, now_ms);
    communityi_older_ask(client);
    communityi_feed_pump(client);
    communityi_outbox_show_likes(client);
    communityi_feed_flush(client);
    communityi_outbox_flush(client);
    communityi_older_settle(client);
    communityi_status_publish(client);
    communityi_storage_end_turn(client, now_ms);
}

static phx_status check_api_url(const community_config *config)
{
    if (config->api_url == NULL) {
        return PHX_OK;
    }
    phxi_url url;
    const char *reason = NULL;
    phx_status status = phxi_url_parse(config->api_url, &url, &reason);
    if (status == PHX_OK && (url.is_websocket || url.query.data != NULL)) {
        status = PHX_ERROR_INVALID_URL;
    }
    if (status == PHX_OK && !url.is_secure && !config->allow_insecure &&
        !phxi_url_is_loopback(&url)) {
        status = PHX_ERROR_INSECURE;
    }
    return status;
}

static phx_status check_storage(const community_config *config)
{
    const community_storage *storage = config->storage;
    if (storage == NULL) {
        return PHX_OK;
    }
    bool is_whole = storage->open != NULL && storage->read != NULL && storage->change != NULL &&
                    storage->wipe != NULL;
    return is_whole && config->user_id != NULL && config->user_id[0] != '\0'
               ? PHX_OK
               : PHX_ERROR_INVALID_ARGUMENT;
}

static phx_status check(const community_config *config)
{
    if (config->url == NULL || config->keychain == NULL || config->keychain->read == NULL) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    if (config->http != NULL && (config->http->send == NULL || config->http->cancel == NULL)) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    phx_status status = check_storage(config);
    return status == PHX_OK ? check_api_url(config) : status;
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

static phx_status take_loop(const community_config *config, phx_loop **out_loop)
{
    if (config->loop == NULL) {
        return phx_platform_loop_new(config->loop_config, config->network, out_loop);
    }
    phx_loop_retain(config->loop);
    *out_loop = config->loop;
    return PHX_OK;
}

static void set_defaults(community_client *client)
{
    community_config *config = &client->config;
    config->max_posts = or_default(config->max_posts, DEFAULT_MAX_POSTS);
    config->initial_posts = or_default(config->initial_posts, config->max_posts);
    if (config->initial_posts < MIN_INITIAL_POSTS) {
        config->initial_posts = MIN_INITIAL_POSTS;
    }
    config->page_posts = or_default(config->page_posts, DEFAULT_PAGE_POSTS);
    config->request_timeout_ms = or_default(config->request_timeout_ms, DEFAULT_REQUEST_TIMEOUT_MS);
    config->max_requests = or_default(config->max_requests, DEFAULT_MAX_REQUESTS);
    config->outbox_max_items = or_default(config->outbox_max_items, DEFAULT_OUTBOX_ITEMS);
    config->outbox_max_bytes = or_default(config->outbox_max_bytes, DEFAULT_OUTBOX_BYTES);
    config->outbox_expires_ms = or_default(config->outbox_expires_ms, DEFAULT_OUTBOX_EXPIRES_MS);
    communityi_lifecycle_init(&client->lifecycle);
    communityi_mailbox_init(client);
    client->rejoin_at_ms = UINT64_MAX;
    client->error.message = client->error_message;
    client->published = (community_status){
        .struct_size = (uint32_t)sizeof client->published,
        .error = {.struct_size = (uint32_t)sizeof client->error,
                  .message = client->published_message},
    };
    client->stats.struct_size = (uint32_t)sizeof client->stats;
}

static phx_status make_outbox(community_client *client, uint64_t seed)
{
    communityi_outbox_init(&client->outbox, client->config.outbox_expires_ms,
                           client->config.is_backend_idempotent, seed);
    const char *user_id = client->user_id;
    communityi_likes_init(&client->likes, &client->allocator, client->store,
                          (phx_slice){user_id, user_id == NULL ? 0 : strlen(user_id)});
    client->outbox_list = communityi_outbox_list_new(&client->allocator, &client->outbox);
    return client->outbox_list == NULL ? PHX_ERROR_NO_MEMORY : PHX_OK;
}

static phx_status make_parts(community_client *client)
{
    uint64_t seeds[4];
    const phx_random *random = phx_loop_random(client->loop);
    phx_status status = random->fill(random->user_data, (uint8_t *)seeds, sizeof seeds);
    if (status != PHX_OK) {
        return status;
    }
    communityi_retry_init(&client->rejoin_retry, seeds[2]);
    communityi_cache_init(client, seeds);
    status =
        communityi_store_new(&client->allocator, client->config.max_posts, seeds, &client->store);
    if (status != PHX_OK) {
        return status;
    }
    client->snapshot = communityi_store_snapshot(client->store);
    status = make_outbox(client, seeds[3]);
    if (status != PHX_OK) {
        return status;
    }
    const communityi_sync_config sync = {
        .allocator = &client->allocator,
        .store = client->store,
        .max_posts = client->config.max_posts,
        .initial_posts = client->config.initial_posts < client->config.max_posts
                             ? client->config.initial_posts
                             : client->config.max_posts,
        .page_posts = client->config.page_posts,
        .max_noted_ids = MAX_NOTED_IDS,
        .has_pages = client->api_url != NULL,
        .seed = {seeds[0], seeds[1]},
    };
    return communityi_sync_new(&sync, &client->sync);
}

static phx_status take_user_id(community_client *client, const community_config *config)
{
    const char *user_id = config->user_id;
    if (user_id == NULL) {
        return PHX_OK;
    }
    client->user_id = phxi_copy_text(&client->allocator, user_id, strlen(user_id));
    return client->user_id == NULL ? PHX_ERROR_NO_MEMORY : PHX_OK;
}

static phx_status take_rest(community_client *client, const community_config *config)
{
    client->http = config->http;
    if (config->api_url == NULL) {
        return PHX_OK;
    }
    client->api_url = phxi_copy_text(&client->allocator, config->api_url, strlen(config->api_url));
    if (client->api_url == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    return client->http == NULL
               ? phx_http_curl(client->loop, config->tls, config->network, &client->http)
               : PHX_OK;
}

/* NULL: no memory, and nothing was taken. */
static community_client *allocate(const community_config *config, phx_loop *loop)
{
    const phx_allocator *allocator = phx_loop_allocator(loop);
    community_client *client = phxi_alloc_zero(allocator, sizeof *client);
    if (client != NULL && pthread_mutex_init(&client->lock, NULL) != 0) {
        phxi_free(allocator, client);
        client = NULL;
    }
    if (client != NULL) {
        client->allocator = *allocator;
        client->loop = loop;
        client->config = *config;
        client->keychain = config->keychain;
        client->source =
            (phx_loop_source){.user_data = client, .turn = turn, .deadline_ms = deadline_ms};
    }
    return client;
}

static void free_client(community_client *client)
{
    phx_loop *loop = client->loop;
    phx_allocator allocator = client->allocator;
    let_go(client);
    (void)pthread_mutex_destroy(&client->lock);
    phxi_free(&allocator, client);
    phx_loop_release(loop);
}

static void release_transport(const community_config *config)
{
    if (config->transport != NULL && config->transport->release != NULL) {
        config->transport->release(config->transport->user_data);
    }
}

/* All that was given is consumed, whatever comes of it. */
static void release_ports(const community_config *config)
{
    release_transport(config);
    if (config->http != NULL && config->http->release != NULL) {
        config->http->release(config->http->user_data);
    }
    community_storage_release(config->storage);
    if (config->keychain != NULL) {
        phx_keychain_release(config->keychain);
    }
}

phx_status community_client_new(const community_config *given, community_client **out_client)
{
    *out_client = NULL;
    community_config config;
    phxi_config_copy(&config, sizeof config, given);
    phx_loop *loop = NULL;
    phx_status status = check(&config);
    if (status == PHX_OK) {
        status = take_loop(&config, &loop);
    }
    community_client *client = status == PHX_OK ? allocate(&config, loop) : NULL;
    if (client == NULL) {
        release_ports(&config);
        phx_loop_release(loop);
        return status == PHX_OK ? PHX_ERROR_NO_MEMORY : status;
    }
    set_defaults(client);
    status = communityi_storage_init(client, &config);
    phx_status rest_status = take_rest(client, &config);
    status = status == PHX_OK ? rest_status : status;
    if (status == PHX_OK) {
        status = take_user_id(client, &config);
    }
    if (status == PHX_OK) {
        status = make_parts(client);
    }
    if (status != PHX_OK) {
        release_transport(&config);
    } else {
        status = communityi_link_new(client, &config); /* takes the transport */
    }
    if (status != PHX_OK) {
        free_client(client);
        return status;
    }
    phx_loop_add_source(loop, &client->source);
    *out_client = client;
    return PHX_OK;
}

void communityi_client_end(community_client *client)
{
    void (*release_user_data)(void *) = client->config.release_user_data;
    void *user_data = client->config.user_data;
    phx_loop *loop = client->loop;
    phx_loop_retain(loop);
    free_client(client);
    if (release_user_data != NULL) {
        release_user_data(user_data);
    }
    phx_loop_release(loop);
}

static void run_release(void *user_data)
{
    community_client *client = user_data;
    communityi_sync_end(client->sync);
    communityi_feed_pump(client);
    communityi_outbox_close(client);
    communityi_operations_close(client);
    communityi_storage_close(client);
    phx_loop_remove_source(client->loop, &client->source);
    /* Ends with communityi_client_end, behind a mailbox's task that may still be queued. */
    phx_client_release(client->phx);
}

void community_client_release(community_client *client)
{
    if (client == NULL) {
        return;
    }
    communityi_client_lock(client);
    client->is_released = true;
    communityi_client_unlock(client);
    client->release_task = (phx_loop_task){.user_data = client, .run = run_release};
    phx_loop *loop = client->loop;
    phx_loop_retain(loop);
    phx_loop_finish(loop, &client->release_task);
    phx_loop_release(loop);
}

phx_status community_client_poll(community_client *client, uint32_t timeout_ms)
{
    return phx_loop_poll(client->loop, timeout_ms);
}

phx_status community_client_run(community_client *client)
{
    return phx_loop_run(client->loop);
}

phx_status community_client_start(community_client *client)
{
    return phx_loop_start(client->loop);
}

void community_client_stop(community_client *client)
{
    phx_loop_stop(client->loop);
}

phx_loop *community_client_loop(community_client *client)
{
    return client->loop;
}
