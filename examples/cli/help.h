/* SPDX-License-Identifier: MIT */
/*
 * What --help says. The commands come from their table, so that none is forgotten.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "options.h"

/* Prints to stdout; the exit code. */
int help_print(const struct command *commands);

#endif
