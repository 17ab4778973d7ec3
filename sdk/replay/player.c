/* SPDX-License-Identifier: MIT */
/*
 * The file's structure, and what must be equal; see player.h and phx/recording.h.
 */
#include "replay/player.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "phx/checkpoint.h"
#include "phx/recorder.h"
#include "replay/player_input.h"
#include "replay/restore.h"
#include "support/alloc.h"

enum {
    MAX_TEXT_BYTES = 16 * 1024 * 1024,
    MAX_FILLER_BYTES = 65 * 1024 * 1024,
};

typedef struct outcome {
    uint64_t actions;
    uint32_t hash;
    uint32_t answers[PHXI_RECORDING_MAX_ANSWERS];
    uint32_t answer_count;
    uint32_t next_answer;
    bool is_lost;
    bool is_unasked; /* the engine asked for an answer that is not there */
} outcome;

struct phxi_player {
    const phx_allocator *allocator;
    phxi_tape file;
    phxi_tape segment;
    size_t segment_start; /* in the file */
    phxi_engine_config config;
    phxi_engine *engine; /* NULL: the next segment's checkpoint makes one */
    uint64_t steps;
    uint64_t last_now_ms;
    uint64_t checkpoints;
    outcome outcome;
    phxi_player_result result; /* STEP until it is over */
    char reason[256];
    phxi_buffer input_text;
    phxi_buffer action_text;
    phxi_buffer state_text;
    phxi_buffer frame;
    phxi_buffer filler;
};

static bool stop(phxi_player *player, phxi_player_result result, const char *what)
{
    size_t offset = player->segment.data != NULL ? player->segment_start + player->segment.position
                                                 : player->file.position;
    player->result = result;
    if (result == PHXI_PLAYER_DIFFERENT) {
        (void)snprintf(player->reason, sizeof player->reason, "step %" PRIu64 ": %s (offset %zu)",
                       player->steps, what, offset);
    } else {
        (void)snprintf(player->reason, sizeof player->reason,
                       "offset %zu, behind step %" PRIu64 ": %s", offset, player->steps, what);
    }
    return false;
}

static bool damaged(phxi_player *player, const char *what)
{
    return stop(player, PHXI_PLAYER_MALFORMED, what);
}

static bool out_of_memory(phxi_player *player)
{
    return stop(player, PHXI_PLAYER_NO_MEMORY, "this machine has not enough memory");
}

/* --- what the application had said --- */

static uint32_t next_answer(outcome *of)
{
    if (of->next_answer == of->answer_count) {
        of->is_unasked = true;
        return 0;
    }
    return of->answers[of->next_answer++];
}

static uint32_t answer_backoff(void *user_data, uint32_t attempt, const phx_error *error)
{
    (void)attempt;
    (void)error;
    return next_answer(&((phxi_player *)user_data)->outcome);
}

static phx_join_verdict answer_judge(void *user_data, const phx_reply *reply)
{
    (void)reply;
    return (phx_join_verdict)next_answer(&((phxi_player *)user_data)->outcome);
}

/* --- the file --- */

/* A part: a length, so many bytes, their sum. */
static bool open_part(phxi_player *player, phxi_tape *out, size_t *out_start)
{
    phxi_tape *file = &player->file;
    player->segment.data = NULL;
    uint64_t length = phxi_tape_get(file);
    *out_start = file->position;
    if (file->is_broken || length > file->length - file->position) {
        return damaged(player, "the file is cut short");
    }
    phx_slice bytes = phxi_tape_get_bytes(file, (size_t)length);
    uint32_t sum = phxi_tape_get_word(file);
    if (file->is_broken) {
        return damaged(player, "the file is cut short");
    }
    if (sum != phxi_recording_sum((const uint8_t *)bytes.data, bytes.length)) {
        return damaged(player, "the sum of the part that ends here is wrong: it was damaged");
    }
    *out = phxi_tape_reader((const uint8_t *)bytes.data, bytes.length);
    return true;
}

static bool is_backoff(phx_backoff *backoff, phxi_player *player)
{
    backoff->struct_size = (uint32_t)sizeof *backoff;
    backoff->delay_ms = answer_backoff;
    backoff->user_data = player;
    return backoff->kind >= PHX_BACKOFF_JITTER && backoff->kind <= PHX_BACKOFF_CUSTOM;
}

