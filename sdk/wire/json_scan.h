/* SPDX-License-Identifier: MIT */
/*
 * The inside of a JSON string; the reader's own.
 */
#ifndef PHXI_JSON_SCAN_H
#define PHXI_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an event passes dozens of times: inlined wherever it is called, where speed counts. */
#if defined __OPTIMIZE__ && !defined __OPTIMIZE_SIZE__
#define PHXI_HOT static inline __attribute__((always_inline))
#else
#define PHXI_HOT static
#endif

/*
 * `at`: the closing quote of the string whose first byte behind the opening one was at `position`.
 * Without one: where the text ends, or where something is that may not be there, which is never a
 * quote.
 */
typedef struct phxi_json_string_end {
    size_t at;
    bool has_escapes; /* a backslash was met */
} phxi_json_string_end;

/* is_checked: no byte is a control character or no part of UTF-8; one that is passes. Escapes are
 * looked at all the same. */
phxi_json_string_end phxi_json_scan_string(const uint8_t *data, size_t length, size_t position,
                                           bool is_checked);

#endif
