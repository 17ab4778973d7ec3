/* SPDX-License-Identifier: MIT */
/*
 * What a Phoenix server with a kind channel answers to a text frame: ok, with the payload of what
 * is no event of the protocol's own.
 */
#ifndef TORTURE_PHOENIX_ANSWER_H
#define TORTURE_PHOENIX_ANSWER_H

#include <stddef.h>

enum {
    PHOENIX_ANSWER_BYTES = 1024
};

/* Writes the answer, and returns its length; 0: that is no frame of fewer than 512 bytes. */
size_t phoenix_answer(const char *frame, size_t length, char out[PHOENIX_ANSWER_BYTES]);

#endif
