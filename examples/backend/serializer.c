/* SPDX-License-Identifier: MIT */
/*
 * The two serializers of serializer.h.
 */
#include "serializer.h"

#include "json.h"

#include <stdlib.h>
#include <string.h>

enum {
    BINARY_PUSH = 0,
    BINARY_REPLY = 1,
    BINARY_BROADCAST = 2,
    BINARY_HEAD = 5
};

static bool decode_array(struct slice data, struct message *out)
{
    struct slice *parts[] = {&out->join_ref, &out->ref, &out->topic, &out->event, &out->payload};
    struct slice array;
    if (!json_document(data, &array) || !json_is_array(array)) {
        return false;
    }
    struct json_walk walk = json_walk(array);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!json_next_element(&walk, parts[i])) {
            return false;
        }
    }
    return true;
}

static bool decode_object(struct slice data, struct message *out)
{
    struct slice object;
    out->join_ref = JSON_NULL;
    if (!json_document(data, &object) || !json_is_object(object)) {
        return false;
    }
    (void)json_member(object, "join_ref", &out->join_ref);
    return json_member(object, "ref", &out->ref) && json_member(object, "topic", &out->topic) &&
           json_member(object, "event", &out->event) &&
           json_member(object, "payload", &out->payload);
}

/* A client's binary push: kind, four lengths, join_ref, ref, topic, event, and the payload. The
 * four names go to scratch as JSON first, and are pointed at when scratch no longer moves. */
static bool decode_binary(struct slice data, struct bytes *scratch, struct message *out)
{
    struct slice *parts[] = {&out->join_ref, &out->ref, &out->topic, &out->event};
    size_t ends[4];
    if (data.len < BINARY_HEAD || data.data[0] != BINARY_PUSH) {
        return false;
    }
    struct slice rest = slice_skip(data, BINARY_HEAD);
    for (size_t i = 0; i < 4; i++) {
        const size_t len = (unsigned char)data.data[1 + i];
        if (rest.len < len || !slice_is_utf8((struct slice){rest.data, len})) {
            return false;
        }
        json_encode(scratch, (struct slice){rest.data, len});
        ends[i] = scratch->len;
        rest = slice_skip(rest, len);
    }
    for (size_t i = 0; i < 4 && !scratch->failed; i++) {
        const size_t start = i > 0 ? ends[i - 1] : 0;
        *parts[i] = (struct slice){scratch->data + start, ends[i] - start};
    }
    out->payload = rest;
    out->is_binary = true;
    return !scratch->failed;
}

bool serializer_decode(enum serializer_version version, bool is_binary, struct slice data,
                       struct bytes *scratch, struct message *out)
{
    *out = (struct message){0};
    if (is_binary) {
        return version == SERIALIZER_2 && decode_binary(data, scratch, out);
    }
    return version == SERIALIZER_2 ? decode_array(data, out) : decode_object(data, out);
}

static void append_payload(enum message_kind kind, const struct message *message, struct bytes *out)
{
    if (kind != MESSAGE_REPLY) {
        bytes_slice(out, message->payload);
        return;
    }
    bytes_text(out, "{\"response\":");
    bytes_slice(out, message->payload);
    bytes_text(out, ",\"status\":");
    bytes_slice(out, message->event);
    bytes_char(out, '}');
}

static void encode_text(enum serializer_version version, enum message_kind kind,
                        const struct message *message, struct bytes *out)
{
    const struct slice event = kind == MESSAGE_REPLY ? SLICE("\"phx_reply\"") : message->event;
    if (version == SERIALIZER_1) {
        bytes_text(out, "{\"event\":");
        bytes_slice(out, event);
        bytes_text(out, ",\"payload\":");
        append_payload(kind, message, out);
        bytes_text(out, ",\"ref\":");
        bytes_slice(out, message->ref);
        bytes_text(out, ",\"topic\":");
        bytes_slice(out, message->topic);
        bytes_char(out, '}');
        return;
    }
    const struct slice parts[] = {message->join_ref, message->ref, message->topic, event};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        bytes_char(out, i == 0 ? '[' : ',');
        bytes_slice(out, parts[i]);
    }
    bytes_char(out, ',');
    append_payload(kind, message, out);
    bytes_char(out, ']');
}

/* Appends the text of a JSON value: of a string its characters, of null nothing. */
static void append_name(struct bytes *out, struct slice value)
{
    if (json_is_string(value)) {
        json_decode(value, out);
    } else if (!json_is_null(value)) {
        bytes_slice(out, value);
    }
}

static bool encode_binary(enum message_kind kind, const struct message *message, struct bytes *out)
{
    static const int kinds[] = {BINARY_PUSH, BINARY_REPLY, BINARY_BROADCAST};
    struct slice parts[4];
    size_t count = 0;
    if (kind != MESSAGE_BROADCAST) {
        parts[count++] = message->join_ref;
    }
    if (kind == MESSAGE_REPLY) {
        parts[count++] = message->ref;
    }
    parts[count++] = message->topic;
    parts[count++] = message->event;
    struct bytes names = {0};
    bytes_char(out, (char)kinds[kind]);
    bool fits = true;
    for (size_t i = 0; i < count; i++) {
        const size_t before = names.len;
        append_name(&names, parts[i]);
        fits = fits && names.len - before <= 255;
        bytes_char(out, (char)(names.len - before));
    }
    bytes_slice(out, slice_from(&names));
    bytes_slice(out, message->payload);
    out->failed = out->failed || names.failed;
    bytes_free(&names);
    return fits;
}

bool serializer_encode(enum serializer_version version, enum message_kind kind,
                       const struct message *message, struct bytes *out)
{
    if (message->is_binary) {
        return version == SERIALIZER_2 && encode_binary(kind, message, out);
    }
    encode_text(version, kind, message, out);
    return true;
}

struct message *message_copy(const struct message *message)
{
    const struct slice *from[] = {&message->join_ref, &message->ref, &message->topic,
                                  &message->event, &message->payload};
    size_t size = sizeof(*message);
    for (size_t i = 0; i < 5; i++) {
        size += from[i]->len;
    }
    struct message *copy = malloc(size);
    if (copy == NULL) {
        return NULL;
    }
    *copy = *message;
    struct slice *to[] = {&copy->join_ref, &copy->ref, &copy->topic, &copy->event, &copy->payload};
    char *at = (char *)(copy + 1);
    for (size_t i = 0; i < 5; i++) {
        if (from[i]->len > 0) {
            memcpy(at, from[i]->data, from[i]->len);
        }
        to[i]->data = at;
        at += from[i]->len;
    }
    return copy;
}
