/* SPDX-License-Identifier: MIT */
/*
 * Exponential backoff with jitter.
 */
#include "community/retry.h"

void communityi_retry_init(communityi_retry *retry, uint64_t seed)
{
    *retry = (communityi_retry){.random_state = seed};
}

/* SplitMix64: a few instructions, and any seed will do. */
static uint64_t next_random(communityi_retry *retry)
{
    retry->random_state += 0x9e3779b97f4a7c15u;
    uint64_t value = retry->random_state;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

uint32_t communityi_retry_delay_ms(communityi_retry *retry)
{
    uint32_t range_ms = COMMUNITYI_RETRY_BASE_MS;
    for (uint32_t i = 0; i < retry->attempts && range_ms < COMMUNITYI_RETRY_MAX_MS; i++) {
        range_ms *= 2;
    }
    if (range_ms > COMMUNITYI_RETRY_MAX_MS) {
        range_ms = COMMUNITYI_RETRY_MAX_MS;
    }
    retry->attempts += retry->attempts < UINT32_MAX ? 1 : 0;
    return range_ms / 2 + (uint32_t)(next_random(retry) % (range_ms / 2 + 1));
}

void communityi_retry_reset(communityi_retry *retry)
{
    retry->attempts = 0;
}
