/* SPDX-License-Identifier: MIT */
/*
 * The envelope as JSON text: serializer 2.0.0 both ways, 1.0.0 decoded.
 */
#include "wire/envelope.h"

#include <stdlib.h>

#include "failing_allocator.h"
#include "support/alloc.h"
#include "testing.h"

static phxi_buffer new_scratch(void)
{
    phxi_buffer buffer;
    phxi_buffer_init(&buffer, &phxi_default_allocator, 4096);
    return buffer;
}

static bool slice_is(phx_slice slice, const char *text)
{
    if (text == NULL || slice.data == NULL) {
        return text == slice.data;
    }
    return slice.length == strlen(text) && memcmp(slice.data, text, slice.length) == 0;
}

typedef struct good_message {
    const char *frame;
    const char *join_ref;
    const char *ref;
    const char *topic;
    const char *event;
    const char *payload;
    const char *status; /* NULL: no reply */
} good_message;

static void check(const phxi_envelope *envelope, const good_message *expected)
{
    bool is_same = slice_is(envelope->join_ref, expected->join_ref) &&
                   slice_is(envelope->ref, expected->ref) &&
                   slice_is(envelope->topic, expected->topic) &&
                   slice_is(envelope->event, expected->event) &&
                   slice_is(envelope->payload, expected->payload) &&
                   slice_is(envelope->status, expected->status) &&
                   envelope->is_reply == (expected->status != NULL) && !envelope->is_binary;
    if (!is_same) {
        fail_msg("%s", expected->frame);
    }
}

static const good_message good_v2[] = {
    {"[\"1\",\"2\",\"t\",\"e\",{\"a\":1}]", "1", "2", "t", "e", "{\"a\":1}", NULL},
    {"[null,null,\"t\",\"e\",{}]", NULL, NULL, "t", "e", "{}", NULL},
    {" [ \"\" , 12 , \"\" , \"\" , [ 1, 2 ] ] ", "", "12", "", "", "[ 1, 2 ]", NULL},
    {"[-1.5e3,null,\"t\",\"e\",\"s\"]", "-1.5e3", NULL, "t", "e", "\"s\"", NULL},
    {"[null,null,\"t\",\"e\",null]", NULL, NULL, "t", "e", "null", NULL},
    {"[null,null,\"t\",\"e\",9007199254740993]", NULL, NULL, "t", "e", "9007199254740993", NULL},
    {"[\"\\u0031\",\"\\n\",\"a\\/b\",\"\\ud83d\\udc4b\",\"\\u0041\"]", "1", "\n", "a/b",
     "\xf0\x9f\x91\x8b", "\"\\u0041\"", NULL},
    {"[\"\\u0031\",null,\"t\",\"e\",{}]", "1", NULL, "t", "e", "{}", NULL},
    {"[null,\"\\u0031\",\"t\",\"e\",{}]", NULL, "1", "t", "e", "{}", NULL},
    {"[null,null,\"\\u0031\",\"e\",{}]", NULL, NULL, "1", "e", "{}", NULL},
    {"[null,null,\"t\",\"\\u0031\",{}]", NULL, NULL, "t", "1", "{}", NULL},
    {"[\"1\",\"2\",\"t\",\"phx_reply\",{\"status\":\"ok\",\"response\":{\"x\":[1]}}]", "1", "2",
     "t", "phx_reply", "{\"x\":[1]}", "ok"},
    {"[\"1\",\"2\",\"t\",\"phx_reply\",{\"response\":\"text\",\"status\":\"err\\u006fr\"}]", "1",
     "2", "t", "phx_reply", "\"text\"", "error"},
    {"[\"1\",\"2\",\"t\",\"phx_reply\",{\"status\":\"\"}]", "1", "2", "t", "phx_reply", "null", ""},
    {"[\"1\",\"2\",\"t\",\"phx\\u005freply\",{\"x\":{\"status\":1},\"status\":\"ok\",\"response\":"
     "1}]",
     "1", "2", "t", "phx_reply", "1", "ok"},
    {"[null,\"2\",\"t\",\"phx_reply\",{\"status\":5,\"status\":\"ok\"}]", NULL, "2", "t",
     "phx_reply", "null", "ok"},
};

static void text_messages_are_decoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good_v2); i++) {
        phxi_buffer scratch = new_scratch(); /* each makes its own room */
        phxi_envelope envelope;
        const char *reason = "old";
        assert_int_equal(phxi_envelope_decode_text(good_v2[i].frame, strlen(good_v2[i].frame),
                                                   &scratch, &envelope, &reason),
                         PHX_OK);
        assert_null(reason);
        check(&envelope, &good_v2[i]);
        phxi_buffer_free(&scratch);
    }
}

