/* SPDX-License-Identifier: MIT */
/*
 * How a run ends badly: with one line that names the seed and how to see it again. The assertions
 * of the fakes end here too.
 */
#ifndef SIM_VERDICT_H
#define SIM_VERDICT_H

#include <stdint.h>
#include <stdnoreturn.h>

/* The run that is under way, for the line. */
typedef struct sim_verdict {
    uint64_t seed;
    const uint64_t *now_ms; /* NULL: not started */
    uint64_t start_ms;
    const char *program;
    uint64_t checks;          /* of this run */
    void (*at_failure)(void); /* NULL: nothing */
} sim_verdict;

extern sim_verdict sim_current;

noreturn void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Counts a check, and fails with `what` unless it holds. */
#define sim_check(condition, ...)  \
    do {                           \
        sim_current.checks++;      \
        if (!(condition)) {        \
            sim_fail(__VA_ARGS__); \
        }                          \
    } while (0)

#endif
