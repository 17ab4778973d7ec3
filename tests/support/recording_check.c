/* SPDX-License-Identifier: MIT */
/*
 * See recording_check.h.
 */
#include "recording_check.h"

#include <stdio.h>

#include "phx/recording.h"
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

void recording_mend(uint8_t *data, size_t length)
{
    size_t at = PHXI_RECORDING_MAGIC_BYTES;
    while (at < length) {
        phxi_tape tape = phxi_tape_reader(data + at, length - at);
        uint64_t part = phxi_tape_get(&tape);
        size_t start = at + tape.position;
        if (tape.is_broken || part > length - start || length - start - part < 4) {
            return;
        }
        phxi_tape sum = phxi_tape_writer(data + start + part, 4);
        phxi_tape_put_word(&sum, phxi_recording_sum(data + start, (size_t)part));
        at = start + (size_t)part + 4;
    }
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
