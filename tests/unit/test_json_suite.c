/* SPDX-License-Identifier: MIT */
/*
 * The reader against JSONTestSuite, if a copy of it is at hand: y_ accepted, n_ refused, and i_,
 * which RFC 8259 leaves to the implementation, as the table says. The folder is the program's
 * argument.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "testing.h"
#include "wire/json_reader.h"

static const char *folder;

/* Of the i_ files, those that are accepted: numbers of any size, since digits are kept as they are.
 * Refused: text that is not UTF-8 (or starts with a BOM), escapes of lone surrogates, 500 levels.
 */
static const char *const accepted_choices[] = {
    "i_number_double_huge_neg_exp.json", "i_number_huge_exp.json",
    "i_number_neg_int_huge_exp.json",    "i_number_pos_double_huge_exp.json",
    "i_number_real_neg_overflow.json",   "i_number_real_pos_overflow.json",
    "i_number_real_underflow.json",      "i_number_too_big_neg_int.json",
    "i_number_too_big_pos_int.json",     "i_number_very_big_negative_int.json",
};

static bool is_expected(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(accepted_choices); i++) {
        if (strcmp(name, accepted_choices[i]) == 0) {
            return true;
        }
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
    assert_true(counts['y'] > 90 && counts['n'] > 180 && counts['i'] > 30);
}

int main(int argc, char **argv)
{
    folder = argc > 1 ? argv[1] : NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_judged_as_it_should_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
