/* SPDX-License-Identifier: MIT */
/*
 * Reads stdin with read(2), so that no copy of a token stays in a buffer of stdio's; see stdin.h.
 */
#include "stdin.h"

#include "out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define MAX_TEXT_BYTES (8u << 20)

void wipe(void *memory, size_t length)
{
    volatile unsigned char *bytes = memory;
    while (length-- > 0) {
        bytes[length] = 0;
    }
}

/* -1: failed; 0: the end. */
static ssize_t read_some(char *buffer, size_t capacity)
{
    ssize_t length;
    do {
        length = read(STDIN_FILENO, buffer, capacity);
    } while (length < 0 && errno == EINTR);
    return length;
}

char *stdin_read_text(void)
{
    struct out text;
    out_init(&text, -1);
    char chunk[4096];
    ssize_t length;
    while ((length = read_some(chunk, sizeof chunk)) > 0 && text.length < MAX_TEXT_BYTES) {
        out_bytes(&text, chunk, (size_t)length);
    }
    while (text.length > 0 && strchr("\r\n", text.data[text.length - 1]) != NULL) {
        text.length--;
    }
    out_bytes(&text, "", 1);
    const char *problem = length < 0                             ? strerror(errno)
                          : length > 0                           ? "the text is longer than 8 MB"
                          : text.error != 0                      ? strerror(text.error)
                          : strlen(text.data) + 1 != text.length ? "the text holds a NUL byte"
                                                                 : NULL;
    if (problem != NULL) {
        fprintf(stderr, "community: stdin: %s\n", problem);
        out_free(&text);
        return NULL;
    }
    return text.data;
}

/* Reads up to the first line end or the end; false: read(2) failed, or the line is longer. */
static bool read_line(char *line, size_t capacity, size_t *out_length)
{
    size_t length = 0;
    ssize_t got = 1;
    while (got > 0 && length < capacity) {
        got = read_some(line + length, capacity - length);
        if (got > 0) {
            char *end = memchr(line + length, '\n', (size_t)got);
            length = end != NULL ? (size_t)(end - line) : length + (size_t)got;
            got = end != NULL ? 0 : got;
        }
    }
    *out_length = length;
    return got == 0;
}

static bool read_line_quietly(char *line, size_t capacity, size_t *out_length)
{
    struct termios before;
    bool is_terminal = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_terminal) {
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
        fputs("Token: ", stderr);
    }
    bool is_read = read_line(line, capacity, out_length);
    if (is_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputs("\n", stderr);
    }
    return is_read;
}

bool stdin_read_token(char *token, size_t capacity, size_t *out_length)
{
    size_t length = 0;
    if (!read_line_quietly(token, capacity, &length)) {
        fprintf(stderr,
                "community: the token could not be read from stdin, or is longer than %zu bytes\n",
                capacity - 1);
        return false;
    }
    size_t first = 0;
    while (first < length && strchr(" \t\r", token[first]) != NULL && token[first] != '\0') {
        first++;
    }
    while (length > first && strchr(" \t\r", token[length - 1]) != NULL &&
           token[length - 1] != '\0') {
        length--;
    }
    memmove(token, token + first, length - first);
    *out_length = length - first;
    for (size_t i = 0; i < *out_length; i++) {
        unsigned char byte = (unsigned char)token[i];
        if (byte <= ' ' || byte >= 0x7F) {
            fputs("community: the token holds a space, a control character or a byte that is no "
                  "ASCII\n"
                  "  Give the token alone, on one line of stdin.\n",
                  stderr);
            return false;
        }
    }
    if (*out_length == 0) {
        fputs("community: stdin holds no token\n"
              "  For example: community login --keychain file:PATH < FILE_WITH_THE_TOKEN\n",
              stderr);
    }
    return *out_length != 0;
}
