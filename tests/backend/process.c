/* SPDX-License-Identifier: MIT */
/*
 * The child process of process.h.
 */
#include "process.h"

#include "client.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ARGS_MAX = 64
};

void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fflush(stdout);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(99);
}

static void run_child(const char *const *args, int out)
{
    char *argv[ARGS_MAX] = {0};
    size_t count = 0;
    const char *wrapper = getenv("BACKEND_WRAPPER");
    const char *program = getenv("COMMUNITY_BACKEND");
    if (program == NULL) {
        die("COMMUNITY_BACKEND does not name the program to test");
    }
    char *words = wrapper != NULL ? strdup(wrapper) : NULL;
    for (char *word = words != NULL ? strtok(words, " ") : NULL; word != NULL;
         word = strtok(NULL, " ")) {
        argv[count++] = word;
    }
    const char *const fixed[] = {program, "--port", "0"};
    for (size_t i = 0; i < 3; i++) {
        argv[count++] = strdup(fixed[i]);
    }
    for (size_t i = 0; args[i] != NULL && count < ARGS_MAX - 1; i++) {
        argv[count++] = strdup(args[i]);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(out, STDOUT_FILENO);
    (void)execvp(argv[0], argv);
    die("cannot run %s", argv[0]);
}

static int read_port(int in)
{
    char line[256];
    size_t len = 0;
    while (len < sizeof(line) - 1) {
        struct pollfd poll_in = {in, POLLIN, 0};
        if (poll(&poll_in, 1, WAIT_MS) != 1 || read(in, line + len, 1) != 1) {
            die("the backend did not say where it listens");
        }
        if (line[len++] == '\n') {
            break;
        }
    }
    line[len] = '\0';
    const char *port = strrchr(line, ':');
    if (strncmp(line, "listening on http", 17) != 0 || port == NULL) {
        die("the backend said: %s", line);
    }
    return (int)strtol(port + 1, NULL, 10);
}

struct backend backend_start(const char *const *args)
{
    int out[2];
    if (pipe(out) != 0) {
        die("no pipe");
    }
    (void)fflush(stdout);
    struct backend backend = {fork(), 0};
    if (backend.pid == 0) {
        (void)close(out[0]);
        run_child(args, out[1]);
    }
    (void)close(out[1]);
    backend.port = read_port(out[0]);
    (void)close(out[0]);
    return backend;
}

int backend_end(struct backend *backend, int signal_number)
{
    int status = 0;
    if (kill(backend->pid, signal_number) != 0 || waitpid(backend->pid, &status, 0) < 0) {
        die("the backend had ended by itself");
    }
    backend->pid = 0;
    return status;
}

void backend_stop(struct backend *backend)
{
    const int status = backend_end(backend, SIGTERM);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        die("the backend ended with status %d", status);
    }
}

void backend_control(const struct backend *backend, const char *verb, const char *json)
{
    char path[64];
    struct response response = {0};
    (void)snprintf(path, sizeof(path), "/control/%s", verb);
    http_call(backend->port, "POST", path, "", json, strlen(json), &response);
    if (response.status != 200) {
        die("control %s %s: %d %s", verb, json, response.status, response.body);
    }
    response_free(&response);
}

long backend_fact(const struct backend *backend, const char *name)
{
    char member[64];
    struct response response = {0};
    (void)snprintf(member, sizeof(member), "\"%s\":", name);
    http_call(backend->port, "GET", "/control/status", "", "", 0, &response);
    const char *at = strstr(response.body, member);
    if (at == NULL) {
        die("no fact %s in %s", name, response.body);
    }
    const long value = strtol(at + strlen(member), NULL, 10);
    response_free(&response);
    return value;
}

void backend_await(const struct backend *backend, const char *name, long value)
{
    const uint64_t until = now_ms() + WAIT_MS;
    while (backend_fact(backend, name) != value) {
        if (now_ms() > until) {
            die("%s never became %ld", name, value);
        }
    }
}
