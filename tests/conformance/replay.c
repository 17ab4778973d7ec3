/* SPDX-License-Identifier: MIT */
/*
 * Replays recorded scripts on our engine. Usage:
 *   replay scripts FILE     every script of the file: no divergence
 *   replay rules FILE       every rule has a script there, and it shows the difference
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

typedef struct conf_tally {
    size_t scripts;
    size_t steps;
    size_t divergences;
    bool is_shown[RULE_COUNT];
} conf_tally;

static void report(conf_tally *tally, const cJSON *script, const conf_divergence *divergence,
                   const char *what)
{
    const char *rule = cJSON_GetStringValue(cJSON_GetObjectItem(script, "rule"));
    double seed = cJSON_GetNumberValue(cJSON_GetObjectItem(script, "seed"));
    tally->divergences++;
    if (tally->divergences > 20) {
        return;
    }
    cJSON *step = cJSON_GetArrayItem(cJSON_GetObjectItem(script, "steps"), (int)divergence->step);
    char *text = cJSON_PrintUnformatted(step);
    (void)printf("%s %.0f, step %zu: %s %s\n    %s\n", rule != NULL ? rule : "seed",
                 rule != NULL ? 0 : seed, divergence->step, what, divergence->what,
                 text != NULL ? text : "");
    cJSON_free(text);
}

static void replay(conf_tally *tally, const cJSON *script)
{
    conf_divergence divergence;
    compare_script(script, RULE_COUNT, &divergence);
    tally->steps += divergence.step;
    if (divergence.is_there) {
        report(tally, script, &divergence, "");
    }
}

/* The rule makes the difference: a normalised one is equal with it and not without, an avoided one
 * differs. */
static void show(conf_tally *tally, const cJSON *script)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(script, "rule"));
    rule_id rule = rule_by_name(name != NULL ? name : "");
    conf_divergence divergence;
    if (rule == RULE_COUNT) {
        report(tally, script, &(conf_divergence){.step = 0}, "there is no such rule");
        return;
    }
    tally->is_shown[rule] = true;
    if (rule < (rule_id)RULE_NORMALISED_COUNT) {
        replay(tally, script);
        compare_script(script, rule, &divergence);
    } else {
        compare_script(script, RULE_COUNT, &divergence);
    }
    if (!divergence.is_there) {
        report(tally, script, &divergence, "the script shows no difference");
    } else {
        (void)printf("%s: %s\n    %s\n", name, rules[rule].why, divergence.what);
    }
}

static void read_lines(const char *path, conf_tally *tally,
                       void (*take)(conf_tally *, const cJSON *))
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t capacity = 0;
    if (file == NULL) {
        (void)fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    while (getline(&line, &capacity, file) > 0) {
        cJSON *script = cJSON_Parse(line);
        if (script == NULL) {
            (void)fprintf(stderr, "line %zu is not JSON\n", tally->scripts + 1);
            exit(1);
        }
        take(tally, script);
        tally->scripts++;
        cJSON_Delete(script);
    }
    free(line);
    (void)fclose(file);
}

static size_t count_shown(const conf_tally *tally)
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
    static conf_tally tally;
    if (argc != 3) {
        (void)fprintf(stderr, "usage: replay scripts|rules FILE\n");
        return 2;
    }
    bool is_rules = strcmp(argv[1], "rules") == 0;
    read_lines(argv[2], &tally, is_rules ? show : replay);
    if (is_rules) {
        size_t shown = count_shown(&tally);
        (void)printf("rules shown %zu of %d\n", shown, RULE_COUNT);
        return shown == RULE_COUNT && tally.divergences == 0 ? 0 : 1;
    }
    (void)printf("scripts replayed %zu, steps %zu, divergences %zu\n", tally.scripts, tally.steps,
                 tally.divergences);
    return tally.scripts > 0 && tally.divergences == 0 ? 0 : 1;
}
