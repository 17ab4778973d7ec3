/* SPDX-License-Identifier: MIT */
/*
 * What comes from stdin: a text, or a token. A token is never echoed and leaves no copy behind.
 */
#ifndef CLI_STDIN_H
#define CLI_STDIN_H

#include <stdbool.h>
#include <stddef.h>

/* All of stdin, without line ends at its end; free with free(). NULL: it was complained about. */
char *stdin_read_text(void);

/* One line into token[capacity], asked for without echo on a terminal; white space around it is
 * dropped. False: it was complained about. Either way the caller wipes the array. */
bool stdin_read_token(char *token, size_t capacity, size_t *out_length);

/* Zeroes memory in a way that no optimiser leaves out. */
void wipe(void *memory, size_t length);

#endif
