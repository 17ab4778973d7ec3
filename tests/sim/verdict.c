/* SPDX-License-Identifier: MIT */
/*
 * The end of a failing run. The functions below the line stand in for cmocka's, which is not
 * linked: what a fake asserts is a failure of the seed.
 */
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "testing.h"

sim_verdict sim_current;

static noreturn void end(const char *what)
{
    sim_verdict *current = &sim_current;
    double seconds =
        current->now_ms == NULL ? 0 : (double)(*current->now_ms - current->start_ms) / 1000;
    (void)fflush(stdout);
    (void)fprintf(stderr,
                  "sim: seed %llu failed: %s at %.3f s, replay with: %s --seed %llu --trace\n",
                  (unsigned long long)current->seed, what, seconds, current->program,
                  (unsigned long long)current->seed);
    if (current->at_failure != NULL) {
        current->at_failure();
    }
    _exit(1);
}

void sim_fail(const char *format, ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    end(what);
}

/* --- instead of cmocka --- */

static void check_at(bool holds, const char *expression, const char *file, int line)
{
    sim_current.checks++;
    if (!holds) {
        sim_fail("%s:%d: %s", file, line, expression);
    }
}

void _assert_true(const LargestIntegralType result, const char *const expression,
                  const char *const file, const int line)
{
    check_at(result != 0, expression, file, line);
}

void _assert_int_equal(const LargestIntegralType a, const LargestIntegralType b,
                       const char *const file, const int line)
{
    if (a != b) {
        sim_fail("%s:%d: %llu is not %llu", file, line, (unsigned long long)a,
                 (unsigned long long)b);
    }
    check_at(true, "", file, line);
}

void _assert_in_range(const LargestIntegralType value, const LargestIntegralType minimum,
                      const LargestIntegralType maximum, const char *const file, const int line)
{
    check_at(value >= minimum && value <= maximum, "out of range", file, line);
}

void _assert_memory_equal(const void *const a, const void *const b, const size_t size,
                          const char *const file, const int line)
{
    check_at(memcmp(a, b, size) == 0, "different bytes", file, line);
}

void _fail(const char *const file, const int line)
{
    sim_fail("%s:%d: see above", file, line);
}

void print_error(const char *const format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
}
