/* SPDX-License-Identifier: MIT */
/*
 * Carrying out and checking what the engine of an engine_world wants done.
 */
#ifndef ENGINE_ACTIONS_H
#define ENGINE_ACTIONS_H

#include "engine_world.h"

/* Pops every action. */
void world_carry_out(engine_world *world);

#endif
