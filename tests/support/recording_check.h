/* SPDX-License-Identifier: MIT */
/*
 * Takes an engine's recording and plays it: what was recorded must come out again.
 */
#ifndef RECORDING_CHECK_H
#define RECORDING_CHECK_H

#include "replay/player.h"

typedef struct played_recording {
    phxi_player_result result;
    uint64_t first_step; /* 0: none was played */
    uint64_t last_step;
    uint64_t gaps; /* besides what was forgotten before the first step */
    uint64_t lost;
    uint64_t checkpoints;
    char reason[256];
} played_recording;

/* The recording in a buffer of its own: free with phxi_buffer_free. */
phxi_buffer recording_of(phxi_engine *engine);
played_recording recording_play(const void *data, size_t length);
/* Makes the sums of the parts right again, in place. */
void recording_mend(uint8_t *data, size_t length);
/* Dumps, plays, and asserts that all was equal. */
played_recording recording_check(phxi_engine *engine);

#endif
