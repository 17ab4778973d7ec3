/* SPDX-License-Identifier: MIT */
/*
 * Records that wait, in the form that a storage takes them in.
 */
#include "community/records.h"

#include <string.h>

#include "support/alloc.h"

enum {
    SMALLEST_CAPACITY = 16
};

void communityi_records_init(communityi_records *records, const phx_allocator *allocator)
{
    *records = (communityi_records){.allocator = allocator};
}

static void free_record(communityi_records *records, const community_record *record)
{
    if (record->key.data != NULL) {
        phxi_free(records->allocator, (void *)(uintptr_t)record->key.data);
    }
}

void communityi_records_free(communityi_records *records)
{
    communityi_records_cut(records, 0);
    phxi_free(records->allocator, records->items);
    records->items = NULL;
    records->capacity = 0;
}

static phx_status copy_record(communityi_records *records, community_record *record, phx_slice key,
                              phx_slice value)
{
    record->struct_size = (uint32_t)sizeof *record;
    record->key = record->value = (phx_slice){0};
    if (key.data == NULL) {
        return PHX_OK;
    }
    char *block = phxi_alloc(records->allocator, key.length + value.length);
    if (block == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    memcpy(block, key.data, key.length);
    record->key = (phx_slice){block, key.length};
    if (value.data != NULL) {
        memcpy(block + key.length, value.data, value.length);
        record->value = (phx_slice){block + key.length, value.length};
    }
    return PHX_OK;
}

static phx_status reserve_one(communityi_records *records)
{
    if (records->count < records->capacity) {
        return PHX_OK;
    }
    size_t capacity = records->capacity == 0 ? SMALLEST_CAPACITY : records->capacity * 2;
    community_record *items =
        phxi_realloc(records->allocator, records->items, capacity * sizeof *items);
    if (items == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    records->items = items;
    records->capacity = capacity;
    return PHX_OK;
}

phx_status communityi_records_append(communityi_records *records, community_record_kind kind,
                                     phx_slice key, phx_slice value)
{
    community_record record = {.kind = kind};
    phx_status status = reserve_one(records);
    if (status == PHX_OK) {
        status = copy_record(records, &record, key, value);
    }
    if (status == PHX_OK) {
        records->items[records->count++] = record;
    }
    return status;
}

static community_record *find(const communityi_records *records, community_record_kind kind,
                              phx_slice key)
{
    for (size_t i = 0; i < records->count; i++) {
        community_record *record = &records->items[i];
        if (record->kind == kind && record->key.length == key.length &&
            memcmp(record->key.data, key.data, key.length) == 0) {
            return record;
        }
    }
    return NULL;
}

phx_status communityi_records_set(communityi_records *records, community_record_kind kind,
                                  phx_slice key, phx_slice value)
{
    community_record *found = find(records, kind, key);
    if (found == NULL) {
        return communityi_records_append(records, kind, key, value);
    }
    if (value.data == NULL) {
        found->value = (phx_slice){0};
        return PHX_OK;
    }
    community_record record = {.kind = kind};
    phx_status status = copy_record(records, &record, key, value);
    if (status == PHX_OK) {
        free_record(records, found);
        *found = record;
    }
    return status;
}

bool communityi_records_has(const communityi_records *records, community_record_kind kind,
                            phx_slice key)
{
    return find(records, kind, key) != NULL;
}

void communityi_records_cut(communityi_records *records, size_t count)
{
    while (records->count > count) {
        free_record(records, &records->items[--records->count]);
    }
}
