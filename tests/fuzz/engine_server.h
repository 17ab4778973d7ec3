/* SPDX-License-Identifier: MIT */
/*
 * What a server says to the engine of an engine_world: answers to what the client sent, true and
 * false ones, and a server that behaves.
 */
#ifndef ENGINE_SERVER_H
#define ENGINE_SERVER_H

#include "engine_world.h"

/* A message of the input's making, text or binary, about the refs that were sent or others. */
void server_say(engine_world *world, fuzz_input *input);

/* Opens what is being opened, answers everything with ok and lets time pass, until every channel is
 * joined, refused or gone and every push complete: from any state, that has to come. */
void server_behave(engine_world *world);

/* Says nothing any more, of a connection that sends heartbeats: the engine has to notice. */
void server_fall_silent(engine_world *world);

#endif
