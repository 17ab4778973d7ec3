/* SPDX-License-Identifier: MIT */
/*
 * States and diffs of presence, as phoenix.js's Presence applies them: joins first, new metas
 * behind those that survive, then leaves. Everything that can fail is read and reserved before
 * anything changes.
 */
#include "phx/presence_state.h"

#include <string.h>

#include "support/alloc.h"

struct phxi_pending_diff {
    phxi_pending_diff *next;
    phx_slice json; /* behind the struct, in its block */
};

typedef struct presence_diff {
    phxi_presence_set joins;
    phxi_presence_set leaves;
} presence_diff;

void phxi_presence_init(phxi_presence_state *state, const phx_allocator *allocator,
                        const uint64_t seed[2], size_t max_metas, size_t max_pending_bytes)
{
    *state = (phxi_presence_state){
        .allocator = allocator,
        .seed = {seed[0], seed[1]},
        .max_metas = max_metas,
        .max_pending_bytes = max_pending_bytes,
    };
    phxi_presence_set_init(&state->set, allocator, seed);
}

static void drop_pending(phxi_presence_state *state)
{
    while (state->first_pending != NULL) {
        phxi_pending_diff *next = state->first_pending->next;
        phxi_free(state->allocator, state->first_pending);
        state->first_pending = next;
    }
    state->last_pending = NULL;
    state->pending_bytes = 0;
}

void phxi_presence_free(phxi_presence_state *state)
{
    drop_pending(state);
    phxi_presence_set_free(&state->set);
}

void phxi_presence_rejoin(phxi_presence_state *state)
{
    drop_pending(state);
    state->is_synced = false;
}

static void init_diff(const phxi_presence_state *state, presence_diff *diff)
{
    phxi_presence_set_init(&diff->joins, state->allocator, state->seed);
    phxi_presence_set_init(&diff->leaves, state->allocator, state->seed);
}

static void free_diff(presence_diff *diff)
{
    phxi_presence_set_free(&diff->joins);
    phxi_presence_set_free(&diff->leaves);
}

/* --- applying: cannot fail --- */

/* The entry takes the place of the one that is there; metas that only the old one has go before its
 * own. */
static void replace(phxi_presence_state *state, phx_presence_entry *current,
                    phx_presence_entry *joined)
{
    phx_presence_entry survivors = {0};
    phxi_presence_set_remove(&state->set, current);
    phxi_presence_move_metas(current, &survivors, joined, false);
    if (survivors.last != NULL) {
        survivors.last->next = joined->first;
        joined->first = survivors.first;
        joined->last = joined->last != NULL ? joined->last : survivors.last;
        joined->count += survivors.count;
    }
    phxi_presence_set_add(&state->set, joined);
}

/* Told before it is done, while each entry still has metas of its own only. */
static void join(phxi_presence_state *state, phx_presence_entry *joined,
                 const phxi_presence_sink *sink)
{
    phx_presence_entry *current = phxi_presence_set_find(&state->set, joined->key);
    sink->on_join(sink->user_data, current, joined);
    if (current == NULL) {
        phxi_presence_set_add(&state->set, joined);
    } else {
        replace(state, current, joined);
        phxi_presence_entry_free(state->allocator, current);
    }
}

static void leave(phxi_presence_state *state, const phx_presence_entry *left,
                  const phxi_presence_sink *sink)
{
    phx_presence_entry *current = phxi_presence_set_find(&state->set, left->key);
    if (current == NULL) {
        return;
    }
    phx_presence_entry gone = {0};
    state->set.meta_count -= current->count;
    phxi_presence_move_metas(current, &gone, left, true);
    state->set.meta_count += current->count;
    sink->on_leave(sink->user_data, current, left);
    while (gone.first != NULL) {
        phxi_meta *next = gone.first->next;
        phxi_free(state->allocator, gone.first);
        gone.first = next;
    }
    if (current->count == 0) {
        phxi_presence_set_remove(&state->set, current);
        phxi_presence_entry_free(state->allocator, current);
    }
}

static void apply(phxi_presence_state *state, presence_diff *diff, const phxi_presence_sink *sink)
{
    while (diff->joins.first != NULL) {
        phx_presence_entry *joined = diff->joins.first;
        phxi_presence_set_remove(&diff->joins, joined);
        join(state, joined, sink);
    }
    for (phx_presence_entry *left = diff->leaves.first; left != NULL; left = left->next) {
        leave(state, left, sink);
    }
}

