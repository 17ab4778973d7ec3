/* SPDX-License-Identifier: MIT */
/*
 * Takes the place of malloc in a program that is linked with it, counts every allocation of the
 * process, and knows which library asked for what is held.
 */
#ifndef HEAP_H
#define HEAP_H

#include <stddef.h>
#include <stdint.h>

/* Calls of malloc, calloc, realloc and the aligned ones so far. */
uint64_t heap_allocations(void);

/* Calls each(name of the file, bytes held by what it allocated), the largest first; the program
 * itself is one of them. Names without a folder. */
void heap_each_library(void (*each)(void *context, const char *name, uint64_t bytes),
                       void *context);

#endif
