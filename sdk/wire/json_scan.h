/* SPDX-License-Identifier: MIT */
/*
 * The inside of a JSON string; the reader's own.
 */
#ifndef PHXI_JSON_SCAN_H
#define PHXI_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The position of the closing quote of the string whose first byte behind the opening one is at
 * `position`. Without one: where the text ends, or where something is that may not be there, which
 * is never a quote. *has_escapes: a backslash was met.
 */
size_t phxi_json_scan_string(const uint8_t *data, size_t length, size_t position,
                             bool *has_escapes);

#endif
