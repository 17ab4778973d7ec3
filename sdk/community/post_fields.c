/* SPDX-License-Identifier: MIT */
/*
 * Reads a post's members: one row a member that we know, of a type that one function checks. Each
 * such function also takes null, which makes the member absent again: the last of duplicates
 * counts.
 */
#include "community/post_fields.h"

#include <string.h>

#include "community/post_block.h"
#include "community/post_codec.h"

/* A time's text with every byte escaped as \u0000. */
enum {
    MAX_ESCAPED_TIME = 32 * 6
};

static bool read_text(const phxi_json_token *value, phxi_json_token *out_text)
{
    *out_text = value->kind == PHXI_JSON_STRING ? *value : (phxi_json_token){0};
    return value->kind == PHXI_JSON_STRING || value->kind == PHXI_JSON_NULL;
}

/* An integer or a text; an integer's text is kept as it is written. */
static bool is_id(const phxi_json_token *value)
{
    if (value->kind != PHXI_JSON_NUMBER) {
        return value->kind == PHXI_JSON_STRING;
    }
    for (size_t i = 0; i < value->text.length; i++) {
        char byte = value->text.data[i];
        if (byte == '.' || byte == 'e' || byte == 'E') {
            return false;
        }
    }
    return true;
}

static bool read_id(const phxi_json_token *value, phxi_json_token *out_id)
{
    if (value->kind == PHXI_JSON_NUMBER && is_id(value)) {
        *out_id = *value;
        return true;
    }
    return read_text(value, out_id);
}

static bool read_count(const phxi_json_token *value, int64_t *out_count)
{
    *out_count = 0;
    return value->kind == PHXI_JSON_NULL || (phxi_json_int64(value, out_count) && *out_count >= 0);
}

static bool read_time(const phxi_json_token *value, int64_t *out_ms)
{
    char plain[MAX_ESCAPED_TIME];
    phx_slice text = value->text;
    *out_ms = 0;
    if (value->kind != PHXI_JSON_STRING) {
        return value->kind == PHXI_JSON_NULL;
    }
    if (text.length > sizeof plain) {
        return false;
    }
    if (value->has_escapes) {
        text = (phx_slice){plain, phxi_json_unescape(value, plain)};
    }
    return communityi_time_parse(text.data, text.length, out_ms);
}

static bool read_ids(phxi_json_reader *reader, const phxi_json_token *value, communityi_ids *list)
{
    phxi_json_token token;
    *list = (communityi_ids){0};
    if (value->kind != PHXI_JSON_ARRAY_BEGIN) {
        return value->kind == PHXI_JSON_NULL;
    }
    while (phxi_json_next(reader, &token) != PHXI_JSON_ARRAY_END) {
        if (!is_id(&token)) {
            return false;
        }
        list->count++;
        list->text_bytes += communityi_text_bytes(token.text);
    }
    const char *end = token.text.data + token.text.length;
    list->json = (phx_slice){value->text.data, (size_t)(end - value->text.data)};
    return true;
}

/* As phxi_json_text_is, but for the compiler to see: most names that it compares it knows. */
static inline bool is_named(const phxi_json_token *key, const char *name, size_t name_length)
{
    return key->has_escapes
               ? phxi_json_text_is(key, name)
               : key->text.length == name_length && memcmp(key->text.data, name, name_length) == 0;
}

/* One member of the author; *out_is_known: whether we know it. */
static bool read_author_member(communityi_author_fields *author, phxi_json_reader *reader,
                               const phxi_json_token *key, bool *out_is_known)
{
    phxi_json_token value;
    phx_slice skipped;
    bool is_id_key = is_named(key, "id", 2);
    phxi_json_token *text = is_id_key                         ? &author->id
                            : is_named(key, "name", 4)        ? &author->name
                            : is_named(key, "avatar_url", 10) ? &author->avatar_url
                                                              : NULL;
    *out_is_known = text != NULL;
    if (text == NULL) {
        return phxi_json_skip(reader, key, &skipped);
    }
    (void)phxi_json_next(reader, &value);
    return is_id_key ? read_id(&value, text) : read_text(&value, text);
}

