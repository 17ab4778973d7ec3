/* SPDX-License-Identifier: MIT */
/*
 * Backoff. Full jitter is from "Exponential Backoff And Jitter" (Brooker, 2015): the best spread
 * for the least total work. The stepped tables are phoenix.js's.
 */
#include "phx/backoff.h"

enum {
    DEFAULT_MAX_MS = 30000,
    DEFAULT_STABLE_MS = 10000,
    DEFAULT_SPREAD_MS = 5000,
    OUR_FAULT_FACTOR = 8,
    HTTP_TOO_MANY_REQUESTS = 429,
    HTTP_SERVER_ERRORS = 500,
};

static const uint32_t reconnect_steps_ms[] = {10, 50, 100, 150, 200, 250, 500, 1000, 2000, 5000};
static const uint32_t rejoin_steps_ms[] = {1000, 2000, 5000, 10000};

typedef struct close_policy {
    int32_t code;
    phxi_close_class class;
} close_policy;

static const close_policy close_policies[] = {
    {1001,
     PHXI_CLOSE_EVERYBODY}, /* going away: Phoenix's "disconnect" broadcast, a node that stops */
    {1002, PHXI_CLOSE_OUR_FAULT}, /* protocol error; Bandit's idle limit too */
    {1003, PHXI_CLOSE_OUR_FAULT},
    {1007, PHXI_CLOSE_OUR_FAULT},
    {1008, PHXI_CLOSE_OUR_FAULT},
    {1009, PHXI_CLOSE_OUR_FAULT},
    {1010, PHXI_CLOSE_OUR_FAULT},
    {1011, PHXI_CLOSE_OUR_FAULT}, /* Phoenix's answer to a frame that it cannot read */
    {1012, PHXI_CLOSE_EVERYBODY}, /* service restart: every deploy */
    {1013, PHXI_CLOSE_EVERYBODY}, /* try again later */
};

phxi_close_class phxi_close_classify(int32_t close_code)
{
    for (size_t i = 0; i < sizeof close_policies / sizeof close_policies[0]; i++) {
        if (close_policies[i].code == close_code) {
            return close_policies[i].class;
        }
    }
    return PHXI_CLOSE_LONE;
}

uint64_t phxi_random_next(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t value = *state;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

void phxi_backoff_resolve(phx_backoff *backoff, uint32_t base_ms)
{
    backoff->base_ms = or_default(backoff->base_ms, base_ms);
    backoff->max_ms = or_default(backoff->max_ms, DEFAULT_MAX_MS);
    backoff->stable_ms = or_default(backoff->stable_ms, DEFAULT_STABLE_MS);
    backoff->spread_ms = or_default(backoff->spread_ms, DEFAULT_SPREAD_MS);
}

static uint32_t stepped_ms(bool is_rejoin, uint32_t attempt)
{
    const uint32_t *steps = is_rejoin ? rejoin_steps_ms : reconnect_steps_ms;
    uint32_t count = is_rejoin ? sizeof rejoin_steps_ms / sizeof rejoin_steps_ms[0]
                               : sizeof reconnect_steps_ms / sizeof reconnect_steps_ms[0];
    return steps[attempt < count ? attempt - 1 : count - 1];
}

/* A server that takes nobody now: a port that answers with a reset, a balancer without a node, a
 * limit. The next attempt of each client it turned away is one of a herd. */
static bool is_turned_away(const phx_error *error)
{
    return error->status == PHX_ERROR_CONNECTION_REFUSED ||
           error->http_status == HTTP_TOO_MANY_REQUESTS || error->http_status >= HTTP_SERVER_ERRORS;
}

/* The range that full jitter draws from. What hits everybody doubles from the spread on: a range
 * that only stays there has each client ask every few seconds for as long as it lasts. */
static uint64_t jitter_range_ms(const phx_backoff *backoff, uint32_t attempt,
                                const phx_error *error)
{
    uint32_t doublings = attempt - 1 < 31 ? attempt - 1 : 31;
    phxi_close_class class = phxi_close_classify(error->close_code);
    bool hits_everybody = class == PHXI_CLOSE_EVERYBODY || is_turned_away(error);
    uint64_t base_ms = backoff->base_ms;
    uint64_t least_ms = class == PHXI_CLOSE_OUR_FAULT ? base_ms * OUR_FAULT_FACTOR : 0;
    if (hits_everybody && base_ms < backoff->spread_ms) {
        base_ms = backoff->spread_ms;
    }
    uint64_t range_ms = base_ms << doublings;
    range_ms = range_ms < least_ms ? least_ms : range_ms;
    return range_ms < backoff->max_ms ? range_ms : backoff->max_ms;
}

static uint32_t uniform_ms(uint64_t range_ms, uint64_t *random_state)
{
    return (uint32_t)(phxi_random_next(random_state) % (range_ms + 1));
}

uint32_t phxi_backoff_delay_ms(const phx_backoff *backoff, bool is_rejoin, uint32_t attempt,
                               const phx_error *error, uint64_t *random_state)
{
    uint32_t delay_ms = 0;
    if (backoff->kind == PHX_BACKOFF_STEPPED) {
        delay_ms = stepped_ms(is_rejoin, attempt);
    } else if (backoff->kind == PHX_BACKOFF_CUSTOM && backoff->delay_ms != NULL) {
        delay_ms = backoff->delay_ms(backoff->user_data, attempt, error);
    } else {
        delay_ms = uniform_ms(jitter_range_ms(backoff, attempt, error), random_state);
    }
    if (delay_ms < error->retry_after_ms) {
        /* Everybody was told the same: come a little later, each at another time. */
        uint64_t later_ms =
            (uint64_t)error->retry_after_ms + uniform_ms(error->retry_after_ms / 10, random_state);
        delay_ms = later_ms < UINT32_MAX ? (uint32_t)later_ms : UINT32_MAX;
    }
    /* What is tried again at once, and fails at once, would never let a loop's turn end. */
    return delay_ms > 0 ? delay_ms : 1;
}
