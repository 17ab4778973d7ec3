/* SPDX-License-Identifier: MIT */
/*
 * The one owner of a client's storage: opens it at the client's first turn and hands its records to
 * those that they belong to, gathers what they want written, writes it behind in one transaction,
 * and wipes it at logout. What it cannot write it keeps and tries again; a storage that fails never
 * harms the client. All on the loop's thread.
 */
#ifndef COMMUNITYI_STORAGE_H
#define COMMUNITYI_STORAGE_H

#include <community/client.h>

#include "community/records.h"

typedef struct communityi_storage {
    const community_storage *port; /* NULL: none */
    char *owner;
    bool is_opening; /* at the next turn */
    bool is_open;
    bool is_wiped;   /* and may be opened again for the next login */
    bool was_wanted; /* a connection was, at the last turn */
    communityi_records pending;
    uint64_t due_ms;   /* of the next transaction; UINT64_MAX: nothing to write */
    uint32_t failures; /* since a transaction went well */
} communityi_storage;

/* Takes the port; nothing is opened yet. PHX_ERROR_NO_MEMORY: the port is taken all the same. */
PHX_MUST_CHECK phx_status communityi_storage_init(community_client *client,
                                                  const community_config *config);
void communityi_storage_free(community_client *client);

/* Whether there is one that records can be put into. */
bool communityi_storage_is_open(const community_client *client);

/*
 * Puts a record (value.data NULL: deletes it) with the next transaction, within two seconds;
 * copied, and in place of one for the same key that waits. PHX_ERROR_INVALID_STATE: not open.
 * PHX_ERROR_NO_MEMORY. PHX_ERROR_QUEUE_FULL: too much waits, because nothing could be written. A
 * deletion for which there is no room is done at once, without any; it fails as the port does.
 */
PHX_MUST_CHECK phx_status communityi_storage_put(community_client *client,
                                                 community_record_kind kind, phx_slice key,
                                                 phx_slice value);

/* Writes now, durably, all that waits. PHX_ERROR_INVALID_STATE: not open. PHX_ERROR_IO,
 * PHX_ERROR_NO_MEMORY: reported, and tried again later. */
PHX_MUST_CHECK phx_status communityi_storage_flush(community_client *client);

/* Begins a turn: opens, the first time. Ends a turn: writes what is due. */
void communityi_storage_begin_turn(community_client *client);
void communityi_storage_end_turn(community_client *client, uint64_t now_ms);
uint64_t communityi_storage_deadline_ms(const community_client *client);

/* The user logged out: everything goes. The user logged in (again): opens what was wiped. */
void communityi_storage_wipe(community_client *client);
void communityi_storage_reopen(community_client *client);

/* The client's end: writes a last time. */
void communityi_storage_close(community_client *client);

#endif
