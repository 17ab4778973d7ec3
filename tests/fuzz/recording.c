/* SPDX-License-Identifier: MIT */
/*
 * The player with what a device, or somebody in its name, sends to a desk. The input is a recording
 * whose sums are made right, so that what is behind them is reached. There is an end, the same each
 * time, with a reason if it is early; what is shown is lines of text that leave a terminal alone.
 */
#include "fuzz.h"
#include "recording_check.h"
#include "support/alloc.h"

typedef struct played {
    phxi_player_result result;
    uint64_t steps;
    uint64_t sum; /* of all that was shown */
} played;

static void take_lines(played *sums, const char *text)
{
    size_t length = strlen(text);
    FUZZ_CHECK(length == 0 || text[length - 1] == '\n');
    FUZZ_CHECK(fuzz_is_utf8(text, length));
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        FUZZ_CHECK(byte == '\n' || (byte >= 0x20 && byte != 0x7f));
        FUZZ_CHECK(byte != 0xc2 || (uint8_t)text[i + 1] >= 0xa0); /* the upper control characters */
        sums->sum = sums->sum * 1099511628211u + byte;
    }
}

static played play(const uint8_t *data, size_t size)
{
    played sums = {.result = PHXI_PLAYER_STEP};
    phxi_player *player = NULL;
    phxi_player_step step;
    FUZZ_CHECK(phxi_player_new(&phxi_default_allocator, data, size, &player) == PHX_OK);
    while ((sums.result = phxi_player_next(player, &step)) == PHXI_PLAYER_STEP) {
        FUZZ_CHECK(step.number > sums.steps);
        sums.steps = step.number;
        take_lines(&sums, step.input);
        take_lines(&sums, step.actions);
        take_lines(&sums, step.state);
    }
    FUZZ_CHECK((phxi_player_reason(player)[0] == '\0') == (sums.result == PHXI_PLAYER_END));
    FUZZ_CHECK(phxi_player_next(player, &step) == sums.result);
    phxi_player_free(player);
    return sums;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = fuzz_copy(data, size);
    recording_mend(copy, size);
    played first = play(copy, size);
    played second = play(copy, size);
    FUZZ_CHECK(first.result == second.result && first.steps == second.steps &&
               first.sum == second.sum);
    free(copy);
    return 0;
}
