/* SPDX-License-Identifier: MIT */
/*
 * Frames as ["1","2","room:a","event",PAYLOAD], without commas in the first four.
 */
#include "phoenix_answer.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

size_t phoenix_answer(const char *frame, size_t length, char out[PHOENIX_ANSWER_BYTES])
{
    char parts[4][64];
    char line[512];
    int payload = 0;
    if (length >= sizeof line) {
        return 0;
    }
    memcpy(line, frame, length);
    line[length] = '\0';
    if (sscanf(line, "[%63[^,],%63[^,],%63[^,],%63[^,],%n", parts[0], parts[1], parts[2], parts[3],
               &payload) != 4) {
        return 0;
    }
    bool is_own = strncmp(parts[3], "\"phx_", 5) == 0 || strcmp(parts[2], "\"phoenix\"") == 0;
    int written = snprintf(
        out, PHOENIX_ANSWER_BYTES, "[%s,%s,%s,\"phx_reply\",{\"status\":\"ok\",\"response\":%.*s}]",
        parts[0], parts[1], parts[2], is_own ? 2 : (int)strlen(line + payload) - 1,
        is_own ? "{}" : line + payload);
    return written > 0 ? (size_t)written : 0;
}
