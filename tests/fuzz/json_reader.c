/* SPDX-License-Identifier: MIT */
/*
 * The JSON reader against cJSON, both ways. They differ by right in this and nothing else:
 *
 * - cJSON takes, and the reader refuses: control characters as white space or raw in a string;
 *   what is not UTF-8; a byte order mark; numbers that are not written as RFC 8259 has them; "\u"
 *   without four hexadecimal digits; more than PHXI_JSON_MAX_DEPTH levels.
 * - The reader takes, and cJSON refuses: numbers of more than 62 characters.
 * - A text of cJSON's ends at an escaped NUL.
 *
 * And the reader against itself: the same tokens wherever the document lies in memory, skipping a
 * value passes over exactly its tokens, slices lie within the document. Told that a document is
 * valid, it sees the same in one that is, and stays within any other.
 */
#include <errno.h>

#include "fuzz.h"
#include "same_json.h"
#include "wire/json_reader.h"

enum {
    CJSON_NUMBER_BYTES = 62
};

/* --- what they differ in --- */

static const char *skip_digits(const char *at)
{
    while (*at >= '0' && *at <= '9') {
        at++;
    }
    return at;
}

/* Whether text[length], terminated, is a number as RFC 8259 writes it. */
static bool is_rfc_number(const char *text, size_t length)
{
    const char *at = text + (text[0] == '-' ? 1 : 0);
    const char *end = skip_digits(at);
    if (end == at || (*at == '0' && end > at + 1)) {
        return false;
    }
    if (*end == '.') {
        at = end + 1;
        end = skip_digits(at);
        if (end == at) {
            return false;
        }
    }
    if (*end == 'e' || *end == 'E') {
        at = end + 1 + (end[1] == '+' || end[1] == '-' ? 1 : 0);
        end = skip_digits(at);
        if (end == at) {
            return false;
        }
    }
    return end == text + length;
}

typedef struct oddities {
    bool is_beyond_cjson; /* what the reader may take, and cJSON not */
    bool is_beyond_us;    /* what cJSON may take, and the reader not */
} oddities;

static size_t look_at_number(const char *text, oddities *out)
{
    size_t length = strspn(text, "0123456789+-.eE");
    char *number = fuzz_copy_text(text, length);
    out->is_beyond_us = out->is_beyond_us || !is_rfc_number(number, length);
    out->is_beyond_cjson = out->is_beyond_cjson || length > CJSON_NUMBER_BYTES;
    free(number);
    return length;
}

/* The length of the string at text[0], which is its quote, without the closing one. */
static size_t look_at_string(const char *text, oddities *out)
{
    size_t length = 1;
    while (text[length] != '\0' && text[length] != '"') {
        bool is_bad_escape = text[length] == '\\' && text[length + 1] == 'u' &&
                             strspn(text + length + 2, "0123456789abcdefABCDEF") < 4;
        out->is_beyond_us = out->is_beyond_us || (uint8_t)text[length] < 0x20 || is_bad_escape;
        length += text[length] == '\\' && text[length + 1] != '\0' ? 2 : 1;
    }
    return length;
}

static oddities look_at(const char *text, size_t length)
{
    oddities found = {.is_beyond_us = !fuzz_is_utf8(text, length) || strlen(text) != length ||
                                      strncmp(text, "\xef\xbb\xbf", 3) == 0};
    size_t depth = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"') {
            at += look_at_string(at, &found);
            if (*at == '\0') {
                break;
            }
        } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
            at += look_at_number(at, &found) - 1;
        } else if (*at == '[' || *at == '{') {
            found.is_beyond_us = found.is_beyond_us || ++depth > PHXI_JSON_MAX_DEPTH;
        } else if (*at == ']' || *at == '}') {
            depth -= depth > 0 ? 1 : 0;
        } else if ((uint8_t)*at < 0x20 && strchr("\t\n\r", *at) == NULL) {
            found.is_beyond_us = true;
        }
    }
    return found;
}

/* --- the same content --- */

static void check_text(const phxi_json_token *token)
{
    char *plain = fuzz_copy(token->text.data, token->text.length);
    size_t length = phxi_json_unescape(token, plain);
    char *text = fuzz_copy_text(plain, length);
    FUZZ_CHECK(length <= token->text.length && fuzz_is_utf8(plain, length));
    FUZZ_CHECK(phxi_json_text_is(token, text) == (strlen(text) == length));
    free(text);
    free(plain);
}

static void check_integer(const phxi_json_token *token)
{
    char *text = fuzz_copy_text(token->text.data, token->text.length);
    int64_t integer = 0;
    char *end;
    errno = 0;
    long long expected = strtoll(text, &end, 10);
    bool is_integer = *end == '\0' && errno == 0;
    FUZZ_CHECK(phxi_json_int64(token, &integer) == is_integer);
    FUZZ_CHECK(!is_integer || integer == expected);
    free(text);
}

static void check_values(const uint8_t *data, size_t size)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, data, size);
    while (phxi_json_next(&reader, &token) > PHXI_JSON_END) {
        if (token.kind == PHXI_JSON_STRING || token.kind == PHXI_JSON_KEY) {
            check_text(&token);
        } else if (token.kind == PHXI_JSON_NUMBER) {
            check_integer(&token);
        }
    }
}

static void compare_with_cjson(const uint8_t *data, size_t size, bool is_valid)
{
    char *text = fuzz_copy_text(data, size);
    oddities odd = look_at(text, size);
    cJSON *root = cJSON_ParseWithLengthOpts(text, size + 1, NULL, true);
    FUZZ_CHECK(!is_valid || fuzz_is_utf8(data, size));
    FUZZ_CHECK(!is_valid || root != NULL || odd.is_beyond_cjson);
    FUZZ_CHECK(is_valid || root == NULL || odd.is_beyond_us);
    FUZZ_CHECK(!is_valid || root == NULL || same_json(text, size, root));
    cJSON_Delete(root);
    free(text);
}

