/* SPDX-License-Identifier: MIT */
/*
 * Files of recorded scripts, one a line: replayed and counted, divergences reported on stdout.
 */
#ifndef SCRIPTS_H
#define SCRIPTS_H

#include "rules.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct script_tally {
    size_t scripts;
    size_t steps;
    size_t divergences;
    bool is_shown[RULE_COUNT];
} script_tally;

/* False: the file cannot be read, or is not what it should be. */
bool scripts_replay(const char *path, script_tally *tally);
/* Each script shows what its rule says: a normalised one is equal with the rule and not without it,
 * an avoided one differs. */
bool scripts_show_rules(const char *path, script_tally *tally);

#endif
