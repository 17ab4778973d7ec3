/* SPDX-License-Identifier: MIT */
/*
 * The reader against cJSON: documents are made at random and damaged at random; what the reader
 * accepts, cJSON must accept too, and both must see the same content. (cJSON accepts more, so not
 * the other way.)
 */
#include "same_json.h"
#include "testing.h"
#include "wire/json_reader.h"
#include <cjson/cJSON.h>

enum {
    MAX_BYTES = 4096,
    SEEDS = 300,
    MUTATIONS = 60
};

typedef struct document {
    char data[MAX_BYTES];
    size_t length;
} document;

static void put(document *doc, const char *text)
{
    size_t length = strlen(text);
    assert_true(doc->length + length < MAX_BYTES);
    memcpy(doc->data + doc->length, text, length + 1);
    doc->length += length;
}

static const char *pick(uint64_t *seed, const char *const *choices, size_t count)
{
    return choices[random_below(seed, count)];
}

static void put_string(document *doc, uint64_t *seed)
{
    static const char *const pieces[] = {
        "a",    "id",   " ",    "plain text", "\xc3\xbc",     "\xe2\x82\xac", "\xf0\x9f\x91\x8b",
        "\\n",  "\\\"", "\\\\", "\\/",        "\\u0041",      "\\u00e9",      "\\uD83D\\uDC4B",
        "\x7f", "/",    "[",    "}",          "\\t\\b\\f\\r",
    };
    put(doc, "\"");
    for (size_t n = random_below(seed, 5); n > 0; n--) {
        put(doc, pick(seed, pieces, COUNT_OF(pieces)));
    }
    put(doc, "\"");
}

static void put_scalar(document *doc, uint64_t *seed)
{
    static const char *const scalars[] = {
        "0",
        "-0",
        "1",
        "-17",
        "3.25",
        "1e5",
        "-2.5E-3",
        "1.0e+2",
        "true",
        "false",
        "null",
        "9007199254740993",
        "123456789012345678901234567890",
    };
    if (random_below(seed, 2) == 0) {
        put_string(doc, seed);
    } else {
        put(doc, pick(seed, scalars, COUNT_OF(scalars)));
    }
}

static void put_space(document *doc, uint64_t *seed)
{
    static const char *const spaces[] = {"", "", "", "", " ", "\n", "\t", "\r\n "};
    put(doc, pick(seed, spaces, COUNT_OF(spaces)));
}

/* Random nesting without recursion: opens, fills and closes levels until the budget is used up. */
static void make_document(document *doc, uint64_t *seed)
{
    char closers[16];
    size_t depth = 0;
    doc->length = 0;
    for (size_t budget = random_below(seed, 40) + 1; budget > 0; budget--) {
        bool in_object = depth > 0 && closers[depth - 1] == '}';
        put_space(doc, seed);
        if (in_object) {
            put_string(doc, seed);
            put(doc, ":");
        }
        size_t choice = random_below(seed, 4);
        if (choice <= 1 && depth + 1 < sizeof closers) {
            put(doc, choice == 0 ? "{" : "[");
            closers[depth++] = choice == 0 ? '}' : ']';
            put(doc, choice == 0 ? "\"k\":0," : "null,");
            continue;
        }
        put_scalar(doc, seed);
        put_space(doc, seed);
        if (depth > 0 && random_below(seed, 3) == 0) {
            put(doc, (const char[]){closers[--depth], '\0'});
        }
        if (depth == 0) {
            return;
        }
        put(doc, ",");
    }
    put(doc, depth > 0 && closers[depth - 1] == '}' ? "\"last\":1" : "1");
    while (depth > 0) {
        put(doc, (const char[]){closers[--depth], '\0'});
    }
}

/* Changes one to three bytes: replaced by one that matters to JSON, removed, doubled, or cut off
 * there. */
static void damage(document *doc, uint64_t *seed)
{
    static const char bytes[] = "\"\\{}[]:,0123456789.eE+-tfnu \n\x01\x80\xc3\xed\xf4\xff";
    for (size_t n = random_below(seed, 3) + 1; n > 0 && doc->length > 1; n--) {
        size_t at = random_below(seed, doc->length);
        size_t rest = doc->length - at;
        switch (random_below(seed, 8)) {
        case 0:
            memmove(doc->data + at, doc->data + at + 1, rest);
            doc->length--;
            break;
        case 1:
            memmove(doc->data + at + 1, doc->data + at, rest + 1);
            doc->length++;
            break;
        case 2:
            doc->length = random_below(seed, 4) == 0 ? at : doc->length;
            doc->data[doc->length] = '\0';
            break;
        default:
            doc->data[at] = bytes[random_below(seed, sizeof bytes - 1)];
            break;
        }
    }
}

static bool check(const document *doc, uint64_t seed)
{
    if (!phxi_json_is_valid(doc->data, doc->length)) {
        return false;
    }
    cJSON *root = cJSON_ParseWithLength(doc->data, doc->length);
    bool is_same = root != NULL && same_json(doc->data, doc->length, root);
    cJSON_Delete(root);
    if (!is_same) {
        fail_msg("seed %llu: %.*s", (unsigned long long)seed, (int)doc->length, doc->data);
    }
    return true;
}

static void what_the_reader_accepts_cjson_sees_alike(void **state)
{
    (void)state;
    size_t accepted = 0;
    for (uint64_t run = 1; run <= SEEDS; run++) {
        uint64_t seed = run;
        document original;
        make_document(&original, &seed);
        if (!check(&original, run)) {
            fail_msg("seed %llu: refused %s", (unsigned long long)run, original.data);
        }
        for (int i = 0; i < MUTATIONS; i++) {
            document damaged = original;
            damage(&damaged, &seed);
            accepted += check(&damaged, run) ? 1 : 0;
        }
    }
    print_message("%zu of %d damaged documents are still JSON\n", accepted, SEEDS * MUTATIONS);
    assert_true(accepted > 100 && accepted < (size_t)SEEDS * MUTATIONS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_reader_accepts_cjson_sees_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
