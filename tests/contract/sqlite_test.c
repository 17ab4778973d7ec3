/* SPDX-License-Identifier: MIT */
/*
 * What the SQLite storage promises beyond the port: who may read its files, what becomes of damaged
 * ones, what a crash and a full disk leave, and what a wipe leaves.
 */
#include <community/sqlite.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage_world.h"
#include "testing.h"

static storage_world world;

static int setup(void **state)
{
    (void)state;
    storage_world_init(&world);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    storage_world_free(&world);
    return 0;
}

/* PATH and a suffix; valid until the next but three. */
static const char *file(const char *suffix)
{
    static char names[4][128];
    static size_t next;
    char *name = names[next++ % COUNT_OF(names)];
    (void)snprintf(name, sizeof names[0], "%s%s", world.path, suffix);
    return name;
}

static bool exists(const char *suffix)
{
    return access(file(suffix), F_OK) == 0;
}

static const community_storage *start(void)
{
    const community_storage *port = community_storage_sqlite(world.path);
    assert_non_null(port);
    return port;
}

static const community_storage *open_as(const char *owner, bool has_note)
{
    const community_storage *port = start();
    const char *note;
    assert_int_equal(port->open(port->user_data, owner, &note), PHX_OK);
    assert_int_equal(note != NULL, has_note);
    return port;
}

static void make(const char *records)
{
    const community_storage *port = open_as("7", false);
    storage_change(port, records);
    community_storage_release(port);
}

static void check(const char *expected)
{
    const community_storage *port = open_as("7", false);
    storage_expect(port, expected);
    community_storage_release(port);
}

static size_t load(const char *path, char *bytes, size_t capacity)
{
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    size_t length = fread(bytes, 1, capacity, stream);
    (void)fclose(stream);
    return length;
}

static void save(const char *path, const void *bytes, size_t length)
{
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, length, stream), length);
    assert_int_equal(fclose(stream), 0);
}

static void assert_private(const char *suffix)
{
    struct stat info;
    assert_int_equal(stat(file(suffix), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
}

static void test_nobody_else_may_read_it(void **state)
{
    (void)state;
    mode_t mask = umask(0);
    const community_storage *port = open_as("7", false);
    storage_change(port, "2 a=1");
    assert_private("");
    assert_private("-wal");
    assert_false(exists("-shm"));
    community_storage_release(port);
    (void)umask(mask);
    assert_int_equal(chmod(world.path, 0664), 0);
    check("2 a=1;");
    assert_private("");
}

static void test_files_that_are_refused(void **state)
{
    (void)state;
    const community_storage *port;
    const char *note;
    make("2 a=1");
    assert_int_equal(rename(world.path, file("-elsewhere")), 0);
    assert_int_equal(symlink(file("-elsewhere"), world.path), 0);
    port = start();
    assert_int_equal(port->open(port->user_data, "7", &note), PHX_ERROR_IO);
    assert_int_equal(unlink(world.path), 0);
    assert_int_equal(mkdir(world.path, 0700), 0);
    assert_int_equal(port->open(port->user_data, "7", &note), PHX_ERROR_IO);
    assert_int_equal(rmdir(world.path), 0);
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
        const community_storage *port = start();
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
    const community_storage *port = open_as("7", false);
    storage_change(port, "2 a=1");
    const community_storage *second = start();
    assert_int_equal(second->open(second->user_data, "8", &note), PHX_ERROR_IO);
    assert_int_equal(write(go, "", 1), 1);
    int outcome = -1;
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_int_equal(outcome, 0);
    (void)close(go);
    community_storage_release(second);
    storage_change(port, "2 b=1");
    community_storage_release(port);
    check("2 a=1;2 b=1;");
    assert_false(exists(".damaged-1"));
}

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
    const community_storage *port = open_as("7", false);
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
    image_length = load(world.path, image, sizeof image);
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
        save(world.path, image, image_length);
        assert_int_equal(unlink(file("-wal")),
                         0); /* it holds the last pages, and would mend them */
        const community_storage *port = open_as("7", true);
        assert_int_equal(load(file(".damaged-1"), found, sizeof found), image_length);
        assert_private("");
        storage_expect(port, "");
        storage_change(port, "2 a=1");
        community_storage_release(port);
        check("2 a=1;");
        port = start();
        assert_int_equal(port->wipe(port->user_data), PHX_OK);
        assert_false(exists(".damaged-1"));
        community_storage_release(port);
    }
}

