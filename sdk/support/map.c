/* SPDX-License-Identifier: MIT */
/*
 * The hash map: chains in a table of a power of two, load factor at most 1. SipHash-1-3 (Aumasson
 * and Bernstein), so that a server cannot choose keys that collide.
 */
#include "support/map.h"

#include <string.h>

#include "support/alloc.h"

enum {
    SMALLEST_TABLE = 16
};

static uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return (value << bits) | (value >> (64 - bits));
}

static void sip_round(uint64_t v[4])
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

/* Up to eight bytes, little-endian, so that a hash is the same on every machine. */
static uint64_t load_little(const uint8_t *bytes, size_t length)
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
        uint64_t word = load_little(input + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = load_little(input + whole, length - whole) | (uint64_t)length << 56;
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
    if (map->buckets != NULL) {
        phxi_free(map->allocator, map->buckets);
    }
    map->buckets = NULL;
    map->bucket_count = 0;
    map->count = 0;
}

static phxi_map_entry **bucket_of(const phxi_map *map, uint64_t hash)
{
    return &map->buckets[hash & (map->bucket_count - 1)];
}

static void rehash(phxi_map *map, phxi_map_entry **buckets, size_t bucket_count)
{
    for (size_t i = 0; i < map->bucket_count; i++) {
        phxi_map_entry *entry = map->buckets[i];
        while (entry != NULL) {
            phxi_map_entry *next = entry->next;
            phxi_map_entry **slot = &buckets[entry->hash & (bucket_count - 1)];
            entry->next = *slot;
            *slot = entry;
            entry = next;
        }
    }
    if (map->buckets != NULL) {
        phxi_free(map->allocator, map->buckets);
    }
    map->buckets = buckets;
    map->bucket_count = bucket_count;
}

phx_status phxi_map_reserve(phxi_map *map, size_t extra)
{
    if (extra > SIZE_MAX / (4 * sizeof(phxi_map_entry *)) - map->count) {
        return PHX_ERROR_NO_MEMORY;
    }
    size_t needed = map->count + extra;
    if (needed <= map->bucket_count) {
        return PHX_OK;
    }
    size_t bucket_count = map->bucket_count == 0 ? SMALLEST_TABLE : map->bucket_count;
    while (bucket_count < needed) {
        bucket_count *= 2;
    }
    phxi_map_entry **buckets =
        phxi_alloc_zero(map->allocator, bucket_count * sizeof(phxi_map_entry *));
    if (buckets == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    rehash(map, buckets, bucket_count);
    return PHX_OK;
}

phxi_map_entry *phxi_map_find(const phxi_map *map, const void *key, size_t key_length)
{
    if (map->count == 0) {
        return NULL;
    }
    uint64_t hash = phxi_hash(map->seed, key, key_length);
    phxi_map_entry *entry = *bucket_of(map, hash);
    while (entry != NULL) {
        if (entry->hash == hash && entry->key_length == key_length &&
            memcmp(entry->key, key, key_length) == 0) {
            return entry;
        }
        entry = entry->next;
    }
    return NULL;
}

void phxi_map_insert(phxi_map *map, phxi_map_entry *entry, const void *key, size_t key_length)
{
    entry->key = key;
    entry->key_length = key_length;
    entry->hash = phxi_hash(map->seed, key, key_length);
    phxi_map_entry **bucket = bucket_of(map, entry->hash);
    entry->next = *bucket;
    *bucket = entry;
    map->count++;
}

void phxi_map_remove(phxi_map *map, phxi_map_entry *entry)
{
    phxi_map_entry **link = bucket_of(map, entry->hash);
    while (*link != entry) {
        link = &(*link)->next;
    }
    *link = entry->next;
    entry->next = NULL;
    map->count--;
}