/* Each with a word of its reason. */
static void malformed_text_messages_have_a_reason(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "not JSON"},
        {"x", "not JSON"},
        {"{}", "not an array"},
        {"null", "not an array"},
        {"\"[]\"", "not an array"},
        {"[]", "fewer"},
        {"[\"1\",\"2\",\"t\",\"e\"]", "fewer"},
        {"[\"1\",\"2\",\"t\",\"e\",{},1]", "more"},
        {"[\"1\",\"2\",\"t\",\"e\",{}", "not JSON"},
        {"[\"1\",\"2\",\"t\",\"e\",{},", "not JSON"},
        {"[\"1\",\"2\",\"t\",\"e\",{}]x", "not JSON"},
        {"[\"1\",\"2\",\"t\",\"e\",{}][]", "not JSON"},
        {"[\"1\",\"2\",\"t\",\"e\",]", "not JSON"},
        {"[\"1\",\"2\",\"t\",\"e\",{\"a\":01}]", "not JSON"},
        {"[\"1\",\"2\",\"t\",\"\xff\",{}]", "not JSON"},
        {"\xef\xbb\xbf[\"1\",\"2\",\"t\",\"e\",{}]", "not JSON"},
        {"[true,\"2\",\"t\",\"e\",{}]", "ref"},
        {"[\"1\",false,\"t\",\"e\",{}]", "ref"},
        {"[{},\"2\",\"t\",\"e\",{}]", "array or object"},
        {"[\"1\",[],\"t\",\"e\",{}]", "array or object"},
        {"[\"1\",\"2\",null,\"e\",{}]", "topic"},
        {"[\"1\",\"2\",7,\"e\",{}]", "topic"},
        {"[\"1\",\"2\",{},\"e\",{}]", "array or object"},
        {"[\"1\",\"2\",\"t\",null,{}]", "event"},
        {"[\"1\",\"2\",\"t\",7,{}]", "event"},
        {"[\"1\",\"2\",\"t\",\"phx_reply\",null]", "not an object"},
        {"[\"1\",\"2\",\"t\",\"phx_reply\",[\"status\",\"ok\"]]", "not an object"},
        {"[\"1\",\"2\",\"t\",\"phx_reply\",{}]", "status"},
        {"[\"1\",\"2\",\"t\",\"phx_reply\",{\"status\":200}]", "status"},
        {"[\"1\",\"2\",\"t\",\"phx_reply\",{\"status\":{\"status\":\"ok\"}}]", "status"},
        {"[\"1\",\"2\",\"t\",\"phx_reply\",{\"status\":\"ok\",\"status\":null}]", "status"},
    };
    phxi_buffer scratch = new_scratch();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        phxi_envelope envelope = {.is_reply = true};
        const char *reason = NULL;
        phx_status status =
            phxi_envelope_decode_text(rows[i][0], strlen(rows[i][0]), &scratch, &envelope, &reason);
        if (status != PHX_ERROR_MALFORMED_FRAME || strstr(reason, rows[i][1]) == NULL) {
            fail_msg("%s: %d, %s", rows[i][0], status, reason);
        }
        assert_null(envelope.topic.data);
        assert_false(envelope.is_reply);
    }
    phxi_buffer_free(&scratch);
}

static const good_message good_v1[] = {
    {"{\"topic\":\"t\",\"event\":\"e\",\"payload\":{\"a\":1},\"ref\":\"7\"}", NULL, "7", "t", "e",
     "{\"a\":1}", NULL},
    {"{\"event\":\"e\",\"payload\":null,\"ref\":null,\"topic\":\"t\"}", NULL, NULL, "t", "e",
     "null", NULL},
    {"{\"event\":\"e\",\"payload\":[],\"topic\":\"t\"}", NULL, NULL, "t", "e", "[]", NULL},
    {"{\"x\":{\"topic\":5},\"\\u0065vent\":\"\\u0065\",\"payload\":1,\"topic\":\"t\",\"ref\":3,"
     "\"join_ref\":\"1\"}",
     "1", "3", "t", "e", "1", NULL},
    {"{\"event\":\"phx_reply\",\"payload\":{\"response\":{},\"status\":\"ok\"},\"ref\":\"1\","
     "\"topic\":\"t\"}",
     NULL, "1", "t", "phx_reply", "{}", "ok"},
};