static bool read_head(phxi_player *player)
{
    phx_slice magic = phxi_tape_get_bytes(&player->file, PHXI_RECORDING_MAGIC_BYTES);
    bool is_recording =
        magic.data != NULL && memcmp(magic.data, PHXI_RECORDING_MAGIC, magic.length - 2) == 0;
    if (!is_recording) {
        return damaged(player, "this is no recording");
    }
    if (memcmp(magic.data, PHXI_RECORDING_MAGIC, magic.length) != 0) {
        return damaged(player, "a recording of another version");
    }
    phxi_tape head;
    size_t start;
    if (!open_part(player, &head, &start)) {
        return false;
    }
    phxi_engine_config *config = &player->config;
    phxi_checkpoint_config(&head, config);
    config->allocator = player->allocator;
    if (head.is_broken || head.position != head.length || !is_backoff(&config->reconnect, player) ||
        !is_backoff(&config->rejoin, player)) {
        return damaged(player, "the configuration is none");
    }
    return true;
}

/* The state behind steps, and whether it was played up to there. */
static bool take_checkpoint(phxi_player *player)
{
    phxi_tape *tape = &player->segment;
    (void)phxi_tape_get(tape);
    uint64_t steps = phxi_tape_get(tape);
    phx_slice state = phxi_tape_get_bytes(tape, phxi_tape_get_word(tape));
    if (tape->is_broken || steps < player->steps) {
        return damaged(player, "a checkpoint that cannot be");
    }
    bool is_same = false;
    if (player->engine != NULL && steps == player->steps) {
        if (phxi_engine_matches(player->engine, state, &is_same) != PHX_OK) {
            return out_of_memory(player);
        }
        is_same = is_same && player->engine->first_node == NULL;
        player->checkpoints++;
        return is_same || stop(player, PHXI_PLAYER_DIFFERENT, "the state differs");
    }
    phxi_engine_free(player->engine);
    player->engine = NULL;
    player->steps = steps;
    const char *reason;
    phx_status status =
        phxi_engine_restore(&player->config, answer_judge, player, state, &player->engine, &reason);
    if (status == PHX_ERROR_NO_MEMORY) {
        return out_of_memory(player);
    }
    return status == PHX_OK || damaged(player, reason);
}

/* False: there is none, or it stopped. */
static bool open_segment(phxi_player *player)
{
    if (player->file.position == player->file.length) {
        player->result = PHXI_PLAYER_END;
        return false;
    }
    phxi_tape segment;
    size_t start;
    if (!open_part(player, &segment, &start)) {
        return false;
    }
    player->segment = segment;
    player->segment_start = start;
    player->last_now_ms = 0;
    if (segment.length == 0 || segment.data[0] != PHXI_INPUT_CHECKPOINT) {
        return damaged(player, "a segment without a checkpoint");
    }
    return true;
}

/* Up to the next step: through checkpoints and segments. False: it is over. */
static bool find_step(phxi_player *player)
{
    for (;;) {
        phxi_tape *tape = &player->segment;
        if (tape->data == NULL || tape->position == tape->length) {
            if (!open_segment(player)) {
                return false;
            }
        } else if (tape->data[tape->position] == PHXI_INPUT_CHECKPOINT) {
            if (!take_checkpoint(player)) {
                return false;
            }
        } else {
            return true;
        }
    }
}

static bool read_outcome(phxi_player *player)
{
    phxi_tape *tape = &player->segment;
    outcome *out = &player->outcome;
    *out = (outcome){0};
    uint64_t head = phxi_tape_get(tape);
    out->actions = head >> 4;
    out->answer_count = (uint32_t)(head >> 1) & 7;
    out->is_lost = (head & 1) != 0;
    if (out->answer_count > PHXI_RECORDING_MAX_ANSWERS) {
        return damaged(player, "an outcome that cannot be");
    }
    for (uint32_t i = 0; i < out->answer_count; i++) {
        PHXI_TAPE(tape, out->answers[i]);
    }
    if (out->actions > 0) {
        out->hash = phxi_tape_get_word(tape);
    }
    return !tape->is_broken || damaged(player, "a step is cut short");
}

/* --- playing --- */

static bool pop_actions(phxi_player *player)
{
    uint64_t hash = 0;
    for (uint64_t i = 0; i < player->outcome.actions; i++) {
        phxi_action action;
        if (!phxi_engine_pop(player->engine, &action)) {
            return stop(player, PHXI_PLAYER_DIFFERENT, "the actions differ: there are fewer");
        }
        hash = phxi_action_hash(hash, player->engine, &action);
        if (phxi_describe_action(&player->action_text, player->engine, &action) != PHX_OK) {
            return out_of_memory(player);
        }
    }
    if (player->outcome.actions > 0 && phxi_action_hash_word(hash) != player->outcome.hash) {
        return stop(player, PHXI_PLAYER_DIFFERENT, "the actions differ");
    }
    if (player->outcome.is_unasked || player->outcome.next_answer != player->outcome.answer_count) {
        return stop(player, PHXI_PLAYER_DIFFERENT, "the application was asked something else");
    }
    return true;
}

