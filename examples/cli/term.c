/* SPDX-License-Identifier: MIT */
/*
 * Terminal modes and signals; see term.h. The state is the process's, as the terminal is.
 */
#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Alternate screen, no cursor, no wrapping at the right edge; and back. */
static const char enter_sequence[] = "\x1b[?1049h\x1b[?25l\x1b[?7l";
static const char leave_sequence[] = "\x1b[?7h\x1b[?25h\x1b[0m\x1b[?1049l";

static struct termios saved;
static volatile sig_atomic_t is_taken;
static int signal_pipe[2] = {-1, -1};

bool term_read_size(struct term_size *out)
{
    struct winsize size;
    if (isatty(STDOUT_FILENO) != 1) {
        return false;
    }
    *out = (struct term_size){80, 24};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        *out = (struct term_size){size.ws_col, size.ws_row};
    }
    return true;
}

bool term_can_draw(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && kind != NULL &&
           kind[0] != '\0' && strcmp(kind, "dumb") != 0;
}

/* Nothing can be done about a terminal that takes no bytes. */
static void write_all(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, length);
        if (written < 0 && errno != EINTR) {
            return;
        }
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
}

/* Also called from signal handlers: async-signal-safe functions only. */
void term_leave(void)
{
    if (is_taken) {
        is_taken = 0;
        write_all(leave_sequence, sizeof leave_sequence - 1);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
    }
}

static void handle_crash(int number)
{
    term_leave();
    (void)raise(number); /* SA_RESETHAND: its own effect now */
}

static void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

static bool take(void)
{
    struct termios raw = saved;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0) {
        return false;
    }
    is_taken = 1;
    write_all(enter_sequence, sizeof enter_sequence - 1);
    return true;
}

bool term_enter(void)
{
    static const int crashes[] = {SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    if (tcgetattr(STDIN_FILENO, &saved) != 0 || !take()) {
        return false;
    }
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) {
        handle(crashes[i], handle_crash, (int)SA_RESETHAND);
    }
    return true;
}

static void handle_signal(int number)
{
    int error = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t written = write(signal_pipe[1], &byte, 1); /* a full pipe holds news enough */
    (void)written;
    errno = error;
}

void term_suspend(void)
{
    term_leave();
    handle(SIGTSTP, SIG_DFL, 0);
    (void)raise(SIGTSTP);
    /* Here the process goes on. */
    handle(SIGTSTP, handle_signal, SA_RESTART);
    (void)take();
}

int term_open_signals(bool with_suspend)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
    if (pipe(signal_pipe) != 0) {
        return -1;
    }
    for (size_t i = 0; i < 2; i++) {
        (void)fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK);
        (void)fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        handle(numbers[i], handle_signal, SA_RESTART);
    }
    if (with_suspend) {
        handle(SIGTSTP, handle_signal, SA_RESTART);
    }
    return signal_pipe[0];
}
