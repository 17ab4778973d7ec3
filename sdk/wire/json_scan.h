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
 * Moves *position from behind a string's opening quote to its closing one. False: the string does
 * not end, or something in it may not be there, and *position says where. *has_escapes: a backslash
 * was met.
 */
bool phxi_json_scan_string(const uint8_t *data, size_t length, size_t *position, bool *has_escapes);

#endif
