/* SPDX-License-Identifier: MIT */
/*
 * Records in one sorted array. A call that is to fail does so before it changes anything.
 */
#include "fake_storage.h"

#include <stdio.h>
#include <stdlib.h>

#include "testing.h"

static phx_status enter(fake_storage *storage)
{
    assert_false(storage->is_released);
    storage->calls++;
    bool is_failing =
        storage->fail_at != 0 && (storage->calls == storage->fail_at ||
                                  (storage->fail_all_after && storage->calls > storage->fail_at));
    storage->failed += is_failing ? 1 : 0;
    return is_failing ? storage->fail_with : PHX_OK;
}

static void free_record(const community_record *record)
{
    free((void *)(uintptr_t)record->key.data);
}

static void clear(fake_storage *storage)
{
    while (storage->count > 0) {
        free_record(&storage->records[--storage->count]);
    }
}

static int compare(const community_record *a, community_record_kind kind, phx_slice key)
{
    if (a->kind != kind) {
        return a->kind < kind ? -1 : 1;
    }
    size_t length = a->key.length < key.length ? a->key.length : key.length;
    int order = memcmp(a->key.data, key.data, length);
    return order != 0 ? order : (a->key.length > key.length) - (a->key.length < key.length);
}

static void remove_at(fake_storage *storage, size_t index)
{
    free_record(&storage->records[index]);
    storage->count--;
    memmove(&storage->records[index], &storage->records[index + 1],
            (storage->count - index) * sizeof storage->records[0]);
}

static void insert_at(fake_storage *storage, size_t index, const community_record *record)
{
    char *block = malloc(record->key.length + record->value.length + 1);
    assert_non_null(block);
    assert_true(storage->count < FAKE_STORAGE_MAX_RECORDS);
    memcpy(block, record->key.data, record->key.length);
    memcpy(block + record->key.length, record->value.data, record->value.length);
    memmove(&storage->records[index + 1], &storage->records[index],
            (storage->count - index) * sizeof storage->records[0]);
    storage->records[index] = (community_record){
        .struct_size = (uint32_t)sizeof *record,
        .kind = record->kind,
        .key = {block, record->key.length},
        .value = {block + record->key.length, record->value.length},
    };
    storage->count++;
}

static void apply(fake_storage *storage, const community_record *record)
{
    if (record->key.data == NULL) {
        assert_null(record->value.data);
        for (size_t i = storage->count; i-- > 0;) {
            if (storage->records[i].kind == record->kind) {
                remove_at(storage, i);
            }
        }
        return;
    }
    assert_in_range(record->key.length, 1, COMMUNITY_MAX_RECORD_KEY_BYTES);
    size_t index = 0;
    while (index < storage->count &&
           compare(&storage->records[index], record->kind, record->key) < 0) {
        index++;
    }
    if (index < storage->count &&
        compare(&storage->records[index], record->kind, record->key) == 0) {
        remove_at(storage, index);
    }
    if (record->value.data != NULL) {
        insert_at(storage, index, record);
    }
}

static phx_status open_storage(void *user_data, const char *owner, const char **out_note)
{
    fake_storage *storage = user_data;
    *out_note = NULL;
    assert_true(owner[0] != '\0');
    storage->opens++;
    storage->is_open = false;
    phx_status status = enter(storage);
    if (status != PHX_OK) {
        return status;
    }
    if (strcmp(storage->owner, owner) != 0) {
        clear(storage);
        (void)snprintf(storage->owner, sizeof storage->owner, "%s", owner);
    }
    *out_note = storage->note;
    storage->note = NULL;
    storage->is_open = true;
    return PHX_OK;
}

static phx_status read_storage(void *user_data, community_record_fn each, void *each_user_data)
{
    fake_storage *storage = user_data;
    assert_true(storage->is_open);
    phx_status failure = enter(storage);
    phx_status status = PHX_OK;
    /* A failure comes half-way. */
    size_t count = failure == PHX_OK ? storage->count : storage->count / 2;
    for (size_t i = 0; i < count && status == PHX_OK; i++) {
        status = each(each_user_data, &storage->records[i]);
    }
    return failure != PHX_OK ? failure : status;
}

static phx_status change_storage(void *user_data, const community_record *records, size_t count)
{
    fake_storage *storage = user_data;
    assert_true(storage->is_open);
    assert_true(count > 0);
    storage->last_count = count;
    phx_status status = enter(storage);
    for (size_t i = 0; i < count && status == PHX_OK; i++) {
        assert_int_equal(records[i].struct_size, sizeof records[i]);
        apply(storage, &records[i]);
    }
    storage->changes += status == PHX_OK ? 1 : 0;
    return status;
}

static phx_status wipe_storage(void *user_data)
{
    fake_storage *storage = user_data;
    storage->wipes++;
    storage->is_open = false;
    phx_status status = enter(storage);
    if (status == PHX_OK) {
        clear(storage);
        storage->owner[0] = '\0';
    }
    return status;
}

static void release_storage(void *user_data)
{
    fake_storage *storage = user_data;
    assert_false(storage->is_released);
    storage->is_released = true;
}

void fake_storage_init(fake_storage *storage)
{
    memset(storage, 0, sizeof *storage);
    storage->fail_with = PHX_ERROR_IO;
    storage->port = (community_storage){
        .struct_size = (uint32_t)sizeof storage->port,
        .user_data = storage,
        .open = open_storage,
        .read = read_storage,
        .change = change_storage,
        .wipe = wipe_storage,
        .release = release_storage,
    };
}

void fake_storage_restart(fake_storage *storage)
{
    storage->is_released = storage->is_open = false;
}

void fake_storage_free(fake_storage *storage)
{
    assert_true(storage->is_released);
    clear(storage);
}

size_t fake_storage_count(const fake_storage *storage, community_record_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < storage->count; i++) {
        count += storage->records[i].kind == kind ? 1 : 0;
    }
    return count;
}

const community_record *fake_storage_at(const fake_storage *storage, community_record_kind kind,
                                        size_t index)
{
    for (size_t i = 0; i < storage->count; i++) {
        if (storage->records[i].kind == kind && index-- == 0) {
            return &storage->records[i];
        }
    }
    return NULL;
}

void fake_storage_plant(fake_storage *storage, community_record_kind kind, const char *key,
                        const char *value)
{
    const community_record record = {
        .kind = kind, .key = {key, strlen(key)}, .value = {value, strlen(value)}};
    apply(storage, &record);
}
