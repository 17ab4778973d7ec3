/* SPDX-License-Identifier: MIT */
/*
 * Replays recorded scripts on our engine. Usage:
 *   replay scripts FILE     every script of the file: no divergence
 *   replay rules FILE       every rule has a script there, and it shows the difference
 */
#include <stdio.h>
#include <string.h>

#include "scripts.h"

static size_t count_shown(const script_tally *tally)
{
    size_t shown = 0;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        shown += tally->is_shown[i];
        if (!tally->is_shown[i]) {
            (void)printf("%s: no script shows it\n", rules[i].name);
        }
    }
    return shown;
}

int main(int argc, char **argv)
{
    static script_tally tally;
    if (argc != 3) {
        (void)fprintf(stderr, "usage: replay scripts|rules FILE\n");
        return 2;
    }
    if (strcmp(argv[1], "rules") == 0) {
        bool is_read = scripts_show_rules(argv[2], &tally);
        size_t shown = count_shown(&tally);
        (void)printf("rules shown %zu of %d\n", shown, RULE_COUNT);
        return is_read && shown == RULE_COUNT && tally.divergences == 0 ? 0 : 1;
    }
    bool is_read = scripts_replay(argv[2], &tally);
    (void)printf("scripts replayed %zu, steps %zu, divergences %zu\n", tally.scripts, tally.steps,
                 tally.divergences);
    return is_read && tally.divergences == 0 ? 0 : 1;
}
