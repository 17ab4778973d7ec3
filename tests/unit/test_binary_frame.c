/* SPDX-License-Identifier: MIT */
/*
 * The envelope as a binary frame.
 */
#include <stdlib.h>

#include "failing_allocator.h"
#include "support/alloc.h"
#include "testing.h"
#include "wire/envelope.h"

#define FRAME(text) text, sizeof text - 1

typedef struct good_frame {
    const char *data;
    size_t length;
    const char *join_ref; /* NULL: absent */
    const char *ref;
    const char *topic;
    const char *event;
    const char *status; /* NULL: no reply */
    size_t payload_length;
} good_frame;

static const good_frame good[] = {
    {FRAME("\0\1\6\3"
           "1echo:abin\0\1\2\xff"),
     "1", NULL, "echo:a", "bin", NULL, 4},
    {FRAME("\0\1\6\3"
           "1echo:abin"),
     "1", NULL, "echo:a", "bin", NULL, 0},
    {FRAME("\0\0\1\1"
           "te!"),
     NULL, NULL, "t", "e", NULL, 1},
    {FRAME("\1\1\1\6\2"
           "12echo:aok\0\1"),
     "1", "2", "echo:a", "phx_reply", "ok", 2},
    {FRAME("\1\0\0\1\5"
           "terror"),
     NULL, NULL, "t", "phx_reply", "error", 0},
    {FRAME("\2\6\5"
           "echo:ashout\xde\xad"),
     NULL, NULL, "echo:a", "shout", NULL, 2},
    {FRAME("\2\0\0"), NULL, NULL, "", "", NULL, 0},
    {FRAME("\2\2\2"
           "\xc3\xbc\xc3\xb6x"),
     NULL, NULL, "\xc3\xbc", "\xc3\xb6", NULL, 1},
};

static void check_text(phx_slice slice, const char *expected)
{
    if (expected == NULL) {
        assert_null(slice.data);
        assert_int_equal(slice.length, 0);
    } else {
        assert_slice(slice, expected);
    }
}

static void frames_are_decoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        const good_frame *frame = &good[i];
        phxi_envelope envelope;
        const char *reason = "old";
        assert_int_equal(
            phxi_envelope_decode_binary(frame->data, frame->length, &envelope, &reason), PHX_OK);
        assert_null(reason);
        check_text(envelope.join_ref, frame->join_ref);
        check_text(envelope.ref, frame->ref);
        check_text(envelope.topic, frame->topic);
        check_text(envelope.event, frame->event);
        check_text(envelope.status, frame->status);
        assert_true(envelope.is_binary);
        assert_int_equal(envelope.is_reply, frame->status != NULL);
        assert_int_equal(envelope.payload.length, frame->payload_length);
        assert_ptr_equal(envelope.payload.data,
                         frame->data + frame->length - frame->payload_length);
    }
}

/* Cut at every byte of its header and meta; where the payload begins it is whole. */
static void frames_cut_short_are_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        size_t meta_end = good[i].length - good[i].payload_length;
        for (size_t length = 0; length <= meta_end; length++) {
            char *copy = malloc(length == 0 ? 1 : length);
            assert_non_null(copy);
            memcpy(copy, good[i].data, length);
            phxi_envelope envelope;
            const char *reason = NULL;
            phx_status status = phxi_envelope_decode_binary(copy, length, &envelope, &reason);
            free(copy);
            assert_int_equal(status, length < meta_end ? PHX_ERROR_MALFORMED_FRAME : PHX_OK);
            assert_int_equal(reason != NULL, length < meta_end);
            assert_int_equal(envelope.is_binary, length == meta_end);
        }
    }
}

static void malformed_frames_have_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t length;
        const char *reason;
    } rows[] = {
        {"", 0, "empty"},
        {FRAME("\3\1\1te"), "unknown kind"},
        {FRAME("\xff\0\0\0\0"), "unknown kind"},
        {FRAME("\0\5"), "header"},
        {FRAME("\1\0\0\0"), "header"},
        {FRAME("\2\xff\xffte"), "lengths"},
        {FRAME("\2\1\2te"), "lengths"},
        {FRAME("\2\1\1\xff"
               "e"),
         "UTF-8"},
        {FRAME("\2\1\1\xc3\xbc"), "UTF-8"},
        {FRAME("\1\1\0\0\0\x80"), "UTF-8"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        phxi_envelope envelope;
        const char *reason = NULL;
        assert_int_equal(
            phxi_envelope_decode_binary(rows[i].data, rows[i].length, &envelope, &reason),
            PHX_ERROR_MALFORMED_FRAME);
        assert_non_null(strstr(reason, rows[i].reason));
        assert_null(envelope.topic.data);
        assert_false(envelope.is_binary);
    }
}

