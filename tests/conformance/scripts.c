/* SPDX-License-Identifier: MIT */
/*
 * Recorded scripts, read and replayed.
 */
#include "scripts.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

static void report(script_tally *tally, const cJSON *script, const conf_divergence *divergence,
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

static void replay(script_tally *tally, const cJSON *script)
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
static void show(script_tally *tally, const cJSON *script)
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

static bool read_lines(const char *path, script_tally *tally,
                       void (*take)(script_tally *, const cJSON *))
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t capacity = 0;
    bool is_good = file != NULL;
    while (is_good && getline(&line, &capacity, file) > 0) {
        cJSON *script = cJSON_Parse(line);
        is_good = script != NULL;
        if (is_good) {
            take(tally, script);
            tally->scripts++;
        }
        cJSON_Delete(script);
    }
    if (!is_good) {
        (void)printf("%s: line %zu cannot be read\n", path, tally->scripts + 1);
    }
    free(line);
    if (file != NULL) {
        (void)fclose(file);
    }
    return is_good && tally->scripts > 0;
}

bool scripts_replay(const char *path, script_tally *tally)
{
    return read_lines(path, tally, replay);
}

bool scripts_show_rules(const char *path, script_tally *tally)
{
    return read_lines(path, tally, show);
}
