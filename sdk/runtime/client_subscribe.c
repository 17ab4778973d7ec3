/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions: made and ended on the loop's thread between messages, never during one.
 */
#include <string.h>

#include "runtime/client_commands.h"
#include "runtime/client_types.h"
#include "support/alloc.h"

enum {
    MAX_EVENT_BYTES = 255
};

typedef struct subscribe_command {
    phxi_command base;
    uint64_t channel_id;
    phxi_subscription *subscription;
} subscribe_command;

typedef struct unsubscribe_command {
    phxi_command base;
    uint64_t id;
} unsubscribe_command;

static void free_subscription(phx_client *client, phxi_subscription *subscription)
{
    if (subscription->release_user_data != NULL) {
        subscription->release_user_data(subscription->user_data);
    }
    phxi_free(client->allocator, subscription);
}

void phxi_subscription_end(phx_client *client, phxi_subscription *subscription)
{
    phxi_channel_record *record = subscription->record;
    phxi_subscription *before = NULL;
    phxi_subscription *at = record->first_subscription;
    while (at != subscription) {
        before = at;
        at = at->next;
    }
    if (before != NULL) {
        before->next = subscription->next;
    } else {
        record->first_subscription = subscription->next;
    }
    if (record->last_subscription == subscription) {
        record->last_subscription = before;
    }
    phxi_map_remove(&client->subscriptions, &subscription->by_id);
    free_subscription(client, subscription);
}

static void run_subscribe(phx_client *client, phxi_command *base, bool is_closing)
{
    subscribe_command *command = PHXI_CONTAINER(subscribe_command, base, base);
    phxi_subscription *subscription = command->subscription;
    phxi_channel_record *record =
        is_closing ? NULL : phxi_engine_channel_user(client->engine, command->channel_id);
    phxi_free(client->allocator, command);
    if (record == NULL) {
        free_subscription(client, subscription);
        return;
    }
    if (phxi_map_reserve(&client->subscriptions, 1) != PHX_OK) {
        const phx_error error = {.struct_size = (uint32_t)sizeof error,
                                 .status = PHX_ERROR_NO_MEMORY,
                                 .message = "a subscription could not be made"};
        phxi_client_report(client, &error);
        free_subscription(client, subscription);
        return;
    }
    subscription->record = record;
    phxi_map_insert(&client->subscriptions, &subscription->by_id, &subscription->id,
                    sizeof subscription->id);
    if (record->last_subscription != NULL) {
        record->last_subscription->next = subscription;
    } else {
        record->first_subscription = subscription;
    }
    record->last_subscription = subscription;
}

static void run_unsubscribe(phx_client *client, phxi_command *base, bool is_closing)
{
    (void)is_closing;
    unsubscribe_command *command = PHXI_CONTAINER(unsubscribe_command, base, base);
    phxi_map_entry *entry = phxi_map_find(&client->subscriptions, &command->id, sizeof command->id);
    phxi_free(client->allocator, command);
    if (entry != NULL) {
        phxi_subscription_end(client, PHXI_CONTAINER(phxi_subscription, by_id, entry));
    }
}

static phxi_subscription *new_subscription(phx_client *client, const phx_subscribe *subscribe)
{
    size_t length = subscribe->event == NULL ? 0 : strlen(subscribe->event);
    phxi_subscription *subscription =
        phxi_alloc_zero(client->allocator, sizeof *subscription + length);
    if (subscription != NULL) {
        if (subscribe->event != NULL) {
            subscription->event = memcpy(subscription + 1, subscribe->event, length);
            subscription->event_length = length;
        }
        subscription->on_message = subscribe->on_message;
        subscription->user_data = subscribe->user_data;
        subscription->release_user_data = subscribe->release_user_data;
        subscription->id = atomic_fetch_add(&client->next_id, 1);
    }
    return subscription;
}

phx_status phx_channel_subscribe(phx_client *client, phx_channel channel,
                                 const phx_subscribe *subscribe, phx_subscription *out_subscription)
{
    out_subscription->id = 0;
    if (subscribe->on_message == NULL ||
        (subscribe->event != NULL && strlen(subscribe->event) > MAX_EVENT_BYTES)) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    phxi_subscription *subscription = new_subscription(client, subscribe);
    subscribe_command *command =
        subscription == NULL ? NULL : phxi_alloc_zero(client->allocator, sizeof *command);
    if (command == NULL) {
        phxi_free(client->allocator, subscription);
        return PHX_ERROR_NO_MEMORY;
    }
    uint64_t id = subscription->id;
    command->base.run = run_subscribe;
    command->channel_id = channel.id;
    command->subscription = subscription;
    phx_status status = phxi_client_post(client, &command->base);
    if (status != PHX_OK) {
        phxi_free(client->allocator, command);
        phxi_free(client->allocator, subscription);
        return status;
    }
    out_subscription->id = id;
    return PHX_OK;
}

phx_status phx_channel_unsubscribe(phx_client *client, phx_subscription subscription)
{
    unsubscribe_command *command = phxi_alloc_zero(client->allocator, sizeof *command);
    if (command == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    command->base.run = run_unsubscribe;
    command->id = subscription.id;
    phx_status status = phxi_client_post(client, &command->base);
    if (status != PHX_OK) {
        phxi_free(client->allocator, command);
    }
    return status;
}