/* --- reading --- */

static phx_status read_side(const phxi_presence_state *state, phxi_presence_set *set,
                            phxi_json_reader *reader)
{
    phxi_json_token token;
    if (phxi_json_next(reader, &token) != PHXI_JSON_OBJECT_BEGIN || set->first != NULL) {
        return PHX_ERROR_MALFORMED_FRAME;
    }
    return phxi_presence_set_read(set, reader, state->max_metas);
}

static phx_status read_diff(const phxi_presence_state *state, phx_slice json, presence_diff *out)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, json.data, json.length);
    if (phxi_json_next(&reader, &token) != PHXI_JSON_OBJECT_BEGIN) {
        return PHX_ERROR_MALFORMED_FRAME;
    }
    phx_status status = PHX_OK;
    while (status == PHX_OK && phxi_json_next(&reader, &token) == PHXI_JSON_KEY) {
        phx_slice skipped;
        if (phxi_json_text_is(&token, "joins")) {
            status = read_side(state, &out->joins, &reader);
        } else if (phxi_json_text_is(&token, "leaves")) {
            status = read_side(state, &out->leaves, &reader);
        } else if (!phxi_json_skip(&reader, &token, &skipped)) {
            status = PHX_ERROR_MALFORMED_FRAME;
        }
    }
    bool is_whole = status != PHX_OK || token.kind == PHXI_JSON_OBJECT_END;
    return is_whole ? status : PHX_ERROR_MALFORMED_FRAME;
}

static phx_status reserve(phxi_presence_state *state, const presence_diff *diff)
{
    if (diff->joins.meta_count + state->set.meta_count > state->max_metas) {
        return PHX_ERROR_TOO_LARGE;
    }
    return phxi_map_reserve(&state->set.by_key, diff->joins.by_key.count);
}

static phx_status apply_diff(phxi_presence_state *state, phx_slice json,
                             const phxi_presence_sink *sink)
{
    presence_diff diff;
    init_diff(state, &diff);
    phx_status status = read_diff(state, json, &diff);
    if (status == PHX_OK) {
        status = reserve(state, &diff);
    }
    if (status == PHX_OK) {
        apply(state, &diff, sink);
    }
    free_diff(&diff);
    return status;
}

/* --- a state, as the diff that leads to it --- */

/* A copy of the entry without its metas. NULL: no memory. */
static phx_presence_entry *copy_head(const phx_allocator *allocator,
                                     const phx_presence_entry *entry)
{
    phx_presence_entry *copy =
        phxi_alloc_zero(allocator, sizeof *copy + entry->key.length + entry->json.length);
    if (copy != NULL) {
        char *text = (char *)(copy + 1);
        copy->key =
            (phx_slice){memcpy(text, entry->key.data, entry->key.length), entry->key.length};
        text += entry->key.length;
        copy->json =
            (phx_slice){memcpy(text, entry->json.data, entry->json.length), entry->json.length};
    }
    return copy;
}

