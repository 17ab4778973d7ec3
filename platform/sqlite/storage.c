/* SPDX-License-Identifier: MIT */
/*
 * The storage port on a SQLite database: what becomes of a file that is damaged or another owner's.
 */
#include <community/sqlite.h>

#include <stdlib.h>
#include <string.h>

#include "sqlite/database.h"
#include "sqlite/files.h"

typedef struct sqlite_storage {
    community_storage port;
    sqlite3 *db; /* NULL: not open */
    char path[];
} sqlite_storage;

static phx_status open_empty(sqlite_storage *storage, const char *owner)
{
    communityi_verdict verdict;
    phx_status status = communityi_files_prepare(storage->path);
    if (status == PHX_OK) {
        status = communityi_database_open(storage->path, owner, &verdict, &storage->db);
    }
    return status == PHX_OK && storage->db == NULL ? PHX_ERROR_IO : status;
}

static phx_status open_storage(void *user_data, const char *owner, const char **out_note)
{
    sqlite_storage *storage = user_data;
    communityi_verdict verdict = COMMUNITYI_DATABASE_GOOD;
    *out_note = NULL;
    communityi_database_close(storage->db, true);
    storage->db = NULL;
    phx_status status = communityi_files_prepare(storage->path);
    if (status == PHX_OK) {
        status = communityi_database_open(storage->path, owner, &verdict, &storage->db);
    }
    if (status != PHX_OK || verdict == COMMUNITYI_DATABASE_GOOD) {
        return status;
    }
    status = verdict == COMMUNITYI_DATABASE_DAMAGED ? communityi_files_set_aside(storage->path)
                                                    : communityi_files_erase(storage->path);
    if (status == PHX_OK) {
        status = open_empty(storage, owner);
    }
    if (status == PHX_OK && verdict == COMMUNITYI_DATABASE_DAMAGED) {
        *out_note = "the storage's file was damaged or of another version, and was set aside";
    }
    return status;
}

static phx_status read_storage(void *user_data, community_record_fn each, void *each_user_data)
{
    const sqlite_storage *storage = user_data;
    return storage->db == NULL ? PHX_ERROR_IO
                               : communityi_database_read(storage->db, each, each_user_data);
}

static phx_status change_storage(void *user_data, const community_record *records, size_t count)
{
    const sqlite_storage *storage = user_data;
    return storage->db == NULL ? PHX_ERROR_IO
                               : communityi_database_change(storage->db, records, count);
}

static phx_status wipe_storage(void *user_data)
{
    sqlite_storage *storage = user_data;
    communityi_database_close(storage->db, false);
    storage->db = NULL;
    return communityi_files_erase(storage->path);
}

static void release_storage(void *user_data)
{
    sqlite_storage *storage = user_data;
    communityi_database_close(storage->db, true);
    free(storage);
}

const community_storage *community_storage_sqlite(const char *path)
{
    size_t size = strlen(path) + 1;
    sqlite_storage *storage = malloc(sizeof *storage + size);
    if (storage == NULL) {
        return NULL;
    }
    storage->port = (community_storage){
        .struct_size = (uint32_t)sizeof storage->port,
        .user_data = storage,
        .open = open_storage,
        .read = read_storage,
        .change = change_storage,
        .wipe = wipe_storage,
        .release = release_storage,
    };
    storage->db = NULL;
    memcpy(storage->path, path, size);
    return &storage->port;
}
