/* SPDX-License-Identifier: MIT */
/*
 * The stock storage of a build that has no SQLite: one that cannot be opened.
 */
#include <community/sqlite.h>

static phx_status open_storage(void *user_data, const char *owner, const char **out_note)
{
    (void)user_data;
    (void)owner;
    *out_note = NULL;
    return PHX_ERROR_UNSUPPORTED;
}

static phx_status read_storage(void *user_data, community_record_fn each, void *each_user_data)
{
    (void)user_data;
    (void)each;
    (void)each_user_data;
    return PHX_ERROR_UNSUPPORTED;
}

static phx_status change_storage(void *user_data, const community_record *records, size_t count)
{
    (void)user_data;
    (void)records;
    (void)count;
    return PHX_ERROR_UNSUPPORTED;
}

/* There is nothing to forget. */
static phx_status wipe_storage(void *user_data)
{
    (void)user_data;
    return PHX_OK;
}

const community_storage *community_storage_sqlite(const char *path)
{
    static const community_storage absent = {
        .struct_size = (uint32_t)sizeof absent,
        .open = open_storage,
        .read = read_storage,
        .change = change_storage,
        .wipe = wipe_storage,
    };
    (void)path;
    return &absent;
}
