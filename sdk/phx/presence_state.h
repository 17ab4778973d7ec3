/* SPDX-License-Identifier: MIT */
/*
 * The rules of presence: states, diffs, and diffs that wait for the state of the current join.
 * Pure; what happens is told to a sink before the call returns.
 */
#ifndef PHXI_PRESENCE_STATE_H
#define PHXI_PRESENCE_STATE_H

#include "phx/presence_set.h"

typedef struct phxi_presence_sink {
    void *user_data;
    void (*on_join)(void *user_data, const phx_presence_entry *current,
                    const phx_presence_entry *joined);
    void (*on_leave)(void *user_data, const phx_presence_entry *current,
                     const phx_presence_entry *left);
    void (*on_sync)(void *user_data);
} phxi_presence_sink;

typedef struct phxi_pending_diff phxi_pending_diff;

typedef struct phxi_presence_state {
    const phx_allocator *allocator;
    uint64_t seed[2];
    size_t max_metas;
    size_t max_pending_bytes;
    phxi_presence_set set;
    bool is_synced; /* the state of the current join has come */
    phxi_pending_diff *first_pending;
    phxi_pending_diff *last_pending;
    size_t pending_bytes;
} phxi_presence_state;

void phxi_presence_init(phxi_presence_state *state, const phx_allocator *allocator,
                        const uint64_t seed[2], size_t max_metas, size_t max_pending_bytes);
void phxi_presence_free(phxi_presence_state *state);

/* The channel joins anew: diffs wait for the next state. */
void phxi_presence_rejoin(phxi_presence_state *state);

/* A presence_state. PHX_ERROR_MALFORMED_FRAME, PHX_ERROR_TOO_LARGE, PHX_ERROR_NO_MEMORY: nothing
 * changed. */
PHX_MUST_CHECK phx_status phxi_presence_take_state(phxi_presence_state *state, phx_slice json,
                                                   const phxi_presence_sink *sink);

/* A presence_diff, {"joins":{...},"leaves":{...}}: applied, or kept if the state has not come.
 * Statuses as above. */
PHX_MUST_CHECK phx_status phxi_presence_take_diff(phxi_presence_state *state, phx_slice json,
                                                  const phxi_presence_sink *sink);

#endif
