/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a SQLite storage's damaged files, and what a crash and a full disk leave.
 */
#include <community/sqlite.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sqlite_world.h"
#include "storage_world.h"
#include "testing.h"

/* Kinds of damage to a database of some 40 pages. */
enum {
    IMAGE_BYTES = 1 << 20,
    PAGE_BYTES = 4096
};
static char image[IMAGE_BYTES];
static size_t image_length;

static void damage_garbage(void)
{
    memset(image, 'x', image_length);
}

static void damage_text(void)
{
    image_length = (size_t)snprintf(image, sizeof image, "not a database");
}

static void damage_magic(void)
{
    image[3] = '!';
}

static void damage_page_size(void)
{
    image[16] = 0x03;
}

static void damage_cut(void)
{
    image_length = image_length / 2 / PAGE_BYTES * PAGE_BYTES;
}

static void damage_cut_within_a_page(void)
{
    image_length = image_length / 2 + 77;
}

static void damage_middle(void)
{
    for (size_t i = 3; i < image_length / PAGE_BYTES; i++) {
        memset(image + i * PAGE_BYTES, 0x5a, 64);
    }
}

static void damage_first_page(void)
{
    memset(image + 100, 0, 900);
}

static void damage_schema(void)
{
    static const char from[] = "CREATE TABLE records";
    for (size_t i = 0; i < PAGE_BYTES; i++) {
        if (memcmp(image + i, from, sizeof from - 1) == 0) {
            memcpy(image + i, "CREATE TABLE recordz", sizeof from - 1);
        }
    }
}

static void damage_version(void)
{
    image[63] = 2; /* user_version */
}

static void damage_write_format(void)
{
    image[19] = 9; /* read format: of a later SQLite */
}

static void make_large(void)
{
    const community_storage *port = sqlite_open_as("7", false);
    static char value[3000];
    memset(value, 'v', sizeof value);
    for (int i = 0; i < 30; i++) {
        char key[8];
        const community_record record = {
            .struct_size = (uint32_t)sizeof record,
            .kind = COMMUNITY_RECORD_POST,
            .key = {key, (size_t)snprintf(key, sizeof key, "%d", i)},
            .value = {value, sizeof value},
        };
        assert_int_equal(port->change(port->user_data, &record, 1), PHX_OK);
    }
    community_storage_release(port);
    image_length = sqlite_load(sqlite_file(""), image, sizeof image);
    assert_in_range(image_length, 20 * PAGE_BYTES, sizeof image - 1);
}

static void test_damaged_files_are_set_aside(void **state)
{
    (void)state;
    static void (*const damages[])(void) = {
        damage_garbage,   damage_text,        damage_magic,
        damage_page_size, damage_cut,         damage_cut_within_a_page,
        damage_middle,    damage_first_page,  damage_schema,
        damage_version,   damage_write_format};
    static char found[IMAGE_BYTES];
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        make_large();
        damages[i]();
        sqlite_save(sqlite_file(""), image, image_length);
        assert_int_equal(unlink(sqlite_file("-wal")),
                         0); /* it holds the last pages, and would mend them */
        const community_storage *port = sqlite_open_as("7", true);
        assert_int_equal(sqlite_load(sqlite_file(".damaged-1"), found, sizeof found), image_length);
        storage_expect(port, "");
        storage_change(port, "2 a=1");
        community_storage_release(port);
        sqlite_check("2 a=1;");
        port = sqlite_start();
        assert_int_equal(port->wipe(port->user_data), PHX_OK);
        assert_false(sqlite_exists(".damaged-1"));
        community_storage_release(port);
    }
}

