/* SPDX-License-Identifier: MIT */
/*
 * What tokens mean: unescaping, comparing, integers.
 */
#include <stdlib.h>

#include "testing.h"
#include "wire/json_reader.h"

/* The first token of the text, which outlives it. */
static phxi_json_token first_token(const char *text)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, text, strlen(text));
    assert_int_not_equal(phxi_json_next(&reader, &token), PHXI_JSON_ERROR);
    return token;
}

static const struct {
    const char *json;
    const char *text;
    size_t length;
} texts[] = {
    {"\"\"", "", 0},
    {"\"plain\"", "plain", 5},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
    {"\"a\\u0000b\"", "a\0b", 3},
    {"\"\\u0041\\u00fc\\u20AC\"", "A\xc3\xbc\xe2\x82\xac", 6},
    {"\"\\ud83d\\udc4b\"", "\xf0\x9f\x91\x8b", 4},
    {"\"\\uD800\\uDC00\\uDBFF\\uDFFF\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8},
    {"\"\\ud7ff\\ue000\\uffff\"", "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 9},
    {"\"Gr\xc3\xbc\xc3\x9f"
     "e \\\\n\"",
     "Gr\xc3\xbc\xc3\x9f"
     "e \\n",
     10},
    {"\"x\\ny\\nz\"", "x\ny\nz", 5},
};

/* Into blocks of exactly the size that is promised to be enough. */
static void unescaping(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        phxi_json_token token = first_token(texts[i].json);
        size_t room = token.text.length == 0 ? 1 : token.text.length;
        char *out = malloc(room);
        assert_non_null(out);
        size_t length = phxi_json_unescape(&token, out);
        assert_bytes(out, length, texts[i].text, texts[i].length);
        free(out);
    }
}

/* At every capacity: the longest run of whole characters that fits. */
static void cutting_at_whole_characters(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        phxi_json_token token = first_token(texts[i].json);
        for (size_t capacity = 0; capacity <= texts[i].length; capacity++) {
            size_t expected = capacity;
            while (expected > 0 && expected < texts[i].length &&
                   ((uint8_t)texts[i].text[expected] & 0xc0) == 0x80) {
                expected--;
            }
            char *out = malloc(capacity + 1);
            assert_non_null(out);
            out[capacity] = '#';
            bool is_cut;
            size_t length = phxi_json_unescape_cut(&token, out, capacity, &is_cut);
            assert_int_equal(is_cut, expected < texts[i].length);
            assert_bytes(out, length, texts[i].text, expected);
            assert_int_equal(out[capacity], '#');
            free(out);
        }
    }
}

static void comparing(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *text;
        bool is_equal;
    } rows[] = {
        {"\"id\"", "id", true},
        {"\"id\"", "i", false},
        {"\"id\"", "idx", false},
        {"\"id\"", "ID", false},
        {"\"\"", "", true},
        {"\"a\"", "", false},
        {"\"\\u0069d\"", "id", true},
        {"\"i\\u0064\"", "id", true},
        {"\"i\\u0064\"", "i", false},
        {"\"i\\u0064\"", "idx", false},
        {"\"id\\u0000\"", "id", false},
        {"\"\\u0000\"", "", false},
        {"\"\\ud83d\\udc4b\"", "\xf0\x9f\x91\x8b", true},
        {"\"\\ud83d\\udc4b\"", "\xf0\x9f\x91", false},
        {"\"\\n\"", "\n", true},
        {"\"\\n\"", "n", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        phxi_json_token token = first_token(rows[i].json);
        assert_int_equal(phxi_json_text_is(&token, rows[i].text), rows[i].is_equal);
    }
}

static void integers(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int64_t value;
    } rows[] = {
        {"0", 0},
        {"-0", 0},
        {"7", 7},
        {"-7", -7},
        {"9007199254740993", 9007199254740993},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-9223372036854775807", INT64_MIN + 1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        phxi_json_token token = first_token(rows[i].json);
        int64_t value = -1;
        assert_true(phxi_json_int64(&token, &value));
        assert_true(value == rows[i].value);
    }
}

static void what_is_no_integer_in_range(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "92233720368547758070",
        "100000000000000000000000000",
        "-100000000000000000000000000",
        "1.0",
        "1e3",
        "-1E3",
        "\"1\"",
        "true",
        "[1]",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        phxi_json_token token = first_token(rows[i]);
        int64_t value = -1;
        assert_false(phxi_json_int64(&token, &value));
        assert_true(value == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unescaping),
        cmocka_unit_test(cutting_at_whole_characters),
        cmocka_unit_test(comparing),
        cmocka_unit_test(integers),
        cmocka_unit_test(what_is_no_integer_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
