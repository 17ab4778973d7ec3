/* SPDX-License-Identifier: MIT */
/*
 * The command line: its options, their defaults and their text. Knows nothing of what they do.
 */
#ifndef BACKEND_OPTIONS_H
#define BACKEND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ADDED_USERS_MAX = 64
};

struct options {
    const char *bind;
    uint16_t port;
    const char *db;
    const char *cert; /* with key: TLS */
    const char *key;
    bool control;
    int64_t int_ids; /* the first post's id; 0: UUIDs */
    uint32_t idle_ms;
    uint32_t window_ms; /* of a long poll */
    uint32_t max_message_bytes;
    uint32_t max_queue_bytes;
    const char *added_users[ADDED_USERS_MAX];
    size_t added_user_count;
};

/* False: the text that says why, or the help that was asked for, has been printed, and
 * *out_exit is what to exit with. */
bool options_parse(int argc, char **argv, struct options *out, int *out_exit);

#endif
