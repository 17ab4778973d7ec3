/* SPDX-License-Identifier: MIT */
/*
 * Gathers text and writes it; see out.h. Out of memory counts as a failure of the descriptor, so
 * that nobody takes half of a line for a whole one.
 */
#include "out.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void out_init(struct out *out, int fd)
{
    memset(out, 0, sizeof *out);
    out->fd = fd;
}

void out_free(struct out *out)
{
    free(out->data);
    out->data = NULL;
    out->length = 0;
    out->capacity = 0;
}

static bool reserve(struct out *out, size_t more)
{
    if (out->capacity - out->length >= more) {
        return true;
    }
    size_t capacity = out->capacity != 0 ? out->capacity : 4096;
    while (capacity - out->length < more) {
        if (capacity > SIZE_MAX / 2) {
            return false;
        }
        capacity *= 2;
    }
    char *data = realloc(out->data, capacity);
    if (data == NULL) {
        return false;
    }
    out->data = data;
    out->capacity = capacity;
    return true;
}

void out_bytes(struct out *out, const char *bytes, size_t length)
{
    if (out->error != 0 || length == 0) {
        return;
    }
    if (!reserve(out, length)) {
        out->error = ENOMEM;
        return;
    }
    memcpy(out->data + out->length, bytes, length);
    out->length += length;
}

void out_text(struct out *out, const char *text)
{
    out_bytes(out, text, strlen(text));
}

void out_format(struct out *out, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length > 0) {
        out_bytes(out, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
    }
}

/* Somebody may have made the terminal that we share with them non-blocking. */
static bool wait_writable(int fd)
{
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    return poll(&writable, 1, -1) >= 0 || errno == EINTR;
}

bool out_flush(struct out *out)
{
    size_t done = 0;
    while (out->error == 0 && done < out->length) {
        ssize_t written = write(out->fd, out->data + done, out->length - done);
        if (written >= 0) {
            done += (size_t)written;
        } else if (errno == EAGAIN ? !wait_writable(out->fd) : errno != EINTR) {
            out->error = errno;
        }
    }
    out->length = 0;
    return out->error == 0;
}

int out_finish(struct out *out)
{
    bool is_written = out_flush(out);
    out_free(out);
    if (is_written || out->error == EPIPE) {
        return 0;
    }
    fprintf(stderr, "community: the output could not be written: %s\n", strerror(out->error));
    return 1;
}
