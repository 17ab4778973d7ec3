/* SPDX-License-Identifier: MIT */
/*
 * Failures, for people and for scripts: the cause, the remedy, the exit code.
 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "options.h"
#include "out.h"

#include <phx/status.h>

int exit_code_of(phx_status status);

/* What the user can do about it. Never NULL. */
const char *remedy_of(const phx_error *error);

/* "message (HTTP 403)", safe for a terminal. */
void explain_cause(struct out *out, const phx_error *error);

/* Says cause and remedy on stderr, and returns the exit code. */
int complain(const phx_error *error);

/* The same for a bare status. detail: what it was about, or NULL. */
int complain_status(phx_status status, const char *detail);

#endif
