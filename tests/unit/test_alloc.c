/* SPDX-License-Identifier: MIT */
/*
 * Memory through the port: sizes, zeroing, copies, failure.
 */
#include "support/alloc.h"

#include "failing_allocator.h"
#include "testing.h"

static void default_allocator_works(void **state)
{
    (void)state;
    assert_true(phxi_allocator_is_valid(&phxi_default_allocator));
    char *block = phxi_alloc(&phxi_default_allocator, 4);
    assert_non_null(block);
    memcpy(block, "abc", 4);
    block = phxi_realloc(&phxi_default_allocator, block, 4096);
    assert_non_null(block);
    assert_string_equal(block, "abc");
    phxi_free(&phxi_default_allocator, block);
    phxi_free(&phxi_default_allocator, NULL);
}

static void a_port_without_a_function_is_invalid(void **state)
{
    (void)state;
    phx_allocator port = phxi_default_allocator;
    port.allocate = NULL;
    assert_false(phxi_allocator_is_valid(&port));
    port = phxi_default_allocator;
    port.reallocate = NULL;
    assert_false(phxi_allocator_is_valid(&port));
    port = phxi_default_allocator;
    port.deallocate = NULL;
    assert_false(phxi_allocator_is_valid(&port));
}

static void nothing_is_a_block_too(void **state)
{
    (void)state;
    void *block = phxi_alloc(&phxi_default_allocator, 0);
    assert_non_null(block);
    block = phxi_realloc(&phxi_default_allocator, block, 0);
    assert_non_null(block);
    phxi_free(&phxi_default_allocator, block);
    block = phxi_alloc_zero(&phxi_default_allocator, 0);
    assert_non_null(block);
    phxi_free(&phxi_default_allocator, block);
}

static void zeroed_and_wiped_memory_is_zero(void **state)
{
    (void)state;
    static const uint8_t zeros[300];
    uint8_t *block = phxi_alloc_zero(&phxi_default_allocator, sizeof zeros);
    assert_non_null(block);
    assert_memory_equal(block, zeros, sizeof zeros);
    memset(block, 0xa5, sizeof zeros);
    phxi_wipe(block, sizeof zeros - 1);
    assert_memory_equal(block, zeros, sizeof zeros - 1);
    assert_int_equal(block[sizeof zeros - 1], 0xa5);
    phxi_free(&phxi_default_allocator, block);
}

static void copies_are_terminated(void **state)
{
    (void)state;
    char *copy = phxi_copy_text(&phxi_default_allocator, "ab\0cd", 5);
    assert_non_null(copy);
    assert_memory_equal(copy, "ab\0cd", 6);
    phxi_free(&phxi_default_allocator, copy);
    copy = phxi_copy_text(&phxi_default_allocator, NULL, 0);
    assert_non_null(copy);
    assert_string_equal(copy, "");
    phxi_free(&phxi_default_allocator, copy);
    assert_null(phxi_copy_text(&phxi_default_allocator, "", SIZE_MAX));
}

static void refusals_come_out_as_null(void **state)
{
    (void)state;
    failing_allocator allocator;
    failing_allocator_init(&allocator);
    void *block = phxi_alloc(&allocator.port, 1);
    assert_non_null(block);
    failing_allocator_refuse(&allocator, 1, true);
    assert_null(phxi_alloc(&allocator.port, 1));
    assert_null(phxi_alloc_zero(&allocator.port, 1));
    assert_null(phxi_realloc(&allocator.port, block, 2));
    assert_null(phxi_copy_text(&allocator.port, "a", 1));
    assert_int_equal(allocator.refused, 4);
    assert_int_equal(allocator.live_blocks, 1);
    phxi_free(&allocator.port, block);
    assert_int_equal(allocator.live_blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_allocator_works),
        cmocka_unit_test(a_port_without_a_function_is_invalid),
        cmocka_unit_test(nothing_is_a_block_too),
        cmocka_unit_test(zeroed_and_wiped_memory_is_zero),
        cmocka_unit_test(copies_are_terminated),
        cmocka_unit_test(refusals_come_out_as_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
