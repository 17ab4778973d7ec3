/* SPDX-License-Identifier: MIT */
/*
 * What a storage gives back may be damaged: records of the outbox, and the places of posts. The
 * input is a key of the length that its first byte says, and a value. A record that is read can be
 * written again, and reads then as it did; a place is a number below the one before.
 */
#include "community/outbox_record.h"
#include "community/places.h"
#include "failing_allocator.h"
#include "fuzz.h"
#include "support/alloc.h"

static void check_text(phx_slice text)
{
    FUZZ_CHECK(text.data != NULL && text.data[text.length] == '\0');
    FUZZ_CHECK(fuzz_is_utf8(text.data, text.length));
}

static void check_item(const communityi_outbox_record *record, phx_slice key)
{
    const communityi_outbox_item *item = &record->item;
    char again[COMMUNITYI_RECORD_KEY_BYTES];
    communityi_outbox_record_key(item->number, again);
    FUZZ_CHECK(fuzz_equals(key, (phx_slice){again, strlen(again)}));
    FUZZ_CHECK(record->call.kind >= COMMUNITYI_CALL_CREATE_POST &&
               record->call.kind <= COMMUNITYI_CALL_DELETE_COMMENT);
    FUZZ_CHECK(communityi_rest_is_whole(&record->call));
    check_text(record->call.post_id);
    check_text(record->call.comment_id);
    check_text(record->call.text);
    FUZZ_CHECK(strlen(record->key_text) == COMMUNITYI_KEY_TEXT_BYTES - 1);
    FUZZ_CHECK(strnlen(item->reason, sizeof item->reason) < sizeof item->reason);
    FUZZ_CHECK(item->status <= 0 && item->number <= INT64_MAX);
}

static bool is_same(const communityi_outbox_record *a, const communityi_outbox_record *b)
{
    return a->call.kind == b->call.kind && fuzz_equals(a->call.post_id, b->call.post_id) &&
           fuzz_equals(a->call.comment_id, b->call.comment_id) &&
           fuzz_equals(a->call.text, b->call.text) && strcmp(a->key_text, b->key_text) == 0 &&
           a->item.number == b->item.number && a->item.created_at_ms == b->item.created_at_ms &&
           a->item.is_uncertain == b->item.is_uncertain && a->item.wish == b->item.wish &&
           a->item.outcome == b->item.outcome && a->item.status == b->item.status &&
           strcmp(a->item.reason, b->item.reason) == 0;
}

static void check_round_trip(const phx_allocator *allocator, communityi_outbox_record *record,
                             phx_slice key)
{
    communityi_outbox_record again;
    phxi_buffer value;
    phxi_buffer_init(&value, allocator, SIZE_MAX / 4);
    record->item.call = &record->call;
    FUZZ_CHECK(communityi_outbox_record_write(&record->item, record->key_text, &value) == PHX_OK);
    phx_slice written = {(const char *)value.data, value.length};
    FUZZ_CHECK(communityi_outbox_record_read(allocator, key, written, &again) == PHX_OK);
    FUZZ_CHECK(is_same(record, &again));
    phxi_free(allocator, again.texts);
    phxi_buffer_free(&value);
}

static void check_record(phx_slice key, phx_slice value, size_t refuse_at)
{
    failing_allocator allocator;
    communityi_outbox_record record;
    failing_allocator_init(&allocator);
    failing_allocator_refuse(&allocator, refuse_at, false);
    phx_status status = communityi_outbox_record_read(&allocator.port, key, value, &record);
    if (status == PHX_OK) {
        check_item(&record, key);
        check_round_trip(&allocator.port, &record, key);
        phxi_free(&allocator.port, record.texts);
    } else {
        FUZZ_CHECK(record.texts == NULL);
        FUZZ_CHECK(status == PHX_ERROR_INVALID_JSON ||
                   (status == PHX_ERROR_NO_MEMORY && refuse_at > 0));
    }
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
}

/* Keys of some lengths, one behind the other: those that are taken ascend. */
static void check_places(fuzz_input input)
{
    static const uint64_t seed[2] = {1, 2};
    failing_allocator allocator;
    communityi_places places;
    failing_allocator_init(&allocator);
    communityi_places_init(&places, &allocator.port, seed);
    for (size_t i = 0; input.left > 0 && i < 64; i++) {
        uint8_t choice = fuzz_byte(&input);
        phx_slice piece = fuzz_bytes(&input, choice % 4 == 0 ? choice / 4 : 16);
        char *key = fuzz_copy(piece.data, piece.length);
        size_t before = places.count;
        bool is_taken = communityi_places_add(&places, (phx_slice){key, piece.length});
        FUZZ_CHECK(places.count == before + (is_taken ? 1 : 0));
        FUZZ_CHECK(!is_taken || before == 0 || places.numbers[before] > places.numbers[before - 1]);
        free(key);
    }
    communityi_places_clear(&places);
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input = {data, size};
    phx_slice key = fuzz_bytes(&input, fuzz_byte(&input) % 24);
    phx_slice value = fuzz_bytes(&input, input.left);
    char *key_copy = fuzz_copy(key.data, key.length);
    char *value_copy = fuzz_copy(value.data, value.length);
    key.data = key_copy;
    value.data = value_copy;
    check_record(key, value, 0);
    check_record(key, value, 1);
    check_places((fuzz_input){data, size});
    free(key_copy);
    free(value_copy);
    return 0;
}
