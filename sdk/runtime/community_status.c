/* SPDX-License-Identifier: MIT */
/*
 * What the client says of itself: status, counters, errors. The status is composed on the loop's
 * thread and published for the others to read.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/community_client.h"
#include "support/config.h"
#include "support/log.h"

void communityi_count(community_client *client, uint64_t *counter)
{
    communityi_client_lock(client);
    (*counter)++;
    communityi_client_unlock(client);
}

void communityi_report(community_client *client, phx_status status, const char *message)
{
    phxi_log(phx_loop_log(client->loop), PHX_LOG_WARNING, "community", "%s", message);
    if (client->config.on_error != NULL && communityi_client_is_live(client)) {
        const phx_error error = {
            .struct_size = (uint32_t)sizeof error, .status = status, .message = message};
        client->config.on_error(client->config.user_data, &error);
    }
}

void communityi_status_set_error(community_client *client, const phx_error *error)
{
    phxi_config_copy(&client->error, sizeof client->error, error);
    const char *message = client->error.message;
    if (message == NULL || message[0] == '\0') {
        message = phx_status_message(client->error.status);
    }
    (void)snprintf(client->error_message, sizeof client->error_message, "%s", message);
    client->error.struct_size = (uint32_t)sizeof client->error;
    client->error.message = client->error_message;
}

static void clear_error(community_client *client)
{
    const phx_error none = {.status = PHX_OK};
    /* A client that is new has no message yet. */
    bool is_clear = client->error.status == PHX_OK && client->error_message[0] != '\0';
    if (!is_clear) {
        communityi_status_set_error(client, &none);
    }
}

/* Live only once the app has the batch that made it so. */
static community_freshness current_freshness(const community_client *client)
{
    community_freshness freshness = communityi_sync_freshness(client->sync);
    bool was_live = client->published.freshness == COMMUNITY_LIVE;
    if (freshness == COMMUNITY_LIVE && !was_live && communityi_store_has_changes(client->store)) {
        return COMMUNITY_SYNCING;
    }
    return freshness;
}

static void follow_freshness(community_client *client, community_freshness freshness)
{
    bool is_well = freshness == COMMUNITY_LIVE || freshness == COMMUNITY_UNSYNCED;
    if (is_well) {
        client->is_filled = true;
        clear_error(client);
    }
    if (freshness == COMMUNITY_LIVE) {
        client->stale_since_ms = 0;
    } else if (!is_well && client->is_filled && client->stale_since_ms == 0) {
        client->stale_since_ms = phx_loop_wall_ms(client->loop);
    }
}

static bool is_same_error(const phx_error *a, const phx_error *b)
{
    return a->status == b->status && a->http_status == b->http_status &&
           a->close_code == b->close_code && a->os_code == b->os_code &&
           a->retry_after_ms == b->retry_after_ms && strcmp(a->message, b->message) == 0;
}

static bool is_same(const community_client *client, const community_status *status)
{
    const community_status *published = &client->published;
    return status->state == published->state && status->freshness == published->freshness &&
           status->stale_since_ms == published->stale_since_ms &&
           status->attempts == published->attempts && status->is_closing == published->is_closing &&
           client->next_attempt_at_ms == client->published_next_at_ms &&
           is_same_error(&status->error, &published->error);
}

static uint32_t milliseconds_until(const community_client *client, uint64_t at_ms)
{
    uint64_t now_ms = at_ms == 0 ? 0 : communityi_client_now_ms(client);
    return at_ms > now_ms ? (uint32_t)(at_ms - now_ms) : 0;
}

static void keep(community_client *client, const community_status *status)
{
    communityi_client_lock(client);
    client->published = *status;
    memcpy(client->published_message, client->error_message, sizeof client->published_message);
    client->published.error.message = client->published_message;
    client->published_next_at_ms = client->next_attempt_at_ms;
    communityi_client_unlock(client);
}

void communityi_status_publish(community_client *client)
{
    if (!communityi_client_is_live(client)) {
        return;
    }
    community_freshness freshness = current_freshness(client);
    follow_freshness(client, freshness);
    community_status status = {
        .struct_size = (uint32_t)sizeof status,
        .state = client->lifecycle.state,
        .freshness = freshness,
        .stale_since_ms = client->stale_since_ms,
        .error = client->error,
        .attempts = client->attempts,
        .next_attempt_in_ms = milliseconds_until(client, client->next_attempt_at_ms),
        .is_closing = client->phx_state == PHX_CLIENT_CLOSING || client->is_close_ordered,
    };
    if (is_same(client, &status)) {
        return;
    }
    keep(client, &status);
    if (client->config.on_status != NULL) {
        client->config.on_status(client->config.user_data, &status);
    }
}

/* A caller that sets struct_size may be older than the library; one that does not is of its
 * version. */
static void copy_out(void *out, void *from, uint32_t from_size)
{
    uint32_t struct_size = 0;
    memcpy(&struct_size, out, sizeof struct_size);
    if (struct_size == 0 || struct_size > from_size) {
        struct_size = from_size;
    }
    memcpy(from, &struct_size, sizeof struct_size);
    memcpy(out, from, struct_size);
}

void community_client_read_status(community_client *client, community_status *out_status)
{
    communityi_client_lock(client);
    community_status status = client->published;
    memcpy(client->read_message, client->published_message, sizeof client->read_message);
    uint64_t next_at_ms = client->published_next_at_ms;
    communityi_client_unlock(client);
    status.error.message = client->read_message;
    status.next_attempt_in_ms = milliseconds_until(client, next_at_ms);
    copy_out(out_status, &status, (uint32_t)sizeof status);
}

void community_client_read_stats(community_client *client, community_stats *out_stats)
{
    communityi_client_lock(client);
    community_stats stats = client->stats;
    communityi_client_unlock(client);
    copy_out(out_stats, &stats, (uint32_t)sizeof stats);
}
