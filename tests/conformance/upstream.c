/* SPDX-License-Identifier: MIT */
/*
 * The conformance run: every row of phoenix.js's own suite that is a test here, the recorded
 * scripts, and the table that says which test covers which row. The long-poll transport's rows are
 * run by longpoll_test.c, a program of its own in the same suite. A row without a test fails, but
 * for class J. Usage: upstream SCRIPTS
 */
#include "upstream.h"

#include <stdio.h>

#include "longpoll_rows.h"
#include "scripts.h"
#include "upstream_tests.h"

typedef struct upstream_row {
    const char *code;
    char class;
    const char *title;
} upstream_row;

static const upstream_row upstream_rows[] = {
#define UPSTREAM_ROW(code, class, title) {#code, #class[0], title},
    UPSTREAM_ROWS(UPSTREAM_ROW)
#undef UPSTREAM_ROW
};

static const char classes[] = "PAXLJ";

static const upstream_group *const groups[] = {
    &upstream_channel_join,      &upstream_channel_answer, &upstream_channel,
    &upstream_channel_push,      &upstream_socket,         &upstream_socket_frame,
    &upstream_socket_connection, &upstream_serializer,     &upstream_presence,
};

typedef struct longpoll_row {
    const char *code;
    const char *test;
} longpoll_row;

static const longpoll_row longpoll_rows[] = {
#define LONGPOLL_ROW(row, name) {#row, #row "_" #name},
    LONGPOLL_ROWS(LONGPOLL_ROW)
#undef LONGPOLL_ROW
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Whether the test's name begins with the row's code. */
static bool is_of_row(const char *test, const char *code)
{
    size_t length = strlen(code);
    return strncmp(test, code, length) == 0 && test[length] == '_';
}

static const char *find_test(const upstream_row *row, const char **out_file)
{
    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        for (size_t j = 0; j < groups[i]->count; j++) {
            if (is_of_row(groups[i]->tests[j].name, row->code)) {
                *out_file = base_name(groups[i]->file);
                return groups[i]->tests[j].name;
            }
        }
    }
    for (size_t i = 0; i < COUNT_OF(longpoll_rows); i++) {
        if (strcmp(longpoll_rows[i].code, row->code) == 0) {
            *out_file = "longpoll_test.c";
            return longpoll_rows[i].test;
        }
    }
    *out_file = "";
    return NULL;
}

/* Prints the table; the number of rows that should have a test and have none. */
static size_t print_table(size_t covered[sizeof classes], size_t total[sizeof classes])
{
    size_t missing = 0;
    for (size_t i = 0; i < COUNT_OF(upstream_rows); i++) {
        const upstream_row *row = &upstream_rows[i];
        size_t class = (size_t)(strchr(classes, row->class) - classes);
        const char *file;
        const char *test = find_test(row, &file);
        total[class]++;
        covered[class] += test != NULL;
        missing += test == NULL && row->class != 'J';
        (void)printf("%s %c  %-88.88s %s %s\n", row->code, row->class, row->title, file,
                     test != NULL ? test : "-");
    }
    return missing;
}

static void print_counts(const size_t covered[sizeof classes], const size_t total[sizeof classes])
{
    size_t all = 0;
    for (size_t i = 0; classes[i] != '\0'; i++) {
        all += covered[i];
    }
    (void)printf("rows covered %zu of %zu:", all, COUNT_OF(upstream_rows));
    for (size_t i = 0; classes[i] != '\0'; i++) {
        (void)printf(" %c %zu of %zu%s", classes[i], covered[i], total[i],
                     classes[i + 1] != '\0' ? "," : "\n");
    }
}

int main(int argc, char **argv)
{
    size_t covered[sizeof classes] = {0};
    size_t total[sizeof classes] = {0};
    static script_tally tally;
    if (argc != 2) {
        (void)fprintf(stderr, "usage: upstream SCRIPTS\n");
        return 2;
    }
    int failed = 0;
    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        failed += groups[i]->run();
    }
    size_t missing = print_table(covered, total);
    bool is_read = scripts_replay(argv[1], &tally);
    print_counts(covered, total);
    (void)printf("scripts replayed %zu, divergences %zu\n", tally.scripts, tally.divergences);
    return failed == 0 && missing == 0 && is_read && tally.divergences == 0 ? 0 : 1;
}
