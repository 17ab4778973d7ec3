/* SPDX-License-Identifier: MIT */
/*
 * A loop in virtual time, and a text that its callbacks write a word each to.
 */
#ifndef LOOP_WORLD_H
#define LOOP_WORLD_H

#include "failing_allocator.h"
#include "fake_poller.h"
#include "testing.h"

typedef struct loop_world {
    failing_allocator allocator;
    fake_poller poller;
    phx_loop *loop;
    char lines[1024];
} loop_world;

/* Fixtures of cmocka. The second releases the loop and checks that nothing is left of it. */
int loop_world_begin(void **state);
int loop_world_end(void **state);
/* The loop has ended and left nothing; there is another. */
void loop_world_restart(void **state);

void loop_world_say(loop_world *world, const char *word);
/* The words since the last call are exactly these, each with a space behind it. */
void loop_world_expect(loop_world *world, const char *words);
/* One turn without waiting. */
void loop_world_poll(loop_world *world);

#endif
