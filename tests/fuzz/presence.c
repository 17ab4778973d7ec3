/* SPDX-License-Identifier: MIT */
/*
 * Presence against a model: keys in order, each with a list of refs, changed as phoenix.js's
 * Presence does it with plain lists. The input is a sequence of documents, each behind a byte that
 * says what it is and one or two for its length: a state, a diff or a rejoin. A document that is
 * refused changes nothing.
 */
#include "failing_allocator.h"
#include "fuzz.h"
#include "phx/presence_state.h"
#include "wire/json_reader.h"

enum {
    MAX_DOCUMENTS = 24,
    MAX_METAS = 24,
    MAX_KEYS = 32,
    MAX_PENDING = 16,
    MAX_PENDING_BYTES = 600
};

typedef struct key {
    char *name;
    size_t name_length;
    char *refs[MAX_METAS + 1]; /* terminated: refs here hold no NUL */
    size_t ref_count;
} key;

typedef struct key_list {
    key keys[MAX_KEYS];
    size_t count;
} key_list;

typedef struct presence_model {
    key_list present;
    bool is_synced;
    phx_slice pending[MAX_PENDING * 4];
    size_t pending_count;
    size_t pending_bytes;
} presence_model;

static void free_key(key *one)
{
    free(one->name);
    for (size_t i = 0; i < one->ref_count; i++) {
        free(one->refs[i]);
    }
}

static void clear(key_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free_key(&list->keys[i]);
    }
    list->count = 0;
}

static key *find_key(key_list *list, const key *like)
{
    for (size_t i = 0; i < list->count; i++) {
        key *each = &list->keys[i];
        if (each->name_length == like->name_length &&
            memcmp(each->name, like->name, like->name_length) == 0) {
            return each;
        }
    }
    return NULL;
}

static bool has_ref(const key *one, const char *ref)
{
    for (size_t i = 0; i < one->ref_count; i++) {
        if (strcmp(one->refs[i], ref) == 0) {
            return true;
        }
    }
    return false;
}

static void remove_key(key_list *list, const key *gone)
{
    size_t index = (size_t)(gone - list->keys);
    free_key(&list->keys[index]);
    memmove(&list->keys[index], &list->keys[index + 1],
            (list->count - index - 1) * sizeof list->keys[0]);
    list->count--;
}

static char *copy_ref(const char *ref)
{
    return fuzz_copy_text(ref, strlen(ref));
}

/* --- documents, read with the least ado; the SDK has found them good --- */

static char *unescaped(const phxi_json_token *token, size_t *out_length)
{
    char *text = fuzz_copy_text(token->text.data, token->text.length);
    *out_length = phxi_json_unescape(token, text);
    text[*out_length] = '\0';
    return text;
}

/* False: a ref that this model cannot hold. */
static bool read_meta(phxi_json_reader *reader, key *one)
{
    phxi_json_token token;
    char *ref = NULL;
    size_t length = 0;
    while (phxi_json_next(reader, &token) == PHXI_JSON_KEY) {
        phx_slice skipped;
        if (phxi_json_text_is(&token, "phx_ref")) {
            free(ref);
            (void)phxi_json_next(reader, &token);
            ref = unescaped(&token, &length);
        } else {
            FUZZ_CHECK(phxi_json_skip(reader, &token, &skipped));
        }
    }
    FUZZ_CHECK(ref != NULL);
    bool is_plain = strlen(ref) == length;
    if (is_plain && one->ref_count < MAX_METAS) {
        one->refs[one->ref_count++] = ref;
    } else {
        free(ref);
    }
    return is_plain;
}

static bool read_entry(phxi_json_reader *reader, key *one)
{
    phxi_json_token token;
    bool has_metas = false;
    bool is_plain = true;
    FUZZ_CHECK(phxi_json_next(reader, &token) == PHXI_JSON_OBJECT_BEGIN);
    while (phxi_json_next(reader, &token) == PHXI_JSON_KEY) {
        phx_slice skipped;
        if (has_metas || !phxi_json_text_is(&token, "metas")) {
            FUZZ_CHECK(phxi_json_skip(reader, &token, &skipped));
            continue;
        }
        has_metas = true;
        (void)phxi_json_next(reader, &token);
        while (phxi_json_next(reader, &token) == PHXI_JSON_OBJECT_BEGIN) {
            is_plain = read_meta(reader, one) && is_plain;
        }
    }
    return is_plain;
}

/* The object that comes next. */
static bool read_keys(phxi_json_reader *reader, key_list *out)
{
    phxi_json_token token;
    bool is_plain = true;
    FUZZ_CHECK(phxi_json_next(reader, &token) == PHXI_JSON_OBJECT_BEGIN);
    while (phxi_json_next(reader, &token) == PHXI_JSON_KEY) {
        if (out->count == MAX_KEYS) {
            phx_slice skipped;
            FUZZ_CHECK(phxi_json_skip(reader, &token, &skipped));
            is_plain = false;
            continue;
        }
        key *one = &out->keys[out->count++];
        *one = (key){.ref_count = 0};
        one->name = unescaped(&token, &one->name_length);
        is_plain = read_entry(reader, one) && is_plain;
    }
    return is_plain;
}

static bool read_diff(phx_slice json, key_list *joins, key_list *leaves)
{
    phxi_json_reader reader;
    phxi_json_token token;
    bool is_plain = true;
    phxi_json_reader_init(&reader, json.data, json.length);
    (void)phxi_json_next(&reader, &token);
    while (phxi_json_next(&reader, &token) == PHXI_JSON_KEY) {
        phx_slice skipped;
        if (phxi_json_text_is(&token, "joins")) {
            is_plain = read_keys(&reader, joins) && is_plain;
        } else if (phxi_json_text_is(&token, "leaves")) {
            is_plain = read_keys(&reader, leaves) && is_plain;
        } else {
            FUZZ_CHECK(phxi_json_skip(&reader, &token, &skipped));
        }
    }
    return is_plain;
}

