/* SPDX-License-Identifier: MIT */
/*
 * Outbox records: what is written is what is read, and what is damaged is not read at all.
 */
#include "community/outbox_record.h"

#include <stdio.h>

#include "failing_allocator.h"
#include "support/alloc.h"
#include "testing.h"

static const char key_text[] = "00112233445566778899aabbccddeeff";

static phx_slice slice(const char *text)
{
    return (phx_slice){text, strlen(text)};
}

static void write_record(phxi_buffer *out, const communityi_call *call, community_outcome outcome,
                         bool is_sending)
{
    communityi_outbox_item item = {
        .call = call,
        .created_at_ms = 1763896724731,
        .state = is_sending ? COMMUNITY_OUTBOX_SENDING : COMMUNITY_OUTBOX_PENDING,
        .outcome = outcome,
        .wish = COMMUNITYI_WISH_LIKED,
        .status = PHX_ERROR_INVALID_REQUEST,
        .reason = "body \"x\" is too long",
    };
    phxi_buffer_init(out, &phxi_default_allocator, 1 << 20);
    assert_int_equal(communityi_outbox_record_write(&item, key_text, out), PHX_OK);
}

static phx_status read_record(const phxi_buffer *from, size_t length, communityi_outbox_record *out)
{
    return communityi_outbox_record_read(&phxi_default_allocator, slice("000000000000002a"),
                                         (phx_slice){(const char *)from->data, length}, out);
}

static const communityi_call comment = {
    .kind = COMMUNITYI_CALL_CREATE_COMMENT,
    .post_id = {"9007199254740993", 16},
    .text = {"a \"quoted\"\n\0 line \xf0\x9f\x98\x80", 22},
};

static void test_round_trip(void **state)
{
    (void)state;
    phxi_buffer buffer;
    communityi_outbox_record record;
    write_record(&buffer, &comment, COMMUNITY_OUTCOME_REFUSED, true);
    assert_int_equal(read_record(&buffer, buffer.length, &record), PHX_OK);
    assert_int_equal(record.call.kind, comment.kind);
    assert_slice(record.call.post_id, "9007199254740993");
    assert_int_equal(record.call.comment_id.length, 0);
    assert_bytes(record.call.text.data, record.call.text.length, comment.text.data,
                 comment.text.length);
    assert_int_equal(record.call.text.data[record.call.text.length], '\0');
    assert_string_equal(record.key_text, key_text);
    assert_int_equal(record.item.number, 0x2a);
    assert_int_equal(record.item.created_at_ms, 1763896724731);
    assert_true(record.item.is_uncertain);
    assert_int_equal(record.item.wish, COMMUNITYI_WISH_LIKED);
    assert_int_equal(record.item.outcome, COMMUNITY_OUTCOME_REFUSED);
    assert_int_equal(record.item.status, PHX_ERROR_INVALID_REQUEST);
    assert_string_equal(record.item.reason, "body \"x\" is too long");
    phxi_free(&phxi_default_allocator, record.texts);
    phxi_buffer_free(&buffer);
}

/* The number is what older versions wrote: 0 and 1. */
static void test_wishes_survive(void **state)
{
    (void)state;
    static const communityi_call like = {.kind = COMMUNITYI_CALL_TOGGLE_LIKE, .post_id = {"1", 1}};
    for (int wish = 0; wish <= COMMUNITYI_WISH_UNKNOWN; wish++) {
        const communityi_outbox_item item = {.call = &like, .wish = (communityi_like_wish)wish};
        char member[16];
        phxi_buffer buffer;
        communityi_outbox_record record;
        phxi_buffer_init(&buffer, &phxi_default_allocator, 1 << 20);
        assert_int_equal(communityi_outbox_record_write(&item, key_text, &buffer), PHX_OK);
        (void)snprintf(member, sizeof member, "\"likes\":%d,", wish);
        assert_non_null(memmem(buffer.data, buffer.length, member, strlen(member)));
        assert_int_equal(read_record(&buffer, buffer.length, &record), PHX_OK);
        assert_int_equal(record.item.wish, wish);
        phxi_free(&phxi_default_allocator, record.texts);
        phxi_buffer_free(&buffer);
    }
}

