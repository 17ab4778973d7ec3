/* SPDX-License-Identifier: MIT */
/*
 * Composing JSON, and the texts of error bodies.
 */
#include "wire/json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "failing_allocator.h"
#include "support/alloc.h"
#include "testing.h"
#include "wire/json_reader.h"

static phxi_buffer new_buffer(size_t max_bytes)
{
    phxi_buffer buffer;
    phxi_buffer_init(&buffer, &phxi_default_allocator, max_bytes);
    return buffer;
}

static void strings_are_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
        const char *json;
    } rows[] = {
        {"", 0, "\"\""},
        {"plain", 5, "\"plain\""},
        {"\"\\/\b\f\n\r\t", 8, "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", 3, "\"\\u0001\\u001f\x7f\""},
        {"Gr\xc3\xbc\xf0\x9f\x91\x8b", 8, "\"Gr\xc3\xbc\xf0\x9f\x91\x8b\""},
        {"\0", 1, "\"\\u0000\""},
        {"a\0b\0\0", 5, "\"a\\u0000b\\u0000\\u0000\""},
        {"\0\"", 2, "\"\\u0000\\\"\""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        phxi_buffer out = new_buffer(1000);
        assert_int_equal(phxi_buffer_append_text(&out, "x"), PHX_OK);
        assert_int_equal(phxi_json_append_string(&out, rows[i].text, rows[i].length), PHX_OK);
        assert_bytes(out.data + 1, out.length - 1, rows[i].json, strlen(rows[i].json));
        assert_true(phxi_json_is_valid(out.data + 1, out.length - 1));
        phxi_buffer_free(&out);
    }
}

static void what_is_not_utf8_is_refused(void **state)
{
    (void)state;
    phxi_buffer out = new_buffer(1000);
    assert_int_equal(phxi_json_append_string(&out, "a\xff", 2), PHX_ERROR_INVALID_ARGUMENT);
    phxi_json_member member = {.name = "a", .text = {"\xc3", 1}};
    assert_int_equal(phxi_json_append_object(&out, &member, 1), PHX_ERROR_INVALID_ARGUMENT);
    assert_int_equal(out.length, 0);
    phxi_buffer_free(&out);
}

static const phxi_json_member members[] = {
    {.name = "body", .text = {"say \"hi\"\0!", 10}},
    {.name = "Body", .text = {"", 0}},
    {.name = "na\"me", .raw = {"[1, 2.50,{}]", 12}},
    {.name = "n", .raw = {"null,ignored", 4}},
};
static const char members_json[] = "{\"body\":\"say \\\"hi\\\"\\u0000!\",\"Body\":\"\","
                                   "\"na\\\"me\":[1, 2.50,{}],\"n\":null}";

static void objects_are_composed_in_order(void **state)
{
    (void)state;
    phxi_buffer out = new_buffer(1000);
    assert_int_equal(phxi_json_append_object(&out, NULL, 0), PHX_OK);
    assert_int_equal(phxi_json_append_object(&out, members, COUNT_OF(members)), PHX_OK);
    assert_bytes(out.data, 2, "{}", 2);
    assert_bytes(out.data + 2, out.length - 2, members_json, strlen(members_json));
    assert_true(phxi_json_is_valid(out.data + 2, out.length - 2));
    phxi_buffer_free(&out);
}

/* Every maximum below what is needed: refused, and the buffer holds what it held. */
static void the_maximum_holds(void **state)
{
    (void)state;
    size_t needed = 1 + strlen(members_json);
    for (size_t max_bytes = 1; max_bytes <= needed; max_bytes++) {
        phxi_buffer out = new_buffer(max_bytes);
        assert_int_equal(phxi_buffer_append_text(&out, "x"), PHX_OK);
        phx_status status = phxi_json_append_object(&out, members, COUNT_OF(members));
        assert_int_equal(status, max_bytes < needed ? PHX_ERROR_TOO_LARGE : PHX_OK);
        assert_int_equal(out.length, max_bytes < needed ? 1 : needed);
        phxi_buffer_free(&out);
    }
    for (size_t max_bytes = 1; max_bytes <= 5; max_bytes++) {
        phxi_buffer out = new_buffer(max_bytes);
        phx_status status = phxi_json_append_string(&out, "a\nb", 3);
        assert_int_equal(status, max_bytes < 6 ? PHX_ERROR_TOO_LARGE : PHX_OK);
        assert_int_equal(out.length, 0);
        phxi_buffer_free(&out);
    }
}

/* cJSON's hooks have no user data. This is the host program here, so it may set them. */
static failing_allocator *hooked;

static void *hooked_malloc(size_t size)
{
    return phxi_alloc(&hooked->port, size);
}

static void hooked_free(void *block)
{
    phxi_free(&hooked->port, block);
}

static void compose(failing_allocator *allocator, void *user_data)
{
    (void)user_data;
    hooked = allocator;
    cJSON_Hooks hooks = {.malloc_fn = hooked_malloc, .free_fn = hooked_free};
    cJSON_InitHooks(&hooks);
    phxi_buffer out;
    phxi_buffer_init(&out, &allocator->port, 1000);
    phx_status status = phxi_json_append_object(&out, members, COUNT_OF(members));
    if (allocator->refused == 0) {
        assert_int_equal(status, PHX_OK);
        assert_bytes(out.data, out.length, members_json, strlen(members_json));
    } else {
        assert_int_equal(status, PHX_ERROR_NO_MEMORY);
        assert_int_equal(out.length, 0);
    }
    phxi_buffer_free(&out);
    cJSON_InitHooks(NULL);
}

