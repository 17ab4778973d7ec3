/* SPDX-License-Identifier: MIT */
/*
 * The model's documents, read with the least ado, and its rules.
 */
#include "presence_model.h"

#include "wire/json_reader.h"

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
        if (newer == NULL || left.ref_count > 0) {
            leaves->keys[leaves->count++] = left;
        } else {
            free_key(&left);
        }
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

bool presence_model_diff(presence_model *model, phx_slice json)
{
    static key_list joins;
    static key_list leaves;
    bool is_followed = read_diff(json, &joins, &leaves);
    is_followed = is_followed && apply(model, &joins, &leaves);
    clear(&joins);
    clear(&leaves);
    return is_followed;
}

bool presence_model_state(presence_model *model, phx_slice json)
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

void presence_model_clear(presence_model *model)
{
    clear(&model->present);
}
