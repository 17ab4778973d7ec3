/* SPDX-License-Identifier: MIT */
/*
 * Sets of presences. A key is any text that the server chooses: it is a map's key here, never a
 * name of anything else. Each meta needs a phx_ref; a duplicate key makes the document malformed.
 */
#include "phx/presence_set.h"

#include <string.h>

#include "support/alloc.h"

void phxi_presence_set_init(phxi_presence_set *set, const phx_allocator *allocator,
                            const uint64_t seed[2])
{
    *set = (phxi_presence_set){.allocator = allocator};
    phxi_map_init(&set->by_key, allocator, seed);
}

static void free_metas(const phx_allocator *allocator, phxi_meta *meta)
{
    while (meta != NULL) {
        phxi_meta *next = meta->next;
        phxi_free(allocator, meta);
        meta = next;
    }
}

void phxi_presence_entry_free(const phx_allocator *allocator, phx_presence_entry *entry)
{
    if (entry != NULL) {
        free_metas(allocator, entry->first);
        phxi_free(allocator, entry);
    }
}

void phxi_presence_set_free(phxi_presence_set *set)
{
    phx_presence_entry *entry = set->first;
    while (entry != NULL) {
        phx_presence_entry *next = entry->next;
        phxi_presence_entry_free(set->allocator, entry);
        entry = next;
    }
    phxi_map_free(&set->by_key);
    set->first = NULL;
    set->last = NULL;
    set->meta_count = 0;
}

phx_presence_entry *phxi_presence_set_find(const phxi_presence_set *set, phx_slice key)
{
    phxi_map_entry *found = phxi_map_find(&set->by_key, key.data, key.length);
    return found == NULL ? NULL : PHXI_CONTAINER(phx_presence_entry, by_key, found);
}

void phxi_presence_set_add(phxi_presence_set *set, phx_presence_entry *entry)
{
    phxi_map_insert(&set->by_key, &entry->by_key, entry->key.data, entry->key.length);
    entry->next = NULL;
    entry->previous = set->last;
    if (set->last != NULL) {
        set->last->next = entry;
    } else {
        set->first = entry;
    }
    set->last = entry;
    set->meta_count += entry->count;
}

void phxi_presence_set_remove(phxi_presence_set *set, phx_presence_entry *entry)
{
    phxi_map_remove(&set->by_key, &entry->by_key);
    if (entry->previous != NULL) {
        entry->previous->next = entry->next;
    } else {
        set->first = entry->next;
    }
    if (entry->next != NULL) {
        entry->next->previous = entry->previous;
    } else {
        set->last = entry->previous;
    }
    entry->next = NULL;
    entry->previous = NULL;
    set->meta_count -= entry->count;
}

phxi_meta *phxi_presence_meta_find(const phx_presence_entry *entry, phx_slice ref)
{
    for (phxi_meta *meta = entry->first; meta != NULL; meta = meta->next) {
        if (meta->ref.length == ref.length && memcmp(meta->ref.data, ref.data, ref.length) == 0) {
            return meta;
        }
    }
    return NULL;
}

static void append_meta(phx_presence_entry *entry, phxi_meta *meta)
{
    meta->next = NULL;
    if (entry->last != NULL) {
        entry->last->next = meta;
    } else {
        entry->first = meta;
    }
    entry->last = meta;
    entry->count++;
}

void phxi_presence_move_metas(phx_presence_entry *from, phx_presence_entry *to,
                              const phx_presence_entry *among, bool is_among)
{
    phxi_meta *meta = from->first;
    from->first = NULL;
    from->last = NULL;
    from->count = 0;
    while (meta != NULL) {
        phxi_meta *next = meta->next;
        bool is_found = phxi_presence_meta_find(among, meta->ref) != NULL;
        append_meta(is_found == is_among ? to : from, meta);
        meta = next;
    }
}

/* --- reading --- */

static phx_presence_entry *new_entry(const phx_allocator *allocator, const phxi_json_token *key,
                                     phx_slice json)
{
    phx_presence_entry *entry =
        phxi_alloc_zero(allocator, sizeof *entry + key->text.length + json.length);
    if (entry != NULL) {
        char *text = (char *)(entry + 1);
        entry->key = (phx_slice){text, phxi_json_unescape(key, text)};
        text += key->text.length;
        entry->json = (phx_slice){memcpy(text, json.data, json.length), json.length};
    }
    return entry;
}

