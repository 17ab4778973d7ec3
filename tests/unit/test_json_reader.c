/* SPDX-License-Identifier: MIT */
/*
 * The reader's tokens, states, bounds and skipping.
 */
#include "wire/json_reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "testing.h"

/* The reader's tokens, one letter each, up to the end ('.') or the error ('!'). */
static const char *kinds_read(phxi_json_reader *reader, char *out, size_t capacity)
{
    static const char letters[] = {
        [PHXI_JSON_ERROR] = '!',      [PHXI_JSON_END] = '.',         [PHXI_JSON_OBJECT_BEGIN] = '{',
        [PHXI_JSON_OBJECT_END] = '}', [PHXI_JSON_ARRAY_BEGIN] = '[', [PHXI_JSON_ARRAY_END] = ']',
        [PHXI_JSON_KEY] = 'k',        [PHXI_JSON_STRING] = 's',      [PHXI_JSON_NUMBER] = '0',
        [PHXI_JSON_TRUE] = 't',       [PHXI_JSON_FALSE] = 'f',       [PHXI_JSON_NULL] = 'n',
    };
    phxi_json_token token;
    size_t count = 0;
    do {
        assert_true(count + 1 < capacity);
        phxi_json_kind kind = phxi_json_next(reader, &token);
        assert_int_equal(kind, token.kind);
        out[count++] = letters[kind];
    } while (token.kind > PHXI_JSON_END);
    out[count] = '\0';
    /* Both ends are final. */
    phxi_json_kind last = token.kind;
    assert_int_equal(phxi_json_next(reader, &token), last);
    return out;
}

static const char *kinds_of(const char *text, size_t length, char *out, size_t capacity)
{
    phxi_json_reader reader;
    phxi_json_reader_init(&reader, text, length);
    (void)kinds_read(&reader, out, capacity);
    assert_int_equal(phxi_json_is_valid(text, length), strchr(out, '.') != NULL);
    return out;
}

/* The same of a text that the reader is told is valid. */
static const char *kinds_of_checked(const char *text, size_t length, char *out, size_t capacity)
{
    phxi_json_reader reader;
    phxi_json_reader_init_checked(&reader, text, length);
    return kinds_read(&reader, out, capacity);
}

static void tokens_come_in_order(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"a\":[1,-2.5e+3,true,false,null,\"x\"],\"b\":{}}", "{k[00tfns]k{}}."},
        {" \t\r\n[ ] \n", "[]."},
        {"[[],{},[{}]]", "[[]{}[{}]]."},
        {"{\"\":\"\"}", "{ks}."},
        {"{\"a\" :\n1 , \"a\": 2}", "{k0k0}."},
        {"0", "0."},
        {"-0", "0."},
        {"\"x\"", "s."},
        {"true ", "t."},
        {"1E5", "0."},
        {"0.0e-0", "0."},
    };
    char kinds[64];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t length = strlen(rows[i][0]);
        assert_string_equal(kinds_of(rows[i][0], length, kinds, sizeof kinds), rows[i][1]);
        assert_string_equal(kinds_of_checked(rows[i][0], length, kinds, sizeof kinds), rows[i][1]);
    }
}

