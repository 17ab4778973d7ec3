/* SPDX-License-Identifier: MIT */
/*
 * Sets of presences out of JSON: {"key":{"metas":[{"phx_ref":"...",...},...],...},...}. Knows
 * nothing of what a set means.
 */
#ifndef PHXI_PRESENCE_SET_H
#define PHXI_PRESENCE_SET_H

#include <phx/presence.h>

#include "support/map.h"
#include "wire/json_reader.h"

typedef struct phxi_meta {
    struct phxi_meta *next;
    phx_slice ref; /* both behind the struct, in its block */
    phx_slice json;
} phxi_meta;

struct phx_presence_entry {
    phxi_map_entry by_key;
    struct phx_presence_entry *next;
    struct phx_presence_entry *previous;
    phx_slice key; /* both behind the struct, in its block */
    phx_slice json;
    phxi_meta *first;
    phxi_meta *last;
    size_t count;
};

typedef struct phxi_presence_set {
    const phx_allocator *allocator;
    phxi_map by_key;
    phx_presence_entry *first;
    phx_presence_entry *last;
    size_t meta_count;
} phxi_presence_set;

void phxi_presence_set_init(phxi_presence_set *set, const phx_allocator *allocator,
                            const uint64_t seed[2]);
void phxi_presence_set_free(phxi_presence_set *set);

phx_presence_entry *phxi_presence_set_find(const phxi_presence_set *set, phx_slice key);
/* Links the entry in at the end; room in the map was reserved. */
void phxi_presence_set_add(phxi_presence_set *set, phx_presence_entry *entry);
/* Unlinks it; its metas are no longer counted. */
void phxi_presence_set_remove(phxi_presence_set *set, phx_presence_entry *entry);
void phxi_presence_entry_free(const phx_allocator *allocator, phx_presence_entry *entry);

phxi_meta *phxi_presence_meta_find(const phx_presence_entry *entry, phx_slice ref);
/* Moves the metas of `from` whose ref is (or is not) among `among`'s, to the end of `to`, in order.
 */
void phxi_presence_move_metas(phx_presence_entry *from, phx_presence_entry *to,
                              const phx_presence_entry *among, bool is_among);

/* Reads the object whose OBJECT_BEGIN was just taken from the reader into `set`, which is empty. At
 * most max_metas. PHX_ERROR_MALFORMED_FRAME, PHX_ERROR_TOO_LARGE, PHX_ERROR_NO_MEMORY: free the
 * set. */
PHX_MUST_CHECK phx_status phxi_presence_set_read(phxi_presence_set *set, phxi_json_reader *reader,
                                                 size_t max_metas);

#endif
