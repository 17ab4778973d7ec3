/* SPDX-License-Identifier: MIT */
/*
 * The plan of a seed follows "Swarm Testing" (Groce et al., 2012): each seed leaves some kinds out
 * altogether, so that what one kind hides behind another comes to light, and rare combinations are
 * reached.
 */
#include "faults.h"

#include <phx/status.h>
#include <stdio.h>

#include "testing.h"

const int32_t sim_close_codes[SIM_CLOSE_CODES] = {1000, 1001, 1002, 1003, 1005, 1006, 1007,
                                                  1008, 1009, 1010, 1011, 1012, 1013, 1014,
                                                  1015, 3000, 3410, 4000, 4999};
const int32_t sim_http_statuses[SIM_HTTP_STATUSES] = {400, 401, 403, 404, 405, 407, 408, 410,
                                                      426, 429, 500, 501, 502, 503, 504, 599};
const int32_t sim_failures[SIM_FAILURES] = {PHX_ERROR_NAME_NOT_FOUND, PHX_ERROR_CONNECTION_REFUSED,
                                            PHX_ERROR_UNREACHABLE,    PHX_ERROR_PROXY,
                                            PHX_ERROR_TIMEOUT,        PHX_ERROR_TLS,
                                            PHX_ERROR_TLS_PIN,        PHX_ERROR_NETWORK,
                                            PHX_ERROR_SYSTEM,         PHX_ERROR_NO_MEMORY};

static const struct {
    uint32_t per_mille;
    const char *text;
} kinds[SIM_FAULT_KINDS] = {
#define SIM_FAULT_ROW(name, per_mille, text) {per_mille, text},
    SIM_FAULTS(SIM_FAULT_ROW)
#undef SIM_FAULT_ROW
};

void sim_plan_choose(sim_plan *plan, uint64_t *random)
{
    size_t style = random_below(random, 16);
    for (size_t i = 0; i < SIM_FAULT_KINDS; i++) {
        bool is_in = style == 0 ? false : style == 1 ? true : random_below(random, 5) < 2;
        uint32_t quarters = 1 + (uint32_t)random_below(random, 4);
        plan->per_mille[i] = is_in ? (kinds[i].per_mille * quarters + 3) / 4 : 0;
    }
}

const char *sim_fault_text(sim_fault_kind kind)
{
    return kinds[kind].text;
}

void sim_coverage_add(sim_coverage *sum, const sim_coverage *more)
{
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)more;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++) {
        to[i] += from[i];
    }
}

uint64_t sim_coverage_faults(const sim_coverage *coverage)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < SIM_FAULT_KINDS; i++) {
        sum += coverage->faults[i];
    }
    return sum;
}

static size_t print_counter(const char *group, const char *name, uint64_t count, bool only_missing)
{
    if (!only_missing || count == 0) {
        (void)printf("%-18s %-32s %12llu%s\n", group, name, (unsigned long long)count,
                     count == 0 ? "  NEVER" : "");
    }
    return count == 0 ? 1 : 0;
}

static size_t print_names(const char *group, const char *const *names, const uint64_t *counts,
                          size_t count, bool only_missing)
{
    size_t missing = 0;
    for (size_t i = 0; i < count; i++) {
        missing += print_counter(group, names[i], counts[i], only_missing);
    }
    return missing;
}

static size_t print_numbers(const char *group, const int32_t *numbers, const uint64_t *counts,
                            size_t count, bool only_missing)
{
    size_t missing = 0;
    for (size_t i = 0; i < count; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "%d", (int)numbers[i]);
        missing += print_counter(group, name, counts[i], only_missing);
    }
    return missing;
}

size_t sim_coverage_print(const sim_coverage *coverage, bool only_missing)
{
    static const char *const client_states[SIM_CLIENT_STATES] = {
        "disconnected", "connecting", "connected", "waiting", "unauthorized", "closing"};
    static const char *const channel_states[SIM_CHANNEL_STATES] = {"closed",  "joining", "joined",
                                                                   "errored", "refused", "leaving"};
    static const char *const community_states[SIM_COMMUNITY_STATES] = {
        "disconnected", "connecting", "connected", "reconnecting", "unauthorized"};
    static const char *const freshnesses[SIM_FRESHNESSES] = {"stale", "syncing", "live"};
    static const char *const outcomes[SIM_OUTCOMES] = {"none",    "done",      "refused",
                                                       "expired", "cancelled", "unknown"};
    /* A connection is dropped while one is there: connecting, connected, closing. */
    static const size_t droppable[] = {1, 2, 5};
    size_t missing = 0;
    for (size_t i = 0; i < SIM_FAULT_KINDS; i++) {
        missing += print_counter("fault", kinds[i].text, coverage->faults[i], only_missing);
    }
    for (size_t i = 0; i < COUNT_OF(droppable); i++) {
        missing += print_counter("drop while", client_states[droppable[i]],
                                 coverage->drops[droppable[i]], only_missing);
    }
    missing += print_names("client", client_states, coverage->client_states, SIM_CLIENT_STATES,
                           only_missing);
    missing += print_names("channel", channel_states, coverage->channel_states, SIM_CHANNEL_STATES,
                           only_missing);
    missing += print_names("community", community_states, coverage->community_states,
                           SIM_COMMUNITY_STATES, only_missing);
    missing +=
        print_names("feed", freshnesses, coverage->freshnesses, SIM_FRESHNESSES, only_missing);
    missing +=
        print_names("write", outcomes + 1, coverage->outcomes + 1, SIM_OUTCOMES - 1, only_missing);
    missing += print_numbers("close code", sim_close_codes, coverage->close_codes, SIM_CLOSE_CODES,
                             only_missing);
    missing += print_numbers("handshake", sim_http_statuses, coverage->http_statuses,
                             SIM_HTTP_STATUSES, only_missing);
    missing += print_numbers("attempt failed", sim_failures, coverage->failures, SIM_FAILURES,
                             only_missing);
    return missing;
}
