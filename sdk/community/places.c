/* SPDX-License-Identifier: MIT */
/*
 * From one feed to the next with as few records as it takes: posts that stay in order keep their
 * numbers, and are written only if they were edited; others get numbers between those of their
 * neighbours. When there is no number left in between, or it is unknown what the storage holds, all
 * is written anew.
 */
#include "community/places.h"

#include <inttypes.h>
#include <stdio.h>

#include "community/post_codec.h"
#include "community/store_order.h"
#include "support/alloc.h"
#include "support/map.h"

enum {
    KEY_BYTES = 16, /* hexadecimal digits: sorted as the numbers are */
    SMALLEST_CAPACITY = 64,
    SAVED_BY_EQUAL = 2,
    SAVED_BY_EDITED = 1
};
#define FIRST_NUMBER ((uint64_t)1 << 63)
#define GAP ((uint64_t)1 << 20)

typedef struct plan {
    const communityi_places *places;
    size_t count;
    size_t old_count;
    const community_post **posts;     /* [count] */
    const community_post **old_posts; /* [old_count] */
    phxi_map_entry *entries;          /* [old_count] */
    communityi_order *order;          /* [count] */
    size_t *best;                     /* [old_count + 1]: for the order */
    uint64_t *numbers;                /* [count] */
    bool is_anew;
} plan;

void communityi_places_init(communityi_places *places, const phx_allocator *allocator,
                            const uint64_t seed[2])
{
    *places = (communityi_places){.allocator = allocator, .seed = {seed[0], seed[1]}};
}

void communityi_places_clear(communityi_places *places)
{
    communityi_places_abort(places);
    community_snapshot_release(places->written);
    phxi_free(places->allocator, places->numbers);
    communityi_places_init(places, places->allocator,
                           (const uint64_t[]){places->seed[0], places->seed[1]});
}

static bool parse_key(phx_slice key, uint64_t *out_number)
{
    *out_number = 0;
    for (size_t i = 0; i < key.length; i++) {
        char digit = key.data[i];
        bool is_decimal = digit >= '0' && digit <= '9';
        if (!is_decimal && (digit < 'a' || digit > 'f')) {
            return false;
        }
        *out_number = *out_number << 4 | (uint64_t)(is_decimal ? digit - '0' : digit - 'a' + 10);
    }
    return key.length == KEY_BYTES;
}

bool communityi_places_add(communityi_places *places, phx_slice key)
{
    uint64_t number;
    if (!parse_key(key, &number) ||
        (places->count > 0 && number <= places->numbers[places->count - 1])) {
        return false;
    }
    if (places->count == places->capacity) {
        size_t capacity = places->capacity == 0 ? SMALLEST_CAPACITY : places->capacity * 2;
        uint64_t *numbers =
            phxi_realloc(places->allocator, places->numbers, capacity * sizeof *numbers);
        if (numbers == NULL) {
            return false;
        }
        places->numbers = numbers;
        places->capacity = capacity;
    }
    places->numbers[places->count++] = number;
    return true;
}

void communityi_places_set_written(communityi_places *places, const community_snapshot *snapshot)
{
    places->written = community_snapshot_retain(snapshot);
}

static bool plan_memory(plan *to)
{
    const phx_allocator *allocator = to->places->allocator;
    to->posts = phxi_alloc(allocator, to->count * sizeof *to->posts);
    to->old_posts = phxi_alloc(allocator, to->old_count * sizeof *to->old_posts);
    to->entries = phxi_alloc(allocator, to->old_count * sizeof *to->entries);
    to->order = phxi_alloc_zero(allocator, to->count * sizeof *to->order);
    to->best = phxi_alloc(allocator, (to->old_count + 1) * sizeof *to->best);
    to->numbers = phxi_alloc(allocator, to->count * sizeof *to->numbers);
    return to->posts != NULL && to->old_posts != NULL && to->entries != NULL && to->order != NULL &&
           to->best != NULL && to->numbers != NULL;
}

/* All but the numbers, which may have become the outcome. */
static void plan_free(plan *to)
{
    const phx_allocator *allocator = to->places->allocator;
    phxi_free(allocator, to->posts);
    phxi_free(allocator, to->old_posts);
    phxi_free(allocator, to->entries);
    phxi_free(allocator, to->order);
    phxi_free(allocator, to->best);
    phxi_free(allocator, to->numbers);
}

/* Which posts keep their numbers. */
static phx_status plan_order(plan *to)
{
    phxi_map by_id;
    phxi_map_init(&by_id, to->places->allocator, to->places->seed);
    phx_status status = phxi_map_reserve(&by_id, to->old_count);
    for (size_t i = 0; status == PHX_OK && i < to->old_count; i++) {
        phx_slice id = to->old_posts[i]->id;
        phxi_map_insert(&by_id, &to->entries[i], id.data, id.length);
    }
    for (size_t i = 0; status == PHX_OK && i < to->count; i++) {
        const community_post *post = to->posts[i];
        const phxi_map_entry *found = phxi_map_find(&by_id, post->id.data, post->id.length);
        if (found != NULL) {
            size_t old_index = (size_t)(found - to->entries);
            to->order[i].place = old_index + 1;
            to->order[i].weight =
                to->old_posts[old_index] == post ? SAVED_BY_EQUAL : SAVED_BY_EDITED;
        }
    }
    phxi_map_free(&by_id);
    communityi_order_keep(to->order, to->count, to->best, to->old_count);
    return status;
}

