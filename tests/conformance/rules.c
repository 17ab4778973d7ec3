/* SPDX-License-Identifier: MIT */
/*
 * The rules' texts.
 */
#include "rules.h"

#include <stddef.h>
#include <string.h>

const conf_rule rules[RULE_COUNT] = {
#define RULE_TEXT(name, why) {#name, why},
    NORMALISED_RULES(RULE_TEXT) AVOIDED_RULES(RULE_TEXT)
#undef RULE_TEXT
};

rule_id rule_by_name(const char *name)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (strcmp(rules[i].name, name) == 0) {
            return (rule_id)i;
        }
    }
    return RULE_COUNT;
}
