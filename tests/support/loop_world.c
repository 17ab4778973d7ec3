/* SPDX-License-Identifier: MIT */
#include "loop_world.h"

void loop_world_say(loop_world *w, const char *word)
{
    assert_true(strlen(w->lines) + strlen(word) + 1 < sizeof w->lines);
    (void)strcat(strcat(w->lines, word), " ");
}

void loop_world_expect(loop_world *w, const char *lines)
{
    assert_string_equal(w->lines, lines);
    w->lines[0] = '\0';
}

int loop_world_begin(void **state)
{
    static loop_world w;
    failing_allocator_init(&w.allocator);
    fake_poller_init(&w.poller, 1);
    w.loop = fake_poller_loop(&w.poller, &w.allocator.port, NULL);
    w.lines[0] = '\0';
    *state = &w;
    return 0;
}

int loop_world_end(void **state)
{
    loop_world *w = *state;
    phx_loop_release(w->loop);
    assert_true(w->poller.is_released);
    assert_int_equal(atomic_load(&w->allocator.live_blocks), 0);
    return 0;
}

void loop_world_restart(void **state)
{
    loop_world *w = *state;
    assert_true(w->poller.is_released);
    assert_int_equal(atomic_load(&w->allocator.live_blocks), 0);
    (void)loop_world_begin(state);
}

void loop_world_poll(loop_world *w)
{
    assert_int_equal(phx_loop_poll(w->loop, 0), PHX_OK);
}
