/* SPDX-License-Identifier: MIT */
/*
 * Composing log lines for a phx_log. Whoever composes never puts a token or a query string in: see
 * redact.h for URLs.
 */
#ifndef PHXI_LOG_H
#define PHXI_LOG_H

#include <phx/ports.h>

/* Longest line; what is longer is cut. */
#define PHXI_LOG_MAX_BYTES 512

bool phxi_log_is_on(const phx_log *log, phx_log_level level);

/* Formats as printf and writes the line, if the level is wanted. `log` may be NULL. Control
 * characters become '?', so that a server's text cannot forge lines. */
void phxi_log(const phx_log *log, phx_log_level level, const char *component, const char *format,
              ...) __attribute__((format(printf, 4, 5)));

#endif