static const phxi_envelope outgoing = {
    .join_ref = {"1", 1},
    .ref = {"12", 2},
    .topic = {"echo:\xc3\xbc", 7},
    .event = {"bin", 3},
    .payload = {"\0\1\2\xff", 4},
    .is_binary = true,
};
static const char outgoing_frame[] = "\0\1\2\7\3"
                                     "112echo:\xc3\xbc"
                                     "bin\0\1\2\xff";

static void pushes_are_encoded(void **state)
{
    (void)state;
    phxi_buffer out;
    phxi_buffer_init(&out, &phxi_default_allocator, 100);
    assert_int_equal(phxi_envelope_encode_binary(&outgoing, &out), PHX_OK);
    assert_bytes(out.data, out.length, outgoing_frame, sizeof outgoing_frame - 1);
    out.length = 0;
    phxi_envelope bare = {.topic = {"t", 1}, .event = {"e", 1}, .is_binary = true};
    assert_int_equal(phxi_envelope_encode_binary(&bare, &out), PHX_OK);
    assert_bytes(out.data, out.length, "\0\0\0\1\1te", 7);
    phxi_buffer_free(&out);
}

/* Each field at 255 bytes and at 256. */
static void meta_has_a_maximum(void **state)
{
    (void)state;
    char text[PHXI_BINARY_META_MAX_BYTES + 1];
    memset(text, 'x', sizeof text);
    for (int field = 0; field < 4; field++) {
        for (size_t length = sizeof text - 1; length <= sizeof text; length++) {
            phxi_envelope envelope = outgoing;
            phx_slice *fields[] = {&envelope.join_ref, &envelope.ref, &envelope.topic,
                                   &envelope.event};
            *fields[field] = (phx_slice){text, length};
            bool fits = length < sizeof text;
            phxi_buffer out;
            phxi_buffer_init(&out, &phxi_default_allocator, 1000);
            phx_status status = phxi_envelope_encode_binary(&envelope, &out);
            assert_int_equal(status, fits ? PHX_OK : PHX_ERROR_TOO_LARGE);
            assert_int_equal(out.length > 0, fits);
            assert_true(!fits || out.data[1 + field] == PHXI_BINARY_META_MAX_BYTES);
            phxi_buffer_free(&out);
        }
    }
}

static void encoding_refuses_what_is_not_utf8(void **state)
{
    (void)state;
    phxi_envelope envelope = outgoing;
    envelope.topic = (phx_slice){"\xc3", 1};
    phxi_buffer out;
    phxi_buffer_init(&out, &phxi_default_allocator, 100);
    assert_int_equal(phxi_envelope_encode_binary(&envelope, &out), PHX_ERROR_INVALID_ARGUMENT);
    assert_int_equal(out.length, 0);
}

static void encoding_keeps_to_the_maximum(void **state)
{
    (void)state;
    size_t needed = sizeof outgoing_frame - 1;
    for (size_t max_bytes = 0; max_bytes <= needed; max_bytes++) {
        phxi_buffer out;
        phxi_buffer_init(&out, &phxi_default_allocator, max_bytes);
        phx_status status = phxi_envelope_encode_binary(&outgoing, &out);
        assert_int_equal(status, max_bytes < needed ? PHX_ERROR_TOO_LARGE : PHX_OK);
        assert_int_equal(out.length, max_bytes < needed ? 0 : needed);
        phxi_buffer_free(&out);
    }
}

static void encode_large(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    static const char data[500];
    phxi_envelope envelope = outgoing;
    envelope.payload = (phx_slice){data, sizeof data};
    phxi_buffer out;
    phxi_buffer_init(&out, &allocator->port, 4096);
    phx_status status = phxi_envelope_encode_binary(&envelope, &out);
    assert_int_equal(status, allocator->refused > 0 ? PHX_ERROR_NO_MEMORY : PHX_OK);
    assert_int_equal(out.length > 0, allocator->refused == 0);
    phxi_buffer_free(&out);
}

static void encoding_out_of_memory(void **state)
{
    (void)state;
    assert_true(failing_allocator_torture(encode_large, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_decoded),
        cmocka_unit_test(frames_cut_short_are_malformed),
        cmocka_unit_test(malformed_frames_have_a_reason),
        cmocka_unit_test(pushes_are_encoded),
        cmocka_unit_test(meta_has_a_maximum),
        cmocka_unit_test(encoding_refuses_what_is_not_utf8),
        cmocka_unit_test(encoding_keeps_to_the_maximum),
        cmocka_unit_test(encoding_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