/* Numbers for posts first..end-1, which have none, between their neighbours'. False: too few. */
static bool number_run(plan *to, size_t first, size_t end)
{
    uint64_t room = (uint64_t)(end - first + 1) * GAP;
    bool is_top = first == 0;
    bool is_bottom = end == to->count;
    uint64_t low = is_top ? FIRST_NUMBER : to->numbers[first - 1];
    uint64_t high = is_bottom ? low + room : to->places->numbers[to->order[end].place - 1];
    if (is_top && !is_bottom) {
        low = high > room ? high - room : 0;
    }
    uint64_t step = high > low ? (high - low) / (end - first + 1) : 0;
    for (size_t i = first; i < end; i++) {
        to->numbers[i] = low + step * (i - first + 1);
    }
    return step > 0;
}

static bool number_all(plan *to)
{
    size_t i = 0;
    while (i < to->count) {
        size_t end = i;
        while (end < to->count && !to->order[end].is_kept) {
            end++;
        }
        if (end > i && !number_run(to, i, end)) {
            return false;
        }
        if (end < to->count) {
            to->numbers[end] = to->places->numbers[to->order[end].place - 1];
            end++;
        }
        i = end;
    }
    return true;
}

static void number_anew(plan *to)
{
    to->is_anew = true;
    for (size_t i = 0; i < to->count; i++) {
        to->order[i].is_kept = false;
    }
    (void)number_run(to, 0, to->count);
}

static phx_slice write_key(uint64_t number, char out[KEY_BYTES + 1])
{
    (void)snprintf(out, KEY_BYTES + 1, "%016" PRIx64, number);
    return (phx_slice){out, KEY_BYTES};
}

static phx_status add_removals(const plan *from, communityi_records *records)
{
    const phx_slice none = {0};
    if (from->is_anew) {
        return communityi_records_append(records, COMMUNITY_RECORD_POST, none, none);
    }
    phx_status status = PHX_OK;
    size_t kept = 0;
    for (size_t i = 0; status == PHX_OK && i < from->old_count; i++) {
        while (kept < from->count && !from->order[kept].is_kept) {
            kept++;
        }
        if (kept < from->count && from->order[kept].place == i + 1) {
            kept++;
            continue;
        }
        char key[KEY_BYTES + 1];
        status = communityi_records_append(records, COMMUNITY_RECORD_POST,
                                           write_key(from->places->numbers[i], key), none);
    }
    return status;
}

static phx_status add_post(const plan *from, size_t index, communityi_records *records)
{
    char key[KEY_BYTES + 1];
    phxi_buffer json;
    phxi_buffer_init(&json, from->places->allocator, SIZE_MAX);
    phx_status status = communityi_post_encode(from->posts[index], &json);
    if (status == PHX_OK) {
        const phx_slice value = {(const char *)json.data, json.length};
        status = communityi_records_append(records, COMMUNITY_RECORD_POST,
                                           write_key(from->numbers[index], key), value);
    }
    phxi_buffer_free(&json);
    return status;
}

static phx_status add_records(const plan *from, communityi_records *records)
{
    phx_status status = add_removals(from, records);
    for (size_t i = 0; status == PHX_OK && i < from->count; i++) {
        if (!from->order[i].is_kept || from->order[i].weight != SAVED_BY_EQUAL) {
            status = add_post(from, i, records);
        }
    }
    return status;
}

static phx_status make_plan(plan *to, const community_snapshot *snapshot)
{
    const communityi_places *places = to->places;
    if (!plan_memory(to)) {
        return PHX_ERROR_NO_MEMORY;
    }
    (void)community_snapshot_range(snapshot, 0, to->posts, to->count);
    if (places->written == NULL) {
        number_anew(to);
        return PHX_OK;
    }
    (void)community_snapshot_range(places->written, 0, to->old_posts, to->old_count);
    phx_status status = plan_order(to);
    if (status == PHX_OK && !number_all(to)) {
        number_anew(to);
    }
    return status;
}

phx_status communityi_places_collect(communityi_places *places, const community_snapshot *snapshot,
                                     communityi_records *records)
{
    plan made = {
        .places = places,
        .count = community_snapshot_count(snapshot),
        .old_count = places->written == NULL ? 0 : community_snapshot_count(places->written),
    };
    phx_status status = PHX_OK;
    if (snapshot == places->written) {
        return PHX_OK;
    }
    status = make_plan(&made, snapshot);
    if (status == PHX_OK) {
        status = add_records(&made, records);
    }
    if (status == PHX_OK) {
        places->collected = community_snapshot_retain(snapshot);
        places->collected_numbers = made.numbers;
        made.numbers = NULL;
    }
    plan_free(&made);
    return status;
}

void communityi_places_commit(communityi_places *places)
{
    if (places->collected == NULL) {
        return;
    }
    community_snapshot_release(places->written);
    phxi_free(places->allocator, places->numbers);
    places->written = places->collected;
    places->numbers = places->collected_numbers;
    places->count = places->capacity = community_snapshot_count(places->written);
    places->collected = NULL;
    places->collected_numbers = NULL;
}

void communityi_places_abort(communityi_places *places)
{
    community_snapshot_release(places->collected);
    phxi_free(places->allocator, places->collected_numbers);
    places->collected = NULL;
    places->collected_numbers = NULL;
}
