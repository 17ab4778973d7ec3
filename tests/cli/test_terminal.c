/* SPDX-License-Identifier: MIT */
/*
 * watch on a terminal: a pseudo terminal is what it draws on. Every wait is for text that it writes
 * or for its end; the terminal's settings are compared before and after.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#include "../backend/process.h"

#define ENTER "\x1b[?1049h"
#define LEAVE "\x1b[?1049l"

struct terminal {
    struct backend backend;
    int fd;
    int keeper; /* the other side, kept open so that settings can be read after the end */
    pid_t pid;
    struct termios before;
    char text[1 << 20];
    size_t length;
};

static void run_program(const struct terminal *terminal, const char *name)
{
    char url[64];
    char api[64];
    (void)snprintf(url, sizeof url, "ws://127.0.0.1:%d/community", terminal->backend.port);
    (void)snprintf(api, sizeof api, "http://127.0.0.1:%d/api/community", terminal->backend.port);
    (void)setenv("COMMUNITY_URL", url, 1);
    (void)setenv("COMMUNITY_API", api, 1);
    (void)setenv("COMMUNITY_KEYCHAIN", "env:TOKEN", 1);
    (void)setenv("TOKEN", "tok-alice", 1);
    (void)setenv("TERM", "xterm", 1);
    (void)unsetenv("NO_COLOR");
    (void)execl(name, name, "watch", (char *)NULL);
    _exit(127);
}

static int set_up(void **state)
{
    struct terminal *terminal = calloc(1, sizeof *terminal);
    assert_non_null(terminal);
    const char *const arguments[] = {"--control", "--db", ":memory:", NULL};
    terminal->backend = backend_start(arguments);
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    assert_int_equal(openpty(&terminal->fd, &terminal->keeper, NULL, NULL, &size), 0);
    assert_int_equal(tcgetattr(terminal->keeper, &terminal->before), 0);
    terminal->pid = fork();
    assert_true(terminal->pid >= 0);
    if (terminal->pid == 0) {
        (void)close(terminal->fd);
        if (login_tty(terminal->keeper) == 0) {
            run_program(terminal, getenv("COMMUNITY"));
        }
        _exit(127);
    }
    *state = terminal;
    return 0;
}

static int tear_down(void **state)
{
    struct terminal *terminal = *state;
    if (terminal->pid > 0) {
        (void)kill(terminal->pid, SIGKILL);
        (void)waitpid(terminal->pid, NULL, 0);
    }
    (void)close(terminal->fd);
    (void)close(terminal->keeper);
    backend_stop(&terminal->backend);
    free(terminal);
    return 0;
}

/* Reads until the text has appeared, and forgets what was before it. */
static void await(struct terminal *terminal, const char *text)
{
    char *found;
    while ((found = memmem(terminal->text, terminal->length, text, strlen(text))) == NULL) {
        struct pollfd readable = {.fd = terminal->fd, .events = POLLIN};
        if (poll(&readable, 1, WAIT_MS) <= 0 || terminal->length == sizeof terminal->text) {
            die("never drawn: %s", text);
        }
        ssize_t length = read(terminal->fd, terminal->text + terminal->length,
                              sizeof terminal->text - terminal->length);
        if (length <= 0) {
            die("the terminal ended before: %s", text);
        }
        terminal->length += (size_t)length;
    }
    size_t used = (size_t)(found - terminal->text) + strlen(text);
    memmove(terminal->text, terminal->text + used, terminal->length - used);
    terminal->length -= used;
}

static void type(struct terminal *terminal, const char *keys)
{
    assert_int_equal(write(terminal->fd, keys, strlen(keys)), strlen(keys));
}

/* After the terminal was given back: its settings are what they were, and the exit code is this. */
static void expect_end(struct terminal *terminal, int code)
{
    await(terminal, LEAVE);
    int status;
    assert_int_equal(waitpid(terminal->pid, &status, 0), terminal->pid);
    terminal->pid = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
    struct termios after;
    assert_int_equal(tcgetattr(terminal->keeper, &after), 0);
    assert_int_equal(after.c_lflag, terminal->before.c_lflag);
    assert_int_equal(after.c_iflag, terminal->before.c_iflag);
    assert_int_equal(after.c_oflag, terminal->before.c_oflag);
}

