/* SPDX-License-Identifier: MIT */
/*
 * The feed in the storage: shown before the network is up, and written behind. Knows no port; its
 * records come from and go to the storage's owner (community_storage.c).
 */
#ifndef COMMUNITYI_CACHE_H
#define COMMUNITYI_CACHE_H

#include <community/client.h>

#include "community/places.h"

typedef struct communityi_cache {
    communityi_places places;
    int64_t fresh_at_ms; /* as read: when the feed was last known to be the server's; 0: not said */
    size_t dropped;      /* records that could not be used */
    bool is_out_of_memory; /* that is why */
    bool is_inexact;       /* the storage holds something else than was read into the feed */
    bool has_collected;
    int64_t written_stale_since_ms;   /* the status that the storage knows; -1: unknown */
    int64_t collected_stale_since_ms; /* what a commit makes it */
} communityi_cache;

void communityi_cache_init(community_client *client, const uint64_t seed[2]);
void communityi_cache_free(community_client *client);

/* Reading: a META or POST record, and the end. A feed that was read is stale, and one reset. */
void communityi_cache_load(community_client *client, const community_record *record);
void communityi_cache_loaded(community_client *client, bool is_whole);

/* Whether there is something to write. */
bool communityi_cache_is_changed(const community_client *client);
/* The records that say it; a commit or an abort follows. PHX_ERROR_NO_MEMORY: some may have been
 * appended, and nothing is to commit. */
PHX_MUST_CHECK phx_status communityi_cache_collect(community_client *client,
                                                   communityi_records *records);
void communityi_cache_commit(community_client *client);
void communityi_cache_abort(community_client *client);

/* At the end: a feed that is live was so until now. */
void communityi_cache_touch(community_client *client);
/* The storage was wiped. */
void communityi_cache_forget(community_client *client);

#endif