/* Each with the kinds that come before the error. */
static const char *const not_json[][2] = {
    {"", "!"},
    {" ", "!"},
    {"[", "[!"},
    {"]", "!"},
    {"[1", "[0!"},
    {"[1,", "[0!"},
    {"[1,]", "[0!"},
    {"[,1]", "[!"},
    {"[1 2]", "[0!"},
    {"[1}", "[0!"},
    {"{]", "{!"},
    {"{\"a\":1]", "{k0!"},
    {"{", "{!"},
    {"{1:2}", "{!"},
    {"{a:2}", "{!"},
    {"{\"a\"", "{!"},
    {"{\"a\"}", "{!"},
    {"{\"a\":", "{k!"},
    {"{\"a\":}", "{k!"},
    {"{\"a\":1,}", "{k0!"},
    {"{,}", "{!"},
    {"{\"a\":1 \"b\":2}", "{k0!"},
    {"1 1", "0!"},
    {"[] x", "[]!"},
    {"{}}", "{}!"},
    {"01", "0!"},
    {"-", "!"},
    {"-a", "!"},
    {"+1", "!"},
    {".5", "!"},
    {"1.", "!"},
    {"1.e5", "!"},
    {"1e", "!"},
    {"1e+", "!"},
    {"0x10", "0!"},
    {"NaN", "!"},
    {"Infinity", "!"},
    {"tru", "!"},
    {"truE", "!"},
    {"nul", "!"},
    {"'a'", "!"},
    {"\"a", "!"},
    {"\"a\nb\"", "!"},
    {"\"a\x1f\"", "!"},
    {"\"\\x\"", "!"},
    {"\"\\\"", "!"},
    {"\"\\u12\"", "!"},
    {"\"\\u12g4\"", "!"},
    {"\"\\ud800\"", "!"},
    {"\"\\ud800x\"", "!"},
    {"\"\\ud800\\u0041\"", "!"},
    {"\"\\ud800\\udbff\"", "!"},
    {"\"\\ud800\\ue000\"", "!"},
    {"\"\\udc00\"", "!"},
    {"\"\\udc00\\ud800\"", "!"},
    {"\"\xff\"", "!"},
    {"\"\xc3\"", "!"},
    {"\"\xed\xa0\x80\"", "!"},
    {"\xef\xbb\xbf[]", "!"},
    {"[1]/**/", "[0]!"},
    {"\v1", "!"},
};

static void what_is_not_json_is_an_error(void **state)
{
    (void)state;
    char kinds[64];
    for (size_t i = 0; i < COUNT_OF(not_json); i++) {
        assert_string_equal(kinds_of(not_json[i][0], strlen(not_json[i][0]), kinds, sizeof kinds),
                            not_json[i][1]);
    }
    assert_string_equal(kinds_of("1\0", 2, kinds, sizeof kinds), "0!");
    assert_string_equal(kinds_of("\"a\0b\"", 5, kinds, sizeof kinds), "!");
    assert_string_equal(kinds_of(NULL, 0, kinds, sizeof kinds), "!");
}

/* Special bytes at every place of a word, in blocks of exactly their size so that tools see
 * overruns. */
static void strings_are_scanned_exactly(void **state)
{
    (void)state;
    for (size_t length = 0; length < 30; length++) {
        char *text = malloc(length + 2);
        assert_non_null(text);
        for (size_t at = 0; at < length; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                memset(text, 'x', length + 2);
                text[0] = '"';
                text[length + 1] = '"';
                text[at + 1] = (char)byte;
                bool expected = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
                assert_int_equal(phxi_json_is_valid(text, length + 2), expected);
                /* Without the last quote: only if one stands before it. */
                bool ends_early = byte == '"' && at + 1 == length;
                assert_int_equal(phxi_json_is_valid(text, length + 1), ends_early);
            }
        }
        free(text);
    }
}

/* What a string may hold is all that a reader of checked text takes on trust. */
static void checked_text_is_read_as_strictly_but_for_bytes(void **state)
{
    (void)state;
    static const char *const trusted[][2] = {
        {"\"a\nb\"", "s."},
        {"\"a\x1f\"", "s."},
        {"\"\xff\"", "s."},
        {"\"\xc3\"", "s."},
        {"\"\xed\xa0\x80\"", "s."},
        {"{\"\xff\":\"\x01\"}", "{ks}."},
        {"\"\xc3\xbc\\n\xff\"", "s."},
    };
    char kinds[64];
    for (size_t i = 0; i < COUNT_OF(trusted); i++) {
        assert_string_equal(
            kinds_of_checked(trusted[i][0], strlen(trusted[i][0]), kinds, sizeof kinds),
            trusted[i][1]);
    }
    for (size_t i = 0; i < COUNT_OF(not_json); i++) {
        const char *text = not_json[i][0];
        bool is_trusted = false;
        for (size_t n = 0; n < COUNT_OF(trusted); n++) {
            is_trusted = is_trusted || strcmp(text, trusted[n][0]) == 0;
        }
        if (!is_trusted) {
            assert_string_equal(kinds_of_checked(text, strlen(text), kinds, sizeof kinds),
                                not_json[i][1]);
        }
    }
}

