/* SPDX-License-Identifier: MIT */
/*
 * A storage in memory that outlives the client that it is given to, counts what is asked of it,
 * checks that the port is used as it says, and fails when told.
 */
#ifndef FAKE_STORAGE_H
#define FAKE_STORAGE_H

#include <community/storage.h>

enum {
    FAKE_STORAGE_MAX_RECORDS = 2048
};

typedef struct fake_storage {
    community_storage port;
    char owner[64];                                     /* "": nobody's yet */
    community_record records[FAKE_STORAGE_MAX_RECORDS]; /* in order; each in a block of its own */
    size_t count;
    bool is_open;
    bool is_released;
    const char *note; /* what the next open says */

    size_t calls;         /* of open, read, change and wipe */
    size_t fail_at;       /* the first call that fails, from 1 on; 0: none */
    bool fail_all_after;  /* and all that follow */
    phx_status fail_with; /* PHX_ERROR_IO unless set */
    size_t failed;
    size_t opens;
    size_t changes; /* transactions that were done */
    size_t wipes;
    size_t last_count; /* records of the last change, done or not */
} fake_storage;

void fake_storage_init(fake_storage *storage);
/* What it holds stays: for the next client on the same medium. */
void fake_storage_restart(fake_storage *storage);
/* Frees what it holds. */
void fake_storage_free(fake_storage *storage);

/* How many records of the kind there are; the index-th of them (NULL: there is none). */
size_t fake_storage_count(const fake_storage *storage, community_record_kind kind);
const community_record *fake_storage_at(const fake_storage *storage, community_record_kind kind,
                                        size_t index);
/* Puts a record past the port. */
void fake_storage_plant(fake_storage *storage, community_record_kind kind, const char *key,
                        const char *value);

#endif
