/* SPDX-License-Identifier: MIT */
/*
 * The log: standard error, one line a fact; see log.h.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

void log_line(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("community-backend: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
}
