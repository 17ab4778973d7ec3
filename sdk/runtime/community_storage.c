/* SPDX-License-Identifier: MIT */
/*
 * When the storage is opened, written and wiped. Whose the records are is a switch over their
 * kinds.
 */
#include "runtime/community_storage.h"

#include <string.h>

#include "runtime/community_outbox.h"
#include "support/alloc.h"

enum {
    WRITE_DELAY_MS = 2000,
    MAX_DELAY_SHIFT = 5, /* a storage that fails is tried about once a minute */
    MAX_PENDING = 4096
};

void community_storage_release(const community_storage *storage)
{
    if (storage != NULL && storage->release != NULL) {
        storage->release(storage->user_data);
    }
}

phx_status communityi_storage_init(community_client *client, const community_config *config)
{
    communityi_storage *storage = &client->storage;
    storage->due_ms = UINT64_MAX;
    communityi_records_init(&storage->pending, &client->allocator);
    storage->port = config->storage;
    if (storage->port == NULL) {
        return PHX_OK;
    }
    storage->owner = phxi_copy_text(&client->allocator, config->user_id, strlen(config->user_id));
    storage->is_opening = client->needs_turn = true;
    return storage->owner == NULL ? PHX_ERROR_NO_MEMORY : PHX_OK;
}

void communityi_storage_free(community_client *client)
{
    communityi_storage *storage = &client->storage;
    communityi_records_free(&storage->pending);
    phxi_free(&client->allocator, storage->owner);
    community_storage_release(storage->port);
}

bool communityi_storage_is_open(const community_client *client)
{
    return client->storage.is_open;
}

static void want_write(communityi_storage *storage, uint64_t now_ms)
{
    if (storage->due_ms == UINT64_MAX) {
        storage->due_ms = now_ms + WRITE_DELAY_MS;
    }
}

/* Past what waits: of this key there is nothing among it. */
static phx_status delete_now(const communityi_storage *storage, community_record_kind kind,
                             phx_slice key)
{
    const community_record record = {
        .struct_size = (uint32_t)sizeof record, .kind = kind, .key = key};
    return storage->port->change(storage->port->user_data, &record, 1);
}

phx_status communityi_storage_put(community_client *client, community_record_kind kind,
                                  phx_slice key, phx_slice value)
{
    communityi_storage *storage = &client->storage;
    if (!storage->is_open) {
        return PHX_ERROR_INVALID_STATE;
    }
    bool is_full = storage->pending.count >= MAX_PENDING &&
                   !communityi_records_has(&storage->pending, kind, key);
    phx_status status = is_full ? PHX_ERROR_QUEUE_FULL
                                : communityi_records_set(&storage->pending, kind, key, value);
    if (status == PHX_OK) {
        want_write(storage, communityi_client_now_ms(client));
    } else if (value.data == NULL) {
        status = delete_now(storage, kind, key);
    }
    return status;
}

/* The feed's changes go with what waits. If there is no memory for them, they go next time. */
static bool add_feed(community_client *client)
{
    communityi_storage *storage = &client->storage;
    size_t count = storage->pending.count;
    if (!communityi_cache_is_changed(client)) {
        return true;
    }
    phx_status status = communityi_cache_collect(client, &storage->pending);
    if (status != PHX_OK) {
        communityi_records_cut(&storage->pending, count);
    }
    return status == PHX_OK;
}

static void on_written(community_client *client, bool has_all)
{
    communityi_storage *storage = &client->storage;
    communityi_records_free(&storage->pending);
    communityi_cache_commit(client);
    storage->failures = 0;
    storage->due_ms = has_all ? UINT64_MAX : communityi_client_now_ms(client) + WRITE_DELAY_MS;
}

static void on_write_failed(community_client *client, phx_status status, size_t count)
{
    communityi_storage *storage = &client->storage;
    uint32_t shift = storage->failures < MAX_DELAY_SHIFT ? storage->failures : MAX_DELAY_SHIFT;
    communityi_records_cut(&storage->pending, count);
    communityi_cache_abort(client);
    storage->due_ms = communityi_client_now_ms(client) + ((uint64_t)WRITE_DELAY_MS << shift);
    storage->failures++;
    if (storage->failures == 1) {
        communityi_report(client, status, "the storage could not be written; it is tried again");
    }
}

