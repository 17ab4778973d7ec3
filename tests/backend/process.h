/* SPDX-License-Identifier: MIT */
/*
 * A community-backend as a child process, for tests: started on a free port, asked through its
 * control endpoint, ended by its own pid. It dies with the test if the test dies. Whatever cannot
 * work (no program, no answer within the time limit) ends the test with a message.
 */
#ifndef TEST_BACKEND_PROCESS_H
#define TEST_BACKEND_PROCESS_H

#include <sys/types.h>

struct backend {
    pid_t pid;
    int port;
};

enum {
    WAIT_MS = 20000
};

/* `args` ends with NULL; --port 0 is added. The program is named by the environment
 * variable COMMUNITY_BACKEND, and run by the words of BACKEND_WRAPPER (valgrind) if that is set. */
struct backend backend_start(const char *const *args);
/* Sends the signal and returns what waitpid() says of the end. */
int backend_end(struct backend *backend, int signal_number);
/* SIGTERM, after which it must have exited with 0. */
void backend_stop(struct backend *backend);

/* POST /control/VERB, which must answer 200. */
void backend_control(const struct backend *backend, const char *verb, const char *json);
/* A number of GET /control/status. */
long backend_fact(const struct backend *backend, const char *name);
/* Asks until the fact has that value. */
void backend_await(const struct backend *backend, const char *name, long value);

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
