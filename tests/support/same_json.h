/* SPDX-License-Identifier: MIT */
/*
 * Whether the JSON reader and cJSON see the same in a document.
 */
#ifndef SAME_JSON_H
#define SAME_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

/* root: what cJSON made of data[length]. Its texts end at the first NUL, so what is behind one in
 * the reader's does not count. */
bool same_json(const void *data, size_t length, const cJSON *root);

#endif
