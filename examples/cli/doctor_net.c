/* SPDX-License-Identifier: MIT */
/*
 * Names and TCP, for the doctor; see doctor_net.h. Blocking is fine here: nothing else is going on.
 */
#include "doctor_net.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 5000

/* The end of the host in "host:port/path" or "[::1]:port/path", brackets included. */
static size_t host_length(const char *authority)
{
    if (authority[0] == '[') {
        return strcspn(authority, "]/?#") + 1;
    }
    return strcspn(authority, ":/?#");
}

bool address_read(const char *url, struct address *out)
{
    memset(out, 0, sizeof *out);
    out->is_encrypted = strncmp(url, "wss://", 6) == 0;
    if (!out->is_encrypted && strncmp(url, "ws://", 5) != 0) {
        return false;
    }
    const char *authority = url + (out->is_encrypted ? 6 : 5);
    size_t length = host_length(authority);
    const char *host = authority;
    const char *rest = authority + length;
    if (authority[0] == '[') {
        if (length < 3 || authority[length - 1] != ']') {
            return false;
        }
        host++;
        length -= 2;
    }
    if (length == 0 || length >= sizeof out->host || memchr(host, '@', length) != NULL) {
        return false;
    }
    memcpy(out->host, host, length);
    (void)snprintf(out->port, sizeof out->port, "%s", out->is_encrypted ? "443" : "80");
    if (rest[0] == ':') {
        size_t digits = strspn(rest + 1, "0123456789");
        if (digits == 0 || digits > 5 || strchr("/?#", rest[1 + digits]) == NULL) {
            return false;
        }
        (void)snprintf(out->port, sizeof out->port, "%.*s", (int)digits, rest + 1);
    }
    return true;
}

static struct addrinfo *resolve(const struct address *address, int *out_error)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    *out_error = getaddrinfo(address->host, address->port, &hints, &list);
    return *out_error == 0 ? list : NULL;
}

static void number_of(const struct addrinfo *entry, char *text, size_t capacity)
{
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text, (socklen_t)capacity, NULL, 0,
                    NI_NUMERICHOST) != 0) {
        (void)snprintf(text, capacity, "?");
    }
}

bool address_resolve(const struct address *address, char *text, size_t capacity)
{
    int error;
    struct addrinfo *list = resolve(address, &error);
    if (list == NULL) {
        (void)snprintf(text, capacity, "%s: %s", address->host, gai_strerror(error));
        return false;
    }
    size_t used = (size_t)snprintf(text, capacity, "%s is", address->host);
    for (const struct addrinfo *entry = list; entry != NULL && used < capacity;
         entry = entry->ai_next) {
        char number[64];
        number_of(entry, number, sizeof number);
        used += (size_t)snprintf(text + used, capacity - used, " %s", number);
    }
    freeaddrinfo(list);
    return true;
}

/* 0 or an errno. */
static int finish_connect(int fd)
{
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    int ready = poll(&writable, 1, CONNECT_TIMEOUT_MS);
    if (ready <= 0) {
        return ready == 0 ? ETIMEDOUT : errno;
    }
    int error = 0;
    socklen_t length = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

static int try_connect(const struct addrinfo *entry)
{
    int fd = socket(entry->ai_family, entry->ai_socktype, entry->ai_protocol);
    if (fd < 0) {
        return errno;
    }
    int error = 0;
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    if (connect(fd, entry->ai_addr, entry->ai_addrlen) != 0) {
        error = errno == EINPROGRESS ? finish_connect(fd) : errno;
    }
    (void)close(fd);
    return error;
}

bool address_connect(const struct address *address, char *text, size_t capacity)
{
    int error;
    struct addrinfo *list = resolve(address, &error);
    if (list == NULL) {
        (void)snprintf(text, capacity, "%s", gai_strerror(error));
        return false;
    }
    size_t used = 0;
    error = -1;
    for (const struct addrinfo *entry = list; entry != NULL && error != 0 && used < capacity;
         entry = entry->ai_next) {
        char number[64];
        number_of(entry, number, sizeof number);
        error = try_connect(entry);
        if (error == 0) {
            used = 0; /* one that answers is enough */
        }
        used += (size_t)snprintf(text + used, capacity - used, "%s%s port %s%s%s",
                                 used != 0 ? "; " : "", number, address->port,
                                 error != 0 ? ": " : " answers", error != 0 ? strerror(error) : "");
    }
    freeaddrinfo(list);
    return error == 0;
}
