/* SPDX-License-Identifier: MIT */
/*
 * The reader against JSONTestSuite, if a copy of it is at hand: y_ accepted, n_ refused, and i_,
 * which RFC 8259 leaves to the implementation, each as the table decides. The folder is the
 * program's argument.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "testing.h"
#include "wire/json_reader.h"

static const char *folder;

/* Why a document that RFC 8259 leaves to the implementation is accepted or refused. */
typedef enum decision {
    BIG_NUMBER,      /* accepted: digits are kept as they are, so that any size can be passed on */
    LONE_SURROGATE,  /* refused: an escape that is no character, and no UTF-8 could carry it */
    NOT_UTF8,        /* refused: RFC 3629 has no such bytes */
    OTHER_ENCODING,  /* refused: RFC 8259, 8.1, wants UTF-8 between systems */
    BYTE_ORDER_MARK, /* refused: RFC 8259, 8.1, forbids it to writers */
    TOO_DEEP         /* refused: more than PHXI_JSON_MAX_DEPTH levels */
} decision;

typedef struct decided {
    const char *name;
    decision decision;
} decided;

static const decided decisions[] = {
    {"i_number_double_huge_neg_exp.json", BIG_NUMBER},
    {"i_number_huge_exp.json", BIG_NUMBER},
    {"i_number_neg_int_huge_exp.json", BIG_NUMBER},
    {"i_number_pos_double_huge_exp.json", BIG_NUMBER},
    {"i_number_real_neg_overflow.json", BIG_NUMBER},
    {"i_number_real_pos_overflow.json", BIG_NUMBER},
    {"i_number_real_underflow.json", BIG_NUMBER},
    {"i_number_too_big_neg_int.json", BIG_NUMBER},
    {"i_number_too_big_pos_int.json", BIG_NUMBER},
    {"i_number_very_big_negative_int.json", BIG_NUMBER},
    {"i_object_key_lone_2nd_surrogate.json", LONE_SURROGATE},
    {"i_string_1st_surrogate_but_2nd_missing.json", LONE_SURROGATE},
    {"i_string_1st_valid_surrogate_2nd_invalid.json", LONE_SURROGATE},
    {"i_string_UTF-16LE_with_BOM.json", OTHER_ENCODING},
    {"i_string_UTF-8_invalid_sequence.json", NOT_UTF8},
    {"i_string_UTF8_surrogate_U+D800.json", NOT_UTF8},
    {"i_string_incomplete_surrogate_and_escape_valid.json", LONE_SURROGATE},
    {"i_string_incomplete_surrogate_pair.json", LONE_SURROGATE},
    {"i_string_incomplete_surrogates_escape_valid.json", LONE_SURROGATE},
    {"i_string_invalid_lonely_surrogate.json", LONE_SURROGATE},
    {"i_string_invalid_surrogate.json", LONE_SURROGATE},
    {"i_string_invalid_utf-8.json", NOT_UTF8},
    {"i_string_inverted_surrogates_U+1D11E.json", LONE_SURROGATE},
    {"i_string_iso_latin_1.json", NOT_UTF8},
    {"i_string_lone_second_surrogate.json", LONE_SURROGATE},
    {"i_string_lone_utf8_continuation_byte.json", NOT_UTF8},
    {"i_string_not_in_unicode_range.json", NOT_UTF8},
    {"i_string_overlong_sequence_2_bytes.json", NOT_UTF8},
    {"i_string_overlong_sequence_6_bytes.json", NOT_UTF8},
    {"i_string_overlong_sequence_6_bytes_null.json", NOT_UTF8},
    {"i_string_truncated-utf-8.json", NOT_UTF8},
    {"i_string_utf16BE_no_BOM.json", OTHER_ENCODING},
    {"i_string_utf16LE_no_BOM.json", OTHER_ENCODING},
    {"i_structure_500_nested_arrays.json", TOO_DEEP},
    {"i_structure_UTF-8_BOM_empty_object.json", BYTE_ORDER_MARK},
};

/* A file that is not decided fails the test. */
static bool is_expected(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(decisions); i++) {
        if (strcmp(name, decisions[i].name) == 0) {
            return decisions[i].decision == BIG_NUMBER;
        }
    }
    if (name[0] != 'y' && name[0] != 'n') {
        fail_msg("nobody has decided on %s", name);
    }
    return name[0] == 'y';
}

static void check_file(const char *name)
{
    char path[4096];
    assert_true((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) < sizeof path);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t capacity = 1u << 20;
    char *data = malloc(capacity);
    assert_non_null(data);
    size_t length = fread(data, 1, capacity, file);
    fclose(file);
    assert_true(length < capacity);
    bool is_valid = phxi_json_is_valid(data, length);
    free(data);
    if (is_valid != is_expected(name)) {
        fail_msg("%s is %s", name, is_valid ? "accepted" : "refused");
    }
}

static void every_file_is_judged_as_it_should_be(void **state)
{
    (void)state;
    DIR *directory = folder == NULL ? NULL : opendir(folder);
    if (directory == NULL) {
        print_message("skipped: no copy of JSONTestSuite beside the sources\n");
        skip();
    }
    size_t counts[256] = {0};
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (strstr(entry->d_name, ".json") != NULL) {
            check_file(entry->d_name);
            counts[(uint8_t)entry->d_name[0]]++;
        }
    }
    closedir(directory);
    print_message("JSONTestSuite: %zu y, %zu n, %zu i\n", counts['y'], counts['n'], counts['i']);
    assert_true(counts['y'] > 90 && counts['n'] > 180);
    assert_int_equal(counts['i'], COUNT_OF(decisions));
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_judged_as_it_should_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