static bool read_author(phxi_json_reader *reader, const phxi_json_token *value,
                        communityi_author_fields *author)
{
    phxi_json_token key;
    *author = (communityi_author_fields){0};
    if (value->kind != PHXI_JSON_OBJECT_BEGIN) {
        return value->kind == PHXI_JSON_NULL;
    }
    while (phxi_json_next(reader, &key) != PHXI_JSON_OBJECT_END) {
        bool is_known;
        if (key.kind != PHXI_JSON_KEY || !read_author_member(author, reader, &key, &is_known)) {
            return false;
        }
        author->has_unknown = author->has_unknown || !is_known;
    }
    author->end = key.text.data + key.text.length;
    return true;
}

typedef enum member_type {
    TYPE_ID,
    TYPE_TEXT,
    TYPE_COUNT,
    TYPE_TIME,
    TYPE_IDS,
    TYPE_AUTHOR
} member_type;

typedef struct member {
    const char *name;
    size_t name_length;
    uint32_t bit; /* 0: always wanted */
    member_type type;
    size_t offset; /* of the field */
    const char *complaint;
} member;

#define MEMBER(name, bit, type, field, complaint)                                  \
    {                                                                              \
        name, sizeof name - 1, bit, type, offsetof(communityi_post_fields, field), \
            name " is " complaint                                                  \
    }

/* In the order in which Elixir writes the members of a map. */
static const member members[] = {
    MEMBER("author", COMMUNITY_POST_HAS_AUTHOR, TYPE_AUTHOR, author, "not an author"),
    MEMBER("body", COMMUNITY_POST_HAS_BODY, TYPE_TEXT, body, "not a text"),
    MEMBER("comments_count", COMMUNITY_POST_HAS_COMMENTS_COUNT, TYPE_COUNT, comments_count,
           "not a count"),
    MEMBER("id", 0, TYPE_ID, id, "neither an integer nor a text"),
    MEMBER("inserted_at", COMMUNITY_POST_HAS_INSERTED_AT, TYPE_TIME, inserted_at_ms, "not a time"),
    MEMBER("liked_by_user_ids", COMMUNITY_POST_HAS_LIKED_BY, TYPE_IDS, liked_by,
           "not an array of ids"),
    MEMBER("likes_count", COMMUNITY_POST_HAS_LIKES_COUNT, TYPE_COUNT, likes_count, "not a count"),
    MEMBER("updated_at", COMMUNITY_POST_HAS_UPDATED_AT, TYPE_TIME, updated_at_ms, "not a time"),
};

/* NULL: we do not know it. *expected: the row that is looked at first; the one behind it is next.
 */
static const member *member_of(const phxi_json_token *key, size_t *expected)
{
    const size_t count = sizeof members / sizeof members[0];
    for (size_t n = 0; n < count; n++) {
        const member *row = &members[(*expected + n) % count];
        if (is_named(key, row->name, row->name_length)) {
            *expected += n + 1;
            return row;
        }
    }
    return NULL;
}

static bool read_value(communityi_post_fields *fields, const member *row, phxi_json_reader *reader,
                       const phxi_json_token *value)
{
    void *field = (char *)fields + row->offset;
    switch (row->type) {
    case TYPE_ID:
        return read_id(value, field);
    case TYPE_TEXT:
        return read_text(value, field);
    case TYPE_COUNT:
        return read_count(value, field);
    case TYPE_TIME:
        return read_time(value, field);
    case TYPE_IDS:
        return read_ids(reader, value, field);
    case TYPE_AUTHOR:
        return read_author(reader, value, field);
    }
    return false;
}

