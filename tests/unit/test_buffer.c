/* SPDX-License-Identifier: MIT */
/*
 * The growing buffer: its maximum, failure without effect, wiping of secrets.
 */
#include "support/buffer.h"

#include "failing_allocator.h"
#include "support/alloc.h"
#include "testing.h"

static void appends_in_order(void **state)
{
    (void)state;
    phxi_buffer buffer;
    phxi_buffer_init(&buffer, &phxi_default_allocator, 1000);
    assert_int_equal(phxi_buffer_append(&buffer, "ab", 2), PHX_OK);
    assert_int_equal(phxi_buffer_append(&buffer, NULL, 0), PHX_OK);
    assert_int_equal(phxi_buffer_append_text(&buffer, "cd"), PHX_OK);
    assert_int_equal(phxi_buffer_append_byte(&buffer, 'e'), PHX_OK);
    assert_bytes(buffer.data, buffer.length, "abcde", 5);
    phxi_buffer_free(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.length, 0);
    assert_int_equal(phxi_buffer_append_text(&buffer, "again"), PHX_OK);
    assert_bytes(buffer.data, buffer.length, "again", 5);
    phxi_buffer_free(&buffer);
}

static void grows_to_its_maximum_and_no_further(void **state)
{
    (void)state;
    enum {
        MAX = 1000
    };
    phxi_buffer buffer;
    phxi_buffer_init(&buffer, &phxi_default_allocator, MAX);
    for (int i = 0; i < MAX; i++) {
        assert_int_equal(phxi_buffer_append_byte(&buffer, (uint8_t)i), PHX_OK);
        assert_true(buffer.capacity <= MAX);
    }
    assert_int_equal(phxi_buffer_append_byte(&buffer, 0), PHX_ERROR_TOO_LARGE);
    assert_int_equal(phxi_buffer_append(&buffer, "", 0), PHX_OK);
    assert_int_equal(phxi_buffer_reserve(&buffer, SIZE_MAX), PHX_ERROR_TOO_LARGE);
    assert_int_equal(buffer.length, MAX);
    for (int i = 0; i < MAX; i++) {
        assert_int_equal(buffer.data[i], (uint8_t)i);
    }
    phxi_buffer_free(&buffer);
}

static void a_reservation_asks_once(void **state)
{
    (void)state;
    failing_allocator allocator;
    failing_allocator_init(&allocator);
    phxi_buffer buffer;
    phxi_buffer_init(&buffer, &allocator.port, SIZE_MAX);
    assert_int_equal(phxi_buffer_reserve(&buffer, 5000), PHX_OK);
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(phxi_buffer_append_byte(&buffer, 'x'), PHX_OK);
    }
    assert_int_equal(allocator.requests, 1);
    phxi_buffer_free(&buffer);
    assert_int_equal(allocator.live_blocks, 0);
}

static void append_ten_times(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    phxi_buffer buffer;
    phxi_buffer_init(&buffer, &allocator->port, 4096);
    size_t refused_before = 0;
    for (int i = 0; i < 10; i++) {
        size_t length = buffer.length;
        uint8_t *data = buffer.data;
        phx_status status =
            phxi_buffer_append(&buffer, "0123456789012345678901234567890123456789", 40);
        bool was_refused = allocator->refused > refused_before;
        refused_before = allocator->refused;
        assert_int_equal(status, was_refused ? PHX_ERROR_NO_MEMORY : PHX_OK);
        assert_int_equal(buffer.length, was_refused ? length : length + 40);
        assert_true(!was_refused || buffer.data == data);
    }
    phxi_buffer_free(&buffer);
}

static void out_of_memory_leaves_it_as_it_was(void **state)
{
    (void)state;
    assert_true(failing_allocator_torture(append_ten_times, NULL) >= 3);
}

/* An allocator that shows what its freed blocks held. */
static uint8_t graveyard[64];

static void *bury_reallocate(void *user_data, void *block, size_t size)
{
    (void)user_data;
    (void)block;
    (void)size;
    fail_msg("a secret was moved with realloc");
    return NULL;
}

static void *bury_allocate(void *user_data, size_t size)
{
    (void)user_data;
    return phxi_alloc(&phxi_default_allocator, size);
}

static void bury(void *user_data, void *block)
{
    (void)user_data;
    memcpy(graveyard, block, sizeof graveyard);
    phxi_free(&phxi_default_allocator, block);
}

static void secrets_are_wiped(void **state)
{
    (void)state;
    static const uint8_t zeros[sizeof graveyard];
    static const uint8_t secret[sizeof graveyard] = "secret";
    phx_allocator port = {.struct_size = (uint32_t)sizeof port,
                          .allocate = bury_allocate,
                          .reallocate = bury_reallocate,
                          .deallocate = bury};
    phxi_buffer buffer;
    phxi_buffer_init(&buffer, &port, 4096);
    buffer.is_secret = true;
    assert_int_equal(phxi_buffer_append(&buffer, secret, sizeof secret), PHX_OK);
    memset(graveyard, 1, sizeof graveyard);
    assert_int_equal(phxi_buffer_append_byte(&buffer, 'x'), PHX_OK); /* outgrows its block */
    assert_memory_equal(graveyard, zeros, sizeof zeros);
    assert_memory_equal(buffer.data, secret, sizeof secret);
    memset(graveyard, 1, sizeof graveyard);
    phxi_buffer_free(&buffer);
    assert_memory_equal(graveyard, zeros, sizeof zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_in_order),
        cmocka_unit_test(grows_to_its_maximum_and_no_further),
        cmocka_unit_test(a_reservation_asks_once),
        cmocka_unit_test(out_of_memory_leaves_it_as_it_was),
        cmocka_unit_test(secrets_are_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
