/* SPDX-License-Identifier: MIT */
/*
 * A community_client's birth, its turns on the loop, and its end.
 */
#include "runtime/community_client.h"

#include <phx/platform.h>
#include <string.h>

#include "support/alloc.h"
#include "support/config.h"
#include "wire/url.h"

enum {
    DEFAULT_MAX_POSTS = 1000,
    DEFAULT_PAGE_POSTS = 50,
    DEFAULT_REQUEST_TIMEOUT_MS = 15000,
    DEFAULT_MAX_REQUESTS = 64,
    MAX_NOTED_IDS = 4096,
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

void communityi_client_reference(community_client *client)
{
    client->references++;
}

void communityi_client_unreference(community_client *client)
{
    bool is_last = --client->references == 0;
    communityi_client_unlock(client);
    if (is_last) {
        (void)pthread_mutex_destroy(&client->lock);
        phx_allocator allocator = client->allocator;
        phxi_free(&allocator, client);
    }
}

/* What a client holds but its memory and its phx_client. */
static void let_go(community_client *client)
{
    communityi_sync_free(client->sync);
    communityi_store_free(client->store);
    community_snapshot_release(client->snapshot);
    if (client->http != NULL && client->http->release != NULL) {
        client->http->release(client->http->user_data);
    }
    phx_keychain_release(client->keychain);
    if (client->api_url != NULL) {
        phxi_free(&client->allocator, client->api_url);
    }
}

static void turn(void *user_data, uint64_t now_ms)
{
    community_client *client = user_data;
    client->needs_turn = false;
    communityi_mailbox_empty(client);
    communityi_link_turn(client, now_ms);
    communityi_sync_advance(client->sync, now_ms);
    communityi_feed_pump(client);
    communityi_feed_flush(client);
    communityi_status_publish(client);
}

static uint64_t deadline_ms(void *user_data)
{
    const community_client *client = user_data;
    if (client->needs_turn) {
        return 0;
    }
    uint64_t link_ms = communityi_link_deadline_ms(client);
    uint64_t sync_ms = communityi_sync_deadline_ms(client->sync);
    return link_ms < sync_ms ? link_ms : sync_ms;
}

static void run_start(void *user_data)
{
    community_client *client = user_data;
    if (client->is_http_stock) {
        client->http_status = phx_http_curl(client->loop, client->tls, &client->http);
    }
    client->tls = NULL;
    phx_loop_add_source(client->loop, &client->source);
    communityi_client_lock(client);
    client->is_started = true;
    communityi_client_unreference(client);
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

static phx_status check(const community_config *config)
{
    if (config->url == NULL || config->keychain == NULL || config->keychain->read == NULL) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    if (config->http != NULL && (config->http->send == NULL || config->http->cancel == NULL)) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    return check_api_url(config);
}