/* Of a string in exactly its memory, whatever is in it, the reader finds the end. */
static void checked_strings_end_at_their_quote(void **state)
{
    (void)state;
    for (size_t length = 0; length < 40; length++) {
        char *text = malloc(length + 2);
        assert_non_null(text);
        for (size_t at = 0; at < length; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                phxi_json_reader reader;
                phxi_json_token token;
                memset(text, byte % 2 == 0 ? 'x' : 0xc3, length + 2);
                text[0] = '"';
                text[length + 1] = '"';
                text[at + 1] = (char)byte;
                phxi_json_reader_init_checked(&reader, text, length + 2);
                phxi_json_kind kind = phxi_json_next(&reader, &token);
                /* The last byte may make an escape of the quote; no other makes one of its own. */
                assert_int_equal(kind, byte == '\\' ? PHXI_JSON_ERROR : PHXI_JSON_STRING);
                if (kind == PHXI_JSON_STRING) {
                    assert_int_equal(token.text.length, byte == '"' ? at : length);
                    assert_false(token.has_escapes);
                }
                phxi_json_reader_init_checked(&reader, text, length + 1);
                assert_int_equal(phxi_json_next(&reader, &token),
                                 byte == '"' ? PHXI_JSON_STRING : PHXI_JSON_ERROR);
            }
        }
        free(text);
    }
}

/* Every prefix of a document is an error, also when nothing readable follows it. */
static void what_is_cut_short_is_an_error(void **state)
{
    (void)state;
    static const char document[] =
        "{\"k\\n\":[1.5e3,\"\\ud83d\\udc4b Gr\xc3\xbc\xc3\x9f\",true,false,null,{}]}";
    for (size_t length = 0; length < sizeof document - 1; length++) {
        char *text = malloc(length + 1);
        assert_non_null(text);
        memcpy(text, document, length);
        char *exact = realloc(text, length == 0 ? 1 : length);
        assert_non_null(exact);
        assert_false(phxi_json_is_valid(exact, length));
        assert_false(phxi_json_is_valid(document, length)); /* the rest is there, but not ours */
        free(exact);
    }
    assert_true(phxi_json_is_valid(document, sizeof document - 1));
}

static void depth_is_bounded(void **state)
{
    (void)state;
    char text[4 * PHXI_JSON_MAX_DEPTH + 16];
    for (size_t depth = PHXI_JSON_MAX_DEPTH - 1; depth <= PHXI_JSON_MAX_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(phxi_json_is_valid(text, 2 * depth), depth <= PHXI_JSON_MAX_DEPTH);
    }
    /* Levels that are closed again do not count. */
    assert_true(phxi_json_is_valid("[[],[],[[]]]", 12));
}

/* Kinds of levels are remembered down to the deepest: objects and arrays by turns. */
static void levels_are_told_apart(void **state)
{
    (void)state;
    char text[8 * PHXI_JSON_MAX_DEPTH] = "";
    for (int i = 0; i < PHXI_JSON_MAX_DEPTH; i++) {
        strcat(text, i % 3 == 0 ? "{\"a\":" : "[");
    }
    strcat(text, "0");
    size_t innermost = strlen(text);
    for (int i = PHXI_JSON_MAX_DEPTH - 1; i >= 0; i--) {
        strcat(text, i % 3 == 0 ? "}" : "]");
    }
    size_t length = strlen(text);
    assert_true(phxi_json_is_valid(text, length));
    for (size_t i = innermost; i < length; i++) {
        text[i] = text[i] == '}' ? ']' : '}';
        assert_false(phxi_json_is_valid(text, length));
        text[i] = text[i] == '}' ? ']' : '}';
    }
}

static void slices_point_into_the_input(void **state)
{
    (void)state;
    static const char text[] = "{\"k\\u0041\": [-12.50E+07, \"v\"]}";
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, text, strlen(text));
    assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_OBJECT_BEGIN);
    assert_slice(token.text, "{");
    assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_KEY);
    assert_slice(token.text, "k\\u0041");
    assert_ptr_equal(token.text.data, text + 2);
    assert_true(token.has_escapes);
    assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_ARRAY_BEGIN);
    assert_false(token.has_escapes);
    assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_NUMBER);
    assert_slice(token.text, "-12.50E+07");
    assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_STRING);
    assert_slice(token.text, "v");
    assert_false(token.has_escapes);
    assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_ARRAY_END);
    assert_slice(token.text, "]");
    assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_OBJECT_END);
    assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_END);
    assert_null(token.text.data);
}