/* --- the rules --- */

/* The newcomer goes to the end, with the refs that it lacks before its own. False: no room. */
static bool join_key(key_list *present, const key *joined)
{
    key merged = {.name = fuzz_copy_text(joined->name, joined->name_length),
                  .name_length = joined->name_length};
    key *current = find_key(present, joined);
    for (size_t i = 0; current != NULL && i < current->ref_count; i++) {
        if (!has_ref(joined, current->refs[i])) {
            merged.refs[merged.ref_count++] = copy_ref(current->refs[i]);
        }
    }
    for (size_t i = 0; i < joined->ref_count && merged.ref_count <= MAX_METAS; i++) {
        merged.refs[merged.ref_count++] = copy_ref(joined->refs[i]);
    }
    if (current != NULL) {
        remove_key(present, current);
    }
    bool has_room = present->count < MAX_KEYS && merged.ref_count <= MAX_METAS;
    if (has_room) {
        present->keys[present->count++] = merged;
    } else {
        free_key(&merged);
    }
    return has_room;
}

static void leave_key(key_list *present, const key *left)
{
    key *current = find_key(present, left);
    size_t kept = 0;
    if (current == NULL) {
        return;
    }
    for (size_t i = 0; i < current->ref_count; i++) {
        if (has_ref(left, current->refs[i])) {
            free(current->refs[i]);
        } else {
            current->refs[kept++] = current->refs[i];
        }
    }
    current->ref_count = kept;
    if (kept == 0) {
        remove_key(present, current);
    }
}

static bool apply(presence_model *model, const key_list *joins, const key_list *leaves)
{
    bool has_room = true;
    for (size_t i = 0; i < joins->count; i++) {
        has_room = join_key(&model->present, &joins->keys[i]) && has_room;
    }
    for (size_t i = 0; i < leaves->count; i++) {
        leave_key(&model->present, &leaves->keys[i]);
    }
    return has_room;
}

/* What a state changes, as phoenix.js computes it. */
static void compare_state(key_list *present, key_list *state, key_list *joins, key_list *leaves)
{
    for (size_t i = 0; i < present->count; i++) {
        const key *current = &present->keys[i];
        const key *newer = find_key(state, current);
        key left = {.name = fuzz_copy_text(current->name, current->name_length),
                    .name_length = current->name_length};
        for (size_t j = 0; j < current->ref_count; j++) {
            if (newer == NULL || !has_ref(newer, current->refs[j])) {
                left.refs[left.ref_count++] = copy_ref(current->refs[j]);
            }
        }
        leaves->keys[leaves->count++] = left;
    }
    for (size_t i = 0; i < state->count; i++) {
        const key *newer = &state->keys[i];
        const key *current = find_key(present, newer);
        key joined = {.name = fuzz_copy_text(newer->name, newer->name_length),
                      .name_length = newer->name_length};
        for (size_t j = 0; j < newer->ref_count; j++) {
            if (current == NULL || !has_ref(current, newer->refs[j])) {
                joined.refs[joined.ref_count++] = copy_ref(newer->refs[j]);
            }
        }
        if (current == NULL || joined.ref_count > 0) {
            joins->keys[joins->count++] = joined;
        } else {
            free_key(&joined);
        }
    }
}

/* --- the two beside each other --- */

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

/* False: the model cannot follow, by its own bounds. */
static bool model_diff(presence_model *model, phx_slice json)
{
    static key_list joins;
    static key_list leaves;
    bool is_followed = read_diff(json, &joins, &leaves);
    is_followed = is_followed && apply(model, &joins, &leaves);
    clear(&joins);
    clear(&leaves);
    return is_followed;
}

static bool model_state(presence_model *model, phx_slice json)
{
    static key_list newer;
    static key_list joins;
    static key_list leaves;
    phxi_json_reader reader;
    phxi_json_reader_init(&reader, json.data, json.length);
    bool is_followed = read_keys(&reader, &newer);
    if (is_followed) {
        compare_state(&model->present, &newer, &joins, &leaves);
        is_followed = apply(model, &joins, &leaves);
    }
    model->is_synced = true;
    clear(&newer);
    clear(&joins);
    clear(&leaves);
    return is_followed;
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
        is_followed = model_diff(&pair->model, pair->model.pending[i]);
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
    return model_state(&pair->model, json) && take_pending(pair, status);
}

static bool take_diff(presence_pair *pair, phx_slice json)
{
    phx_status status = phxi_presence_take_diff(&pair->state, json, &pair->sink);
    if (!pair->model.is_synced) {
        FUZZ_CHECK(pair->events == 0);
        bool has_room = json.length <= MAX_PENDING_BYTES - pair->model.pending_bytes;
        FUZZ_CHECK(status == PHX_OK ? has_room : status == PHX_ERROR_NO_MEMORY || !has_room);
        if (status == PHX_OK) {
            FUZZ_CHECK(pair->model.pending_count < MAX_PENDING * 4);
            pair->model.pending[pair->model.pending_count++] = json;
            pair->model.pending_bytes += json.length;
        }
        return true;
    }
    FUZZ_CHECK((status == PHX_OK) == (pair->events > 0));
    return status != PHX_OK || model_diff(&pair->model, json);
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
    clear(&pair.model.present);
    FUZZ_CHECK(atomic_load(&pair.allocator.live_blocks) == 0);
    return 0;
}
