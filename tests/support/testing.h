/* SPDX-License-Identifier: MIT */
/*
 * What every test includes: cmocka with the headers that it wants before it, and a few assertions
 * and a seeded generator of random numbers.
 */
#ifndef TESTING_H
#define TESTING_H

#include <phx/base.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Last: it includes none of those that it needs. */
#include <cmocka.h>

/* Both are macros, so that a failure names the line of the test. */
#define assert_bytes(bytes, count, expected, expected_count)      \
    do {                                                          \
        assert_int_equal(count, expected_count);                  \
        if ((expected_count) > 0) {                               \
            assert_memory_equal(bytes, expected, expected_count); \
        }                                                         \
    } while (0)
/* The slice is there and holds exactly this text. */
#define assert_slice(slice, expected)                                           \
    do {                                                                        \
        assert_non_null((slice).data);                                          \
        assert_bytes((slice).data, (slice).length, expected, strlen(expected)); \
    } while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* The next of a sequence that the seed decides (splitmix64). */
static inline uint64_t random_next(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 to limit - 1. */
static inline size_t random_below(uint64_t *seed, size_t limit)
{
    return (size_t)(random_next(seed) % limit);
}

#endif
