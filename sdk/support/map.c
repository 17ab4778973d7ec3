/* SPDX-License-Identifier: MIT */
/*
 * The hash map: open addressing with linear probing, in a table of a power of two that is at most
 * half full. A slot has its entry's hash, so that a search looks at one line of memory and at no
 * entry but the right one: what counts with a million of them. What stands behind a removed entry
 * moves up, so nothing is left of it. SipHash-1-3 (Aumasson and Bernstein), so that a server cannot
 * choose keys that collide.
 */
#include "support/map.h"

#include <assert.h>
#include <string.h>

#include "support/alloc.h"
#include "support/word.h"

enum {
    SMALLEST_TABLE = 8
};

static uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return (value << bits) | (value >> (64 - bits));
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate_left(v[1], 13) ^ v[0];
    v[0] = rotate_left(v[0], 32);
    v[2] += v[3];
    v[3] = rotate_left(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate_left(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate_left(v[1], 17) ^ v[2];
    v[2] = rotate_left(v[2], 32);
}

/* Fewer than eight bytes, the first lowest. */
static uint64_t load_rest(const uint8_t *bytes, size_t length)
{
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

uint64_t phxi_hash(const uint64_t seed[2], const void *bytes, size_t length)
{
    const uint8_t *input = bytes;
    uint64_t v[4] = {
        seed[0] ^ 0x736f6d6570736575u,
        seed[1] ^ 0x646f72616e646f6du,
        seed[0] ^ 0x6c7967656e657261u,
        seed[1] ^ 0x7465646279746573u,
    };
    size_t whole = length & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word = phxi_load_word(input + i);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = load_rest(input + whole, length - whole) | (uint64_t)length << 56;
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void phxi_map_init(phxi_map *map, const phx_allocator *allocator, const uint64_t seed[2])
{
    *map = (phxi_map){.allocator = allocator, .seed = {seed[0], seed[1]}};
}

void phxi_map_free(phxi_map *map)
{
    if (map->slots != NULL) {
        phxi_free(map->allocator, map->slots);
    }
    map->slots = NULL;
    map->slot_count = 0;
    map->count = 0;
}

static size_t next_slot(const phxi_map *map, size_t at)
{
    return (at + 1) & (map->slot_count - 1);
}

/* Where an entry of the hash would stand if all slots were free. */
static size_t home_of(const phxi_map *map, uint64_t hash)
{
    return (size_t)hash & (map->slot_count - 1);
}

static void put(phxi_map *map, phxi_map_slot slot)
{
    size_t at = home_of(map, slot.hash);
    while (map->slots[at].entry != NULL) {
        at = next_slot(map, at);
    }
    map->slots[at] = slot;
}

static void rehash(phxi_map *map, phxi_map_slot *slots, size_t slot_count)
{
    const phxi_map before = *map;
    map->slots = slots;
    map->slot_count = slot_count;
    for (size_t i = 0; i < before.slot_count; i++) {
        if (before.slots[i].entry != NULL) {
            put(map, before.slots[i]);
        }
    }
    if (before.slots != NULL) {
        phxi_free(map->allocator, before.slots);
    }
}

phx_status phxi_map_reserve(phxi_map *map, size_t extra)
{
    /* Twice the count, rounded up to a power of two, has to be a size. */
    if (extra > SIZE_MAX / (4 * sizeof(phxi_map_slot)) - map->count) {
        return PHX_ERROR_NO_MEMORY;
    }
    size_t needed = 2 * (map->count + extra);
    if (needed <= map->slot_count) {
        return PHX_OK;
    }
    size_t slot_count = map->slot_count == 0 ? SMALLEST_TABLE : map->slot_count;
    while (slot_count < needed) {
        slot_count *= 2;
    }
    phxi_map_slot *slots = phxi_alloc_zero(map->allocator, slot_count * sizeof *slots);
    if (slots == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    rehash(map, slots, slot_count);
    return PHX_OK;
}

uint64_t phxi_map_hash(const phxi_map *map, const void *key, size_t key_length)
{
    return phxi_hash(map->seed, key, key_length);
}

phxi_map_entry *phxi_map_find(const phxi_map *map, const void *key, size_t key_length)
{
    return map->count == 0
               ? NULL
               : phxi_map_find_hashed(map, phxi_map_hash(map, key, key_length), key, key_length);
}

phxi_map_entry *phxi_map_find_hashed(const phxi_map *map, uint64_t hash, const void *key,
                                     size_t key_length)
{
    if (map->count == 0) {
        return NULL;
    }
    size_t at = home_of(map, hash);
    for (; map->slots[at].entry != NULL; at = next_slot(map, at)) {
        phxi_map_entry *entry = map->slots[at].entry;
        if (map->slots[at].hash == hash && entry->key_length == key_length &&
            memcmp(entry->key, key, key_length) == 0) {
            return entry;
        }
    }
    return NULL;
}

void phxi_map_insert(phxi_map *map, phxi_map_entry *entry, const void *key, size_t key_length)
{
    phxi_map_insert_hashed(map, entry, phxi_map_hash(map, key, key_length), key, key_length);
}

void phxi_map_insert_hashed(phxi_map *map, phxi_map_entry *entry, uint64_t hash, const void *key,
                            size_t key_length)
{
    assert(2 * (map->count + 1) <= map->slot_count); /* a full table has no end of a search */
    entry->key = key;
    entry->key_length = key_length;
    entry->hash = hash;
    put(map, (phxi_map_slot){hash, entry});
    map->count++;
}

/* Fills the free slot `hole` with the next entry that may stand there, that one's slot likewise,
 * and so on: a search ends at a free slot, so none may be between an entry and its home. */
static void close_hole(phxi_map *map, size_t hole)
{
    const size_t mask = map->slot_count - 1;
    for (size_t at = next_slot(map, hole); map->slots[at].entry != NULL; at = next_slot(map, at)) {
        size_t from_home = (at - home_of(map, map->slots[at].hash)) & mask;
        if (from_home >= ((at - hole) & mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole].entry = NULL;
}

void phxi_map_remove(phxi_map *map, phxi_map_entry *entry)
{
    size_t at = home_of(map, entry->hash);
    while (map->slots[at].entry != entry) {
        at = next_slot(map, at);
    }
    close_hole(map, at);
    map->count--;
}

void phxi_map_prefetch(const phxi_map *map, const phxi_map_entry *entry)
{
    __builtin_prefetch(&map->slots[home_of(map, entry->hash)], 1);
}
