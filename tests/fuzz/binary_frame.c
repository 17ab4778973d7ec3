/* SPDX-License-Identifier: MIT */
/*
 * Binary frames: decoded against the layout written out by hand; what is decoded and put together
 * again is the same frame, byte by byte; what a client encodes has the form of its push.
 */
#include "failing_allocator.h"
#include "fuzz.h"
#include "wire/envelope.h"

enum {
    CLIENT_FIELDS = 4
};

static void put(phxi_buffer *out, const void *bytes, size_t length)
{
    FUZZ_CHECK(phxi_buffer_append(out, bytes, length) == PHX_OK);
}

/* The frame that a server would have written. */
static void compose(uint8_t kind, const phxi_envelope *envelope, phxi_buffer *out)
{
    const phx_slice *const fields[3][4] = {
        {&envelope->join_ref, &envelope->topic, &envelope->event, NULL},
        {&envelope->join_ref, &envelope->ref, &envelope->topic, &envelope->status},
        {&envelope->topic, &envelope->event, NULL, NULL},
    };
    put(out, &kind, 1);
    for (size_t i = 0; i < 4 && fields[kind][i] != NULL; i++) {
        uint8_t size = (uint8_t)fields[kind][i]->length;
        put(out, &size, 1);
    }
    for (size_t i = 0; i < 4 && fields[kind][i] != NULL; i++) {
        put(out, fields[kind][i]->data, fields[kind][i]->length);
    }
    put(out, envelope->payload.data, envelope->payload.length);
}

/* Why the frame cannot be taken; false: it can. */
static bool is_malformed(const uint8_t *data, size_t size)
{
    static const size_t counts[] = {3, 4, 2};
    if (size == 0 || data[0] > 2 || size < 1 + counts[data[0]]) {
        return true;
    }
    size_t position = 1 + counts[data[0]];
    for (size_t i = 0; i < counts[data[0]]; i++) {
        size_t length = data[1 + i];
        if (length > size - position || !fuzz_is_utf8(data + position, length)) {
            return true;
        }
        position += length;
    }
    return false;
}

static void check_decoded(const uint8_t *data, size_t size, const phxi_envelope *envelope,
                          phxi_buffer *out)
{
    FUZZ_CHECK(envelope->is_binary);
    FUZZ_CHECK(envelope->is_reply == (data[0] == 1));
    FUZZ_CHECK(!envelope->is_reply || fuzz_equals(envelope->event, (phx_slice){"phx_reply", 9}));
    FUZZ_CHECK(envelope->ref.data == NULL || envelope->ref.length > 0);
    FUZZ_CHECK(envelope->join_ref.data == NULL || envelope->join_ref.length > 0);
    FUZZ_CHECK(fuzz_is_within(envelope->payload, data, size));
    compose(data[0], envelope, out);
    FUZZ_CHECK(out->length == size && memcmp(out->data, data, size) == 0);
}

static void check_client_frame(const phxi_envelope *envelope, const phxi_buffer *out)
{
    const phx_slice fields[CLIENT_FIELDS] = {envelope->join_ref, envelope->ref, envelope->topic,
                                             envelope->event};
    size_t position = 1 + CLIENT_FIELDS;
    FUZZ_CHECK(out->length >= position && out->data[0] == 0);
    for (size_t i = 0; i < CLIENT_FIELDS; i++) {
        FUZZ_CHECK(out->data[1 + i] == fields[i].length);
        FUZZ_CHECK(out->length - position >= fields[i].length);
        FUZZ_CHECK(fields[i].length == 0 ||
                   memcmp(out->data + position, fields[i].data, fields[i].length) == 0);
        position += fields[i].length;
    }
    FUZZ_CHECK(out->length - position == envelope->payload.length);
    FUZZ_CHECK(envelope->payload.length == 0 ||
               memcmp(out->data + position, envelope->payload.data, envelope->payload.length) == 0);
}

/* A message of any lengths, in any bytes. */
static void check_encoding(fuzz_input input)
{
    failing_allocator allocator;
    phxi_buffer out;
    phxi_envelope envelope = {.is_binary = true};
    phx_slice *const fields[] = {&envelope.join_ref, &envelope.ref, &envelope.topic,
                                 &envelope.event};
    bool is_long = false;
    bool is_utf8 = true;
    size_t max_bytes = 1 + fuzz_size(&input, 2) % 2048;
    size_t total = 1 + CLIENT_FIELDS;
    for (size_t i = 0; i < CLIENT_FIELDS; i++) {
        *fields[i] = fuzz_bytes(&input, fuzz_size(&input, 2) % 300);
        is_long = is_long || fields[i]->length > PHXI_BINARY_META_MAX_BYTES;
        is_utf8 = is_utf8 && fuzz_is_utf8(fields[i]->data, fields[i]->length);
        total += fields[i]->length;
    }
    envelope.payload = fuzz_bytes(&input, input.left);
    total += envelope.payload.length;
    failing_allocator_init(&allocator);
    phxi_buffer_init(&out, &allocator.port, max_bytes);
    phx_status status = phxi_envelope_encode_binary(&envelope, &out);
    if (status == PHX_OK) {
        FUZZ_CHECK(!is_long && is_utf8 && total <= max_bytes);
        check_client_frame(&envelope, &out);
    } else {
        FUZZ_CHECK(out.length == 0);
        FUZZ_CHECK(status == PHX_ERROR_TOO_LARGE
                       ? is_long || total > max_bytes
                       : status == PHX_ERROR_INVALID_ARGUMENT && !is_utf8);
    }
    phxi_buffer_free(&out);
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    failing_allocator allocator;
    phxi_buffer out;
    phxi_envelope envelope;
    const char *reason;
    uint8_t *frame = fuzz_copy(data, size);
    failing_allocator_init(&allocator);
    phxi_buffer_init(&out, &allocator.port, size + 16);
    phx_status status = phxi_envelope_decode_binary(frame, size, &envelope, &reason);
    FUZZ_CHECK((status == PHX_ERROR_MALFORMED_FRAME) == is_malformed(frame, size));
    FUZZ_CHECK((reason == NULL) == (status == PHX_OK));
    if (status == PHX_OK) {
        check_decoded(frame, size, &envelope, &out);
    } else {
        FUZZ_CHECK(envelope.topic.data == NULL && envelope.payload.data == NULL);
    }
    phxi_buffer_free(&out);
    free(frame);
    check_encoding((fuzz_input){data, size});
    return 0;
}