/* The phx_ref of a meta: *out_token is that text, or the meta has none. */
static bool find_ref(phx_slice json, phxi_json_token *out_token)
{
    phxi_json_reader reader;
    phxi_json_token token;
    bool is_found = false;
    phxi_json_reader_init(&reader, json.data, json.length);
    if (phxi_json_next(&reader, &token) != PHXI_JSON_OBJECT_BEGIN) {
        return false;
    }
    while (phxi_json_next(&reader, &token) == PHXI_JSON_KEY) {
        bool is_ref = phxi_json_text_is(&token, "phx_ref");
        phx_slice skipped;
        if (is_ref && phxi_json_next(&reader, out_token) == PHXI_JSON_STRING) {
            is_found = true;
        } else if (is_ref || !phxi_json_skip(&reader, &token, &skipped)) {
            return false;
        }
    }
    return is_found;
}

static phx_status read_meta(const phx_allocator *allocator, phx_presence_entry *entry,
                            phx_slice json)
{
    phxi_json_token ref;
    if (!find_ref(json, &ref)) {
        return PHX_ERROR_MALFORMED_FRAME;
    }
    phxi_meta *meta = phxi_alloc_zero(allocator, sizeof *meta + ref.text.length + json.length);
    if (meta == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    char *text = (char *)(meta + 1);
    meta->ref = (phx_slice){text, phxi_json_unescape(&ref, text)};
    text += ref.text.length;
    meta->json = (phx_slice){memcpy(text, json.data, json.length), json.length};
    append_meta(entry, meta);
    return PHX_OK;
}

static phx_status read_metas(const phx_allocator *allocator, phx_presence_entry *entry,
                             phxi_json_reader *reader, size_t max_metas)
{
    phxi_json_token token;
    if (phxi_json_next(reader, &token) != PHXI_JSON_ARRAY_BEGIN) {
        return PHX_ERROR_MALFORMED_FRAME;
    }
    phx_status status = PHX_OK;
    while (status == PHX_OK && phxi_json_next(reader, &token) == PHXI_JSON_OBJECT_BEGIN) {
        phx_slice json;
        if (entry->count >= max_metas) {
            status = PHX_ERROR_TOO_LARGE;
        } else if (!phxi_json_skip(reader, &token, &json)) {
            status = PHX_ERROR_MALFORMED_FRAME;
        } else {
            status = read_meta(allocator, entry, json);
        }
    }
    bool is_whole = status != PHX_OK || token.kind == PHXI_JSON_ARRAY_END;
    return is_whole ? status : PHX_ERROR_MALFORMED_FRAME;
}

/* The metas of the entry, out of its own JSON. */
static phx_status read_entry(const phx_allocator *allocator, phx_presence_entry *entry,
                             size_t max_metas)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, entry->json.data, entry->json.length);
    if (phxi_json_next(&reader, &token) != PHXI_JSON_OBJECT_BEGIN) {
        return PHX_ERROR_MALFORMED_FRAME;
    }
    bool has_metas = false;
    phx_status status = PHX_OK;
    while (status == PHX_OK && phxi_json_next(&reader, &token) == PHXI_JSON_KEY) {
        phx_slice skipped;
        if (!has_metas && phxi_json_text_is(&token, "metas")) {
            has_metas = true;
            status = read_metas(allocator, entry, &reader, max_metas);
        } else if (!phxi_json_skip(&reader, &token, &skipped)) {
            status = PHX_ERROR_MALFORMED_FRAME;
        }
    }
    return status == PHX_OK && !has_metas ? PHX_ERROR_MALFORMED_FRAME : status;
}

static phx_status read_one(phxi_presence_set *set, phxi_json_reader *reader,
                           const phxi_json_token *key, size_t max_metas)
{
    phx_slice json;
    if (!phxi_json_skip(reader, key, &json)) {
        return PHX_ERROR_MALFORMED_FRAME;
    }
    phx_presence_entry *entry = new_entry(set->allocator, key, json);
    if (entry == NULL || phxi_map_reserve(&set->by_key, 1) != PHX_OK) {
        phxi_presence_entry_free(set->allocator, entry);
        return PHX_ERROR_NO_MEMORY;
    }
    phx_status status = read_entry(set->allocator, entry, max_metas - set->meta_count);
    if (status == PHX_OK && phxi_presence_set_find(set, entry->key) != NULL) {
        status = PHX_ERROR_MALFORMED_FRAME;
    }
    if (status != PHX_OK) {
        phxi_presence_entry_free(set->allocator, entry);
        return status;
    }
    phxi_presence_set_add(set, entry);
    return PHX_OK;
}

phx_status phxi_presence_set_read(phxi_presence_set *set, phxi_json_reader *reader,
                                  size_t max_metas)
{
    phxi_json_token token;
    phx_status status = PHX_OK;
    while (status == PHX_OK && phxi_json_next(reader, &token) == PHXI_JSON_KEY) {
        status = read_one(set, reader, &token, max_metas);
    }
    bool is_whole = status != PHX_OK || token.kind == PHXI_JSON_OBJECT_END;
    return is_whole ? status : PHX_ERROR_MALFORMED_FRAME;
}
