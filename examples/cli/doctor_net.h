/* SPDX-License-Identifier: MIT */
/*
 * The doctor's first steps, which need no SDK: the parts of a URL, the host's addresses, TCP.
 */
#ifndef CLI_DOCTOR_NET_H
#define CLI_DOCTOR_NET_H

#include <stdbool.h>
#include <stddef.h>

struct address {
    bool is_encrypted;
    char host[256]; /* without brackets */
    char port[8];
};

/* The host and port of ws:// or wss:// URLs. False: it is none. */
bool address_read(const char *url, struct address *out);

/* Looks the name up. text[capacity]: the addresses, or what failed. */
bool address_resolve(const struct address *address, char *text, size_t capacity);

/* Connects to one address after the other, and closes again. text[capacity]: the address that
 * answered, or what failed. */
bool address_connect(const struct address *address, char *text, size_t capacity);

#endif
