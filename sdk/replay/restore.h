/* SPDX-License-Identifier: MIT */
/*
 * An engine made from a checkpoint. For desks and tests: no device library holds this.
 */
#ifndef PHXI_RESTORE_H
#define PHXI_RESTORE_H

#include "phx/types.h"

/*
 * What a checkpoint of the result gives is `state` again, byte for byte. `config`: as recorded,
 * with the functions that the player gives. `judge` and `user_data`: of every channel. *out_reason:
 * static text, on PHX_ERROR_MALFORMED_FRAME: the bytes are no state that an engine can have, or
 * PHX_ERROR_NO_MEMORY.
 */
PHX_MUST_CHECK phx_status phxi_engine_restore(const phxi_engine_config *config,
                                              phx_join_verdict (*judge)(void *user_data,
                                                                        const phx_reply *reply),
                                              void *user_data, phx_slice state,
                                              phxi_engine **out_engine, const char **out_reason);

/* Whether a checkpoint of the engine gives `state`. PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status phxi_engine_matches(phxi_engine *engine, phx_slice state,
                                              bool *out_matches);

#endif
