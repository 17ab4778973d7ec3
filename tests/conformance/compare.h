/* SPDX-License-Identifier: MIT */
/*
 * Runs a script on our engine and holds every step against what phoenix.js did: frames, their order
 * and time, the states of the socket and the channels, the outcomes of pushes, the messages
 * delivered. What may differ is in rules.h alone.
 */
#ifndef COMPARE_H
#define COMPARE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "rules.h"

typedef struct conf_divergence {
    bool is_there;
    size_t step;
    char what[1024];
} conf_divergence;

/* Stops at the first divergence. `without`: the rule not to apply; RULE_COUNT: none. */
void compare_script(const cJSON *script, rule_id without, conf_divergence *out);

#endif
