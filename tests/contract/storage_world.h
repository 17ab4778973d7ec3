/* SPDX-License-Identifier: MIT */
/*
 * A folder for a storage's files, and records as short texts: "KIND KEY=VALUE;..." ("KIND KEY": to
 * go, "KIND *": all of the kind).
 */
#ifndef STORAGE_WORLD_H
#define STORAGE_WORLD_H

#include <community/storage.h>

typedef struct storage_world {
    char folder[64];
    char path[96]; /* of the storage; there is no such file yet */
} storage_world;

typedef struct storage_records {
    community_record *items; /* copies */
    size_t count;
} storage_records;

void storage_world_init(storage_world *world);
/* Removes the folder and all in it. */
void storage_world_free(storage_world *world);

phx_status storage_try_change(const community_storage *port, const char *records);
/* Succeeds, or fails the test. */
void storage_change(const community_storage *port, const char *records);
void storage_read(const community_storage *port, storage_records *out);
void storage_records_free(storage_records *records);
void storage_expect(const community_storage *port, const char *expected);

#endif