static bool play(phxi_player *player, const phxi_player_input *input)
{
    phxi_join_request request = {.judge_refusal = answer_judge, .judge_user_data = player};
    phx_status status =
        phxi_player_input_apply(input, player->engine, &request, &player->frame, &player->filler);
    return status == PHX_OK ? pop_actions(player) : out_of_memory(player);
}

static bool end_text(phxi_buffer *text)
{
    return phxi_buffer_append_byte(text, '\0') == PHX_OK;
}

static bool end_texts(phxi_player *player)
{
    bool has_state =
        player->engine == NULL ||
        phxi_describe_state(&player->state_text, player->engine, player->last_now_ms) == PHX_OK;
    return has_state && end_text(&player->input_text) && end_text(&player->action_text) &&
           end_text(&player->state_text);
}

static bool play_step(phxi_player *player, phxi_player_step *out)
{
    phxi_player_input input;
    if (!phxi_player_input_read(&player->segment, player->last_now_ms, &input)) {
        return damaged(player, "no input that there is");
    }
    if (!read_outcome(player)) {
        return false;
    }
    if (player->engine == NULL) {
        return damaged(player, "a step without a state before it");
    }
    player->steps++;
    player->last_now_ms = input.now_ms;
    player->input_text.length = 0;
    player->action_text.length = 0;
    player->state_text.length = 0;
    if (phxi_describe_input(&player->input_text, &input) != PHX_OK) {
        return out_of_memory(player);
    }
    if (player->outcome.is_lost) {
        phxi_engine_free(player->engine);
        player->engine = NULL;
    } else if (!play(player, &input) && player->result != PHXI_PLAYER_DIFFERENT) {
        return false;
    }
    if (!end_texts(player)) {
        return out_of_memory(player);
    }
    out->number = player->steps;
    out->now_ms = input.now_ms;
    out->is_lost = player->outcome.is_lost;
    out->input = (const char *)player->input_text.data;
    out->actions = (const char *)player->action_text.data;
    out->state = (const char *)player->state_text.data;
    return player->result == PHXI_PLAYER_STEP;
}

phxi_player_result phxi_player_next(phxi_player *player, phxi_player_step *out_step)
{
    *out_step = (phxi_player_step){.input = "", .actions = "", .state = ""};
    uint64_t before = player->steps;
    if (player->result == PHXI_PLAYER_STEP && find_step(player)) {
        out_step->missing = player->steps - before;
        (void)play_step(player, out_step);
    }
    return player->result;
}

phx_status phxi_player_new(const phx_allocator *allocator, const uint8_t *data, size_t length,
                           phxi_player **out_player)
{
    *out_player = NULL;
    phxi_player *player = phxi_alloc_zero(allocator, sizeof *player);
    if (player == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    player->allocator = allocator;
    player->file = phxi_tape_reader(data, length);
    player->result = PHXI_PLAYER_STEP;
    phxi_buffer_init(&player->input_text, allocator, MAX_TEXT_BYTES);
    phxi_buffer_init(&player->action_text, allocator, MAX_TEXT_BYTES);
    phxi_buffer_init(&player->state_text, allocator, MAX_TEXT_BYTES);
    phxi_buffer_init(&player->frame, allocator, MAX_TEXT_BYTES);
    phxi_buffer_init(&player->filler, allocator, MAX_FILLER_BYTES);
    (void)read_head(player);
    *out_player = player;
    return PHX_OK;
}

void phxi_player_free(phxi_player *player)
{
    if (player == NULL) {
        return;
    }
    phxi_engine_free(player->engine);
    phxi_buffer_free(&player->input_text);
    phxi_buffer_free(&player->action_text);
    phxi_buffer_free(&player->state_text);
    phxi_buffer_free(&player->frame);
    phxi_buffer_free(&player->filler);
    phxi_free(player->allocator, player);
}

const char *phxi_player_reason(const phxi_player *player)
{
    return player->reason;
}

uint64_t phxi_player_checkpoints(const phxi_player *player)
{
    return player->checkpoints;
}