static void test_so_many_are_set_aside(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        save(world.path, "garbage", 7);
        (void)unlink(file("-wal"));
        community_storage_release(open_as("7", true));
    }
    assert_true(exists(".damaged-1"));
    assert_true(exists(".damaged-3"));
    assert_false(exists(".damaged-4"));
    check("");
}

static void test_a_log_that_was_cut_or_damaged(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        const community_storage *port = open_as("7", false);
        storage_change(port, "2 *;2 a=1");
        storage_change(port, "2 b=1");
        static char database[IMAGE_BYTES];
        size_t database_length = load(world.path, database, sizeof database);
        image_length = load(file("-wal"), image, sizeof image);
        community_storage_release(port); /* brings the log into the database */
        save(world.path, database, database_length);
        if (kind == 0) {
            save(file("-wal"), image, image_length - 100);
        } else {
            image[image_length - 100] ^= 0x55;
            save(file("-wal"), image, image_length);
        }
        check("2 a=1;"); /* the last change was not whole */
        port = start();
        assert_int_equal(port->wipe(port->user_data), PHX_OK);
        community_storage_release(port);
    }
}

/* Changes ten records at once to one number, and says so, until it is killed. */
static void change_for_ever(int pipe_out)
{
    const community_storage *port = start();
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
        const community_storage *port = open_as("7", false);
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
    const community_storage *port = open_as("7", false);
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
    check("2 b=1;2 c=1;");
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
    check("2 b=1;2 c=1;");
}

static bool holds(const char *path, const char *text)
{
    size_t length = load(path, image, sizeof image);
    return memmem(image, length, text, strlen(text)) != NULL;
}

/* A second name for each file keeps what the storage removes within sight. */
static void keep_in_sight(const char *suffix, const char *name)
{
    assert_int_equal(link(file(suffix), file(name)), 0);
}

static void make_secret(void)
{
    save(world.path, "damaged secret", 14);
    const community_storage *port = open_as("7", true);
    storage_change(port, "2 a=secret of a post");
    community_storage_release(port);
    keep_in_sight(".damaged-1", "_1");
    keep_in_sight("", "_2");
    keep_in_sight("-wal", "_3");
    assert_true(holds(file("_1"), "secret"));
    assert_true(holds(file("_2"), "secret"));
    assert_true(holds(file("_3"), "secret"));
}

static void assert_no_secret(void)
{
    for (int i = 1; i <= 3; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "_%d", i);
        assert_false(holds(file(name), "secret"));
        assert_int_equal(unlink(file(name)), 0);
    }
}

static void test_wipe_leaves_no_plain_text(void **state)
{
    (void)state;
    make_secret();
    const community_storage *port = open_as("7", false);
    storage_change(port, "2 b=another secret");
    assert_int_equal(port->wipe(port->user_data), PHX_OK);
    community_storage_release(port);
    assert_no_secret();
    assert_false(exists(""));
    assert_false(exists("-wal"));
    assert_false(exists(".damaged-1"));
}

static void test_nor_does_another_owner(void **state)
{
    (void)state;
    make_secret();
    const community_storage *port = open_as("8", false);
    assert_no_secret();
    assert_false(exists(".damaged-1"));
    storage_expect(port, "");
    community_storage_release(port);
}

static void test_deleted_records_leave_the_database(void **state)
{
    (void)state;
    make("2 a=secret;2 b=open");
    make("2 a");
    check("2 b=open;");
    assert_false(holds(world.path, "secret"));
    assert_true(holds(world.path, "open"));
}

static void test_wipe_that_fails(void **state)
{
    (void)state;
    const community_storage *port = start();
    assert_int_equal(mkdir(world.path, 0700), 0);
    assert_int_equal(port->wipe(port->user_data), PHX_ERROR_IO);
    assert_int_equal(rmdir(world.path), 0);
    community_storage_release(port);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_nobody_else_may_read_it),
        TEST(test_files_that_are_refused),
        TEST(test_one_client_at_a_time),
        TEST(test_damaged_files_are_set_aside),
        TEST(test_so_many_are_set_aside),
        TEST(test_a_log_that_was_cut_or_damaged),
        TEST(test_killed_at_any_moment),
        TEST(test_full_disk),
        TEST(test_wipe_leaves_no_plain_text),
        TEST(test_nor_does_another_owner),
        TEST(test_deleted_records_leave_the_database),
        TEST(test_wipe_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