static void test_keys_sort_as_numbers_do(void **state)
{
    (void)state;
    char lower[COMMUNITYI_RECORD_KEY_BYTES];
    char higher[COMMUNITYI_RECORD_KEY_BYTES];
    communityi_outbox_record_key(9, lower);
    communityi_outbox_record_key(1ULL << 40, higher);
    assert_true(strcmp(lower, higher) < 0);
    communityi_outbox_record_key(255, higher);
    assert_true(strcmp(lower, higher) < 0);
}

/* Cut anywhere, or with any byte another: either the same kind of record, or damaged; never a
 * crash. */
static void test_damage_is_found(void **state)
{
    (void)state;
    phxi_buffer buffer;
    communityi_outbox_record record;
    write_record(&buffer, &comment, COMMUNITY_OUTCOME_NONE, false);
    for (size_t length = 0; length < buffer.length; length++) {
        assert_int_equal(read_record(&buffer, length, &record), PHX_ERROR_INVALID_JSON);
        assert_null(record.texts);
    }
    static const uint8_t damage[] = {0, '"', '9', '-', '}', 0xff};
    for (size_t i = 0; i < buffer.length; i++) {
        uint8_t byte = buffer.data[i];
        for (size_t j = 0; j < COUNT_OF(damage); j++) {
            buffer.data[i] = damage[j];
            if (read_record(&buffer, buffer.length, &record) == PHX_OK) {
                assert_in_range(record.call.kind, 1, 6);
                phxi_free(&phxi_default_allocator, record.texts);
            }
        }
        buffer.data[i] = byte;
    }
    phxi_buffer_free(&buffer);
}

static phx_status read_text(const char *key, const char *value)
{
    communityi_outbox_record record;
    phx_status status =
        communityi_outbox_record_read(&phxi_default_allocator, slice(key), slice(value), &record);
    if (status == PHX_OK) {
        phxi_free(&phxi_default_allocator, record.texts);
    }
    return status;
}

#define RECORD(kind, post_id, body, key)                                                         \
    "{\"kind\":" kind ",\"post_id\":\"" post_id "\",\"comment_id\":\"\",\"body\":\"" body        \
    "\",\"key\":\"" key "\",\"created_at\":1,\"sent\":0,\"likes\":0,\"outcome\":0,\"status\":0," \
    "\"reason\":\"\"}"
#define KEY "00112233445566778899aabbccddeeff"

static void test_what_does_not_fit_is_damaged(void **state)
{
    (void)state;
    static const char good[] = "0000000000000001";
    assert_int_equal(read_text(good, RECORD("1", "", "x", KEY)), PHX_OK);
    static const char *const bad_keys[] = {"", "1", "00000000000000001", "000000000000000G",
                                           "ffffffffffffffff"};
    for (size_t i = 0; i < COUNT_OF(bad_keys); i++) {
        assert_int_equal(read_text(bad_keys[i], RECORD("1", "", "x", KEY)), PHX_ERROR_INVALID_JSON);
    }
    static const char *const bad[] = {
        RECORD("0", "", "x", KEY),
        RECORD("7", "", "x", KEY),
        RECORD("1", "", "", KEY),
        RECORD("2", "", "x", KEY),
        RECORD("4", "", "", KEY),
        RECORD("6", "1", "", KEY),
        RECORD("1", "", "x", ""),
        RECORD("1", "", "x", "0f"),
        RECORD("1", "", "x", KEY "00"),
        RECORD("1", "", "x", "zz112233445566778899aabbccddeeff"),
        RECORD("1.0", "", "x", KEY),
        RECORD("\"1\"", "", "x", KEY),
        "{}",
        "[]",
        "",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(read_text(good, bad[i]), PHX_ERROR_INVALID_JSON);
    }
}

static void without_memory(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    communityi_outbox_record record;
    phx_status status = communityi_outbox_record_read(&allocator->port, slice("0000000000000001"),
                                                      slice(RECORD("1", "", "x", KEY)), &record);
    assert_int_equal(status, allocator->refused > 0 ? PHX_ERROR_NO_MEMORY : PHX_OK);
    phxi_free(&allocator->port, record.texts);
}

static void test_without_memory(void **state)
{
    (void)state;
    assert_int_equal(failing_allocator_torture(without_memory, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wishes_survive),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_keys_sort_as_numbers_do),
        cmocka_unit_test(test_damage_is_found),
        cmocka_unit_test(test_what_does_not_fit_is_damaged),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
