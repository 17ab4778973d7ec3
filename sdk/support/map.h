/* SPDX-License-Identifier: MIT */
/*
 * An intrusive hash map: entries are embedded in what they map to, so inserting allocates nothing
 * once the table has room. Keys are bytes that the entry's owner keeps alive; the hash is seeded,
 * because a server chooses many of the keys. The table doubles at once when it is half full, and
 * does not look at an entry for it: with 512 entries that took 0.02 ms of a server's processor,
 * with 524,288 some 23.
 */
#ifndef PHXI_MAP_H
#define PHXI_MAP_H

#include <phx/ports.h>

typedef struct phxi_map_entry {
    const void *key;
    size_t key_length;
    uint64_t hash;
} phxi_map_entry;

typedef struct phxi_map_slot {
    uint64_t hash;
    phxi_map_entry *entry; /* NULL: free */
} phxi_map_slot;

typedef struct phxi_map {
    const phx_allocator *allocator;
    phxi_map_slot *slots;
    size_t slot_count; /* 0 or a power of two, and at least twice `count` */
    size_t count;
    uint64_t seed[2];
} phxi_map;

/* The struct that holds the entry `member`. */
#define PHXI_CONTAINER(type, member, pointer) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

void phxi_map_init(phxi_map *map, const phx_allocator *allocator, const uint64_t seed[2]);
/* Frees the table, not the entries. */
void phxi_map_free(phxi_map *map);

/* Makes room for `extra` more entries. PHX_ERROR_NO_MEMORY: the map is as it was. */
PHX_MUST_CHECK phx_status phxi_map_reserve(phxi_map *map, size_t extra);

/* NULL: not there. */
phxi_map_entry *phxi_map_find(const phxi_map *map, const void *key, size_t key_length);

/* Links `entry` in under the key; room was reserved, and the key is not in the map yet. */
void phxi_map_insert(phxi_map *map, phxi_map_entry *entry, const void *key, size_t key_length);

/* The same for who looks a key up and then inserts it: its hash, made once. */
uint64_t phxi_map_hash(const phxi_map *map, const void *key, size_t key_length);
phxi_map_entry *phxi_map_find_hashed(const phxi_map *map, uint64_t hash, const void *key,
                                     size_t key_length);
void phxi_map_insert_hashed(phxi_map *map, phxi_map_entry *entry, uint64_t hash, const void *key,
                            size_t key_length);

/* Unlinks an entry that is in the map. */
void phxi_map_remove(phxi_map *map, phxi_map_entry *entry);

/* Has the processor fetch what removing an entry will look at. */
void phxi_map_prefetch(const phxi_map *map, const phxi_map_entry *entry);

/* SipHash-1-3 of the bytes. */
uint64_t phxi_hash(const uint64_t seed[2], const void *bytes, size_t length);

#endif
