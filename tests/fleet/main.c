/* SPDX-License-Identifier: MIT */
/*
 * fleet: runs every policy through every scenario, prints the table, writes the plot and the
 * curves, and holds ours to what it promises. See README.md beside it.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fleet.h"

typedef struct command_line {
    fleet_options options;
    const char *svg;
    const char *csv;
    bool is_checking;
} command_line;

static const char usage[] =
    "usage: fleet [--clients N] [--seed N] [--rate HANDSHAKES_A_SECOND] [--joins A_SECOND]\n"
    "             [--backlog HANDSHAKES] [--svg FILE] [--csv FILE] [--check]\n"
    "Rates and backlog not given go with the clients: 2 %, 3 % and 2 % of them.\n";

static bool read_number(const char *text, uint64_t most, uint64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *out > 0 && *out <= most;
}

static bool read_option(int option, command_line *out)
{
    uint64_t number = 0;
    bool is_name = option == 'p' || option == 'v' || option == 'k';
    if (!is_name && !read_number(optarg, option == 'e' ? UINT64_MAX : 1000000, &number)) {
        return false;
    }
    switch (option) {
    case 'c':
        out->options.clients = (uint32_t)number;
        return true;
    case 'e':
        out->options.seed = number;
        return true;
    case 'r':
        out->options.handshakes_per_second = (uint32_t)number;
        return true;
    case 'j':
        out->options.joins_per_second = (uint32_t)number;
        return true;
    case 'b':
        out->options.backlog = (uint32_t)number;
        return true;
    case 'p':
        out->svg = optarg;
        return true;
    case 'v':
        out->csv = optarg;
        return true;
    case 'k':
        out->is_checking = true;
        return true;
    default:
        return false;
    }
}

static uint32_t or_share(uint32_t given, uint32_t clients, uint32_t percent)
{
    uint32_t share = (uint32_t)((uint64_t)clients * percent / 100);
    return given != 0 ? given : share != 0 ? share : 1;
}

static bool read_arguments(int argc, char **argv, command_line *out)
{
    static const struct option names[] = {
        {"clients", required_argument, NULL, 'c'},
        {"seed", required_argument, NULL, 'e'},
        {"rate", required_argument, NULL, 'r'},
        {"joins", required_argument, NULL, 'j'},
        {"backlog", required_argument, NULL, 'b'},
        {"svg", required_argument, NULL, 'p'},
        {"csv", required_argument, NULL, 'v'},
        {"check", no_argument, NULL, 'k'},
        {NULL, 0, NULL, 0},
    };
    *out = (command_line){.options = {.clients = 100000, .seed = 1}};
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == '?' || !read_option(option, out)) {
            return false;
        }
    }
    fleet_options *options = &out->options;
    options->handshakes_per_second = or_share(options->handshakes_per_second, options->clients, 2);
    options->joins_per_second = or_share(options->joins_per_second, options->clients, 3);
    options->backlog = or_share(options->backlog, options->clients, 2);
    return optind == argc;
}

static bool run_all(const fleet_options *options, fleet_result *results)
{
    for (uint32_t i = 0; i < fleet_scenario_count; i++) {
        for (uint32_t k = 0; k < fleet_policy_count; k++) {
            if (!fleet_run(options, &fleet_policies[k], &fleet_scenarios[i], results++)) {
                fprintf(stderr, "fleet: %s, %s: out of memory, or a frame that is not known\n",
                        fleet_scenarios[i].name, fleet_policies[k].name);
                return false;
            }
        }
    }
    return true;
}

/* name NULL: not wanted. */
static FILE *open_output(const char *name)
{
    FILE *file = name != NULL ? fopen(name, "w") : NULL;
    if (name != NULL && file == NULL) {
        fprintf(stderr, "fleet: %s: %s\n", name, strerror(errno));
    }
    return file;
}

static bool close_output(const char *name, FILE *file)
{
    bool is_written = name == NULL || (file != NULL && ferror(file) == 0);
    return (file == NULL || fclose(file) == 0) && is_written;
}

static bool write_files(const command_line *line, const fleet_result *results)
{
    FILE *svg = open_output(line->svg);
    if (svg != NULL) {
        fleet_write_plot(svg, &line->options, results);
    }
    FILE *csv = open_output(line->csv);
    if (csv != NULL) {
        fleet_write_csv(csv, results);
    }
    bool is_svg_written = close_output(line->svg, svg);
    return close_output(line->csv, csv) && is_svg_written;
}

int main(int argc, char **argv)
{
    command_line line;
    if (!read_arguments(argc, argv, &line)) {
        fputs(usage, stderr);
        return 2;
    }
    fleet_result *results =
        calloc((size_t)fleet_scenario_count * fleet_policy_count, sizeof *results);
    bool is_well = results != NULL && run_all(&line.options, results);
    if (is_well) {
        fleet_write_table(stdout, &line.options, results);
        is_well = write_files(&line, results);
        is_well = (!line.is_checking || fleet_check(&line.options, results)) && is_well;
    }
    free(results);
    return is_well ? 0 : 1;
}