static void test_databases_of_others_are_set_aside(void **state)
{
    (void)state;
    static const char *const others[] = {
        "CREATE TABLE notes(text); PRAGMA user_version=1",
        "CREATE TABLE records(kind, key, value); PRAGMA user_version=1",
    };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        sqlite3 *db = NULL;
        assert_int_equal(sqlite3_open(sqlite_file(""), &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, others[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        const community_storage *port = sqlite_open_as("7", true);
        assert_true(sqlite_exists(".damaged-1"));
        assert_int_equal(port->wipe(port->user_data), PHX_OK);
        community_storage_release(port);
    }
}

static void test_so_many_are_set_aside(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        sqlite_save(sqlite_file(""), "garbage", 7);
        (void)unlink(sqlite_file("-wal"));
        community_storage_release(sqlite_open_as("7", true));
    }
    assert_true(sqlite_exists(".damaged-1"));
    assert_true(sqlite_exists(".damaged-3"));
    assert_false(sqlite_exists(".damaged-4"));
    sqlite_check("");
}

static void test_a_log_that_was_cut_or_damaged(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        const community_storage *port = sqlite_open_as("7", false);
        storage_change(port, "2 *;2 a=1");
        storage_change(port, "2 b=1");
        static char database[IMAGE_BYTES];
        size_t database_length = sqlite_load(sqlite_file(""), database, sizeof database);
        image_length = sqlite_load(sqlite_file("-wal"), image, sizeof image);
        community_storage_release(port); /* brings the log into the database */
        sqlite_save(sqlite_file(""), database, database_length);
        if (kind == 0) {
            sqlite_save(sqlite_file("-wal"), image, image_length - 100);
        } else {
            image[image_length - 100] ^= 0x55;
            sqlite_save(sqlite_file("-wal"), image, image_length);
        }
        sqlite_check("2 a=1;"); /* the last change was not whole */
        port = sqlite_start();
        assert_int_equal(port->wipe(port->user_data), PHX_OK);
        community_storage_release(port);
    }
}

/* Changes ten records at once to one number, and says so, until it is killed. */
static void change_for_ever(int pipe_out)
{
    const community_storage *port = sqlite_start();
    const char *note;
    if (port->open(port->user_data, "7", &note) != PHX_OK) {
        _exit(1);
    }
    for (int number = 0;; number++) {
        char text[256] = "";
        for (int i = 0; i < 10; i++) {
            size_t length = strlen(text);
            (void)snprintf(text + length, sizeof text - length, "2 k%d=%d;", i, number);
        }
        if (storage_try_change(port, text) != PHX_OK ||
            write(pipe_out, &number, sizeof number) != sizeof number) {
            _exit(1);
        }
    }
}

static void test_killed_at_any_moment(void **state)
{
    (void)state;
    for (int round = 0; round < 12; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            change_for_ever(ends[1]);
        }
        (void)close(ends[1]);
        int last = -1;
        for (int i = 0; i <= round * 7; i++) {
            assert_int_equal(read(ends[0], &last, sizeof last), sizeof last);
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        int said;
        while (read(ends[0], &said, sizeof said) == sizeof said) {
            last = said;
        }
        (void)close(ends[0]);
        const community_storage *port = sqlite_open_as("7", false);
        storage_records records;
        storage_read(port, &records);
        assert_int_equal(records.count, 10);
        int number = atoi(records.items[0].value.data);
        assert_in_range(number, last, last + 1);
        for (size_t i = 0; i < records.count; i++) {
            assert_int_equal(atoi(records.items[i].value.data), number);
        }
        storage_records_free(&records);
        community_storage_release(port);
    }
}

/* In a process of its own, since the limit is the process's. Returns which check failed. */
static int write_with_limit(void)
{
    const struct rlimit small = {64 * 1024, RLIM_INFINITY};
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    static char value[256 * 1024];
    memset(value, 'v', sizeof value);
    const community_record records[] = {
        {.struct_size = (uint32_t)sizeof records[0], .kind = 2, .key = {"a", 1}},
        {.struct_size = (uint32_t)sizeof records[0],
         .kind = 2,
         .key = {"large", 5},
         .value = {value, sizeof value}}};
    (void)signal(SIGXFSZ, SIG_IGN);
    const community_storage *port = sqlite_open_as("7", false);
    storage_change(port, "2 a=1");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 3; i++) {
        if (port->change(port->user_data, records, 2) != PHX_ERROR_IO) {
            return 1;
        }
    }
    storage_expect(port, "2 a=1;");
    storage_change(port, "2 b=1"); /* what fits is still written */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    storage_change(port, "2 c=1");
    if (port->change(port->user_data, records, 2) != PHX_OK) {
        return 2;
    }
    storage_change(port, "2 large");
    community_storage_release(port);
    sqlite_check("2 b=1;2 c=1;");
    return 0;
}

static void test_full_disk(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        _exit(write_with_limit());
    }
    int outcome = -1;
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_int_equal(outcome, 0);
    sqlite_check("2 b=1;2 c=1;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQLITE_TEST(test_damaged_files_are_set_aside),
        SQLITE_TEST(test_databases_of_others_are_set_aside),
        SQLITE_TEST(test_so_many_are_set_aside),
        SQLITE_TEST(test_a_log_that_was_cut_or_damaged),
        SQLITE_TEST(test_killed_at_any_moment),
        SQLITE_TEST(test_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
