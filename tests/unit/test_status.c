/* SPDX-License-Identifier: MIT */
/*
 * The table of statuses: names, messages, blocks, what may be tried again.
 */
#include <phx/status.h>

#include "testing.h"

static const phx_status all[] = {
#define NUMBER(name, number, retryable, message) PHX_##name,
    PHX_STATUS_MAP(NUMBER)
#undef NUMBER
};

static void every_status_has_a_name_and_a_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        const char *name = phx_status_name(all[i]);
        const char *message = phx_status_message(all[i]);
        assert_memory_equal(name, "PHX_", 4);
        assert_string_not_equal(name, "PHX_UNKNOWN");
        assert_true(strlen(message) > 3);
        assert_true(message[strlen(message) - 1] != '.');
    }
    assert_string_equal(phx_status_name(PHX_OK), "PHX_OK");
    assert_string_equal(phx_status_name(PHX_ERROR_NO_MEMORY), "PHX_ERROR_NO_MEMORY");
    assert_string_equal(phx_status_message(PHX_ERROR_NO_MEMORY), "out of memory");
}

static void names_and_numbers_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(all[i], all[k]);
            assert_string_not_equal(phx_status_name(all[i]), phx_status_name(all[k]));
        }
    }
}

/* Released numbers keep their meaning: one of each block is written down here. */
static void numbers_stay(void **state)
{
    (void)state;
    assert_int_equal(PHX_OK, 0);
    assert_int_equal(PHX_ERROR_INVALID_ARGUMENT, -100);
    assert_int_equal(PHX_ERROR_NO_MEMORY, -200);
    assert_int_equal(PHX_ERROR_NETWORK, -300);
    assert_int_equal(PHX_ERROR_PROTOCOL, -400);
    assert_int_equal(PHX_ERROR_UNAUTHORIZED, -500);
    assert_int_equal(PHX_ERROR_REFUSED, -600);
    assert_int_equal(PHX_ERROR_CANCELLED, -700);
}

static void unknown_numbers_are_said_to_be_unknown(void **state)
{
    (void)state;
    static const phx_status unknown[] = {1, -1, -99, -1000, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        assert_string_equal(phx_status_name(unknown[i]), "PHX_UNKNOWN");
        assert_string_equal(phx_status_message(unknown[i]), "unknown status");
        assert_false(phx_status_is_retryable(unknown[i]));
    }
}

static void what_may_be_tried_again(void **state)
{
    (void)state;
    static const phx_status yes[] = {PHX_ERROR_NO_MEMORY, PHX_ERROR_TIMEOUT, PHX_ERROR_SERVER,
                                     PHX_ERROR_RATE_LIMITED, PHX_ERROR_CONNECTION_LOST};
    static const phx_status no[] = {PHX_OK, PHX_ERROR_INVALID_ARGUMENT, PHX_ERROR_UNAUTHORIZED,
                                    PHX_ERROR_JOIN_REFUSED, PHX_ERROR_CANCELLED};
    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        assert_true(phx_status_is_retryable(yes[i]));
    }
    for (size_t i = 0; i < COUNT_OF(no); i++) {
        assert_false(phx_status_is_retryable(no[i]));
    }
}

static void the_version_is_the_headers(void **state)
{
    (void)state;
    assert_string_equal(phx_version(), PHX_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_and_a_message),
        cmocka_unit_test(names_and_numbers_are_unique),
        cmocka_unit_test(numbers_stay),
        cmocka_unit_test(unknown_numbers_are_said_to_be_unknown),
        cmocka_unit_test(what_may_be_tried_again),
        cmocka_unit_test(the_version_is_the_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
