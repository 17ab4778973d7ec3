/* SPDX-License-Identifier: MIT */
/*
 * Text on its way to a descriptor: gathered in memory, written in one piece. A descriptor that
 * fails swallows everything that comes after; the first error is kept. It must not know what is
 * written.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <stdbool.h>
#include <stddef.h>

struct out {
    int fd;
    int error; /* errno of the first failure; 0: none */
    char *data;
    size_t length;
    size_t capacity;
};

void out_init(struct out *out, int fd);
void out_free(struct out *out);

void out_bytes(struct out *out, const char *bytes, size_t length);
void out_text(struct out *out, const char *text);
__attribute__((format(printf, 2, 3))) void out_format(struct out *out, const char *format, ...);

/* Writes all that was gathered. False: the descriptor fails, see error. */
bool out_flush(struct out *out);

/* Flushes and frees. The exit code for a program that has done its work: 0, also when a reader went
 * away (EPIPE); 1 when the output could not be written, which is said on stderr. */
int out_finish(struct out *out);

#endif
