/* SPDX-License-Identifier: MIT */
/*
 * A blaster as a child process: something to connect to, and to be sent frames by.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

typedef struct bench_target {
    pid_t pid;
    FILE *orders;
    FILE *reports;
    uint16_t port;
    uint64_t cpu_begin_ns;
    uint64_t wall_begin_ns;
} bench_target;

/* Starts the program bench_blaster that lies beside this one. */
void bench_target_start(bench_target *target);
void bench_target_stop(bench_target *target);

/* Orders so many frames; this process's clocks start. */
void bench_target_blast(bench_target *target, uint64_t frames);
/* They have all been received: prints "NAME.cpu" (ns an event), "NAME.rate" (events/s), and of the
 * blaster "NAME.blaster_waited" (for this process, % of the time; 0: the blaster was the slower
 * one) and "NAME.blaster_cpu" (its own, ns an event). */
void bench_target_figures(bench_target *target, const char *name, uint64_t frames);
/* The same without figures, for warming up. */
void bench_target_finish(bench_target *target);

#endif
