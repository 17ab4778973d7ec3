/* SPDX-License-Identifier: MIT */
/*
 * The envelope as a binary frame of serializer 2.0.0: a kind, a length byte for each field of meta,
 * the fields, and the data. A frame of the server's has these forms (a client's push has a ref as
 * well):
 *
 *   push       0 | join_ref topic event      reply  1 | join_ref ref topic status
 *   broadcast  2 | topic event
 */
#include "wire/envelope.h"
#include "wire/utf8.h"

enum {
    KIND_PUSH,
    KIND_REPLY,
    KIND_BROADCAST,
    KIND_COUNT
};
enum {
    MAX_FIELDS = 4
};

typedef phx_slice *(*field_fn)(phxi_envelope *envelope);

static phx_slice *join_ref_of(phxi_envelope *envelope)
{
    return &envelope->join_ref;
}

static phx_slice *ref_of(phxi_envelope *envelope)
{
    return &envelope->ref;
}

static phx_slice *topic_of(phxi_envelope *envelope)
{
    return &envelope->topic;
}

static phx_slice *event_of(phxi_envelope *envelope)
{
    return &envelope->event;
}

static phx_slice *status_of(phxi_envelope *envelope)
{
    return &envelope->status;
}

/* The fields of each kind, in order; the rest NULL. */
static const field_fn layouts[KIND_COUNT][MAX_FIELDS] = {
    [KIND_PUSH] = {join_ref_of, topic_of, event_of},
    [KIND_REPLY] = {join_ref_of, ref_of, topic_of, status_of},
    [KIND_BROADCAST] = {topic_of, event_of},
};

static size_t field_count(const field_fn *layout)
{
    size_t count = 0;
    while (count < MAX_FIELDS && layout[count] != NULL) {
        count++;
    }
    return count;
}

/* The reason why the frame is malformed; NULL: it is not. */
static const char *read_fields(const uint8_t *data, size_t length, phxi_envelope *out)
{
    const field_fn *layout = layouts[data[0]];
    size_t count = field_count(layout);
    if (length < 1 + count) {
        return "a binary frame is cut short in its header";
    }
    size_t position = 1 + count;
    for (size_t i = 0; i < count; i++) {
        size_t size = data[1 + i];
        if (size > length - position) {
            return "a binary frame is shorter than its lengths say";
        }
        if (!phxi_utf8_is_valid(data + position, size)) {
            return "a binary frame's topic, event, ref or status is not UTF-8";
        }
        *layout[i](out) = (phx_slice){(const char *)data + position, size};
        position += size;
    }
    out->payload = (phx_slice){(const char *)data + position, length - position};
    return NULL;
}

/* The server writes a null ref as an empty one. */
static void drop_empty(phx_slice *ref)
{
    if (ref->length == 0) {
        ref->data = NULL;
    }
}

phx_status phxi_envelope_decode_binary(const void *data, size_t length, phxi_envelope *out,
                                       const char **out_reason)
{
    const uint8_t *bytes = data;
    *out = (phxi_envelope){.is_binary = true};
    const char *fault = length == 0             ? "a binary frame is empty"
                        : bytes[0] < KIND_COUNT ? read_fields(bytes, length, out)
                                                : "a binary frame is of an unknown kind";
    *out_reason = fault;
    if (fault != NULL) {
        *out = (phxi_envelope){0};
        return PHX_ERROR_MALFORMED_FRAME;
    }
    drop_empty(&out->join_ref);
    drop_empty(&out->ref);
    if (bytes[0] == KIND_REPLY) {
        out->is_reply = true;
        out->event = (phx_slice){"phx_reply", sizeof "phx_reply" - 1};
    }
    return PHX_OK;
}

phx_status phxi_envelope_encode_binary(const phxi_envelope *envelope, phxi_buffer *out)
{
    const phx_slice fields[] = {envelope->join_ref, envelope->ref, envelope->topic,
                                envelope->event};
    enum {
        FIELD_COUNT = sizeof fields / sizeof fields[0]
    };
    uint8_t header[1 + FIELD_COUNT] = {KIND_PUSH};
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (fields[i].length > PHXI_BINARY_META_MAX_BYTES) {
            return PHX_ERROR_TOO_LARGE;
        }
        if (!phxi_utf8_is_valid(fields[i].data, fields[i].length)) {
            return PHX_ERROR_INVALID_ARGUMENT;
        }
        header[1 + i] = (uint8_t)fields[i].length;
    }
    size_t start = out->length;
    phx_status status = phxi_buffer_append(out, header, sizeof header);
    for (size_t i = 0; i < FIELD_COUNT && status == PHX_OK; i++) {
        status = phxi_buffer_append(out, fields[i].data, fields[i].length);
    }
    if (status == PHX_OK) {
        status = phxi_buffer_append(out, envelope->payload.data, envelope->payload.length);
    }
    if (status != PHX_OK) {
        out->length = start;
    }
    return status;
}
