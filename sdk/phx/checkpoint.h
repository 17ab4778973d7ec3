/* SPDX-License-Identifier: MIT */
/*
 * The engine's whole state as bytes, at a moment when nothing is left to pop: then no frame,
 * action, reply or envelope is part of it, and it is small. Each function writes or reads, by its
 * tape, so that the two cannot differ; to rebuild what hangs together is sdk/replay's task.
 *
 * Left out, because nothing that the engine does depends on it: payloads (of a push that is not
 * sent yet the length is kept), the text of the last error, the application's pointers, the seeds
 * of the maps.
 */
#ifndef PHXI_CHECKPOINT_H
#define PHXI_CHECKPOINT_H

#include "phx/recording.h"
#include "phx/types.h"

void phxi_checkpoint_config(phxi_tape *tape, phxi_engine_config *config);

/* The engine without its channels. */
void phxi_checkpoint_engine(phxi_tape *tape, phxi_engine *engine);
/* Without topic and pushes. */
void phxi_checkpoint_channel(phxi_tape *tape, phxi_channel *channel);
/* Without its texts. */
void phxi_checkpoint_push(phxi_tape *tape, phxi_push *push);

/* All of it: the engine; the number of channels and each with topic, number of pushes and each with
 * event and payload length; the ids of the channels that wait for their join, in order. */
void phxi_checkpoint_write(phxi_tape *tape, phxi_engine *engine);

#endif
