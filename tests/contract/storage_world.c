/* SPDX-License-Identifier: MIT */
/*
 * Folders and short texts of the storage's tests.
 */
#include "storage_world.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "testing.h"

enum {
    MAX_RECORDS = 16
};

void storage_world_init(storage_world *world)
{
    (void)snprintf(world->folder, sizeof world->folder, "/tmp/storage_test_XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    (void)snprintf(world->path, sizeof world->path, "%s/feed", world->folder);
}

void storage_world_free(storage_world *world)
{
    DIR *folder = opendir(world->folder);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            assert_int_equal(unlinkat(dirfd(folder), entry->d_name, 0), 0);
        }
    }
    (void)closedir(folder);
    assert_int_equal(rmdir(world->folder), 0);
}

static phx_slice slice(const char *first, const char *end)
{
    return (phx_slice){first, (size_t)(end - first)};
}

/* One of the texts up to its ';', or the end. */
static community_record parse(const char *text, const char *end)
{
    community_record record = {.struct_size = (uint32_t)sizeof record, .kind = text[0] - '0'};
    const char *key = text + 2;
    const char *equals = memchr(key, '=', (size_t)(end - key));
    if (*key != '*') {
        record.key = slice(key, equals != NULL ? equals : end);
    }
    if (equals != NULL) {
        record.value = slice(equals + 1, end);
    }
    return record;
}

phx_status storage_try_change(const community_storage *port, const char *records)
{
    community_record parsed[MAX_RECORDS];
    size_t count = 0;
    while (*records != '\0') {
        size_t length = strcspn(records, ";");
        assert_true(count < MAX_RECORDS);
        parsed[count++] = parse(records, records + length);
        records += length + (records[length] == ';' ? 1 : 0);
    }
    return port->change(port->user_data, parsed, count);
}

void storage_change(const community_storage *port, const char *records)
{
    assert_int_equal(storage_try_change(port, records), PHX_OK);
}

static phx_slice copy(phx_slice from)
{
    assert_non_null(from.data);
    char *block = malloc(from.length + 1);
    assert_non_null(block);
    memcpy(block, from.data, from.length);
    block[from.length] = '\0';
    return (phx_slice){block, from.length};
}

static phx_status keep(void *user_data, const community_record *record)
{
    storage_records *records = user_data;
    assert_true(record->struct_size >= sizeof *record);
    records->items = realloc(records->items, (records->count + 1) * sizeof records->items[0]);
    assert_non_null(records->items);
    records->items[records->count++] = (community_record){
        .kind = record->kind, .key = copy(record->key), .value = copy(record->value)};
    return PHX_OK;
}

void storage_read(const community_storage *port, storage_records *out)
{
    *out = (storage_records){0};
    assert_int_equal(port->read(port->user_data, keep, out), PHX_OK);
}

void storage_records_free(storage_records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        free((void *)(uintptr_t)records->items[i].key.data);
        free((void *)(uintptr_t)records->items[i].value.data);
    }
    free(records->items);
}

void storage_expect(const community_storage *port, const char *expected)
{
    storage_records records;
    char text[4096] = "";
    size_t length = 0;
    storage_read(port, &records);
    for (size_t i = 0; i < records.count; i++) {
        const community_record *record = &records.items[i];
        length += (size_t)snprintf(text + length, sizeof text - length, "%d %.*s=%.*s;",
                                   (int)record->kind, (int)record->key.length, record->key.data,
                                   (int)record->value.length, record->value.data);
        assert_true(length < sizeof text);
    }
    storage_records_free(&records);
    assert_string_equal(text, expected);
}
