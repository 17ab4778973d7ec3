/* SPDX-License-Identifier: MIT */
/*
 * What a refused join says of trying again. A table, because Phoenix leaves the reasons to each
 * application; what is not in it is tried again, as phoenix.js does with all.
 */
#include <phx/channel.h>

#include <string.h>

#include "wire/json.h"

typedef struct known_reason {
    const char *reason;
    phx_join_verdict verdict;
} known_reason;

static const known_reason known_reasons[] = {
    {"unauthorized", PHX_JOIN_UNAUTHORIZED},  {"unauthenticated", PHX_JOIN_UNAUTHORIZED},
    {"invalid_token", PHX_JOIN_UNAUTHORIZED}, {"token_expired", PHX_JOIN_UNAUTHORIZED},
    {"unmatched topic", PHX_JOIN_PERMANENT}, /* Phoenix's own */
    {"unknown_topic", PHX_JOIN_PERMANENT},    {"not_a_member", PHX_JOIN_PERMANENT},
    {"forbidden", PHX_JOIN_PERMANENT},        {"not_found", PHX_JOIN_PERMANENT},
};

phx_join_verdict phx_join_verdict_of(const phx_reply *reply)
{
    char reason[64];
    if (reply->is_binary || reply->response.data == NULL ||
        !phxi_json_member_text(reply->response.data, reply->response.length, "reason", reason,
                               sizeof reason)) {
        return PHX_JOIN_RETRY;
    }
    for (size_t i = 0; i < sizeof known_reasons / sizeof known_reasons[0]; i++) {
        if (strcmp(reason, known_reasons[i].reason) == 0) {
            return known_reasons[i].verdict;
        }
    }
    return PHX_JOIN_RETRY;
}
