/* SPDX-License-Identifier: MIT */
/*
 * What has to hold of the simulation, and of our policy in it.
 */
#include "check.h"

#include <inttypes.h>
#include <string.h>

enum {
    /* Attempts in the worst second after a deploy, by what the server can take in it. */
    MOST_PEAK_BY_CAPACITY = 20,
    MS_PER_S = 1000,
};

typedef struct checked {
    const fleet_options *options;
    const fleet_scenario *scenario;
    const fleet_policy *policy;
    bool holds;
} checked;

static void expect(checked *run, bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fleet: %s, %s: %s\n", run->scenario->name, run->policy->name, what);
        run->holds = false;
    }
}

/* No second saw more handshakes than the server can take; nothing that ended in a join was lost. */
static void check_model(checked *run, const fleet_result *result)
{
    uint64_t accepted = 0;
    uint32_t most_accepted = 0;
    for (uint32_t i = FLEET_EVENT_MS / MS_PER_S; i < result->seconds; i++) {
        uint32_t count = result->second[i].accepted;
        accepted += count;
        most_accepted = count > most_accepted ? count : most_accepted;
    }
    uint32_t rate = run->options->handshakes_per_second;
    /* An answer's way takes up to 100 ms longer than another's. */
    expect(run, most_accepted <= rate + rate / 8 + 1, "more was accepted than the rate allows");
    expect(run, accepted >= result->attempts - result->wasted, "a join without a connection");
    expect(run, result->second[FLEET_EVENT_MS / MS_PER_S - 1].joined == run->options->clients,
           "not all were there before");
    expect(run, result->stuck == 0 && result->back_all_ms != UINT64_MAX, "not all came back");
}

/* When 99 % are back if the server is never idle from the moment it is up. */
static uint64_t best_back_ms(const checked *run)
{
    const fleet_scenario *scenario = run->scenario;
    uint64_t share = (uint64_t)run->options->clients * 99 / 100;
    return scenario->steps[scenario->step_count - 1].after_ms +
           share * MS_PER_S / run->options->handshakes_per_second;
}

static void check_ours(checked *run, const fleet_result *ours, const fleet_result *phoenix_js)
{
    uint64_t most_peak = (uint64_t)run->options->handshakes_per_second * MOST_PEAK_BY_CAPACITY;
    bool is_deploy = strcmp(run->scenario->name, "deploy") == 0;
    bool is_silent = run->scenario->steps[0].state == FLEET_SILENT;
    expect(run, !is_deploy || ours->peak_attempts <= most_peak, "too many attempts in a second");
    expect(run, is_silent || ours->attempts * 2 <= phoenix_js->attempts,
           "more than half of phoenix.js's attempts");
    /* Where other nodes take those that are drained, asking often finds the next free place sooner:
     * a tenth later is the price of a quarter of the attempts. */
    bool is_rolling = run->scenario->nodes > 1;
    uint64_t most_ms = phoenix_js->back_99_ms * (is_rolling ? 11 : 10) / 10;
    expect(run, ours->back_99_ms <= most_ms, "99 % are back after phoenix.js's");
    expect(run, run->scenario->nodes > 1 || ours->back_99_ms * 4 <= best_back_ms(run) * 5,
           "99 % took a quarter longer than the server needs");
}

bool fleet_check(const fleet_options *options, const fleet_result *results)
{
    checked run = {.options = options, .holds = true};
    for (uint32_t i = 0; i < fleet_scenario_count; i++) {
        const fleet_result *row = &results[i * fleet_policy_count];
        run.scenario = &fleet_scenarios[i];
        for (uint32_t k = 0; k < fleet_policy_count; k++) {
            run.policy = &fleet_policies[k];
            check_model(&run, &row[k]);
        }
        run.policy = &fleet_policies[0];
        check_ours(&run, &row[0], &row[1]);
    }
    fleet_result again;
    run.scenario = &fleet_scenarios[0];
    expect(&run, fleet_run(options, run.policy, run.scenario, &again), "no memory");
    expect(&run, memcmp(&again, results, sizeof again) == 0, "the seed does not decide");
    return run.holds;
}
