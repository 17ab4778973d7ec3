/* SPDX-License-Identifier: MIT */
/*
 * See recording_check.h.
 */
#include "recording_check.h"

#include <stdio.h>

#include "support/alloc.h"
#include "testing.h"

static phx_status append(void *user_data, const uint8_t *data, size_t length)
{
    return phxi_buffer_append(user_data, data, length);
}

phxi_buffer recording_of(phxi_engine *engine)
{
    phxi_buffer recording;
    phxi_buffer_init(&recording, &phxi_default_allocator, SIZE_MAX / 2);
    assert_int_equal(phxi_engine_dump_recording(engine, append, &recording), PHX_OK);
    return recording;
}

played_recording recording_play(const void *data, size_t length)
{
    played_recording played = {0};
    phxi_player *player = NULL;
    assert_int_equal(phxi_player_new(&phxi_default_allocator, data, length, &player), PHX_OK);
    phxi_player_step step;
    while ((played.result = phxi_player_next(player, &step)) == PHXI_PLAYER_STEP) {
        played.gaps += played.first_step != 0 && step.missing > 0 ? 1 : 0;
        played.first_step = played.first_step == 0 ? step.number : played.first_step;
        played.last_step = step.number;
        played.lost += step.is_lost ? 1 : 0;
        assert_true(step.input[0] != '\0');
    }
    played.checkpoints = phxi_player_checkpoints(player);
    (void)snprintf(played.reason, sizeof played.reason, "%s", phxi_player_reason(player));
    phxi_player_free(player);
    return played;
}

played_recording recording_check(phxi_engine *engine)
{
    phxi_buffer recording = recording_of(engine);
    played_recording played = recording_play(recording.data, recording.length);
    if (played.result != PHXI_PLAYER_END) {
        print_error("replay: %s\n", played.reason);
    }
    assert_int_equal(played.result, PHXI_PLAYER_END);
    phxi_buffer_free(&recording);
    return played;
}
