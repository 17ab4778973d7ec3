/* SPDX-License-Identifier: MIT */
/*
 * One line a fact, on standard error. No token and no body of a post may be passed to it.
 */
#ifndef BACKEND_LOG_H
#define BACKEND_LOG_H

void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
