/* SPDX-License-Identifier: MIT */
/*
 * Composing JSON, and texts found in small documents: a string that is appended is JSON and reads
 * back as it was; an object of such members too; a text for a person is terminated UTF-8 without
 * control characters, of a document that is JSON.
 */
#include "wire/json.h"
#include "failing_allocator.h"
#include "fuzz.h"
#include "wire/json_reader.h"

enum {
    MAX_TEXT_BYTES = 40,
    MAX_MEMBERS = 6
};

static void expect_string(phxi_json_reader *reader, phx_slice expected)
{
    phxi_json_token token;
    FUZZ_CHECK(phxi_json_next(reader, &token) == PHXI_JSON_STRING);
    char *plain = fuzz_copy(token.text.data, token.text.length);
    size_t length = phxi_json_unescape(&token, plain);
    FUZZ_CHECK(length == expected.length && memcmp(plain, expected.data, length) == 0);
    free(plain);
}

static void check_string(phx_slice text, size_t max_bytes)
{
    failing_allocator allocator;
    phxi_buffer out;
    failing_allocator_init(&allocator);
    phxi_buffer_init(&out, &allocator.port, max_bytes);
    FUZZ_CHECK(max_bytes == 0 || phxi_buffer_append_byte(&out, ' ') == PHX_OK);
    size_t before = out.length;
    phx_status status = phxi_json_append_string(&out, text.data, text.length);
    bool is_utf8 = fuzz_is_utf8(text.data, text.length);
    if (status == PHX_OK) {
        phxi_json_reader reader;
        phxi_json_token token;
        FUZZ_CHECK(is_utf8 && out.length <= max_bytes);
        phxi_json_reader_init(&reader, out.data, out.length);
        expect_string(&reader, text);
        FUZZ_CHECK(phxi_json_next(&reader, &token) == PHXI_JSON_END);
    } else {
        FUZZ_CHECK(out.length == before);
        FUZZ_CHECK(is_utf8 ? status == PHX_ERROR_TOO_LARGE && max_bytes < 6 * text.length + 3
                           : status == PHX_ERROR_INVALID_ARGUMENT);
    }
    phxi_buffer_free(&out);
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
}

/* Members of the input's pieces, those that are JSON raw. */
static void check_object(fuzz_input input)
{
    static const char *const names[MAX_MEMBERS] = {"a", "b", "c\"", "d\\", "\xc3\xbc", ""};
    phxi_json_member members[MAX_MEMBERS];
    failing_allocator allocator;
    phxi_buffer out;
    bool is_utf8 = true;
    size_t count = fuzz_below(&input, MAX_MEMBERS + 1);
    for (size_t i = 0; i < count; i++) {
        phx_slice piece = fuzz_bytes(&input, fuzz_byte(&input));
        bool is_json = phxi_json_is_valid(piece.data, piece.length);
        is_utf8 = is_utf8 && fuzz_is_utf8(piece.data, piece.length);
        members[i] = (phxi_json_member){.name = names[i]};
        *(is_json ? &members[i].raw : &members[i].text) = piece;
    }
    failing_allocator_init(&allocator);
    phxi_buffer_init(&out, &allocator.port, SIZE_MAX / 4);
    phx_status status = phxi_json_append_object(&out, members, count);
    FUZZ_CHECK(status == (is_utf8 ? PHX_OK : PHX_ERROR_INVALID_ARGUMENT));
    FUZZ_CHECK(is_utf8 || out.length == 0);
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, out.data, out.length);
    FUZZ_CHECK(!is_utf8 || phxi_json_next(&reader, &token) == PHXI_JSON_OBJECT_BEGIN);
    for (size_t i = 0; i < count && is_utf8; i++) {
        FUZZ_CHECK(phxi_json_next(&reader, &token) == PHXI_JSON_KEY);
        FUZZ_CHECK(phxi_json_text_is(&token, names[i]));
        if (members[i].text.data != NULL) {
            expect_string(&reader, members[i].text);
            continue;
        }
        phx_slice raw;
        if (phxi_json_skip(&reader, &token, &raw)) {
            FUZZ_CHECK(raw.length <= members[i].raw.length);
        } else {
            is_utf8 = false; /* one level too deep now */
        }
    }
    phxi_buffer_free(&out);
    FUZZ_CHECK(atomic_load(&allocator.live_blocks) == 0);
}

static void check_text(bool is_found, const char *out, size_t capacity, bool is_json)
{
    size_t length = strnlen(out, capacity);
    FUZZ_CHECK(length < capacity);
    FUZZ_CHECK(is_json || !is_found);
    FUZZ_CHECK(is_found || length == 0);
    FUZZ_CHECK(fuzz_is_utf8(out, length));
    for (size_t i = 0; i < length; i++) {
        FUZZ_CHECK((uint8_t)out[i] >= 0x20 && out[i] != 0x7f);
        FUZZ_CHECK((uint8_t)out[i] != 0xc2 || (uint8_t)out[i + 1] >= 0xa0);
    }
}

static void check_lookup(const uint8_t *data, size_t size)
{
    bool is_json = phxi_json_is_valid(data, size);
    for (size_t capacity = 1; capacity <= MAX_TEXT_BYTES; capacity += 3) {
        char *out = malloc(capacity);
        FUZZ_CHECK(out != NULL);
        bool is_found = phxi_json_error_text(data, size, out, capacity);
        check_text(is_found, out, capacity, is_json);
        is_found = phxi_json_member_text(data, size, "reason", out, capacity);
        check_text(is_found, out, capacity, is_json);
        free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = fuzz_copy(data, size);
    check_lookup(copy, size);
    check_string((phx_slice){(const char *)copy, size}, SIZE_MAX / 4);
    check_string((phx_slice){(const char *)copy, size}, size > 0 ? 1 + copy[0] : 1);
    check_object((fuzz_input){copy, size});
    free(copy);
    return 0;
}
