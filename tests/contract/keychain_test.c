/* SPDX-License-Identifier: MIT */
/*
 * The keychain port's contract (phx/keychain.h): what holds for every keychain that can be written,
 * over the file and over one in memory; then what the file and the environment promise beyond it.
 */
#include "memory_keychain.h"

#include "testing.h"

#include <fcntl.h>
#include <phx/keychain.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char path[96];

static const phx_keychain *make_file(void)
{
    (void)unlink(path);
    return phx_keychain_file(path);
}

static void set_file(const char *text, size_t length, mode_t mode)
{
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), (ssize_t)length);
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

static phx_status read_token(const phx_keychain *keychain, char *token, size_t capacity)
{
    size_t length = 12345;
    char buffer[PHX_MAX_TOKEN_BYTES + 100];
    phx_status status =
        keychain->read(keychain->user_data, false, buffer,
                       capacity < sizeof buffer ? capacity : sizeof buffer, &length);
    if (status != PHX_OK) {
        assert_int_equal(length, 0);
    }
    memcpy(token, buffer, length);
    token[length] = '\0';
    return status;
}

static void expect_token(const phx_keychain *keychain, phx_status status, const char *expected)
{
    char token[PHX_MAX_TOKEN_BYTES + 101];
    assert_int_equal(read_token(keychain, token, sizeof token), status);
    assert_string_equal(token, expected);
}

static phx_status write_token(const phx_keychain *keychain, const char *token)
{
    return keychain->write(keychain->user_data, token, strlen(token));
}

/* For every keychain. */

typedef const phx_keychain *(*make_keychain_fn)(void);

static void test_write_read_erase(void **state)
{
    const phx_keychain *keychain = (*(make_keychain_fn *)*state)();
    expect_token(keychain, PHX_ERROR_NO_TOKEN, "");
    assert_int_equal(write_token(keychain, "first"), PHX_OK);
    expect_token(keychain, PHX_OK, "first");
    assert_int_equal(write_token(keychain, "the second"), PHX_OK);
    expect_token(keychain, PHX_OK, "the second");
    assert_int_equal(keychain->erase(keychain->user_data), PHX_OK);
    expect_token(keychain, PHX_ERROR_NO_TOKEN, "");
    assert_int_equal(keychain->erase(keychain->user_data), PHX_OK);
    phx_keychain_release(keychain);
}

static void test_sizes(void **state)
{
    const phx_keychain *keychain = (*(make_keychain_fn *)*state)();
    char token[PHX_MAX_TOKEN_BYTES + 2];
    memset(token, 't', sizeof token);
    token[PHX_MAX_TOKEN_BYTES] = '\0';
    assert_int_equal(write_token(keychain, token), PHX_OK);
    expect_token(keychain, PHX_OK, token);
    char small[PHX_MAX_TOKEN_BYTES];
    assert_int_equal(read_token(keychain, small, 100), PHX_ERROR_TOO_LARGE);
    token[PHX_MAX_TOKEN_BYTES] = 't';
    token[PHX_MAX_TOKEN_BYTES + 1] = '\0';
    assert_int_equal(write_token(keychain, token), PHX_ERROR_TOO_LARGE);
    token[PHX_MAX_TOKEN_BYTES] = '\0';
    expect_token(keychain, PHX_OK, token);
    phx_keychain_release(keychain);
}

/* The file. */

static void test_file_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
        phx_status status;
        const char *token;
    } cases[] = {
        {"token", 5, PHX_OK, "token"},
        {"token\n", 6, PHX_OK, "token"},
        {"token \t\r\n\n", 10, PHX_OK, "token"},
        {"", 0, PHX_ERROR_NO_TOKEN, ""},
        {" \n", 2, PHX_ERROR_NO_TOKEN, ""},
        {"two\nlines", 9, PHX_ERROR_KEYCHAIN, ""},
        {"zero\0byte", 9, PHX_ERROR_KEYCHAIN, ""},
        {"re\rturn", 7, PHX_ERROR_KEYCHAIN, ""},
    };
    const phx_keychain *keychain = make_file();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        set_file(cases[i].text, cases[i].length, 0600);
        expect_token(keychain, cases[i].status, cases[i].token);
    }
    phx_keychain_release(keychain);
}

