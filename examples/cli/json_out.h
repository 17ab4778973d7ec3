/* SPDX-License-Identifier: MIT */
/*
 * What the program prints as JSON: posts, changes, states, errors, counters, one object a line. Ids
 * are always strings, times always UTC with milliseconds, what the server did not send is null.
 */
#ifndef CLI_JSON_OUT_H
#define CLI_JSON_OUT_H

#include "out.h"

#include <community/community.h>

void json_text(struct out *out, phx_slice text);
void json_post(struct out *out, const community_post *post);

/* {"type":"state",...} and so on, each with its line end. */
void json_status(struct out *out, const community_status *status);
void json_change(struct out *out, const community_change *change,
                 const community_snapshot *snapshot);
void json_error(struct out *out, const phx_error *error);
void json_stats(struct out *out, const community_stats *stats);
void json_snapshot(struct out *out, const community_status *status,
                   const community_snapshot *snapshot);

/* A text that is JSON already, on one line. */
void json_raw(struct out *out, phx_slice json);

/* The names that the other views use too. */
const char *state_name(community_state state);
const char *freshness_name(community_freshness freshness);
const char *change_name(community_change_kind kind);

#endif
