/* SPDX-License-Identifier: MIT */
/*
 * The command line and the environment, read and checked: what the commands are, what each takes
 * and needs. It must not know how a command works.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <phx/transport.h>

/* Documented in --help; scripts rely on them. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_LOCAL = 1, /* this machine: memory, a full disk, an output that cannot be written */
    EXIT_USAGE = 2,
    EXIT_UNAUTHORIZED = 3,
    EXIT_UNREACHABLE = 4,
    EXIT_REFUSED = 5,
    EXIT_DIFFERENT = 6, /* replay: not what was recorded */
};

enum need {
    NEED_URL = 1,
    NEED_API = 2,
    NEED_KEYCHAIN = 4,
};

/* Options that only some commands know. */
enum takes {
    TAKES_JSON = 1,
    TAKES_FOR = 2,
    TAKES_LIMIT = 4,
    TAKES_DELETE = 8,
    TAKES_RECORD = 16,
    TAKES_FROM = 32,
    TAKES_TO = 64,
    TAKES_HEARTBEAT = 128,
};

struct options;

struct command {
    const char *name;
    int (*run)(const struct options *options);
    unsigned needs; /* enum need */
    unsigned takes; /* enum takes */
    int arguments;  /* exactly so many */
    const char *synopsis;
    const char *summary;
};

struct options {
    const struct command *command;
    const char *url;
    const char *api;
    const char *keychain;
    const char *ca;
    phx_transport_kind transport;
    uint32_t for_ms;       /* 0: no limit */
    uint32_t limit;        /* 0: no limit */
    uint32_t from;         /* 0: the first step */
    uint32_t to;           /* 0: the last step */
    const char *record;    /* NULL: no recording */
    uint32_t heartbeat_ms; /* 0: the default */
    bool is_json;
    bool is_verbose;
    bool is_delete;
    bool allow_insecure;
    char **arguments;
    int argument_count;
};

/* Reads everything. False: *out_exit is the program's exit code, and what there was to say is said.
 * commands: ended by one without a name. */
bool options_read(struct options *out, const struct command *commands, int argc, char **argv,
                  int *out_exit);

#endif
