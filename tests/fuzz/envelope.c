/* SPDX-License-Identifier: MIT */
/*
 * Text messages of both serializers: decoding gives slices of the frame or the scratch buffer;
 * what is decoded, encoded and decoded again is the same message; one that lacks memory or room
 * says so and gives nothing.
 */
#include "wire/envelope.h"
#include "failing_allocator.h"
#include "fuzz.h"
#include "wire/json_reader.h"

typedef phx_status (*decode_fn)(const void *data, size_t length, phxi_buffer *scratch,
                                phxi_envelope *out, const char **out_reason);

static void check_shape(const phxi_envelope *envelope, const uint8_t *data, size_t size,
                        const phxi_buffer *scratch)
{
    const phx_slice texts[] = {envelope->join_ref, envelope->ref, envelope->topic, envelope->event,
                               envelope->status};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        FUZZ_CHECK(fuzz_is_utf8(texts[i].data, texts[i].length));
        FUZZ_CHECK(fuzz_is_within(texts[i], data, size) ||
                   fuzz_is_within(texts[i], scratch->data, scratch->length));
    }
    FUZZ_CHECK(envelope->topic.data != NULL && envelope->event.data != NULL);
    FUZZ_CHECK(!envelope->is_binary);
    FUZZ_CHECK(phxi_json_is_valid(envelope->payload.data, envelope->payload.length));
    bool is_reply = fuzz_equals(envelope->event, (phx_slice){"phx_reply", 9});
    FUZZ_CHECK(envelope->is_reply == is_reply);
    FUZZ_CHECK((envelope->status.data != NULL) == is_reply);
}

/* An array of exactly five, whose last is the payload, or of a reply holds it. */
static void check_elements(const phxi_envelope *envelope, const uint8_t *data, size_t size)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phx_slice raw = {0};
    size_t count = 0;
    phxi_json_reader_init(&reader, data, size);
    FUZZ_CHECK(phxi_json_next(&reader, &token) == PHXI_JSON_ARRAY_BEGIN);
    while (phxi_json_next(&reader, &token) != PHXI_JSON_ARRAY_END) {
        FUZZ_CHECK(phxi_json_skip(&reader, &token, &raw));
        count++;
    }
    FUZZ_CHECK(count == 5 && phxi_json_next(&reader, &token) == PHXI_JSON_END);
    FUZZ_CHECK(envelope->is_reply ? raw.data[0] == '{' : fuzz_equals(raw, envelope->payload));
    FUZZ_CHECK(fuzz_is_within(envelope->payload, raw.data, raw.length) ||
               fuzz_equals(envelope->payload, (phx_slice){"null", 4}));
}

static void check_nothing(const phxi_envelope *envelope)
{
    FUZZ_CHECK(envelope->topic.data == NULL && envelope->event.data == NULL &&
               envelope->payload.data == NULL && envelope->ref.data == NULL &&
               envelope->join_ref.data == NULL && !envelope->is_reply && !envelope->is_binary);
}

/* As the client would send it. A reply, which no client sends, gets its payload's shape back. */
static void check_round_trip(const phxi_envelope *first, const phx_allocator *allocator,
                             size_t size)
{
    const char *reason;
    phxi_buffer frame;
    phxi_buffer payload;
    phxi_buffer scratch;
    phxi_envelope sent = *first;
    phxi_envelope again;
    phxi_buffer_init(&frame, allocator, 16 * size + 256);
    phxi_buffer_init(&payload, allocator, 8 * size + 256);
    phxi_buffer_init(&scratch, allocator, 16 * size + 256);
    if (first->is_reply) {
        static const char before[] = "{\"response\":";
        static const char after[] = ",\"status\":\"ok\"}";
        FUZZ_CHECK(phxi_buffer_append(&payload, before, sizeof before - 1) == PHX_OK);
        FUZZ_CHECK(phxi_buffer_append(&payload, first->payload.data, first->payload.length) ==
                   PHX_OK);
        FUZZ_CHECK(phxi_buffer_append(&payload, after, sizeof after - 1) == PHX_OK);
        sent.payload = (phx_slice){(const char *)payload.data, payload.length};
    }
    FUZZ_CHECK(phxi_envelope_encode_text(&sent, &frame) == PHX_OK);
    phx_status status =
        phxi_envelope_decode_text(frame.data, frame.length, &scratch, &again, &reason);
    /* A payload may have all the levels that there are, and these are one or two more. */
    if (status == PHX_OK) {
        FUZZ_CHECK(fuzz_equals(again.join_ref, first->join_ref));
        FUZZ_CHECK(fuzz_equals(again.ref, first->ref));
        FUZZ_CHECK(fuzz_equals(again.topic, first->topic));
        FUZZ_CHECK(fuzz_equals(again.event, first->event));
        FUZZ_CHECK(fuzz_equals(again.payload, first->payload));
        FUZZ_CHECK(again.is_reply == first->is_reply);
    } else {
        FUZZ_CHECK(status == PHX_ERROR_MALFORMED_FRAME);
        FUZZ_CHECK(!phxi_json_is_valid(frame.data, frame.length));
        FUZZ_CHECK(memchr(first->payload.data, '[', first->payload.length) != NULL ||
                   memchr(first->payload.data, '{', first->payload.length) != NULL);
    }
    phxi_buffer_free(&frame);
    phxi_buffer_free(&payload);
    phxi_buffer_free(&scratch);
}

/* With one allocation refused, and with hardly any room: the same, or nothing. */
static void check_refusals(decode_fn decode, const uint8_t *data, size_t size, phx_status expected)
{
    failing_allocator allocator;
    phxi_envelope envelope;
    const char *reason;
    for (size_t round = 0; round < 2; round++) {
        phxi_buffer scratch;
        failing_allocator_init(&allocator);
        failing_allocator_refuse(&allocator, round == 0 ? 1 : 0, false);
        phxi_buffer_init(&scratch, &allocator.port, round == 0 ? size : 2);
        phx_status status = decode(data, size, &scratch, &envelope, &reason);
        if (status != expected) {
            FUZZ_CHECK(status == (round == 0 ? PHX_ERROR_NO_MEMORY : PHX_ERROR_TOO_LARGE));
            FUZZ_CHECK(reason == NULL);
            check_nothing(&envelope);
        }
        phxi_buffer_free(&scratch);
        FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
    }
}

static void check(decode_fn decode, const uint8_t *data, size_t size)
{
    failing_allocator allocator;
    phxi_buffer scratch;
    phxi_envelope envelope;
    const char *reason;
    failing_allocator_init(&allocator);
    phxi_buffer_init(&scratch, &allocator.port, size);
    phx_status status = decode(data, size, &scratch, &envelope, &reason);
    FUZZ_CHECK((reason == NULL) == (status == PHX_OK));
    if (status == PHX_OK) {
        check_shape(&envelope, data, size, &scratch);
        if (decode == phxi_envelope_decode_text) {
            check_elements(&envelope, data, size);
        }
        check_round_trip(&envelope, &allocator.port, size);
    } else {
        FUZZ_CHECK(status == PHX_ERROR_MALFORMED_FRAME);
        FUZZ_CHECK(strcmp(reason, "not JSON") != 0 || !phxi_json_is_valid(data, size));
        check_nothing(&envelope);
    }
    phxi_buffer_free(&scratch);
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
    check_refusals(decode, data, size, status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *frame = fuzz_copy(data, size);
    check(phxi_envelope_decode_text, frame, size);
    check(phxi_envelope_decode_v1, frame, size);
    free(frame);
    return 0;
}
