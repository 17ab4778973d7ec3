/* SPDX-License-Identifier: MIT */
/*
 * Copies of records that wait to be written to a storage in one transaction. Knows no storage.
 */
#ifndef COMMUNITYI_RECORDS_H
#define COMMUNITYI_RECORDS_H

#include <community/storage.h>
#include <phx/ports.h>

typedef struct communityi_records {
    const phx_allocator *allocator;
    community_record *items; /* key and value in one block each, which begins at the key */
    size_t count;
    size_t capacity;
} communityi_records;

void communityi_records_init(communityi_records *records, const phx_allocator *allocator);
void communityi_records_free(communityi_records *records);

/* A copy of the record behind the others. PHX_ERROR_NO_MEMORY: all is as it was. */
PHX_MUST_CHECK phx_status communityi_records_append(communityi_records *records,
                                                    community_record_kind kind, phx_slice key,
                                                    phx_slice value);
/* The same, in place of an earlier one of this kind and key. A deletion in its place always finds
 * the memory. */
PHX_MUST_CHECK phx_status communityi_records_set(communityi_records *records,
                                                 community_record_kind kind, phx_slice key,
                                                 phx_slice value);

/* Whether one of this kind and key waits. */
bool communityi_records_has(const communityi_records *records, community_record_kind kind,
                            phx_slice key);

/* Drops all from `count` on. */
void communityi_records_cut(communityi_records *records, size_t count);

#endif
