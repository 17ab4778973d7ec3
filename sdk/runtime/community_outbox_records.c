/* SPDX-License-Identifier: MIT */
/*
 * The outbox's records in the client's storage. Without a storage nothing is kept, and nothing
 * fails.
 */
#include <string.h>

#include "community/outbox_record.h"
#include "runtime/community_outbox.h"
#include "support/alloc.h"

enum {
    MAX_RECORD_BYTES = 32 << 20
};

static phx_slice key_of(uint64_t number, char room[COMMUNITYI_RECORD_KEY_BYTES])
{
    communityi_outbox_record_key(number, room);
    return (phx_slice){room, COMMUNITYI_RECORD_KEY_BYTES - 1};
}

static void change(community_client *client, phx_slice key, phx_slice value)
{
    const community_record record = {.struct_size = (uint32_t)sizeof record,
                                     .kind = COMMUNITY_RECORD_OUTBOX,
                                     .key = key,
                                     .value = value};
    phx_status status = client->storage->change(client->storage->user_data, &record, 1);
    if (status != PHX_OK) {
        client->storage_status = status;
    }
}

void communityi_outbox_records_put(communityi_operation *operation)
{
    community_client *client = operation->client;
    if (client->storage == NULL) {
        return;
    }
    char room[COMMUNITYI_RECORD_KEY_BYTES];
    phxi_buffer value;
    phxi_buffer_init(&value, &client->allocator, MAX_RECORD_BYTES);
    phx_status status =
        communityi_outbox_record_write(&operation->item, operation->key_text, &value);
    if (status == PHX_OK) {
        change(client, key_of(operation->item.number, room),
               (phx_slice){(const char *)value.data, value.length});
    } else {
        client->storage_status = status;
    }
    phxi_buffer_free(&value);
}

void communityi_outbox_records_erase(community_client *client, uint64_t number)
{
    char room[COMMUNITYI_RECORD_KEY_BYTES];
    if (client->storage != NULL) {
        change(client, key_of(number, room), (phx_slice){NULL, 0});
    }
}

phx_status communityi_outbox_records_commit(community_client *client)
{
    phx_status status = client->storage_status;
    client->storage_status = PHX_OK;
    if (status != PHX_OK) {
        communityi_report(client, status, "the outbox could not be written");
    }
    return status;
}

static phx_status restore(community_client *client, communityi_outbox_record *record)
{
    communityi_operation *operation = NULL;
    const communityi_operation filled = {.call = record->call, .item = record->item};
    phx_status status = communityi_operation_restore(client, &filled, &operation);
    if (status != PHX_OK) {
        return status;
    }
    memcpy(operation->key_text, record->key_text, sizeof operation->key_text);
    communityi_outbox_restored(operation);
    return PHX_OK;
}

static phx_status on_record(void *user_data, const community_record *record)
{
    community_client *client = user_data;
    if (record->kind != COMMUNITY_RECORD_OUTBOX) {
        return PHX_OK;
    }
    communityi_outbox_record read;
    phx_status status =
        communityi_outbox_record_read(&client->allocator, record->key, record->value, &read);
    if (status == PHX_ERROR_INVALID_JSON) {
        communityi_report(client, status, "a damaged item of the outbox was left out");
        return PHX_OK;
    }
    if (status == PHX_OK) {
        status = restore(client, &read);
        phxi_free(&client->allocator, read.texts);
    }
    return status;
}

void communityi_outbox_records_load(community_client *client)
{
    if (client->storage == NULL) {
        return;
    }
    const char *note = NULL;
    phx_status status = client->storage->open(client->storage->user_data, client->user_id, &note);
    if (status == PHX_OK) {
        status = client->storage->read(client->storage->user_data, on_record, client);
    }
    if (status != PHX_OK) {
        communityi_report(client, status, "the outbox could not be read");
    }
}
