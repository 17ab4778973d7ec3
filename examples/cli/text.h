/* SPDX-License-Identifier: MIT */
/*
 * Text that others wrote, made fit for a terminal: what would move the cursor, change colours,
 * reorder or hide text becomes something visible, and what is shown is measured in columns.
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include "out.h"

#include <phx/base.h>

/* Chooses a UTF-8 locale for measuring, whatever the environment says. Once, at the start. */
void text_init(void);

/* Reads one code point from a text of at least one byte, and returns its length in bytes. A byte
 * that is not UTF-8 counts as U+FFFD. */
size_t text_next(const char *data, size_t length, uint32_t *out_code_point);

/* Whether a terminal would act on it, or a reader not see it: controls, direction marks, invisible
 * ones. */
bool text_is_unsafe(uint32_t code_point);

/* Appends at most `columns` columns of the text, its last one an ellipsis if more was there.
 * Returns how many were used. SIZE_MAX: all of it. */
size_t text_show(struct out *out, phx_slice text, size_t columns);

/* Splits off the line that `columns` columns hold, at a line break, a space, or where it must be.
 */
phx_slice text_take_line(phx_slice *rest, size_t columns);

/* "12s", "3m", "5h", "2d", or the date. */
void text_age(struct out *out, int64_t then_ms, int64_t now_ms);

/* "2026-11-23T11:18:44.731Z"; false: the time has no such form. */
bool text_time(char text[32], int64_t wall_ms);

#endif
