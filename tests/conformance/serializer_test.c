/* SPDX-License-Identifier: MIT */
/*
 * Rows of serializer_test.js: messages as text and as bytes.
 */
#include "upstream_tests.h"
#include "wire/envelope.h"

static phx_slice slice(const char *text)
{
    return (phx_slice){text, strlen(text)};
}

static phxi_envelope envelope_of(const char *join_ref, const char *topic, const char *event)
{
    return (phxi_envelope){.join_ref = slice(join_ref),
                           .ref = slice("1"),
                           .topic = slice(topic),
                           .event = slice(event),
                           .payload = {"\x01", 1},
                           .is_binary = true};
}

#define assert_encodes(envelope, expected)                                      \
    do {                                                                        \
        phxi_buffer out_;                                                       \
        phxi_buffer_init(&out_, allocator, 4096);                               \
        assert_int_equal(phxi_envelope_encode_binary(envelope, &out_), PHX_OK); \
        assert_bytes(out_.data, out_.length, expected, sizeof(expected) - 1);   \
        phxi_buffer_free(&out_);                                                \
    } while (0)

static failing_allocator memory;
static const phx_allocator *const allocator = &memory.port;

static int start(void **state)
{
    (void)state;
    failing_allocator_init(&memory);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return atomic_load(&memory.live_blocks) == 0 ? 0 : 1;
}

static void Z01_encodes_a_push_as_a_json_array(void **state)
{
    (void)state;
    phxi_envelope envelope = envelope_of("0", "t", "e");
    envelope.payload = slice("{\"foo\":1}");
    phxi_buffer out;
    phxi_buffer_init(&out, allocator, 4096);
    assert_int_equal(phxi_envelope_encode_text(&envelope, &out), PHX_OK);
    const char expected[] = "[\"0\",\"1\",\"t\",\"e\",{\"foo\":1}]";
    assert_bytes(out.data, out.length, expected, sizeof expected - 1);
    phxi_buffer_free(&out);
}

static void Z02_decodes_a_json_array(void **state)
{
    (void)state;
    const char frame[] = "[\"0\",\"1\",\"t\",\"e\",{\"foo\":1}]";
    phxi_buffer scratch;
    phxi_envelope out;
    const char *reason;
    phxi_buffer_init(&scratch, allocator, 4096);
    assert_int_equal(phxi_envelope_decode_text(frame, sizeof frame - 1, &scratch, &out, &reason),
                     PHX_OK);
    assert_slice(out.join_ref, "0");
    assert_slice(out.ref, "1");
    assert_slice(out.topic, "t");
    assert_slice(out.event, "e");
    assert_slice(out.payload, "{\"foo\":1}");
    phxi_buffer_free(&scratch);
}

static void Z03_encodes_bytes(void **state)
{
    (void)state;
    phxi_envelope envelope = envelope_of("0", "t", "e");
    assert_encodes(&envelope, "\x00\x01\x01\x01\x01"
                              "01te"
                              "\x01");
}

static void Z04_encodes_fields_of_any_length(void **state)
{
    (void)state;
    phxi_envelope envelope = envelope_of("10", "top", "ev");
    assert_encodes(&envelope, "\x00\x02\x01\x03\x02"
                              "101topev"
                              "\x01");
}

/* The binary frame, read. */
#define decode_bytes(frame, out)                                                               \
    do {                                                                                       \
        const char *reason_;                                                                   \
        assert_int_equal(phxi_envelope_decode_binary(frame, sizeof(frame) - 1, out, &reason_), \
                         PHX_OK);                                                              \
    } while (0)

static void Z05_decodes_a_push(void **state)
{
    (void)state;
    phxi_envelope out;
    decode_bytes("\x00\x03\x03\x0a"
                 "123topsome-event"
                 "\x01\x01",
                 &out);
    assert_slice(out.join_ref, "123");
    assert_null(out.ref.data);
    assert_slice(out.topic, "top");
    assert_slice(out.event, "some-event");
    assert_slice(out.payload, "\x01\x01");
    assert_true(out.is_binary);
}

static void Z06_decodes_a_reply(void **state)
{
    (void)state;
    phxi_envelope out;
    decode_bytes("\x01\x03\x02\x03\x02"
                 "10012topok"
                 "\x01\x01",
                 &out);
    assert_slice(out.join_ref, "100");
    assert_slice(out.ref, "12");
    assert_slice(out.topic, "top");
    assert_slice(out.event, "phx_reply");
    assert_true(out.is_reply);
    assert_slice(out.status, "ok");
    assert_slice(out.payload, "\x01\x01");
}

static void Z07_encodes_lengths_in_bytes(void **state)
{
    (void)state;
    phxi_envelope envelope = envelope_of("10", "tö", "é");
    assert_encodes(&envelope, "\x00\x02\x01\x03\x02"
                              "101t\xc3\xb6\xc3\xa9"
                              "\x01");
}

static void Z08_a_field_beyond_255_bytes_is_an_error(void **state)
{
    (void)state;
    char topic[257];
    memset(topic, 'a', sizeof topic - 1);
    topic[256] = '\0';
    phxi_envelope envelope = envelope_of("1", topic, "e");
    phxi_buffer out;
    phxi_buffer_init(&out, allocator, 4096);
    assert_int_equal(phxi_envelope_encode_binary(&envelope, &out), PHX_ERROR_TOO_LARGE);
    assert_int_equal(out.length, 0);
    envelope.topic.length = 255;
    assert_int_equal(phxi_envelope_encode_binary(&envelope, &out), PHX_OK);
    phxi_buffer_free(&out);
}

static void Z09_decodes_a_broadcast(void **state)
{
    (void)state;
    phxi_envelope out;
    decode_bytes("\x02\x03\x0a"
                 "topsome-event"
                 "\x01\x01",
                 &out);
    assert_null(out.join_ref.data);
    assert_null(out.ref.data);
    assert_slice(out.topic, "top");
    assert_slice(out.event, "some-event");
    assert_slice(out.payload, "\x01\x01");
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, start, stop)
static const struct CMUnitTest rows[] = {
    ROW(Z01_encodes_a_push_as_a_json_array),
    ROW(Z02_decodes_a_json_array),
    ROW(Z03_encodes_bytes),
    ROW(Z04_encodes_fields_of_any_length),
    ROW(Z05_decodes_a_push),
    ROW(Z06_decodes_a_reply),
    ROW(Z07_encodes_lengths_in_bytes),
    ROW(Z08_a_field_beyond_255_bytes_is_an_error),
    ROW(Z09_decodes_a_broadcast),
};
UPSTREAM_GROUP(upstream_serializer, rows);
