/* SPDX-License-Identifier: MIT */
/*
 * Parses the command line of options.h with getopt_long.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: community-backend [options]\n"
    "\n"
    "The community feed's backend for one machine: REST and Phoenix Channels on one port.\n"
    "\n"
    "  --port N           port to listen on; 0 picks a free one (default 4000)\n"
    "  --bind ADDR        address to listen on (default 127.0.0.1; ::1 for IPv6)\n"
    "  --db FILE          SQLite database (default community.db; :memory: keeps nothing)\n"
    "  --cert FILE        certificate chain in PEM; with --key: https and wss\n"
    "  --key FILE         its private key in PEM\n"
    "  --add-user NAME:TOKEN[:member]\n"
    "                     add a user, or give the one of that name a new token\n"
    "  --idle-ms N        close a socket that has sent nothing for so long (default 60000)\n"
    "  --window-ms N      how long a long poll waits for messages (default 10000)\n"
    "  --max-message N    largest message taken from a client, in bytes (default 8000000)\n"
    "  --max-queue N      drop a client with more than N bytes unread (default 33554432)\n"
    "  --int-ids N        number the posts from N on instead of giving them UUIDs\n"
    "  --control          answer POST /control/VERB: faults on demand, for tests only\n"
    "  --help             this text\n";

static bool parse_number(const char *text, unsigned long max, unsigned long *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtoul(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && text[0] != '-' && *out <= max;
}

static bool number_option(const char *name, uint32_t max, uint32_t *out)
{
    unsigned long number = 0;
    if (!parse_number(optarg, max, &number)) {
        (void)fprintf(stderr, "community-backend: --%s wants a number up to %lu\n", name,
                      (unsigned long)max);
        return false;
    }
    *out = (uint32_t)number;
    return true;
}

static bool int_ids(struct options *out)
{
    unsigned long first = 0;
    if (!parse_number(optarg, 100000000000000000, &first) || first == 0) {
        (void)fputs("community-backend: --int-ids wants a number from 1 on\n", stderr);
        return false;
    }
    out->int_ids = (int64_t)first;
    return true;
}

static bool add_user(struct options *out)
{
    if (out->added_user_count == ADDED_USERS_MAX) {
        (void)fprintf(stderr, "community-backend: at most %d times --add-user\n", ADDED_USERS_MAX);
        return false;
    }
    out->added_users[out->added_user_count++] = optarg;
    return true;
}

static const struct option names[] = {
    {"port", required_argument, NULL, 'p'},
    {"bind", required_argument, NULL, 'b'},
    {"db", required_argument, NULL, 'd'},
    {"cert", required_argument, NULL, 'c'},
    {"key", required_argument, NULL, 'k'},
    {"add-user", required_argument, NULL, 'u'},
    {"idle-ms", required_argument, NULL, 'i'},
    {"window-ms", required_argument, NULL, 'w'},
    {"max-message", required_argument, NULL, 'm'},
    {"max-queue", required_argument, NULL, 'q'},
    {"int-ids", required_argument, NULL, 'n'},
    {"control", no_argument, NULL, 'x'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool take(int option, struct options *out)
{
    uint32_t port = 0;
    switch (option) {
    case 'p':
        if (!number_option("port", UINT16_MAX, &port)) {
            return false;
        }
        out->port = (uint16_t)port;
        return true;
    case 'b':
        out->bind = optarg;
        return true;
    case 'd':
        out->db = optarg;
        return true;
    case 'c':
        out->cert = optarg;
        return true;
    case 'k':
        out->key = optarg;
        return true;
    case 'u':
        return add_user(out);
    case 'i':
        return number_option("idle-ms", UINT32_MAX / 2, &out->idle_ms);
    case 'w':
        return number_option("window-ms", UINT32_MAX / 2, &out->window_ms);
    case 'm':
        return number_option("max-message", 64U << 20, &out->max_message_bytes);
    case 'q':
        return number_option("max-queue", 1U << 30, &out->max_queue_bytes);
    case 'n':
        return int_ids(out);
    case 'x':
        out->control = true;
        return true;
    default:
        (void)fputs("community-backend: try --help\n", stderr);
        return false;
    }
}

bool options_parse(int argc, char **argv, struct options *out, int *out_exit)
{
    *out = (struct options){
        .bind = "127.0.0.1",
        .port = 4000,
        .db = "community.db",
        .idle_ms = 60000,
        .window_ms = 10000,
        .max_message_bytes = 8000000,
        .max_queue_bytes = 32U << 20,
    };
    *out_exit = 2;
    int option = 0;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'h') {
            *out_exit = 0;
            (void)fputs(usage, stdout);
            return false;
        }
        if (!take(option, out)) {
            return false;
        }
    }
    if (optind < argc || (out->cert == NULL) != (out->key == NULL)) {
        (void)fputs(optind < argc ? "community-backend: it takes options only; try --help\n"
                                  : "community-backend: --cert and --key go together\n",
                    stderr);
        return false;
    }
    return true;
}