/* Adds what is from the key's quote to `end` to the members that are kept as they are. */
static const char *add_extra(communityi_post_fields *fields, const phxi_json_token *key,
                             const char *end)
{
    const char *first = key->text.data - 1;
    if (!fields->is_extra_open) {
        if (fields->extra_run_count == COMMUNITYI_MAX_EXTRA_RUNS) {
            return "too many members are repeated";
        }
        fields->extra_runs[fields->extra_run_count++].data = first;
        fields->is_extra_open = true;
    }
    phx_slice *run = &fields->extra_runs[fields->extra_run_count - 1];
    run->length = (size_t)(end - run->data);
    return NULL;
}

static const char *read_unknown(communityi_post_fields *fields, bool is_kept,
                                phxi_json_reader *reader, const phxi_json_token *key)
{
    phx_slice value;
    if (!phxi_json_skip(reader, key, &value)) {
        return COMMUNITYI_NOT_JSON;
    }
    return is_kept ? add_extra(fields, key, value.data + value.length) : NULL;
}

static const char *read_known(communityi_post_fields *fields, uint32_t wanted, const member *row,
                              phxi_json_reader *reader, const phxi_json_token *key)
{
    phxi_json_token value;
    (void)phxi_json_next(reader, &value);
    fields->is_extra_open = false;
    if (!read_value(fields, row, reader, &value)) {
        /* A reader that has failed stays failed. */
        return phxi_json_next(reader, &value) == PHXI_JSON_ERROR ? COMMUNITYI_NOT_JSON
                                                                 : row->complaint;
    }
    fields->members &= ~row->bit;
    fields->members |= value.kind == PHXI_JSON_NULL ? 0 : row->bit;
    if (row->type == TYPE_AUTHOR && fields->author.has_unknown && wanted == COMMUNITYI_WANT_ALL) {
        return add_extra(fields, key, fields->author.end);
    }
    return NULL;
}

const char *communityi_post_fields_read(communityi_post_fields *fields, uint32_t wanted,
                                        phxi_json_reader *reader)
{
    phxi_json_token key;
    size_t expected = 0;
    memset(fields, 0, offsetof(communityi_post_fields, extra_runs));
    while (phxi_json_next(reader, &key) == PHXI_JSON_KEY) {
        const member *row = member_of(&key, &expected);
        bool is_wanted = row != NULL && (row->bit == 0 || (row->bit & wanted) != 0);
        const char *reason =
            is_wanted ? read_known(fields, wanted, row, reader, &key)
                      : read_unknown(fields, wanted == COMMUNITYI_WANT_ALL, reader, &key);
        if (reason != NULL) {
            return reason;
        }
    }
    if (key.kind != PHXI_JSON_OBJECT_END) {
        return COMMUNITYI_NOT_JSON;
    }
    return fields->id.text.length == 0 ? "id is missing" : NULL;
}

const char *communityi_post_fields_parse(communityi_post_fields *fields, uint32_t wanted,
                                         phxi_json_reader *reader)
{
    phxi_json_token token;
    if (phxi_json_next(reader, &token) != PHXI_JSON_OBJECT_BEGIN) {
        return token.kind == PHXI_JSON_ERROR ? COMMUNITYI_NOT_JSON : COMMUNITYI_NOT_OBJECT;
    }
    const char *reason = communityi_post_fields_read(fields, wanted, reader);
    if (reason == NULL && phxi_json_next(reader, &token) != PHXI_JSON_END) {
        return COMMUNITYI_NOT_JSON;
    }
    return reason;
}

void communityi_ids_put(const communityi_ids *list, phx_slice *ids, char **at)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init_checked(&reader, list->json.data, list->json.length);
    (void)phxi_json_next(&reader, &token);
    for (size_t i = 0; i < list->count; i++) {
        (void)phxi_json_next(&reader, &token);
        ids[i] = communityi_text_put_token(at, &token);
    }
}
