/* SPDX-License-Identifier: MIT */
/*
 * The feed: live events into the store, pages for the sync, batches to the app.
 */
#include <stdio.h>

#include "community/live.h"
#include "runtime/community_client.h"

static void on_undecodable(community_client *client, phx_status status, phx_slice event,
                           const char *reason)
{
    if (status != PHX_ERROR_NO_MEMORY) {
        communityi_count(client, &client->stats.malformed);
    }
    char message[COMMUNITYI_MESSAGE_BYTES];
    (void)snprintf(message, sizeof message, "an event %.*s was lost: %s", (int)event.length,
                   event.data, reason != NULL ? reason : phx_status_message(status));
    communityi_sync_lost(client->sync, communityi_client_now_ms(client));
    communityi_report(client, status, message);
}

/* What the event said of the likes is the server's word. */
static void touch_likes(community_client *client, const communityi_live *live)
{
    if (live->post != NULL) {
        communityi_likes_touch(&client->likes, &client->outbox, live->post->id);
    } else if (live->patch->has_liked_by) {
        communityi_likes_touch(&client->likes, &client->outbox,
                               (phx_slice){live->patch->id, live->patch->id_length});
    }
}

/* One reading of the clock does for all messages of a turn. */
static uint64_t message_ms(community_client *client)
{
    if (client->burst_ms == 0) {
        client->burst_ms = communityi_client_now_ms(client);
    }
    return client->burst_ms;
}

static void on_live(community_client *client, communityi_live_kind kind, const phx_message *message)
{
    communityi_live live = {.kind = kind};
    const char *reason = "its payload is binary";
    phx_status status = PHX_ERROR_MALFORMED_FRAME;
    bool is_changed = false;
    if (!message->is_binary) {
        status = communityi_live_decode(&client->allocator, kind, message->payload, &live, &reason);
    }
    if (status == PHX_OK) {
        reason = NULL;
        touch_likes(client, &live);
        status = communityi_sync_live(client->sync, &live, message_ms(client), &is_changed);
    }
    communityi_live_free(&client->allocator, &live);
    communityi_count(client, &client->stats.events);
    if (status != PHX_OK) {
        on_undecodable(client, status, message->event, reason);
    } else if (!is_changed) {
        communityi_count(client, &client->stats.events_without_effect);
    }
}

void communityi_feed_on_message(void *user_data, const phx_message *message)
{
    community_client *client = user_data;
    if (message->channel.id != client->channel.id) {
        return; /* of a channel that was left */
    }
    client->needs_turn = true;
    communityi_live_kind kind = communityi_live_kind_of(message->event);
    if (kind != COMMUNITYI_LIVE_UNKNOWN) {
        on_live(client, kind, message);
    } else if (client->config.on_event != NULL && communityi_client_is_live(client)) {
        const community_event event = {
            .struct_size = (uint32_t)sizeof event,
            .name = message->event,
            .payload = message->payload,
            .is_binary = message->is_binary,
        };
        client->config.on_event(client->config.user_data, &event);
    }
}

static void on_page_failed(community_client *client, uint64_t page_id, const phx_error *error)
{
    communityi_older_failed(client, error);
    communityi_status_set_error(client, error);
    if (communityi_sync_failed(client->sync, page_id, error->status, error->retry_after_ms,
                               communityi_client_now_ms(client)) ||
        communityi_http_is_token_failure(error->status)) {
        communityi_link_handle(client, COMMUNITYI_EVENT_REFUSED);
    }
}

static void on_page_answered(community_client *client, uint64_t page_id,
                             const phx_http_response *response)
{
    const char *reason = NULL;
    uint64_t renewals = communityi_sync_renewals(client->sync);
    phx_status status =
        communityi_sync_answer(client->sync, page_id, response->body, response->body_length,
                               communityi_client_now_ms(client), &reason);
    if (communityi_sync_renewals(client->sync) != renewals) {
        communityi_likes_touch(&client->likes, &client->outbox, (phx_slice){NULL, 0});
    }
    if (status != PHX_OK) {
        const phx_error error = {.struct_size = (uint32_t)sizeof error,
                                 .status = status,
                                 .http_status = response->error.http_status,
                                 .message = reason};
        communityi_status_set_error(client, &error);
        communityi_report(client, status, client->error_message);
    }
}

static void on_page(void *user_data, const phx_http_response *response)
{
    community_client *client = user_data;
    uint64_t page_id = client->page_id;
    client->needs_turn = true;
    client->page_id = 0;
    client->page_http_id = 0;
    communityi_answer answer;
    communityi_rest_refusal(response, &answer);
    if (answer.result.error.status != PHX_OK) {
        on_page_failed(client, page_id, &answer.result.error);
    } else {
        on_page_answered(client, page_id, response);
    }
    communityi_feed_pump(client);
}

static void send_page(community_client *client, const communityi_sync_page *page)
{
    const communityi_call call = {
        .kind = COMMUNITYI_CALL_LIST_POSTS,
        .post_id = {page->before_id, page->before_length},
        .limit = page->limit,
    };
    client->page_id = page->id;
    phx_status status = communityi_http_send(client, &call, page->is_refresh, NULL, on_page, client,
                                             &client->page_http_id);
    if (status != PHX_OK) {
        const phx_error error = {.struct_size = (uint32_t)sizeof error, .status = status};
        client->page_id = 0;
        on_page_failed(client, page->id, &error);
    }
}

void communityi_feed_pump(community_client *client)
{
    communityi_sync_page page = communityi_sync_wanted(client->sync);
    if (page.id == client->page_id) {
        return;
    }
    if (client->page_id != 0) {
        client->http->cancel(client->http->user_data, client->page_http_id);
        client->page_id = 0;
        client->page_http_id = 0;
    }
    if (page.id != 0) {
        send_page(client, &page);
    }
}

static void publish_snapshot(community_client *client, const community_snapshot *snapshot)
{
    const community_snapshot *next = community_snapshot_retain(snapshot);
    communityi_client_lock(client);
    const community_snapshot *previous = client->snapshot;
    client->snapshot = next;
    client->stats.batches++;
    communityi_client_unlock(client);
    community_snapshot_release(previous);
}

void communityi_feed_flush(community_client *client)
{
    communityi_client_lock(client);
    client->stats.syncs = communityi_sync_count(client->sync);
    client->stats.pages = communityi_sync_page_count(client->sync);
    communityi_client_unlock(client);
    community_batch batch;
    if (!communityi_client_is_live(client) ||
        !communityi_store_begin_batch(client->store, &batch)) {
        return;
    }
    publish_snapshot(client, batch.snapshot);
    if (client->config.on_change != NULL) {
        client->config.on_change(client->config.user_data, &batch);
    }
    communityi_store_end_batch(client->store, &batch);
}

const community_snapshot *community_client_snapshot(community_client *client)
{
    communityi_client_lock(client);
    const community_snapshot *snapshot = community_snapshot_retain(client->snapshot);
    communityi_client_unlock(client);
    return snapshot;
}
