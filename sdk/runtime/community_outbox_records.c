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

phx_status communityi_outbox_records_put(communityi_operation *operation)
{
    community_client *client = operation->client;
    char room[COMMUNITYI_RECORD_KEY_BYTES];
    if (!communityi_storage_is_open(client)) {
        return PHX_OK; /* a commit says so */
    }
    phxi_buffer value;
    phxi_buffer_init(&value, &client->allocator, MAX_RECORD_BYTES);
    phx_status status =
        communityi_outbox_record_write(&operation->item, operation->key_text, &value);
    if (status == PHX_OK) {
        status = communityi_storage_put(client, COMMUNITY_RECORD_OUTBOX,
                                        key_of(operation->item.number, room),
                                        (phx_slice){(const char *)value.data, value.length});
    }
    phxi_buffer_free(&value);
    return status;
}

void communityi_outbox_records_erase(community_client *client, uint64_t number)
{
    char room[COMMUNITYI_RECORD_KEY_BYTES];
    if (!communityi_storage_is_open(client)) {
        return;
    }
    phx_status status = communityi_storage_put(client, COMMUNITY_RECORD_OUTBOX,
                                               key_of(number, room), (phx_slice){NULL, 0});
    if (status != PHX_OK) {
        communityi_report(client, status, "the storage keeps a write that has come to its outcome");
    }
}

phx_status communityi_outbox_records_commit(community_client *client)
{
    return client->storage.port == NULL ? PHX_OK : communityi_storage_flush(client);
}

static phx_status restore(community_client *client, const communityi_outbox_record *record)
{
    communityi_operation *operation = NULL;
    const communityi_operation filled = {.call = record->call, .item = record->item};
    phx_status status = communityi_operation_restore(client, &filled, &operation);
    if (status == PHX_OK) {
        memcpy(operation->key_text, record->key_text, sizeof operation->key_text);
        communityi_outbox_restored(operation);
    }
    return status;
}

/* One that cannot be read stays in the storage, and its number is not used again. */
void communityi_outbox_records_load(community_client *client, const community_record *record)
{
    if (!client->config.has_outbox) {
        return;
    }
    communityi_outbox_record read;
    phx_status status =
        communityi_outbox_record_read(&client->allocator, record->key, record->value, &read);
    if (client->outbox.last_number < read.item.number) {
        client->outbox.last_number = read.item.number;
    }
    if (status == PHX_OK) {
        status = restore(client, &read);
        phxi_free(&client->allocator, read.texts);
    }
    if (status != PHX_OK) {
        communityi_report(client, status, "a write of the storage could not be read");
    }
}
