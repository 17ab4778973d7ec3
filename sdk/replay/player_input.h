/* SPDX-License-Identifier: MIT */
/*
 * One recorded input: read, given to an engine, told. Knows nothing of segments and hashes.
 */
#ifndef PHXI_PLAYER_INPUT_H
#define PHXI_PLAYER_INPUT_H

#include "phx/recording.h"
#include "phx/types.h"

typedef struct phxi_player_input {
    phxi_input kind;
    uint64_t now_ms;
    uint64_t id; /* of a push or channel; an epoch */
    uint64_t channel_id;
    uint64_t length; /* of a payload, a frame, what was written; is_skipping */
    uint32_t timeout_ms;
    phx_overflow overflow;
    bool is_binary;
    phx_slice name;  /* topic of a join, event of a push */
    phx_error error; /* of CLOSED */
    unsigned bits;   /* of a message, and the rest of it: */
    bool has_join_ref;
    bool has_ref;
    uint64_t join_ref; /* 0: one that is no number */
    uint64_t ref;
    phx_slice topic;
    phx_slice event;
    uint64_t payload_length;
} phxi_player_input;

/* False: the tape is broken, or there is no such input. */
bool phxi_player_input_read(phxi_tape *tape, uint64_t last_now_ms, phxi_player_input *out);
/* `frame` and `filler`: memory to work with. PHX_ERROR_NO_MEMORY; what the engine answers otherwise
 * is the device's affair. */
PHX_MUST_CHECK phx_status phxi_player_input_apply(const phxi_player_input *input,
                                                  phxi_engine *engine,
                                                  const phxi_join_request *request,
                                                  phxi_buffer *frame, phxi_buffer *filler);

/* describe.c: one line each, but for the state. */
PHX_MUST_CHECK phx_status phxi_describe_input(phxi_buffer *out, const phxi_player_input *input);
PHX_MUST_CHECK phx_status phxi_describe_action(phxi_buffer *out, const phxi_engine *engine,
                                               const phxi_action *action);
PHX_MUST_CHECK phx_status phxi_describe_state(phxi_buffer *out, const phxi_engine *engine,
                                              uint64_t now_ms);

#endif
