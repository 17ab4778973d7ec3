/* SPDX-License-Identifier: MIT */
/*
 * How long to wait before something is tried again: exponential, 1 s to 30 s, with jitter from a
 * seeded generator, so that a fleet does not come back in step and a test can replay a run.
 */
#ifndef COMMUNITYI_RETRY_H
#define COMMUNITYI_RETRY_H

#include <stdint.h>

enum {
    COMMUNITYI_RETRY_BASE_MS = 1000,
    COMMUNITYI_RETRY_MAX_MS = 30000
};

typedef struct communityi_retry {
    uint64_t random_state;
    uint32_t attempts;
} communityi_retry;

void communityi_retry_init(communityi_retry *retry, uint64_t seed);

/* The wait before the next attempt: between half of min(max, base * 2^attempts) and all of it. */
uint32_t communityi_retry_delay_ms(communityi_retry *retry);

/* All is well again: the next wait is a short one. */
void communityi_retry_reset(communityi_retry *retry);

#endif
