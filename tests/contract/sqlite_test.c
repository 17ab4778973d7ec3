/* SPDX-License-Identifier: MIT */
/*
 * What the SQLite storage promises beyond the port: who may use its files, and what a wipe leaves.
 */
#include <community/sqlite.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sqlite_world.h"
#include "storage_world.h"
#include "testing.h"

static void assert_private(const char *suffix)
{
    struct stat info;
    assert_int_equal(stat(sqlite_file(suffix), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
}

static void test_nobody_else_may_read_it(void **state)
{
    (void)state;
    mode_t mask = umask(0);
    const community_storage *port = sqlite_open_as("7", false);
    storage_change(port, "2 a=1");
    assert_private("");
    assert_private("-wal");
    assert_false(sqlite_exists("-shm"));
    community_storage_release(port);
    (void)umask(mask);
    assert_int_equal(chmod(sqlite_file(""), 0664), 0);
    sqlite_check("2 a=1;");
    assert_private("");
}

static void test_files_that_are_refused(void **state)
{
    (void)state;
    const community_storage *port;
    const char *note;
    sqlite_make("2 a=1");
    assert_int_equal(rename(sqlite_file(""), sqlite_file("-elsewhere")), 0);
    assert_int_equal(symlink(sqlite_file("-elsewhere"), sqlite_file("")), 0);
    port = sqlite_start();
    assert_int_equal(port->open(port->user_data, "7", &note), PHX_ERROR_IO);
    assert_int_equal(unlink(sqlite_file("")), 0);
    assert_int_equal(mkdir(sqlite_file(""), 0700), 0);
    assert_int_equal(port->open(port->user_data, "7", &note), PHX_ERROR_IO);
    assert_int_equal(rmdir(sqlite_file("")), 0);
    community_storage_release(port);
    port = community_storage_sqlite("/nowhere/at/all");
    assert_int_equal(port->open(port->user_data, "7", &note), PHX_ERROR_IO);
    assert_int_equal(port->wipe(port->user_data), PHX_OK);
    community_storage_release(port);
    char *path = malloc(8192);
    assert_non_null(path);
    memset(path, 'x', 8191);
    path[8191] = '\0';
    port = community_storage_sqlite(path);
    assert_int_equal(port->open(port->user_data, "7", &note), PHX_ERROR_IO);
    community_storage_release(port);
    free(path);
}

/* Another process, forked before this one opens anything: opens when it is told, and says what came
 * of it. */
static pid_t fork_opener(int *out_go)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        char go;
        const char *note;
        (void)close(ends[1]);
        const community_storage *port = sqlite_start();
        bool is_told = read(ends[0], &go, 1) == 1;
        phx_status status = port->open(port->user_data, "8", &note);
        community_storage_release(port);
        _exit(is_told && status == PHX_ERROR_IO ? 0 : 1);
    }
    (void)close(ends[0]);
    *out_go = ends[1];
    return child;
}

static void test_one_client_at_a_time(void **state)
{
    (void)state;
    const char *note;
    int go = -1;
    pid_t child = fork_opener(&go);
    const community_storage *port = sqlite_open_as("7", false);
    storage_change(port, "2 a=1");
    const community_storage *second = sqlite_start();
    assert_int_equal(second->open(second->user_data, "8", &note), PHX_ERROR_IO);
    assert_int_equal(write(go, "", 1), 1);
    int outcome = -1;
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_int_equal(outcome, 0);
    (void)close(go);
    community_storage_release(second);
    storage_change(port, "2 b=1");
    community_storage_release(port);
    sqlite_check("2 a=1;2 b=1;");
    assert_false(sqlite_exists(".damaged-1"));
}

static bool holds(const char *path, const char *text)
{
    static char bytes[1 << 20];
    size_t length = sqlite_load(path, bytes, sizeof bytes);
    return memmem(bytes, length, text, strlen(text)) != NULL;
}

/* A second name for each file keeps what the storage removes within sight. */
static void keep_in_sight(const char *suffix, const char *name)
{
    assert_int_equal(link(sqlite_file(suffix), sqlite_file(name)), 0);
}

static void make_secret(void)
{
    sqlite_save(sqlite_file(""), "damaged secret", 14);
    const community_storage *port = sqlite_open_as("7", true);
    storage_change(port, "2 a=secret of a post");
    community_storage_release(port);
    keep_in_sight(".damaged-1", "_1");
    keep_in_sight("", "_2");
    keep_in_sight("-wal", "_3");
    assert_true(holds(sqlite_file("_1"), "secret"));
    assert_true(holds(sqlite_file("_2"), "secret"));
    assert_true(holds(sqlite_file("_3"), "secret"));
}

static void assert_no_secret(void)
{
    for (int i = 1; i <= 3; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "_%d", i);
        assert_false(holds(sqlite_file(name), "secret"));
        assert_int_equal(unlink(sqlite_file(name)), 0);
    }
}

static void test_wipe_leaves_no_plain_text(void **state)
{
    (void)state;
    make_secret();
    const community_storage *port = sqlite_open_as("7", false);
    storage_change(port, "2 b=another secret");
    assert_int_equal(port->wipe(port->user_data), PHX_OK);
    community_storage_release(port);
    assert_no_secret();
    assert_false(sqlite_exists(""));
    assert_false(sqlite_exists("-wal"));
    assert_false(sqlite_exists(".damaged-1"));
}

static void test_nor_does_another_owner(void **state)
{
    (void)state;
    make_secret();
    const community_storage *port = sqlite_open_as("8", false);
    assert_no_secret();
    assert_false(sqlite_exists(".damaged-1"));
    storage_expect(port, "");
    community_storage_release(port);
}

static void test_deleted_records_leave_the_database(void **state)
{
    (void)state;
    sqlite_make("2 a=secret;2 b=open");
    sqlite_make("2 a");
    sqlite_check("2 b=open;");
    assert_false(holds(sqlite_file(""), "secret"));
    assert_true(holds(sqlite_file(""), "open"));
}

static void test_wipe_that_fails(void **state)
{
    (void)state;
    const community_storage *port = sqlite_start();
    assert_int_equal(mkdir(sqlite_file(""), 0700), 0);
    assert_int_equal(port->wipe(port->user_data), PHX_ERROR_IO);
    assert_int_equal(rmdir(sqlite_file("")), 0);
    community_storage_release(port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQLITE_TEST(test_nobody_else_may_read_it),
        SQLITE_TEST(test_files_that_are_refused),
        SQLITE_TEST(test_one_client_at_a_time),
        SQLITE_TEST(test_wipe_leaves_no_plain_text),
        SQLITE_TEST(test_nor_does_another_owner),
        SQLITE_TEST(test_deleted_records_leave_the_database),
        SQLITE_TEST(test_wipe_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
