/* SPDX-License-Identifier: MIT */
/*
 * Plays a recording: the same engine gets the same inputs again, and each step's actions must have
 * the hash that the device wrote down, and each checkpoint the same bytes. A recording is hostile
 * input: whatever the bytes, there is an end, an offset and a reason. For desks and tests: no
 * device library holds this.
 */
#ifndef PHXI_PLAYER_H
#define PHXI_PLAYER_H

#include "phx/engine.h"
#include "support/buffer.h"

typedef struct phxi_player phxi_player;

/* Texts are lines, each ended by '\n', without other control characters; the player's until the
 * next call. */
typedef struct phxi_player_step {
    uint64_t number;
    uint64_t now_ms;
    uint64_t missing; /* steps before this one that the recording does not have */
    bool is_lost;     /* the device ran out of memory in it: nothing is computed */
    const char *input;
    const char *actions;
    const char *state;
} phxi_player_step;

typedef enum phxi_player_result {
    PHXI_PLAYER_STEP,
    PHXI_PLAYER_END,       /* all was as it was on the device */
    PHXI_PLAYER_DIFFERENT, /* the actions or the state are not what the device had */
    PHXI_PLAYER_MALFORMED, /* no recording, cut short, or damaged */
    PHXI_PLAYER_NO_MEMORY,
} phxi_player_result;

/* PHX_ERROR_NO_MEMORY. data: borrowed until phxi_player_free. */
PHX_MUST_CHECK phx_status phxi_player_new(const phx_allocator *allocator, const uint8_t *data,
                                          size_t length, phxi_player **out_player);
void phxi_player_free(phxi_player *player);

/* The next step, played. With DIFFERENT the step is filled in, too. Anything but STEP is final. */
phxi_player_result phxi_player_next(phxi_player *player, phxi_player_step *out_step);

/* Why it ended early, with the step and the offset in the file; "" if it did not. */
const char *phxi_player_reason(const phxi_player *player);
/* Checkpoints that were compared, and were equal. */
uint64_t phxi_player_checkpoints(const phxi_player *player);

#endif
