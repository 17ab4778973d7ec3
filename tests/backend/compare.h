/* SPDX-License-Identifier: MIT */
/*
 * Messages as JSON: whether two say the same but for ids, times and pictures, which every run makes
 * anew; and the parts of a message in either serializer.
 */
#ifndef TEST_BACKEND_COMPARE_H
#define TEST_BACKEND_COMPARE_H

#include <cjson/cJSON.h>

#include <stdbool.h>

bool same_message(const char *recorded, const char *received);
/* The event's name ("" if none) and the payload (NULL if none) of a parsed message. */
const char *event_of(const cJSON *message);
const cJSON *payload_of(const cJSON *message);

#endif
