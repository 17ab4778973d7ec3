/* SPDX-License-Identifier: MIT */
/*
 * The terminal as a device: its size, the alternate screen, keys without line ends; and everything
 * put back, however the program ends. It must not know what is drawn.
 */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>

struct term_size {
    size_t columns;
    size_t rows;
};

/* False: stdout is no terminal. */
bool term_read_size(struct term_size *out);

/* Whether stdin and stdout are a terminal that can be drawn on. */
bool term_can_draw(void);

/* Takes the terminal; false: it cannot be. */
bool term_enter(void);

/* Gives it back as it was. Does nothing when it is not taken. */
void term_leave(void);

/* Gives it back, stops the process as Ctrl-Z does, and takes it again when the process goes on. */
void term_suspend(void);

/* A descriptor from which each signal of those that end, resize or suspend can be read as a byte,
 * its number. -1: none to be had. with_suspend: also SIGTSTP. */
int term_open_signals(bool with_suspend);

#endif
