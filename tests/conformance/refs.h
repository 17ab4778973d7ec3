/* SPDX-License-Identifier: MIT */
/*
 * Which ref of ours stands for which of phoenix.js's. Only uniqueness is observable, so two runs
 * are equal when their refs are equal up to renaming, one to one over the whole script. Knows
 * frames by their refs, and nothing of what they mean.
 */
#ifndef REFS_H
#define REFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REFS_MAX = 16384,
};

typedef struct conf_refs {
    uint32_t ours[REFS_MAX];   /* by theirs; 0: not met */
    uint32_t theirs[REFS_MAX]; /* by ours */
} conf_refs;

/* Whether the frames are the same up to renaming; refs that are met for the first time are bound.
 */
bool refs_match_text(conf_refs *refs, const char *theirs, const char *ours, size_t ours_length);
bool refs_match_binary(conf_refs *refs, const char *theirs_hex, const uint8_t *ours,
                       size_t ours_length);

/* The server's frame with our refs instead of theirs; one that stands for none of ours becomes one
 * that we never use. Allocated; *out_length without the terminating NUL. */
char *refs_rewrite_text(const conf_refs *refs, const char *frame, size_t *out_length);
uint8_t *refs_rewrite_binary(const conf_refs *refs, const char *frame_hex, size_t *out_length);

/* Allocated. */
uint8_t *refs_unhex(const char *hex, size_t *out_length);

#endif