static void test_file_too_large(void **state)
{
    (void)state;
    static char text[PHX_MAX_TOKEN_BYTES + 100];
    const phx_keychain *keychain = make_file();
    memset(text, 'x', sizeof text);
    set_file(text, PHX_MAX_TOKEN_BYTES + 1, 0600);
    expect_token(keychain, PHX_ERROR_TOO_LARGE, "");
    set_file(text, sizeof text, 0600);
    expect_token(keychain, PHX_ERROR_TOO_LARGE, "");
    phx_keychain_release(keychain);
}

static void test_file_permissions(void **state)
{
    (void)state;
    static const mode_t bad[] = {0640, 0604, 0620, 0602, 0644, 0666, 0660};
    static const mode_t good[] = {0600, 0400, 0700};
    const phx_keychain *keychain = make_file();
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        set_file("token", 5, bad[i]);
        expect_token(keychain, PHX_ERROR_KEYCHAIN_PERMISSIONS, "");
    }
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        set_file("token", 5, good[i]);
        expect_token(keychain, PHX_OK, "token");
    }
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 1, 1), 0);
        expect_token(keychain, PHX_ERROR_KEYCHAIN_PERMISSIONS, "");
    }
    phx_keychain_release(keychain);
}

static void test_file_is_no_file(void **state)
{
    (void)state;
    const phx_keychain *keychain = make_file();
    assert_int_equal(mkdir(path, 0700), 0);
    expect_token(keychain, PHX_ERROR_KEYCHAIN_PERMISSIONS, "");
    assert_int_equal(write_token(keychain, "token"), PHX_ERROR_IO);
    assert_int_equal(keychain->erase(keychain->user_data), PHX_ERROR_IO);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_token(keychain, PHX_ERROR_KEYCHAIN_PERMISSIONS, ""); /* and does not hang */
    assert_int_equal(unlink(path), 0);
    char target[128];
    (void)snprintf(target, sizeof target, "%s/target", folder);
    set_file("token", 5, 0600);
    assert_int_equal(rename(path, target), 0);
    assert_int_equal(symlink(target, path), 0);
    expect_token(keychain, PHX_ERROR_KEYCHAIN_PERMISSIONS, "");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(target), 0);
    phx_keychain_release(keychain);
}

static void test_file_is_private_when_written(void **state)
{
    (void)state;
    const phx_keychain *keychain = make_file();
    mode_t previous = umask(0);
    assert_int_equal(write_token(keychain, "token"), PHX_OK);
    (void)umask(previous);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    set_file("old", 3, 0644);
    assert_int_equal(write_token(keychain, "new"), PHX_OK);
    expect_token(keychain, PHX_OK, "new");
    phx_keychain_release(keychain);
}

static void test_file_refuses_what_is_no_token(void **state)
{
    (void)state;
    const phx_keychain *keychain = make_file();
    assert_int_equal(write_token(keychain, "good"), PHX_OK);
    assert_int_equal(write_token(keychain, ""), PHX_ERROR_INVALID_ARGUMENT);
    assert_int_equal(write_token(keychain, "a\nb"), PHX_ERROR_INVALID_ARGUMENT);
    expect_token(keychain, PHX_OK, "good");
    phx_keychain_release(keychain);
}

static void test_folder_is_missing(void **state)
{
    (void)state;
    const phx_keychain *keychain = phx_keychain_file("/nonexistent/folder/token");
    expect_token(keychain, PHX_ERROR_NO_TOKEN, "");
    assert_int_equal(write_token(keychain, "token"), PHX_ERROR_IO);
    assert_int_equal(keychain->erase(keychain->user_data), PHX_OK);
    phx_keychain_release(keychain);
}

static int count_files(void)
{
    char command[128];
    char text[16] = "";
    (void)snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
    FILE *list = popen(command, "r");
    assert_non_null(list);
    assert_non_null(fgets(text, sizeof text, list));
    (void)pclose(list);
    return atoi(text);
}

