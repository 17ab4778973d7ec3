/* SPDX-License-Identifier: MIT */
/*
 * Base64: RFC 4648's vectors, all bytes, failure.
 */
#include "wire/base64.h"

#include "failing_allocator.h"
#include "support/alloc.h"
#include "testing.h"

/* Text, with and without padding. */
static const char *const rows[][3] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xef\xff", "++//", "++//"},
    {"tok-alice", "dG9rLWFsaWNl", "dG9rLWFsaWNl"},
    {"wrong", "d3Jvbmc=", "d3Jvbmc"},
};

static void known_encodings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int column = 1; column <= 2; column++) {
            phxi_buffer out;
            phxi_buffer_init(&out, &phxi_default_allocator, 100);
            assert_int_equal(phxi_buffer_append_byte(&out, '.'), PHX_OK);
            assert_int_equal(phxi_base64_append(&out, rows[i][0], strlen(rows[i][0]), column == 1),
                             PHX_OK);
            assert_bytes(out.data + 1, out.length - 1, rows[i][column], strlen(rows[i][column]));
            phxi_buffer_free(&out);
        }
    }
}

static void every_digit_is_used(void **state)
{
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t bytes[48];
    for (size_t i = 0; i < 64; i += 4) {
        uint32_t group = (uint32_t)(i << 18 | (i + 1) << 12 | (i + 2) << 6 | (i + 3));
        bytes[i / 4 * 3] = (uint8_t)(group >> 16);
        bytes[i / 4 * 3 + 1] = (uint8_t)(group >> 8);
        bytes[i / 4 * 3 + 2] = (uint8_t)group;
    }
    phxi_buffer out;
    phxi_buffer_init(&out, &phxi_default_allocator, 64);
    assert_int_equal(phxi_base64_append(&out, bytes, sizeof bytes, true), PHX_OK);
    assert_bytes(out.data, out.length, alphabet, 64);
    phxi_buffer_free(&out);
}

static void the_maximum_holds(void **state)
{
    (void)state;
    for (size_t max_bytes = 0; max_bytes <= 8; max_bytes++) {
        phxi_buffer out;
        phxi_buffer_init(&out, &phxi_default_allocator, max_bytes);
        phx_status status = phxi_base64_append(&out, "foobar", 6, true);
        assert_int_equal(status, max_bytes < 8 ? PHX_ERROR_TOO_LARGE : PHX_OK);
        assert_int_equal(out.length, max_bytes < 8 ? 0 : 8);
        phxi_buffer_free(&out);
    }
}

static void encode(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    phxi_buffer out;
    phxi_buffer_init(&out, &allocator->port, 100);
    phx_status status = phxi_base64_append(&out, "foobar", 6, true);
    assert_int_equal(status, allocator->refused > 0 ? PHX_ERROR_NO_MEMORY : PHX_OK);
    phxi_buffer_free(&out);
}

static void out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(failing_allocator_torture(encode, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_encodings),
        cmocka_unit_test(every_digit_is_used),
        cmocka_unit_test(the_maximum_holds),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
