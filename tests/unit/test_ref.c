/* SPDX-License-Identifier: MIT */
/*
 * Message references: counted, written and read.
 */
#include <stdio.h>
#include <stdlib.h>

#include "phx/types.h"
#include "testing.h"

static uint64_t parse(const char *text)
{
    /* Exactly as long as the text: what reads beyond it is found by the sanitizers. */
    size_t length = strlen(text);
    char *copy = malloc(length + 1);
    assert_non_null(copy);
    char *end = memcpy(copy + 1, text, length);
    uint64_t ref = phxi_ref_parse((phx_slice){end, length});
    free(copy);
    return ref;
}

static void counts_from_the_first(void **state)
{
    (void)state;
    static phxi_engine engine;
    engine.next_ref = 1;
    for (uint64_t i = 1; i <= 1000; i++) {
        assert_int_equal(phxi_ref_next(&engine), i);
    }
}

/* 0 means "none" everywhere, so it is left out. */
static void wraps_to_one(void **state)
{
    (void)state;
    static phxi_engine engine;
    engine.next_ref = UINT64_MAX - 1;
    assert_int_equal(phxi_ref_next(&engine), UINT64_MAX - 1);
    assert_int_equal(phxi_ref_next(&engine), UINT64_MAX);
    assert_int_equal(phxi_ref_next(&engine), 1);
    assert_int_equal(phxi_ref_next(&engine), 2);
}

static void writes_and_reads_what_it_wrote(void **state)
{
    (void)state;
    static const uint64_t refs[] = {1,
                                    9,
                                    10,
                                    11,
                                    99,
                                    100,
                                    12345,
                                    UINT32_MAX,
                                    (uint64_t)UINT32_MAX + 1,
                                    9007199254740993u,
                                    10000000000000000000u,
                                    UINT64_MAX - 1,
                                    UINT64_MAX};
    for (size_t i = 0; i < COUNT_OF(refs); i++) {
        char expected[32];
        char text[24];
        (void)snprintf(expected, sizeof expected, "%llu", (unsigned long long)refs[i]);
        phx_slice written = phxi_ref_text(refs[i], text);
        assert_slice(written, expected);
        assert_int_equal(phxi_ref_parse(written), refs[i]);
    }
}

static void reads_nothing_else(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        "0",
        "01",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "0x1",
        "a",
        "1a",
        "/",
        ":",
        "\xff",
        "１",
        "null",
        "18446744073709551616",
        "18446744073709551625",
        "28446744073709551615",
        "99999999999999999999",
        "100000000000000000000",
        "111111111111111111111111111111",
    };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_int_equal(parse(others[i]), 0);
    }
    assert_int_equal(phxi_ref_parse((phx_slice){NULL, 0}), 0);
    assert_int_equal(phxi_ref_parse((phx_slice){"1\0", 2}), 0);
    assert_int_equal(parse("18446744073709551615"), UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_from_the_first),
        cmocka_unit_test(wraps_to_one),
        cmocka_unit_test(writes_and_reads_what_it_wrote),
        cmocka_unit_test(reads_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
