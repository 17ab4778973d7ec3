/* SPDX-License-Identifier: MIT */
/*
 * Presence against the model. The input is a sequence of documents, each behind a byte that
 * says what it is and one or two for its length: a state, a diff or a rejoin. A document that is
 * refused changes nothing.
 */
#include "failing_allocator.h"
#include "fuzz.h"
#include "phx/presence_state.h"
#include "presence_model.h"
#include "wire/json_reader.h"

enum {
    MAX_DOCUMENTS = 24,
    MAX_PENDING_BYTES = 600
};

static void nothing_entry(void *user_data, const phx_presence_entry *current,
                          const phx_presence_entry *changed)
{
    size_t *events = user_data;
    FUZZ_CHECK(changed != NULL);
    FUZZ_CHECK(current == NULL ||
               (current->key.length == changed->key.length &&
                memcmp(current->key.data, changed->key.data, changed->key.length) == 0));
    ++*events;
}

static void nothing_sync(void *user_data)
{
    size_t *events = user_data;
    ++*events;
}

static void compare(const phxi_presence_state *state, const presence_model *model)
{
    const phx_presence_entry *entry = state->set.first;
    size_t metas = 0;
    for (size_t i = 0; i < model->present.count; i++, entry = entry->next) {
        const key *expected = &model->present.keys[i];
        FUZZ_CHECK(entry != NULL && entry->key.length == expected->name_length);
        FUZZ_CHECK(memcmp(entry->key.data, expected->name, expected->name_length) == 0);
        FUZZ_CHECK(entry->count == expected->ref_count);
        FUZZ_CHECK(phxi_presence_set_find(&state->set, entry->key) == entry);
        const phxi_meta *meta = entry->first;
        for (size_t j = 0; j < expected->ref_count; j++, meta = meta->next) {
            FUZZ_CHECK(meta != NULL && meta->ref.length == strlen(expected->refs[j]));
            FUZZ_CHECK(memcmp(meta->ref.data, expected->refs[j], meta->ref.length) == 0);
            FUZZ_CHECK(phxi_json_is_valid(meta->json.data, meta->json.length));
        }
        FUZZ_CHECK(meta == NULL);
        metas += expected->ref_count;
    }
    FUZZ_CHECK(entry == NULL);
    FUZZ_CHECK(state->set.meta_count == metas);
    FUZZ_CHECK(state->is_synced == model->is_synced);
    FUZZ_CHECK(state->pending_bytes == model->pending_bytes);
}

typedef struct presence_pair {
    failing_allocator allocator;
    phxi_presence_state state;
    presence_model model;
    size_t events;
    phxi_presence_sink sink;
} presence_pair;

static void forget_pending(presence_model *model)
{
    model->pending_count = 0;
    model->pending_bytes = 0;
}

/* Whether the diff by itself, on what is there, is taken: asked of a copy of the SDK's own. A diff
 * that waited may be refused when its turn comes, and those behind it with it. */
static bool take_pending(presence_pair *pair, phx_status status)
{
    bool is_followed = true;
    for (size_t i = 0; i < pair->model.pending_count && is_followed && status == PHX_OK; i++) {
        is_followed = presence_model_diff(&pair->model, pair->model.pending[i]);
    }
    forget_pending(&pair->model);
    /* One was refused, and which is not said. */
    return is_followed && status == PHX_OK;
}

static bool take_state(presence_pair *pair, phx_slice json)
{
    phx_status status = phxi_presence_take_state(&pair->state, json, &pair->sink);
    bool is_taken = pair->state.is_synced && (status == PHX_OK || pair->events > 0);
    if (!is_taken) {
        return pair->events == 0;
    }
    return presence_model_state(&pair->model, json) && take_pending(pair, status);
}

static bool take_diff(presence_pair *pair, phx_slice json)
{
    phx_status status = phxi_presence_take_diff(&pair->state, json, &pair->sink);
    if (!pair->model.is_synced) {
        FUZZ_CHECK(pair->events == 0);
        bool has_room = json.length <= MAX_PENDING_BYTES - pair->model.pending_bytes;
        FUZZ_CHECK(status == PHX_OK ? has_room : status == PHX_ERROR_NO_MEMORY || !has_room);
        if (status == PHX_OK) {
            FUZZ_CHECK(pair->model.pending_count < MAX_PENDING);
            pair->model.pending[pair->model.pending_count++] = json;
            pair->model.pending_bytes += json.length;
        }
        return true;
    }
    FUZZ_CHECK((status == PHX_OK) == (pair->events > 0));
    return status != PHX_OK || presence_model_diff(&pair->model, json);
}

static void begin(presence_pair *pair)
{
    static const uint64_t seed[2] = {1, 2};
    *pair = (presence_pair){.events = 0};
    failing_allocator_init(&pair->allocator);
    phxi_presence_init(&pair->state, &pair->allocator.port, seed, MAX_METAS, MAX_PENDING_BYTES);
    pair->sink = (phxi_presence_sink){.user_data = &pair->events,
                                      .on_join = nothing_entry,
                                      .on_leave = nothing_entry,
                                      .on_sync = nothing_sync};
}

/* False: the model could not follow; what comes then is not compared. */
static bool one_document(presence_pair *pair, fuzz_input *input)
{
    uint8_t choice = fuzz_byte(input);
    phx_slice json = fuzz_bytes(input, fuzz_size(input, (choice & 8) != 0 ? 2 : 1));
    failing_allocator_refuse(&pair->allocator, (choice & 0xf0) == 0xf0 ? 1 + (choice & 3) : 0,
                             false);
    pair->events = 0;
    bool is_followed = true;
    if ((choice & 7) == 0) {
        phxi_presence_rejoin(&pair->state);
        forget_pending(&pair->model);
        pair->model.is_synced = false;
    } else if ((choice & 1) != 0) {
        is_followed = take_state(pair, json);
    } else {
        is_followed = take_diff(pair, json);
    }
    FUZZ_CHECK(pair->state.set.meta_count <= MAX_METAS * 2);
    FUZZ_CHECK(pair->state.pending_bytes <= MAX_PENDING_BYTES);
    if (is_followed) {
        compare(&pair->state, &pair->model);
    }
    return is_followed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static presence_pair pair;
    fuzz_input input = {data, size};
    begin(&pair);
    for (size_t i = 0; input.left > 0 && i < MAX_DOCUMENTS && one_document(&pair, &input); i++) {
    }
    phxi_presence_free(&pair.state);
    presence_model_clear(&pair.model);
    FUZZ_CHECK(atomic_load(&pair.allocator.live_blocks) == 0);
    return 0;
}
