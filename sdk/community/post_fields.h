/* SPDX-License-Identifier: MIT */
/*
 * The members of a post's JSON object, checked but still in the document: what a post or a patch is
 * then made of. Allocates nothing.
 */
#ifndef COMMUNITYI_POST_FIELDS_H
#define COMMUNITYI_POST_FIELDS_H

#include <community/post.h>

#include "wire/json_reader.h"

/* As `wanted`: every known member, and the unknown ones too. */
#define COMMUNITYI_WANT_ALL UINT32_MAX

/* Static texts for *out_reason. */
#define COMMUNITYI_NOT_JSON "not valid JSON"
#define COMMUNITYI_NOT_OBJECT "not an object"

/* Unknown members that follow each other are one run. A server that writes each known member at
 * most once makes at most nine, and one more if the author holds members that we do not know. */
enum {
    COMMUNITYI_MAX_EXTRA_RUNS = 16
};

/* An array of ids. */
typedef struct communityi_ids {
    phx_slice json;
    size_t count;
    size_t text_bytes; /* what the texts take at most, each with its NUL */
} communityi_ids;

/* Tokens of absent texts are all 0, here and below. */
typedef struct communityi_author_fields {
    phxi_json_token id;
    phxi_json_token name;
    phxi_json_token avatar_url;
    bool has_unknown; /* members that we do not know: the author is kept as it is written, too */
    const char *end;
} communityi_author_fields;

typedef struct communityi_post_fields {
    uint32_t members; /* COMMUNITY_POST_HAS_* */
    phxi_json_token id;
    phxi_json_token body;
    communityi_author_fields author;
    int64_t likes_count;
    int64_t comments_count;
    communityi_ids liked_by;
    int64_t inserted_at_ms;
    int64_t updated_at_ms;
    size_t extra_run_count;
    bool is_extra_open; /* the last member read belongs to the last run */
    phx_slice extra_runs[COMMUNITYI_MAX_EXTRA_RUNS]; /* from a key's quote to a value's last byte */
} communityi_post_fields;

/*
 * Reads the object whose OBJECT_BEGIN the reader just gave, to its end. `wanted`: the members that
 * matter, COMMUNITY_POST_HAS_* or-ed; the others are passed over whatever they hold. `id` always
 * matters. Returns NULL, or why the object is malformed.
 */
const char *communityi_post_fields_read(communityi_post_fields *fields, uint32_t wanted,
                                        phxi_json_reader *reader);

/* The same for all that a new reader reads, which is this object and nothing else. */
const char *communityi_post_fields_parse(communityi_post_fields *fields, uint32_t wanted,
                                         phxi_json_reader *reader);

/* Writes the ids to ids[count], their texts to *at. */
void communityi_ids_put(const communityi_ids *list, phx_slice *ids, char **at);

#endif