/* --- against itself --- */

/* A number for all that the new reader says of the document. */
static uint64_t tokens_read(phxi_json_reader *reader, const uint8_t *data, size_t size)
{
    phxi_json_token token;
    uint64_t sum = 0;
    size_t count = 0;
    do {
        (void)phxi_json_next(reader, &token);
        FUZZ_CHECK(reader->depth <= PHXI_JSON_MAX_DEPTH && reader->position <= size);
        FUZZ_CHECK(count++ <= size);
        size_t offset = 0;
        if (token.kind > PHXI_JSON_END) {
            FUZZ_CHECK(fuzz_is_within(token.text, data, size));
            offset = (size_t)(token.text.data - (const char *)data);
        }
        sum = sum * 1099511628211u + offset * 16777619u + (uint64_t)token.kind * 31u +
              reader->position * 7u + token.text.length + (token.has_escapes ? 1 : 0);
    } while (token.kind > PHXI_JSON_END);
    phxi_json_kind last = token.kind;
    FUZZ_CHECK(phxi_json_next(reader, &token) == last);
    return sum;
}

static uint64_t tokens_of(const uint8_t *data, size_t size)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, data, size);
    uint64_t sum = tokens_read(&reader, data, size);
    bool is_at_end = phxi_json_next(&reader, &token) == PHXI_JSON_END;
    FUZZ_CHECK(is_at_end == phxi_json_is_valid(data, size));
    return sum;
}

/* Whether the document is valid or not, its tokens can be used. */
static void check_checked(const uint8_t *data, size_t size, uint64_t expected)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init_checked(&reader, data, size);
    uint64_t tokens = tokens_read(&reader, data, size);
    FUZZ_CHECK(!phxi_json_is_valid(data, size) || tokens == expected);
    phxi_json_reader_init_checked(&reader, data, size);
    while (phxi_json_next(&reader, &token) > PHXI_JSON_END) {
        phx_slice raw;
        phxi_json_reader ahead = reader;
        FUZZ_CHECK(!phxi_json_skip(&ahead, &token, &raw) || fuzz_is_within(raw, data, size));
        if (token.kind == PHXI_JSON_STRING || token.kind == PHXI_JSON_KEY) {
            char *plain = fuzz_copy(token.text.data, token.text.length);
            FUZZ_CHECK(phxi_json_unescape(&token, plain) <= token.text.length);
            free(plain);
        }
    }
}

static void check_alignment(const uint8_t *data, size_t size, uint64_t expected)
{
    for (size_t shift = 1; shift < 8; shift++) {
        uint8_t *block = malloc(size + shift);
        FUZZ_CHECK(block != NULL);
        memset(block, '"', shift);
        memcpy(block + shift, data, size);
        FUZZ_CHECK(tokens_of(block + shift, size) == expected);
        free(block);
    }
}

/* Every value that begins somewhere, skipped: a document of its own, and the end is where its
 * tokens end. */
static void check_skip(const uint8_t *data, size_t size)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, data, size);
    for (size_t nth = 0; nth < 64 && phxi_json_next(&reader, &token) > PHXI_JSON_END; nth++) {
        if (token.kind == PHXI_JSON_OBJECT_END || token.kind == PHXI_JSON_ARRAY_END) {
            continue;
        }
        phxi_json_reader ahead = reader;
        phx_slice raw;
        if (phxi_json_skip(&ahead, &token, &raw)) {
            FUZZ_CHECK(fuzz_is_within(raw, data, size));
            FUZZ_CHECK(phxi_json_is_valid(raw.data, raw.length));
            FUZZ_CHECK(ahead.depth <= reader.depth);
        } else {
            FUZZ_CHECK(phxi_json_next(&ahead, &token) == PHXI_JSON_ERROR);
        }
    }
}

static void check_cut(const phxi_json_token *token, size_t capacity)
{
    char *whole = fuzz_copy(token->text.data, token->text.length);
    char *cut = malloc(capacity > 0 ? capacity : 1);
    bool is_cut;
    FUZZ_CHECK(cut != NULL);
    size_t whole_length = phxi_json_unescape(token, whole);
    size_t length = phxi_json_unescape_cut(token, cut, capacity, &is_cut);
    FUZZ_CHECK(length <= capacity && is_cut == (length < whole_length));
    FUZZ_CHECK(memcmp(cut, whole, length) == 0);
    FUZZ_CHECK(fuzz_is_utf8(cut, length));
    /* No shorter than it must be. */
    FUZZ_CHECK(!is_cut || capacity - length < 4);
    free(cut);
    free(whole);
}

static void check_cuts(const uint8_t *data, size_t size)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phxi_json_reader_init(&reader, data, size);
    for (size_t nth = 0; nth < 16 && phxi_json_next(&reader, &token) > PHXI_JSON_END; nth++) {
        if (token.kind == PHXI_JSON_STRING || token.kind == PHXI_JSON_KEY) {
            for (size_t capacity = 0; capacity < 12; capacity++) {
                check_cut(&token, capacity);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *document = fuzz_copy(data, size);
    uint64_t tokens = tokens_of(document, size);
    check_alignment(document, size, tokens);
    check_checked(document, size, tokens);
    check_skip(document, size);
    check_cuts(document, size);
    check_values(document, size);
    compare_with_cjson(document, size, phxi_json_is_valid(document, size));
    free(document);
    return 0;
}
