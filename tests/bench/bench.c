/* SPDX-License-Identifier: MIT */
/*
 * Clocks, options and figures.
 */
#include "bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SKIPPED = 77
};

static uint64_t read_ns(clockid_t clock)
{
    struct timespec now = {0};
    bench_check(clock_gettime(clock, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t bench_cpu_ns(void)
{
    return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t bench_wall_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

/* Neither inlined nor left by a jump: callgrind has to see it begin and end. */
__attribute__((noinline)) void bench_measured(void (*body)(void *context), void *context)
{
    body(context);
    __asm__ volatile("" ::: "memory");
}

uint64_t bench_measured_cpu_ns(void (*body)(void *context), void *context)
{
    uint64_t begin_ns = bench_cpu_ns();
    bench_measured(body, context);
    return bench_cpu_ns() - begin_ns;
}

void bench_figure(const char *figure, double value, const char *unit, uint64_t n)
{
    (void)printf("{\"figure\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"n\":%" PRIu64 "}\n", figure,
                 value, unit, n);
    (void)fflush(stdout);
}

const char *bench_text(int argc, char **argv, const char *name, const char *fallback)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i] + 2, name) == 0) {
            return argv[i + 1];
        }
    }
    return fallback;
}

uint64_t bench_number(int argc, char **argv, const char *name, uint64_t fallback)
{
    const char *text = bench_text(argc, argv, name, NULL);
    return text == NULL ? fallback : strtoull(text, NULL, 10);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

double bench_median(double *values, uint64_t count)
{
    qsort(values, count, sizeof *values, compare);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

uint64_t bench_system_number(const char *path, const char *field)
{
    FILE *file = fopen(path, "r");
    char line[256];
    uint64_t number = 0;
    size_t length = strlen(field);
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, field, length) == 0 && line[length] == ':') {
            number = strtoull(line + length + 1, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return number;
}

noreturn void bench_fail(const char *what, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
    exit(EXIT_FAILURE);
}

noreturn void bench_skip(const char *reason)
{
    (void)printf("skipped: %s\n", reason);
    exit(SKIPPED);
}
