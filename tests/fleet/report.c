/* SPDX-License-Identifier: MIT */
/*
 * What the runs measured, as a table in Markdown and as the curves in CSV.
 */
#include <inttypes.h>

#include "fleet.h"

static const fleet_result *result_of(const fleet_result *results, uint32_t scenario,
                                     uint32_t policy)
{
    return &results[scenario * fleet_policy_count + policy];
}

static void write_time(FILE *file, uint64_t ms)
{
    if (ms == UINT64_MAX) {
        fprintf(file, " never |");
    } else {
        fprintf(file, " %.1f s |", (double)ms / 1000.0);
    }
}

static void write_row(FILE *file, const fleet_options *options, const char *policy,
                      const fleet_result *result)
{
    double clients = (double)options->clients;
    fprintf(file, "| %s | %" PRIu32 " | %.1f | %" PRIu32 " | %.1f |", policy, result->peak_attempts,
            (double)result->attempts / clients, result->most_attempts,
            (double)result->wasted / clients);
    write_time(file, result->back_99_ms);
    write_time(file, result->back_all_ms);
    fprintf(file, "\n");
}

void fleet_write_table(FILE *file, const fleet_options *options, const fleet_result *results)
{
    fprintf(file,
            "%" PRIu32 " clients, %" PRIu32 " handshakes/s, %" PRIu32 " joins/s, backlog %" PRIu32
            ", seed %" PRIu64 "\n",
            options->clients, options->handshakes_per_second, options->joins_per_second,
            options->backlog, options->seed);
    for (uint32_t i = 0; i < fleet_scenario_count; i++) {
        fprintf(file,
                "\n%s\n\n"
                "| policy | peak attempts/s | attempts per client | most of one | wasted per "
                "client | 99 %% back | all back |\n"
                "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
                fleet_scenarios[i].title);
        for (uint32_t k = 0; k < fleet_policy_count; k++) {
            write_row(file, options, fleet_policies[k].name, result_of(results, i, k));
        }
    }
    fprintf(file, "\nan engine with one channel, joined and idle: %" PRIu64 " bytes\n",
            results[0].bytes_per_client);
}

static void write_curve(FILE *file, const char *scenario, const char *policy,
                        const fleet_result *result)
{
    for (uint32_t i = 0; i < result->seconds; i++) {
        const fleet_second *second = &result->second[i];
        fprintf(file,
                "%s,%s,%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 "\n",
                scenario, policy, i, second->attempts, second->accepted, second->refused,
                second->connected, second->joined);
    }
}

void fleet_write_csv(FILE *file, const fleet_result *results)
{
    fprintf(file, "scenario,policy,second,attempts,accepted,refused,connected,joined\n");
    for (uint32_t i = 0; i < fleet_scenario_count; i++) {
        for (uint32_t k = 0; k < fleet_policy_count; k++) {
            write_curve(file, fleet_scenarios[i].name, fleet_policies[k].name,
                        result_of(results, i, k));
        }
    }
}
