/* SPDX-License-Identifier: MIT */
/*
 * Where each post of the feed is in the storage: under a number that grows downwards, with room for
 * posts in between, so that a change of the feed writes the posts that changed and no others. Knows
 * no storage.
 */
#ifndef COMMUNITYI_PLACES_H
#define COMMUNITYI_PLACES_H

#include <community/feed.h>

#include "community/records.h"

typedef struct communityi_places {
    const phx_allocator *allocator;
    uint64_t seed[2];
    const community_snapshot
        *written;      /* the feed that the storage holds; NULL: nothing, or unknown */
    uint64_t *numbers; /* of its posts, ascending */
    size_t count;
    size_t capacity;                     /* of numbers, while they are read */
    const community_snapshot *collected; /* what a commit makes `written` */
    uint64_t *collected_numbers;
} communityi_places;

void communityi_places_init(communityi_places *places, const phx_allocator *allocator,
                            const uint64_t seed[2]);
/* Forgets all, without a word to the storage. */
void communityi_places_clear(communityi_places *places);

/* Reading: the place of the next post, from its record's key. False: no place, not below the one
 * before, or out of memory. */
bool communityi_places_add(communityi_places *places, phx_slice key);
/* `snapshot` holds exactly the posts whose places were added. */
void communityi_places_set_written(communityi_places *places, const community_snapshot *snapshot);

/* Writing: the records that turn what is written into `snapshot`; a commit or an abort follows.
 * PHX_ERROR_NO_MEMORY: some may have been appended, and nothing is to commit. */
PHX_MUST_CHECK phx_status communityi_places_collect(communityi_places *places,
                                                    const community_snapshot *snapshot,
                                                    communityi_records *records);
void communityi_places_commit(communityi_places *places);
void communityi_places_abort(communityi_places *places);

#endif