static phx_status copy_meta(const phx_allocator *allocator, phx_presence_entry *to,
                            const phxi_meta *meta)
{
    phxi_meta *copy =
        phxi_alloc_zero(allocator, sizeof *copy + meta->ref.length + meta->json.length);
    if (copy == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    char *text = (char *)(copy + 1);
    copy->ref = (phx_slice){memcpy(text, meta->ref.data, meta->ref.length), meta->ref.length};
    text += meta->ref.length;
    copy->json = (phx_slice){memcpy(text, meta->json.data, meta->json.length), meta->json.length};
    phx_presence_entry one = {.first = copy, .last = copy, .count = 1};
    phx_presence_entry none = {0};
    phxi_presence_move_metas(&one, to, &none, false);
    return PHX_OK;
}

/* Into leaves: the metas of `current` that `newer` (NULL: it is gone) does not have. */
static phx_status note_leave(presence_diff *diff, const phx_presence_entry *current,
                             const phx_presence_entry *newer)
{
    const phx_allocator *allocator = diff->leaves.allocator;
    phx_presence_entry *left = copy_head(allocator, current);
    phx_status status = left == NULL ? PHX_ERROR_NO_MEMORY : PHX_OK;
    for (const phxi_meta *meta = current->first; meta != NULL && status == PHX_OK;
         meta = meta->next) {
        if (newer == NULL || phxi_presence_meta_find(newer, meta->ref) == NULL) {
            status = copy_meta(allocator, left, meta);
        }
    }
    if (status == PHX_OK) {
        status = phxi_map_reserve(&diff->leaves.by_key, 1);
    }
    /* A key that is gone leaves whole, even if it had no metas. */
    if (status != PHX_OK || (newer != NULL && left->count == 0)) {
        phxi_presence_entry_free(allocator, left);
        return status;
    }
    phxi_presence_set_add(&diff->leaves, left);
    return PHX_OK;
}

static phx_status note_leaves(const phxi_presence_state *state, presence_diff *diff)
{
    phx_status status = PHX_OK;
    for (const phx_presence_entry *current = state->set.first; current != NULL && status == PHX_OK;
         current = current->next) {
        status = note_leave(diff, current, phxi_presence_set_find(&diff->joins, current->key));
    }
    return status;
}

/* Of the new entries, only metas that are not there yet join; an entry without one does not. */
static void keep_new_metas(const phxi_presence_state *state, presence_diff *diff)
{
    phx_presence_entry *entry = diff->joins.first;
    while (entry != NULL) {
        phx_presence_entry *next = entry->next;
        const phx_presence_entry *current = phxi_presence_set_find(&state->set, entry->key);
        if (current != NULL) {
            phx_presence_entry known = {0};
            diff->joins.meta_count -= entry->count;
            phxi_presence_move_metas(entry, &known, current, true);
            diff->joins.meta_count += entry->count;
            while (known.first != NULL) {
                phxi_meta *after = known.first->next;
                phxi_free(state->allocator, known.first);
                known.first = after;
            }
            if (entry->count == 0) {
                phxi_presence_set_remove(&diff->joins, entry);
                phxi_presence_entry_free(state->allocator, entry);
            }
        }
        entry = next;
    }
}

static phx_status sync_state(phxi_presence_state *state, phx_slice json,
                             const phxi_presence_sink *sink)
{
    phxi_json_reader reader;
    phxi_json_reader_init(&reader, json.data, json.length);
    presence_diff diff;
    init_diff(state, &diff);
    phx_status status = read_side(state, &diff.joins, &reader);
    if (status == PHX_OK) {
        status = note_leaves(state, &diff);
    }
    if (status == PHX_OK) {
        status = phxi_map_reserve(&state->set.by_key, diff.joins.by_key.count);
    }
    if (status == PHX_OK) {
        keep_new_metas(state, &diff);
        apply(state, &diff, sink);
    }
    free_diff(&diff);
    return status;
}

phx_status phxi_presence_take_state(phxi_presence_state *state, phx_slice json,
                                    const phxi_presence_sink *sink)
{
    phx_status status = sync_state(state, json, sink);
    if (status != PHX_OK) {
        return status;
    }
    state->is_synced = true;
    phxi_pending_diff *pending = state->first_pending;
    for (; pending != NULL && status == PHX_OK; pending = pending->next) {
        status = apply_diff(state, pending->json, sink);
    }
    drop_pending(state);
    sink->on_sync(sink->user_data);
    return status;
}

static phx_status keep_diff(phxi_presence_state *state, phx_slice json)
{
    if (json.length > state->max_pending_bytes - state->pending_bytes) {
        return PHX_ERROR_TOO_LARGE;
    }
    phxi_pending_diff *pending = phxi_alloc_zero(state->allocator, sizeof *pending + json.length);
    if (pending == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    pending->json = (phx_slice){memcpy(pending + 1, json.data, json.length), json.length};
    if (state->last_pending != NULL) {
        state->last_pending->next = pending;
    } else {
        state->first_pending = pending;
    }
    state->last_pending = pending;
    state->pending_bytes += json.length;
    return PHX_OK;
}

phx_status phxi_presence_take_diff(phxi_presence_state *state, phx_slice json,
                                   const phxi_presence_sink *sink)
{
    if (!state->is_synced) {
        return keep_diff(state, json);
    }
    phx_status status = apply_diff(state, json, sink);
    if (status == PHX_OK) {
        sink->on_sync(sink->user_data);
    }
    return status;
}