static void test_draws_and_quits_by_key(void **state)
{
    struct terminal *terminal = *state;
    await(terminal, ENTER);
    await(terminal, "connected, live");
    await(terminal, "0 posts");
    backend_control(&terminal->backend, "burst", "{\"count\":3,\"user\":\"bob\"}");
    await(terminal, "3 posts  3 events  0 reconnects");
    await(terminal, "Bob");
    await(terminal, "burst 3 of 3");
    await(terminal, "burst 1 of 3");
    await(terminal, "\x1b[24;1H");
    await(terminal, "q quit");
    type(terminal, "xq");
    expect_end(terminal, 0);
}

static void test_follows_the_size(void **state)
{
    struct terminal *terminal = *state;
    await(terminal, "connected, live");
    struct winsize size = {.ws_row = 10, .ws_col = 30};
    assert_int_equal(ioctl(terminal->fd, TIOCSWINSZ, &size), 0);
    await(terminal, "\x1b[2J");
    await(terminal, "\x1b[10;1H");
    await(terminal, "\x1b[1;1H");
    /* Thirty columns, the title's twelve among them: the state is cut. */
    await(terminal, "● connected, live");
    type(terminal, "q");
    expect_end(terminal, 0);
}

static void test_shows_a_drop(void **state)
{
    struct terminal *terminal = *state;
    await(terminal, "connected, live");
    backend_control(&terminal->backend, "refuse", "{\"status\":503}");
    backend_control(&terminal->backend, "drop", "{}");
    await(terminal, "reconnecting, stale");
    await(terminal, "503");
    backend_control(&terminal->backend, "reset", "{}");
    await(terminal, "connected, live");
    await(terminal, "1 reconnect");
    type(terminal, "q");
    expect_end(terminal, 0);
}

static void test_ends_on_signals(void **state)
{
    struct terminal *terminal = *state;
    await(terminal, "connected, live");
    assert_int_equal(kill(terminal->pid, SIGTERM), 0);
    expect_end(terminal, 0);
}

static void test_ends_on_interrupt_key(void **state)
{
    struct terminal *terminal = *state;
    await(terminal, "connected, live");
    type(terminal, "\x03");
    expect_end(terminal, 0);
}

static void test_gives_the_terminal_back_to_suspend(void **state)
{
    struct terminal *terminal = *state;
    await(terminal, "connected, live");
    /* Nobody in this session could make it go on, so the kernel does not stop it: it is back at
     * once. */
    type(terminal, "\x1a");
    await(terminal, LEAVE);
    await(terminal, ENTER);
    await(terminal, "connected, live");
    type(terminal, "q");
    expect_end(terminal, 0);
}

static void test_restores_the_terminal_in_a_crash(void **state)
{
    struct terminal *terminal = *state;
    await(terminal, "connected, live");
    assert_int_equal(kill(terminal->pid, SIGSEGV), 0);
    await(terminal, LEAVE);
    int status;
    assert_int_equal(waitpid(terminal->pid, &status, 0), terminal->pid);
    terminal->pid = 0;
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct termios after;
    assert_int_equal(tcgetattr(terminal->keeper, &after), 0);
    assert_int_equal(after.c_lflag, terminal->before.c_lflag);
}

static void test_draws_no_escape_of_others(void **state)
{
    struct terminal *terminal = *state;
    await(terminal, "connected, live");
    backend_control(&terminal->backend, "broadcast",
                    "{\"topic\":\"community:feed\",\"event\":\"new_post\",\"payload\":{\"id\":7,"
                    "\"body\":\"evil \\u001b[2J\\u202eabc \\u009b31m end\"}}");
    await(terminal, "evil ␛[2J\uFFFDabc \uFFFD31m end");
    type(terminal, "q");
    expect_end(terminal, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_draws_and_quits_by_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_follows_the_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shows_a_drop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ends_on_signals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ends_on_interrupt_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gives_the_terminal_back_to_suspend, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_restores_the_terminal_in_a_crash, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_draws_no_escape_of_others, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
