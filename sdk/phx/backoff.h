/* SPDX-License-Identifier: MIT */
/*
 * How long to wait before trying again: pure functions of the policy, the attempt and a random
 * number.
 */
#ifndef PHXI_BACKOFF_H
#define PHXI_BACKOFF_H

#include <phx/client.h>

/* What a close asks of the next attempt. */
typedef enum phxi_close_class {
    PHXI_CLOSE_LONE,      /* it hit us alone: the first retry is fast */
    PHXI_CLOSE_EVERYBODY, /* the server drops everybody: the first retry is spread */
    PHXI_CLOSE_OUR_FAULT, /* the server found fault with what we sent: the first retry is slow */
} phxi_close_class;

/* The policy for a close code, or for an attempt that failed (0). Every code reconnects: only our
 * own disconnect is final. */
phxi_close_class phxi_close_classify(int32_t close_code);

/* A 64-bit generator (SplitMix64), for jitter only. */
uint64_t phxi_random_next(uint64_t *state);

/* Fills in the defaults. `base_ms`: for a policy that names none. */
void phxi_backoff_resolve(phx_backoff *backoff, uint32_t base_ms);

/* The wait before attempt `attempt`, 1 for the first retry. error->retry_after_ms is never
 * undercut. `is_rejoin` chooses phoenix.js's other table. */
uint32_t phxi_backoff_delay_ms(const phx_backoff *backoff, bool is_rejoin, uint32_t attempt,
                               const phx_error *error, uint64_t *random_state);

#endif