static void errors_have_a_position(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t position;
    } rows[] = {
        {"[1,x]", 3}, {"[\"abc\xff\"]", 5}, {"[\"abcdefghij\\q\"]", 12}, {"[] ]", 3}, {"[\"ab", 4},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        phxi_json_reader reader;
        phxi_json_token token;
        phxi_json_reader_init(&reader, rows[i].text, strlen(rows[i].text));
        while (phxi_json_next(&reader, &token) > PHXI_JSON_END) {
        }
        assert_int_equal(token.kind, PHXI_JSON_ERROR);
        assert_int_equal(reader.position, rows[i].position);
    }
}

static void skipping_gives_the_whole_value(void **state)
{
    (void)state;
    static const char *const values[] = {"{\"a\":[1,{\"b\":2}],\"c\":\"]\"}",
                                         "[]",
                                         "{}",
                                         "\"s\\\"t\"",
                                         "\"\"",
                                         "-1.5e9",
                                         "true",
                                         "null",
                                         "[[[]],[[]]]"};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        char text[128];
        snprintf(text, sizeof text, "{\"k\" : %s , \"next\":[ %s ]}", values[i], values[i]);
        phxi_json_reader reader;
        phxi_json_token token;
        phx_slice raw;
        phxi_json_reader_init(&reader, text, strlen(text));
        assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_OBJECT_BEGIN);
        assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_KEY);
        assert_true(phxi_json_skip(&reader, &token, &raw)); /* by its key */
        assert_slice(raw, values[i]);
        assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_KEY);
        assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_ARRAY_BEGIN);
        (void)phxi_json_next(&reader, &token);
        assert_true(phxi_json_skip(&reader, &token, &raw)); /* by its first token */
        assert_slice(raw, values[i]);
        assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_ARRAY_END);
        assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_OBJECT_END);
        assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_END);
    }
}

static void a_skipped_value_is_validated(void **state)
{
    (void)state;
    static const char *const bad[] = {"[1,{\"a\":01}]", "[\"\xff\"]", "[[1}", "[", "[tru]", "x"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"k\":%s", bad[i]);
        phxi_json_reader reader;
        phxi_json_token token;
        phx_slice raw = {"x", 1};
        phxi_json_reader_init(&reader, text, strlen(text));
        (void)phxi_json_next(&reader, &token);
        (void)phxi_json_next(&reader, &token);
        assert_false(phxi_json_skip(&reader, &token, &raw));
        assert_null(raw.data);
        assert_int_equal(phxi_json_next(&reader, &token), PHXI_JSON_ERROR);
    }
}

static void only_values_can_be_skipped(void **state)
{
    (void)state;
    phxi_json_reader reader;
    phxi_json_token token;
    phx_slice raw;
    phxi_json_reader_init(&reader, "[]", 2);
    (void)phxi_json_next(&reader, &token);
    (void)phxi_json_next(&reader, &token);
    assert_int_equal(token.kind, PHXI_JSON_ARRAY_END);
    assert_false(phxi_json_skip(&reader, &token, &raw));
    (void)phxi_json_next(&reader, &token);
    assert_false(phxi_json_skip(&reader, &token, &raw));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_come_in_order),
        cmocka_unit_test(what_is_not_json_is_an_error),
        cmocka_unit_test(strings_are_scanned_exactly),
        cmocka_unit_test(checked_text_is_read_as_strictly_but_for_bytes),
        cmocka_unit_test(checked_strings_end_at_their_quote),
        cmocka_unit_test(what_is_cut_short_is_an_error),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(levels_are_told_apart),
        cmocka_unit_test(slices_point_into_the_input),
        cmocka_unit_test(errors_have_a_position),
        cmocka_unit_test(skipping_gives_the_whole_value),
        cmocka_unit_test(a_skipped_value_is_validated),
        cmocka_unit_test(only_values_can_be_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
