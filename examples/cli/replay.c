/* SPDX-License-Identifier: MIT */
/*
 * replay: a recording of the flight recorder, computed again step by step: what came in, what the
 * client did, the state after it; and whether that is what it did when it was recorded.
 */
#include "commands.h"
#include "json_out.h"
#include "replay/player.h"
#include "support/alloc.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct replay {
    const struct options *options;
    struct out out;
    uint64_t steps;
    uint64_t first_ms;
};

/* False: errno says why. */
static bool read_file(const char *path, struct out *out)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    char part[16384];
    size_t length;
    errno = 0;
    while ((length = fread(part, 1, sizeof part, file)) > 0) {
        out_bytes(out, part, length);
    }
    int error = ferror(file) != 0 ? errno : out->error;
    (void)fclose(file);
    errno = error;
    return error == 0;
}

/* The lines of a text, each behind `before`. */
static void print_lines(struct out *out, const char *before, const char *lines)
{
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        out_text(out, before);
        (void)text_show(out, (phx_slice){lines, length}, SIZE_MAX);
        out_text(out, "\n");
        lines += length + (lines[length] == '\n' ? 1 : 0);
    }
}

static void print_step(struct replay *replay, const phxi_player_step *step)
{
    struct out *out = &replay->out;
    if (step->missing > 0) {
        out_format(out, "%" PRIu64 " steps before this are not in the recording\n", step->missing);
    }
    out_format(out, "step %" PRIu64 " at %" PRIu64 " ms", step->number,
               step->now_ms - replay->first_ms);
    print_lines(out, ": ", step->input);
    print_lines(out, "    -> ", step->actions);
    if (step->is_lost) {
        out_text(out, "    the device ran out of memory here\n");
    }
    print_lines(out, "    = ", step->state);
}

static void json_lines(struct out *out, const char *name, const char *lines)
{
    out_format(out, ",\"%s\":[", name);
    for (const char *comma = ""; *lines != '\0'; comma = ",") {
        size_t length = strcspn(lines, "\n");
        out_text(out, comma);
        json_text(out, (phx_slice){lines, length});
        lines += length + (lines[length] == '\n' ? 1 : 0);
    }
    out_text(out, "]");
}

static void print_json(struct replay *replay, const phxi_player_step *step)
{
    struct out *out = &replay->out;
    out_format(out, "{\"type\":\"step\",\"step\":%" PRIu64 ",\"at_ms\":%" PRIu64, step->number,
               step->now_ms - replay->first_ms);
    out_format(out, ",\"missing\":%" PRIu64 ",\"is_lost\":%s,\"input\":", step->missing,
               step->is_lost ? "true" : "false");
    json_text(out, (phx_slice){step->input, strcspn(step->input, "\n")});
    json_lines(out, "actions", step->actions);
    json_lines(out, "state", step->state);
    out_text(out, "}\n");
}

static void show_step(struct replay *replay, const phxi_player_step *step)
{
    const struct options *options = replay->options;
    replay->first_ms = replay->steps == 0 ? step->now_ms : replay->first_ms;
    replay->steps++;
    if (step->number < options->from || (options->to != 0 && step->number > options->to)) {
        return;
    }
    if (options->is_json) {
        print_json(replay, step);
    } else {
        print_step(replay, step);
    }
    if (replay->out.length > 65536) {
        (void)out_flush(&replay->out);
    }
}

/* Says how it ended, and returns the exit code. */
static int conclude(struct replay *replay, phxi_player_result result, const phxi_player *player)
{
    struct out *out = &replay->out;
    if (result != PHXI_PLAYER_END) {
        (void)out_flush(out);
        fprintf(stderr, "community: replay: %s\n", phxi_player_reason(player));
        if (result == PHXI_PLAYER_NO_MEMORY) {
            return EXIT_LOCAL;
        }
        return result == PHXI_PLAYER_DIFFERENT ? EXIT_DIFFERENT : EXIT_USAGE;
    }
    if (replay->options->is_json) {
        out_format(out, "{\"type\":\"end\",\"steps\":%" PRIu64 ",\"checkpoints\":%" PRIu64 "}\n",
                   replay->steps, phxi_player_checkpoints(player));
    } else {
        out_format(out, "%" PRIu64 " steps, %" PRIu64 " states compared: bit for bit as recorded\n",
                   replay->steps, phxi_player_checkpoints(player));
    }
    return EXIT_OK;
}

static int play(struct replay *replay, const struct out *file)
{
    phxi_player *player = NULL;
    if (phxi_player_new(&phxi_default_allocator, (const uint8_t *)file->data, file->length,
                        &player) != PHX_OK) {
        fputs("community: not enough memory\n", stderr);
        return EXIT_LOCAL;
    }
    phxi_player_step step;
    phxi_player_result result;
    while ((result = phxi_player_next(player, &step)) == PHXI_PLAYER_STEP) {
        show_step(replay, &step);
    }
    if (result == PHXI_PLAYER_DIFFERENT && step.number != 0) {
        show_step(replay, &step);
    }
    int exit_code = conclude(replay, result, player);
    phxi_player_free(player);
    return exit_code;
}

int command_replay(const struct options *options)
{
    struct replay replay = {.options = options};
    const char *path = options->arguments[0];
    struct out file;
    out_init(&file, -1);
    out_init(&replay.out, STDOUT_FILENO);
    int exit_code = EXIT_USAGE;
    if (read_file(path, &file)) {
        exit_code = play(&replay, &file);
    } else {
        fprintf(stderr, "community: %s cannot be read: %s\n", path, strerror(errno));
    }
    out_free(&file);
    int written = out_finish(&replay.out);
    return exit_code != EXIT_OK ? exit_code : written;
}
