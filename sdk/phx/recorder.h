/* SPDX-License-Identifier: MIT */
/*
 * The flight recorder: the engine's last inputs, and for each the hash of the actions that came of
 * it, in memory that is bounded and taken at birth. Off, it is one branch an input and an action.
 *
 * A ring that forgets its oldest inputs can only be replayed if the state is known where it begins.
 * So the memory is PHXI_RECORDER_SLOTS slots, each a segment that begins with a checkpoint of the
 * engine and stands by itself; the oldest is overwritten as a whole, and three quarters of the
 * memory always hold what happened last. A slot is begun when the one before is nearly full and
 * nothing is left to pop, when a checkpoint is small. A burst that leaves no such moment, a state
 * whose checkpoint does not fit in half a slot, or lack of memory leaves a gap, which the numbers
 * of the steps show; recording goes on behind it. It never fails and never allocates.
 *
 * Secrets: what is written is a list of what may be, not of what may not. Kept are times, ids,
 * refs, topics, events, lengths, states and status codes. Never kept are payloads, of joins,
 * pushes, replies and messages; the status text of a reply beyond whether it is "ok"; the text of
 * an error. URLs, headers and tokens never reach the engine at all.
 */
#ifndef PHXI_RECORDER_H
#define PHXI_RECORDER_H

#include "phx/recording.h"
#include "phx/types.h"

enum {
    PHXI_RECORDER_SLOTS = 4,
    PHXI_RECORDER_MIN_BYTES = 16 * 1024,
};

typedef struct phxi_recorder_slot {
    uint8_t *data;
    size_t length; /* 0: not used yet */
} phxi_recorder_slot;

typedef struct phxi_recorder_backoff {
    phxi_engine *engine;
    phx_backoff original;
} phxi_recorder_backoff;

struct phxi_recorder {
    phxi_recorder_slot slots[PHXI_RECORDER_SLOTS];
    uint32_t current;
    phxi_tape tape; /* of the current slot */
    bool is_open;   /* the current slot takes steps */
    uint64_t steps;
    uint64_t retry_step; /* when to try a checkpoint again that did not fit */
    uint64_t last_now_ms;
    size_t step_start; /* in the slot, of a step whose outcome is still open */
    bool has_step;
    /* The open outcome. */
    uint64_t popped;
    uint64_t hash;
    uint32_t answers[PHXI_RECORDING_MAX_ANSWERS];
    uint32_t answer_count;
    bool is_lost;
    phxi_recorder_backoff reconnect;
    phxi_recorder_backoff rejoin;
};

/* Begins to record, before the engine's first input. Less than PHXI_RECORDER_MIN_BYTES counts as
 * that. PHX_ERROR_NO_MEMORY. The engine owns it. */
PHX_MUST_CHECK phx_status phxi_recorder_start(phxi_engine *engine, size_t bytes);

/* What the engine's inputs say, before they change anything. The engine has a recorder. */
void phxi_recorder_plain(phxi_engine *engine, phxi_input input, uint64_t now_ms);
void phxi_recorder_one(phxi_engine *engine, phxi_input input, uint64_t now_ms, uint64_t value);
void phxi_recorder_two(phxi_engine *engine, phxi_input input, uint64_t now_ms, uint64_t first,
                       uint64_t second);
void phxi_recorder_join(phxi_engine *engine, uint64_t now_ms, const phxi_join_request *request);
void phxi_recorder_push(phxi_engine *engine, uint64_t now_ms, const phxi_push_request *request);
void phxi_recorder_closed(phxi_engine *engine, uint64_t now_ms, const phx_error *error);
/* A message, begun before it is decoded, and what it was: NULL, not decoded. */
void phxi_recorder_message(phxi_engine *engine, uint64_t now_ms, size_t length);
void phxi_recorder_envelope(phxi_engine *engine, const phxi_envelope *envelope, bool is_binary);
/* What came of it. */
void phxi_recorder_popped(phxi_engine *engine, const phxi_action *action);
void phxi_recorder_answered(phxi_engine *engine, uint32_t answer);

/* The hash of an action, chained: what it says, without payloads and texts of errors. */
uint64_t phxi_action_hash(uint64_t hash, const phxi_engine *engine, const phxi_action *action);
/* As it is written. */
uint32_t phxi_action_hash_word(uint64_t hash);

/* Memory ran out inside an input: what follows cannot be computed from what came before. */
static inline phx_status phxi_engine_ran_out(phxi_engine *engine)
{
    if (engine->recorder != NULL) {
        engine->recorder->is_lost = true;
    }
    return PHX_ERROR_NO_MEMORY;
}

#endif
