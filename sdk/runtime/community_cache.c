/* SPDX-License-Identifier: MIT */
/*
 * Between the feed and its records: each post under its place, and in META when the feed was last
 * known to be what the server lists. While it is live, that is the time of writing, so after a
 * crash the feed counts as stale for a bit longer than it is, and never shorter.
 */
#include "runtime/community_cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime/community_client.h"

enum {
    NUMBER_BYTES = 24,
    MAX_DIGITS = 18,
    UNKNOWN = -1
};
static const phx_slice fresh_at_key = {"fresh_at", sizeof "fresh_at" - 1};

void communityi_cache_init(community_client *client, const uint64_t seed[2])
{
    communityi_places_init(&client->cache.places, &client->allocator, seed);
    client->cache.written_stale_since_ms = UNKNOWN;
}

void communityi_cache_free(community_client *client)
{
    if (client->cache.places.allocator != NULL) {
        communityi_places_clear(&client->cache.places);
    }
}

static void load_fact(communityi_cache *cache, const community_record *record)
{
    if (record->key.length != fresh_at_key.length ||
        memcmp(record->key.data, fresh_at_key.data, fresh_at_key.length) != 0) {
        return;
    }
    int64_t ms = 0;
    for (size_t i = 0; i < record->value.length; i++) {
        char digit = record->value.data[i];
        if (i == MAX_DIGITS || digit < '0' || digit > '9') {
            return;
        }
        ms = ms * 10 + (digit - '0');
    }
    cache->fresh_at_ms = ms;
}

/* PHX_ERROR_IO: the record is no post, or not at its place. */
static phx_status load_post(community_client *client, const community_record *record)
{
    communityi_cache *cache = &client->cache;
    const community_post *post = NULL;
    const char *reason = NULL;
    bool is_changed = false;
    phx_status status = communityi_post_decode(&client->allocator, record->value.data,
                                               record->value.length, &post, &reason);
    if (status == PHX_OK &&
        communityi_store_find(client->store, post->id.data, post->id.length) != NULL) {
        status = PHX_ERROR_IO;
    }
    if (status == PHX_OK) {
        status = communityi_store_append(client->store, post, &is_changed);
    }
    /* Beyond the capacity, which was larger once; or without a place that can be kept. */
    if (status == PHX_OK && (!is_changed || !communityi_places_add(&cache->places, record->key))) {
        cache->is_inexact = true;
    }
    community_post_release(post);
    return status == PHX_OK || status == PHX_ERROR_NO_MEMORY ? status : PHX_ERROR_IO;
}

void communityi_cache_load(community_client *client, const community_record *record)
{
    communityi_cache *cache = &client->cache;
    if (record->kind == COMMUNITY_RECORD_META) {
        load_fact(cache, record);
        return;
    }
    phx_status status = cache->fresh_at_ms > 0 ? load_post(client, record) : PHX_ERROR_IO;
    if (status != PHX_OK) {
        cache->dropped++;
        cache->is_out_of_memory = cache->is_out_of_memory || status == PHX_ERROR_NO_MEMORY;
        cache->is_inexact = true;
    }
}

static void report_dropped(community_client *client)
{
    char message[COMMUNITYI_MESSAGE_BYTES];
    phx_status status = client->cache.is_out_of_memory ? PHX_ERROR_NO_MEMORY : PHX_ERROR_IO;
    (void)snprintf(message, sizeof message,
                   "%zu posts of the storage could not be read and were dropped",
                   client->cache.dropped);
    communityi_report(client, status, message);
}

static void show_loaded(community_client *client)
{
    communityi_cache *cache = &client->cache;
    int64_t now_ms = phx_loop_wall_ms(client->loop);
    communityi_store_collapse(client->store);
    client->is_filled = true;
    /* A clock that was wrong then or is now: not in the future, at least. */
    client->stale_since_ms = cache->fresh_at_ms < now_ms ? cache->fresh_at_ms : now_ms;
}

void communityi_cache_loaded(community_client *client, bool is_whole)
{
    communityi_cache *cache = &client->cache;
    bool is_used = cache->fresh_at_ms > 0 &&
                   (communityi_store_count(client->store) > 0 || cache->dropped == 0);
    if (is_used) {
        show_loaded(client);
    }
    if (is_used && is_whole && !cache->is_inexact) {
        const community_snapshot *snapshot = communityi_store_snapshot(client->store);
        communityi_places_set_written(&cache->places, snapshot);
        community_snapshot_release(snapshot);
        cache->written_stale_since_ms = client->stale_since_ms;
    } else {
        communityi_places_clear(&cache->places);
    }
    if (cache->dropped > 0) {
        report_dropped(client);
    }
    cache->dropped = 0;
    cache->is_inexact = cache->is_out_of_memory = false;
}

bool communityi_cache_is_changed(const community_client *client)
{
    const communityi_cache *cache = &client->cache;
    if (!client->is_filled) {
        return false;
    }
    const community_snapshot *snapshot = communityi_store_snapshot(client->store);
    bool is_same = snapshot == cache->places.written &&
                   client->stale_since_ms == cache->written_stale_since_ms;
    community_snapshot_release(snapshot);
    return !is_same;
}

phx_status communityi_cache_collect(community_client *client, communityi_records *records)
{
    communityi_cache *cache = &client->cache;
    int64_t stale_since_ms = client->stale_since_ms;
    char text[NUMBER_BYTES];
    int length = snprintf(text, sizeof text, "%" PRId64,
                          stale_since_ms != 0 ? stale_since_ms : phx_loop_wall_ms(client->loop));
    phx_status status = communityi_records_append(records, COMMUNITY_RECORD_META, fresh_at_key,
                                                  (phx_slice){text, (size_t)length});
    if (status == PHX_OK) {
        const community_snapshot *snapshot = communityi_store_snapshot(client->store);
        status = communityi_places_collect(&cache->places, snapshot, records);
        community_snapshot_release(snapshot);
    }
    if (status == PHX_OK) {
        cache->has_collected = true;
        cache->collected_stale_since_ms = stale_since_ms;
    }
    return status;
}

void communityi_cache_commit(community_client *client)
{
    communityi_cache *cache = &client->cache;
    if (cache->has_collected) {
        communityi_places_commit(&cache->places);
        cache->written_stale_since_ms = cache->collected_stale_since_ms;
        cache->has_collected = false;
    }
}

void communityi_cache_abort(community_client *client)
{
    communityi_places_abort(&client->cache.places);
    client->cache.has_collected = false;
}

void communityi_cache_touch(community_client *client)
{
    if (client->stale_since_ms == 0) {
        client->cache.written_stale_since_ms = UNKNOWN;
    }
}

void communityi_cache_forget(community_client *client)
{
    communityi_cache *cache = &client->cache;
    communityi_places_clear(&cache->places);
    cache->fresh_at_ms = 0;
    cache->written_stale_since_ms = UNKNOWN;
}