/* A limit on the size of files stands for a full disk: the write fails half-way. */
static void test_full_disk_keeps_the_old_token(void **state)
{
    (void)state;
    const phx_keychain *keychain = make_file();
    assert_int_equal(write_token(keychain, "old"), PHX_OK);
    struct rlimit previous;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &previous), 0);
    struct rlimit tiny = {.rlim_cur = 4, .rlim_max = previous.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    phx_status status = write_token(keychain, "a longer one");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &previous), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, PHX_ERROR_IO);
    expect_token(keychain, PHX_OK, "old");
    assert_int_equal(count_files(), 1); /* nothing half-written is left behind */
    phx_keychain_release(keychain);
}

enum {
    REPLACEMENTS = 200
};

static void *replace_often(void *argument)
{
    const phx_keychain *keychain = phx_keychain_file(path);
    for (int i = 0; i < REPLACEMENTS; i++) {
        if (write_token(keychain, i % 2 == 0 ? "short" : "a considerably longer token") != PHX_OK) {
            atomic_fetch_add((atomic_int *)argument, 1);
        }
    }
    phx_keychain_release(keychain);
    return NULL;
}

/* Two writers and a reader: the reader sees one token or the other, never a mixture or none. */
static void test_replaced_while_read(void **state)
{
    (void)state;
    const phx_keychain *keychain = make_file();
    assert_int_equal(write_token(keychain, "short"), PHX_OK);
    pthread_t writers[2];
    atomic_int failures = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&writers[i], NULL, replace_often, &failures), 0);
    }
    for (int i = 0; i < REPLACEMENTS; i++) {
        char token[PHX_MAX_TOKEN_BYTES + 101];
        assert_int_equal(read_token(keychain, token, sizeof token), PHX_OK);
        assert_true(strcmp(token, "short") == 0 ||
                    strcmp(token, "a considerably longer token") == 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(writers[i], NULL), 0);
    }
    assert_int_equal(failures, 0);
    assert_int_equal(count_files(), 1);
    phx_keychain_release(keychain);
}

/* The environment. */

static void test_env(void **state)
{
    (void)state;
    char name[] = "PHX_TEST_TOKEN";
    const phx_keychain *keychain = phx_keychain_env(name);
    memset(name, 'x', sizeof name - 1); /* it was copied */
    assert_null(keychain->write);
    assert_null(keychain->erase);
    (void)unsetenv("PHX_TEST_TOKEN");
    expect_token(keychain, PHX_ERROR_NO_TOKEN, "");
    assert_int_equal(setenv("PHX_TEST_TOKEN", "", 1), 0);
    expect_token(keychain, PHX_ERROR_NO_TOKEN, "");
    assert_int_equal(setenv("PHX_TEST_TOKEN", "one\n", 1), 0);
    expect_token(keychain, PHX_OK, "one");
    assert_int_equal(setenv("PHX_TEST_TOKEN", "another", 1), 0);
    expect_token(keychain, PHX_OK, "another");
    char token[16];
    assert_int_equal(read_token(keychain, token, 3), PHX_ERROR_TOO_LARGE);
    assert_int_equal(setenv("PHX_TEST_TOKEN", "a\x01z", 1), 0);
    expect_token(keychain, PHX_ERROR_KEYCHAIN, "");
    phx_keychain_release(keychain);
}

static void test_release_nothing(void **state)
{
    (void)state;
    static const phx_keychain borrowed = {.struct_size = (uint32_t)sizeof(phx_keychain)};
    phx_keychain_release(NULL);
    phx_keychain_release(&borrowed);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/phx-keychain-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/token", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

int main(void)
{
    static make_keychain_fn makers[] = {memory_keychain_new, make_file};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_write_read_erase, &makers[0]),
        cmocka_unit_test_prestate(test_sizes, &makers[0]),
        cmocka_unit_test_prestate(test_write_read_erase, &makers[1]),
        cmocka_unit_test_prestate(test_sizes, &makers[1]),
        cmocka_unit_test(test_file_text),
        cmocka_unit_test(test_file_too_large),
        cmocka_unit_test(test_file_permissions),
        cmocka_unit_test(test_file_is_no_file),
        cmocka_unit_test(test_file_is_private_when_written),
        cmocka_unit_test(test_file_refuses_what_is_no_token),
        cmocka_unit_test(test_folder_is_missing),
        cmocka_unit_test(test_full_disk_keeps_the_old_token),
        cmocka_unit_test(test_replaced_while_read),
        cmocka_unit_test(test_env),
        cmocka_unit_test(test_release_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