static void v1_messages_are_decoded(void **state)
{
    (void)state;
    phxi_buffer scratch = new_scratch();
    for (size_t i = 0; i < COUNT_OF(good_v1); i++) {
        phxi_envelope envelope;
        const char *reason = "old";
        assert_int_equal(phxi_envelope_decode_v1(good_v1[i].frame, strlen(good_v1[i].frame),
                                                 &scratch, &envelope, &reason),
                         PHX_OK);
        assert_null(reason);
        check(&envelope, &good_v1[i]);
    }
    phxi_buffer_free(&scratch);
}

static void malformed_v1_messages_have_a_reason(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "not JSON"},
        {"[]", "not an object"},
        {"5", "not an object"},
        {"{}", "payload"},
        {"{\"topic\":\"t\",\"event\":\"e\"}", "payload"},
        {"{\"event\":\"e\",\"payload\":{}}", "topic"},
        {"{\"topic\":[],\"event\":\"e\",\"payload\":{}}", "topic"},
        {"{\"topic\":\"t\",\"payload\":{}}", "event"},
        {"{\"topic\":\"t\",\"event\":1,\"payload\":{}}", "event"},
        {"{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":{}}", "ref"},
        {"{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":true}", "ref"},
        {"{\"topic\":\"t\",\"event\":\"e\",\"payload\":{}", "not JSON"},
        {"{\"topic\":\"t\",\"event\":\"e\",\"payload\":}", "not JSON"},
        {"{\"topic\":\"t\",\"event\":\"e\",\"payload\":{}} 1", "not JSON"},
        {"{\"topic\":\"t\",\"event\":\"phx_reply\",\"payload\":{}}", "status"},
    };
    phxi_buffer scratch = new_scratch();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        phxi_envelope envelope;
        const char *reason = NULL;
        phx_status status =
            phxi_envelope_decode_v1(rows[i][0], strlen(rows[i][0]), &scratch, &envelope, &reason);
        if (status != PHX_ERROR_MALFORMED_FRAME || strstr(reason, rows[i][1]) == NULL) {
            fail_msg("%s: %d, %s", rows[i][0], status, reason);
        }
        assert_null(envelope.topic.data);
    }
    phxi_buffer_free(&scratch);
}

static void every_prefix_is_malformed(void **state)
{
    (void)state;
    phxi_buffer scratch = new_scratch();
    for (size_t i = 0; i < COUNT_OF(good_v2) + COUNT_OF(good_v1); i++) {
        bool is_v2 = i < COUNT_OF(good_v2);
        const char *frame = is_v2 ? good_v2[i].frame : good_v1[i - COUNT_OF(good_v2)].frame;
        size_t whole = strlen(frame);
        while (frame[whole - 1] == ' ') {
            whole--;
        }
        for (size_t length = 0; length < whole; length++) {
            char *copy = malloc(length == 0 ? 1 : length);
            assert_non_null(copy);
            memcpy(copy, frame, length);
            phxi_envelope envelope;
            const char *reason;
            phx_status status =
                is_v2 ? phxi_envelope_decode_text(copy, length, &scratch, &envelope, &reason)
                      : phxi_envelope_decode_v1(copy, length, &scratch, &envelope, &reason);
            assert_int_equal(status, PHX_ERROR_MALFORMED_FRAME);
            free(copy);
        }
    }
    phxi_buffer_free(&scratch);
}

static const char escaped_frame[] =
    "[\"\\u0031\",\"\\u0032\",\"topic\\n\",\"phx\\u005freply\",{\"status\":\"\\u006fk\"}]";

static void decode_escaped(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    phxi_buffer scratch;
    phxi_buffer_init(&scratch, &allocator->port, 4096);
    phxi_envelope envelope;
    const char *reason;
    phx_status status = phxi_envelope_decode_text(escaped_frame, strlen(escaped_frame), &scratch,
                                                  &envelope, &reason);
    assert_null(reason);
    if (allocator->refused > 0) {
        assert_int_equal(status, PHX_ERROR_NO_MEMORY);
        assert_null(envelope.topic.data);
    } else {
        assert_int_equal(status, PHX_OK);
        assert_slice(envelope.topic, "topic\n");
        assert_slice(envelope.status, "ok");
    }
    phxi_buffer_free(&scratch);
}

static void decoding_out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(failing_allocator_torture(decode_escaped, NULL), 1);
}

/* What needs no unescaping needs no memory; what does stays within the scratch buffer's maximum. */
static void the_scratch_buffer_is_used_only_for_escapes(void **state)
{
    (void)state;
    phxi_buffer scratch;
    phxi_envelope envelope;
    const char *reason;
    phxi_buffer_init(&scratch, &phxi_default_allocator, 10);
    assert_int_equal(phxi_envelope_decode_text(good_v2[0].frame, strlen(good_v2[0].frame), &scratch,
                                               &envelope, &reason),
                     PHX_OK);
    assert_null(scratch.data);
    assert_int_equal(phxi_envelope_decode_text(escaped_frame, strlen(escaped_frame), &scratch,
                                               &envelope, &reason),
                     PHX_ERROR_TOO_LARGE);
    assert_null(envelope.topic.data);
    phxi_buffer_free(&scratch);
}

