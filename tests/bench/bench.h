/* SPDX-License-Identifier: MIT */
/*
 * What every benchmark program shares: clocks, options, and the one line of JSON that a figure is.
 * A program takes one sample of each of its figures; tests/bench/run.sh runs all of them in turn
 * and takes the medians.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

/* User and system time of this process, all threads. */
uint64_t bench_cpu_ns(void);
uint64_t bench_wall_ns(void);

/*
 * Runs body(context). What is measured runs through here, so that callgrind can be told to collect
 * nothing else (--toggle-collect=bench_measured): set-up is never in a figure.
 */
void bench_measured(void (*body)(void *context), void *context);
/* The same, and the CPU time that it took. */
uint64_t bench_measured_cpu_ns(void (*body)(void *context), void *context);

/* Prints {"figure":...,"value":...,"unit":...,"n":...}; n: how many events, rounds or bytes the
 * value is the mean or sum of. */
void bench_figure(const char *figure, double value, const char *unit, uint64_t n);

/* The number behind --NAME on the command line. */
uint64_t bench_number(int argc, char **argv, const char *name, uint64_t fallback);
/* The text behind --NAME. */
const char *bench_text(int argc, char **argv, const char *name, const char *fallback);

/* The middle one; sorts. */
double bench_median(double *values, uint64_t count);

/* The number of a line "FIELD: NUMBER" in a file such as /proc/self/status; 0: none. */
uint64_t bench_system_number(const char *path, const char *field);

/* Ends the program with a message unless it holds: a benchmark of something else than was meant is
 * worth nothing. */
#define bench_check(holds) ((holds) ? (void)0 : bench_fail(#holds, __FILE__, __LINE__))
noreturn void bench_fail(const char *what, const char *file, int line);
/* Ends it with 77 and a reason: this machine cannot run it. */
noreturn void bench_skip(const char *reason);

#endif