phx_status communityi_storage_flush(community_client *client)
{
    communityi_storage *storage = &client->storage;
    const community_storage *port = storage->port;
    size_t count = storage->pending.count;
    if (!storage->is_open) {
        return PHX_ERROR_INVALID_STATE;
    }
    bool has_all = add_feed(client);
    phx_status status = PHX_OK;
    if (storage->pending.count > 0) {
        status = port->change(port->user_data, storage->pending.items, storage->pending.count);
    }
    if (status == PHX_OK) {
        on_written(client, has_all);
    } else {
        on_write_failed(client, status, count);
    }
    return status;
}

static phx_status on_record(void *user_data, const community_record *record)
{
    switch (record->kind) {
    case COMMUNITY_RECORD_META:
    case COMMUNITY_RECORD_POST:
        communityi_cache_load(user_data, record);
        break;
    case COMMUNITY_RECORD_OUTBOX:
        communityi_outbox_records_load(user_data, record);
        break;
    default: /* of a newer version: left alone */
        break;
    }
    return PHX_OK;
}

/* One that cannot be read to its end is left as it is: what it holds may be read another time. */
static void open_storage(community_client *client)
{
    communityi_storage *storage = &client->storage;
    const community_storage *port = storage->port;
    const char *note = NULL;
    storage->is_opening = storage->is_wiped = false;
    phx_status status = port->open(port->user_data, storage->owner, &note);
    if (status == PHX_OK) {
        status = port->read(port->user_data, on_record, client);
        storage->is_open = status == PHX_OK;
        communityi_cache_loaded(client, status == PHX_OK);
    }
    if (status != PHX_OK) {
        communityi_report(client, status, "the storage could not be opened; nothing is kept");
    } else if (note != NULL) {
        communityi_report(client, PHX_ERROR_IO, note);
    }
}

void communityi_storage_begin_turn(community_client *client)
{
    if (client->storage.is_opening) {
        open_storage(client);
        communityi_feed_flush(client);
    }
}

/* Whoever is not connected may be suspended or ended any moment. */
static bool is_urgent(community_client *client)
{
    communityi_storage *storage = &client->storage;
    bool is_wanted = client->lifecycle.state != COMMUNITY_DISCONNECTED;
    bool was_wanted = storage->was_wanted;
    storage->was_wanted = is_wanted;
    return !is_wanted && (was_wanted || storage->failures == 0);
}

void communityi_storage_end_turn(community_client *client, uint64_t now_ms)
{
    communityi_storage *storage = &client->storage;
    bool is_now = is_urgent(client);
    if (!storage->is_open) {
        return;
    }
    if (communityi_cache_is_changed(client)) {
        want_write(storage, now_ms);
    }
    if (storage->due_ms != UINT64_MAX && (is_now || now_ms >= storage->due_ms)) {
        phx_status status = communityi_storage_flush(client);
        (void)status; /* reported, and tried again */
    }
}

uint64_t communityi_storage_deadline_ms(const community_client *client)
{
    return client->storage.is_open ? client->storage.due_ms : UINT64_MAX;
}

void communityi_storage_wipe(community_client *client)
{
    communityi_storage *storage = &client->storage;
    const community_storage *port = storage->port;
    communityi_cache_forget(client);
    if (port == NULL) {
        return;
    }
    phx_status status = port->wipe(port->user_data);
    communityi_records_free(&storage->pending);
    storage->is_opening = storage->is_open = false;
    storage->is_wiped = status == PHX_OK;
    storage->due_ms = UINT64_MAX;
    storage->failures = 0;
    if (status != PHX_OK) {
        communityi_report(client, status, "the storage could not be wiped");
    }
}

void communityi_storage_reopen(community_client *client)
{
    if (client->storage.is_wiped) {
        open_storage(client);
    }
}

void communityi_storage_close(community_client *client)
{
    communityi_cache_touch(client);
    phx_status status = communityi_storage_flush(client);
    (void)status; /* there is nobody left to tell */
}
