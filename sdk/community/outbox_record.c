/* SPDX-License-Identifier: MIT */
/*
 * Outbox items to JSON and back. A record that lacks a member, or whose members do not fit each
 * other, is damaged: half a write is never sent.
 */
#include "community/outbox_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "support/alloc.h"
#include "wire/json.h"
#include "wire/json_reader.h"

void communityi_outbox_record_key(uint64_t number, char out[COMMUNITYI_RECORD_KEY_BYTES])
{
    (void)snprintf(out, COMMUNITYI_RECORD_KEY_BYTES, "%016" PRIx64, number);
}

static phxi_json_member number_member(const char *name, int64_t number, char room[24])
{
    int length = snprintf(room, 24, "%" PRId64, number);
    return (phxi_json_member){.name = name, .raw = {room, (size_t)length}};
}

static phxi_json_member text_member(const char *name, const char *data, size_t length)
{
    return (phxi_json_member){.name = name, .text = {data == NULL ? "" : data, length}};
}

static phxi_json_member slice_member(const char *name, phx_slice text)
{
    return text_member(name, text.data, text.length);
}

phx_status communityi_outbox_record_write(const communityi_outbox_item *item, const char *key_text,
                                          phxi_buffer *out)
{
    const communityi_call *call = item->call;
    char rooms[6][24];
    const phxi_json_member members[] = {
        number_member("kind", (int64_t)call->kind, rooms[0]),
        slice_member("post_id", call->post_id),
        slice_member("comment_id", call->comment_id),
        slice_member("body", call->text),
        text_member("key", key_text, strlen(key_text)),
        number_member("created_at", item->created_at_ms, rooms[1]),
        number_member("sent", communityi_outbox_may_be_sent(item) ? 1 : 0, rooms[2]),
        number_member("likes", item->wish, rooms[3]),
        number_member("outcome", item->outcome, rooms[4]),
        number_member("status", item->status, rooms[5]),
        text_member("reason", item->reason, strlen(item->reason)),
    };
    return phxi_json_append_object(out, members, sizeof members / sizeof members[0]);
}

typedef struct record_reader {
    phxi_json_reader json;
    char *room; /* the next text goes here */
    bool is_damaged;
} record_reader;

/* The value of the next member, which must have this name: we wrote it ourselves. */
static phxi_json_token expect(record_reader *reader, const char *name, phxi_json_kind kind)
{
    phxi_json_token token = {.kind = PHXI_JSON_ERROR, .text = {"", 0}};
    if (!reader->is_damaged && phxi_json_next(&reader->json, &token) == PHXI_JSON_KEY &&
        phxi_json_text_is(&token, name) && phxi_json_next(&reader->json, &token) == kind) {
        return token;
    }
    reader->is_damaged = true;
    return (phxi_json_token){.kind = PHXI_JSON_ERROR, .text = {"", 0}};
}

static int64_t read_number(record_reader *reader, const char *name, int64_t lowest, int64_t highest)
{
    phxi_json_token token = expect(reader, name, PHXI_JSON_NUMBER);
    int64_t number = 0;
    if (reader->is_damaged || !phxi_json_int64(&token, &number) || number < lowest ||
        number > highest) {
        reader->is_damaged = true;
        return lowest;
    }
    return number;
}

static phx_slice read_text(record_reader *reader, const char *name)
{
    phxi_json_token token = expect(reader, name, PHXI_JSON_STRING);
    phx_slice text = {reader->room, phxi_json_unescape(&token, reader->room)};
    reader->room[text.length] = '\0';
    reader->room += text.length + 1;
    return text;
}

static void read_fixed(record_reader *reader, const char *name, char *out, size_t capacity)
{
    phx_slice text = read_text(reader, name);
    if (text.length >= capacity || memchr(text.data, '\0', text.length) != NULL) {
        reader->is_damaged = true;
        return;
    }
    memcpy(out, text.data, text.length);
    out[text.length] = '\0';
}

static void read_members(record_reader *reader, communityi_outbox_record *out)
{
    communityi_outbox_item *item = &out->item;
    out->call.kind = (communityi_call_kind)read_number(reader, "kind", COMMUNITY_WRITE_CREATE_POST,
                                                       COMMUNITY_WRITE_DELETE_COMMENT);
    out->call.post_id = read_text(reader, "post_id");
    out->call.comment_id = read_text(reader, "comment_id");
    out->call.text = read_text(reader, "body");
    read_fixed(reader, "key", out->key_text, sizeof out->key_text);
    item->created_at_ms = read_number(reader, "created_at", INT64_MIN, INT64_MAX);
    item->is_uncertain = read_number(reader, "sent", 0, 1) != 0;
    item->wish = (communityi_like_wish)read_number(reader, "likes", COMMUNITYI_WISH_UNLIKED,
                                                   COMMUNITYI_WISH_UNKNOWN);
    item->outcome = (community_outcome)read_number(reader, "outcome", COMMUNITY_OUTCOME_NONE,
                                                   COMMUNITY_OUTCOME_UNKNOWN);
    item->status = (phx_status)read_number(reader, "status", INT32_MIN, 0);
    read_fixed(reader, "reason", item->reason, sizeof item->reason);
}

/* A write that says what it has to. */
static bool is_whole(const communityi_outbox_record *record)
{
    const communityi_call *call = &record->call;
    return communityi_rest_is_whole(call) &&
           strspn(record->key_text, "0123456789abcdef") == COMMUNITYI_KEY_TEXT_BYTES - 1;
}

static bool parse_key(phx_slice key, uint64_t *out_number)
{
    char text[COMMUNITYI_RECORD_KEY_BYTES];
    if (key.length != sizeof text - 1) {
        return false;
    }
    memcpy(text, key.data, key.length);
    text[key.length] = '\0';
    uint64_t number = 0;
    bool is_number = strspn(text, "0123456789abcdef") == key.length &&
                     sscanf(text, "%16" SCNx64, &number) == 1 && number <= INT64_MAX;
    *out_number = is_number ? number : 0;
    return is_number;
}

static bool read_object(record_reader *reader, communityi_outbox_record *out)
{
    phxi_json_token token;
    if (phxi_json_next(&reader->json, &token) != PHXI_JSON_OBJECT_BEGIN) {
        return false;
    }
    read_members(reader, out);
    return !reader->is_damaged && phxi_json_next(&reader->json, &token) == PHXI_JSON_OBJECT_END &&
           phxi_json_next(&reader->json, &token) == PHXI_JSON_END && is_whole(out);
}

phx_status communityi_outbox_record_read(const phx_allocator *allocator, phx_slice key,
                                         phx_slice value, communityi_outbox_record *out)
{
    enum {
        TEXTS = 5
    }; /* each with its NUL */
    *out = (communityi_outbox_record){.texts = NULL};
    if (!parse_key(key, &out->item.number) || value.data == NULL) {
        return PHX_ERROR_INVALID_JSON;
    }
    out->texts = phxi_alloc(allocator, value.length + TEXTS);
    if (out->texts == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    record_reader reader = {.room = out->texts};
    phxi_json_reader_init(&reader.json, value.data, value.length);
    if (!read_object(&reader, out)) {
        phxi_free(allocator, out->texts);
        out->texts = NULL;
        return PHX_ERROR_INVALID_JSON;
    }
    return PHX_OK;
}