static void the_scratch_buffer_is_emptied_first(void **state)
{
    (void)state;
    phxi_buffer scratch = new_scratch();
    for (int i = 0; i < 2; i++) {
        phxi_envelope envelope;
        const char *reason;
        assert_int_equal(phxi_envelope_decode_text(escaped_frame, strlen(escaped_frame), &scratch,
                                                   &envelope, &reason),
                         PHX_OK);
        assert_int_equal(scratch.length, strlen("12topic\nphx_replyok"));
    }
    phxi_buffer_free(&scratch);
}

static const phxi_envelope outgoing = {
    .join_ref = {"1", 1},
    .ref = {"2", 1},
    .topic = {"room:\"x\"", 8},
    .event = {"a\0b", 3},
    .payload = {"{ \"kept\" : 1.0 }", 16},
};
static const char outgoing_text[] =
    "[\"1\",\"2\",\"room:\\\"x\\\"\",\"a\\u0000b\",{ \"kept\" : 1.0 }]";

static void text_messages_are_encoded(void **state)
{
    (void)state;
    static const phxi_envelope heartbeat = {
        .ref = {"5", 1}, .topic = {"phoenix", 7}, .event = {"heartbeat", 9}, .payload = {"{}", 2}};
    static const char heartbeat_text[] = "[null,\"5\",\"phoenix\",\"heartbeat\",{}]";
    phxi_buffer out = new_scratch();
    assert_int_equal(phxi_envelope_encode_text(&heartbeat, &out), PHX_OK);
    assert_bytes(out.data, out.length, heartbeat_text, strlen(heartbeat_text));
    assert_int_equal(phxi_envelope_encode_text(&outgoing, &out), PHX_OK);
    assert_bytes(out.data + strlen(heartbeat_text), out.length - strlen(heartbeat_text),
                 outgoing_text, strlen(outgoing_text));
    phxi_buffer_free(&out);
}

static void encoding_refuses_what_is_not_utf8(void **state)
{
    (void)state;
    phxi_envelope envelope = outgoing;
    envelope.event = (phx_slice){"\xff", 1};
    phxi_buffer out = new_scratch();
    assert_int_equal(phxi_envelope_encode_text(&envelope, &out), PHX_ERROR_INVALID_ARGUMENT);
    assert_int_equal(out.length, 0);
    phxi_buffer_free(&out);
}

static void encoding_keeps_to_the_maximum(void **state)
{
    (void)state;
    for (size_t max_bytes = 0; max_bytes <= strlen(outgoing_text); max_bytes++) {
        bool fits = max_bytes == strlen(outgoing_text);
        phxi_buffer out;
        phxi_buffer_init(&out, &phxi_default_allocator, max_bytes);
        phx_status status = phxi_envelope_encode_text(&outgoing, &out);
        assert_int_equal(status, fits ? PHX_OK : PHX_ERROR_TOO_LARGE);
        assert_int_equal(out.length, fits ? max_bytes : 0);
        phxi_buffer_free(&out);
    }
}

static void encode(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    phxi_buffer out;
    phxi_buffer_init(&out, &allocator->port, 4096);
    phx_status status = phxi_envelope_encode_text(&outgoing, &out);
    assert_int_equal(status, allocator->refused > 0 ? PHX_ERROR_NO_MEMORY : PHX_OK);
    assert_int_equal(out.length, allocator->refused > 0 ? 0 : strlen(outgoing_text));
    phxi_buffer_free(&out);
}

static void encoding_out_of_memory(void **state)
{
    (void)state;
    assert_true(failing_allocator_torture(encode, NULL) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_messages_are_decoded),
        cmocka_unit_test(malformed_text_messages_have_a_reason),
        cmocka_unit_test(v1_messages_are_decoded),
        cmocka_unit_test(malformed_v1_messages_have_a_reason),
        cmocka_unit_test(every_prefix_is_malformed),
        cmocka_unit_test(decoding_out_of_memory),
        cmocka_unit_test(the_scratch_buffer_is_used_only_for_escapes),
        cmocka_unit_test(the_scratch_buffer_is_emptied_first),
        cmocka_unit_test(text_messages_are_encoded),
        cmocka_unit_test(encoding_refuses_what_is_not_utf8),
        cmocka_unit_test(encoding_keeps_to_the_maximum),
        cmocka_unit_test(encoding_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