static void out_of_memory_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    assert_true(failing_allocator_torture(compose, NULL) > 10);
}

static void error_texts(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"error\":\"not yours\"}", "not yours"},
        {"{\"reason\":\"not_a_member\"}", "not_a_member"},
        {"{\"message\":\"oops\"}", "oops"},
        {"{\"errors\":{\"detail\":\"Not Found\"}}", "Not Found"},
        {"{\"errors\":{\"body\":[\"can't be blank\"]}}", "body can't be blank"},
        {"{\"errors\":{\"body\":[\"is long\",\"is odd\"],\"title\":[\"is bad\"]}}",
         "body is long, is odd; title is bad"},
        {"{\"errors\":{\"author\":{\"name\":[\"is bad\"]},\"x\":\"y\"}}",
         "author name is bad; x y"},
        {"{\"errors\":{\"detail\":\"Bad\",\"body\":[\"is odd\"]}}", "Bad; body is odd"},
        {" \"just text\" ", "just text"},
        {"{\"a\":{\"error\":\"inner\"},\"error\":\"outer\"}", "outer"},
        {"{\"message\":\"m\",\"error\":\"e\"}", "e"},
        {"{\"error\":5,\"message\":\"m\"}", "m"},
        {"{\"error\":\"\",\"message\":\"m\"}", "m"},
        {"{\"error\":\"a\\nb\\u0000c\\u001b[2J\\u009bx\\u007f\"}", "a b c [2J  x "},
        {"{\"\\u0065rror\":\"escaped name\"}", "escaped name"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char out[100];
        assert_true(phxi_json_error_text(rows[i][0], strlen(rows[i][0]), out, sizeof out));
        assert_string_equal(out, rows[i][1]);
    }
}

static void bodies_without_an_error_text(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "<html>",
        "{}",
        "[]",
        "[\"error\"]",
        "null",
        "5",
        "\"\"",
        "{\"error\":\"cut",
        "{\"error\":\"twice\"}{}",
        "{\"error\":\"\xff\"}",
        "{\"error\":null}",
        "{\"errors\":[]}",
        "{\"errors\":[\"text\"],\"more\":\"text\"}",
        "{\"errors\":7,\"more\":\"text\"}",
        "{\"errors\":{}}",
        "{\"errors\":\"text\"}",
        "{\"Error\":\"other case\"}",
        "{\"error\\u0000\":\"other name\"}",
    };
    char out[100] = "old";
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(phxi_json_error_text(rows[i], strlen(rows[i]), out, sizeof out));
        assert_string_equal(out, "");
    }
    assert_false(phxi_json_error_text(NULL, 0, out, sizeof out));
    assert_false(phxi_json_error_text("\"a\"", 3, out, 0));
}

/* At every capacity: terminated, never beyond it, never half a character. */
static void texts_are_cut_at_whole_characters(void **state)
{
    (void)state;
    static const char body[] = "{\"errors\":{\"f\xc3\xbc\":[\"\xf0\x9f\x91\x8b\",\"z\"]}}";
    static const char whole[] = "f\xc3\xbc \xf0\x9f\x91\x8b, z";
    for (size_t capacity = 1; capacity <= sizeof whole; capacity++) {
        char *out = malloc(capacity);
        assert_non_null(out);
        bool found = phxi_json_error_text(body, strlen(body), out, capacity);
        size_t length = strlen(out);
        assert_int_equal(found, capacity > 1);
        assert_true(length < capacity);
        assert_memory_equal(out, whole, length);
        assert_true(((uint8_t)whole[length] & 0xc0) != 0x80);
        free(out);
    }
}

static void member_texts(void **state)
{
    (void)state;
    static const char document[] = "{\"reason\":\"not_a_member\",\"n\":1,\"empty\":\"\"}";
    char out[32];
    assert_true(phxi_json_member_text(document, strlen(document), "reason", out, sizeof out));
    assert_string_equal(out, "not_a_member");
    assert_true(phxi_json_member_text(document, strlen(document), "empty", out, sizeof out));
    assert_string_equal(out, "");
    assert_false(phxi_json_member_text(document, strlen(document), "n", out, sizeof out));
    assert_false(phxi_json_member_text(document, strlen(document), "Reason", out, sizeof out));
    assert_false(phxi_json_member_text(document, strlen(document) - 1, "reason", out, sizeof out));
    assert_false(phxi_json_member_text("[]", 2, "reason", out, sizeof out));
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(what_is_not_utf8_is_refused),
        cmocka_unit_test(objects_are_composed_in_order),
        cmocka_unit_test(the_maximum_holds),
        cmocka_unit_test(out_of_memory_leaves_the_buffer_as_it_was),
        cmocka_unit_test(error_texts),
        cmocka_unit_test(bodies_without_an_error_text),
        cmocka_unit_test(texts_are_cut_at_whole_characters),
        cmocka_unit_test(member_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
