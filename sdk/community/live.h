/* SPDX-License-Identifier: MIT */
/*
 * The five live events of the architecture document's table: their names, their payloads, and what
 * each does to the feed. Pure; knows neither connection nor time.
 */
#ifndef COMMUNITYI_LIVE_H
#define COMMUNITYI_LIVE_H

#include "community/post_codec.h"
#include "community/store.h"

typedef enum communityi_live_kind {
    COMMUNITYI_LIVE_UNKNOWN = 0,
    COMMUNITYI_LIVE_NEW_POST,
    COMMUNITYI_LIVE_POST_UPDATED,
    COMMUNITYI_LIVE_POST_DELETED,
    COMMUNITYI_LIVE_LIKES_UPDATED,
    COMMUNITYI_LIVE_COMMENTS_UPDATED,
} communityi_live_kind;

/* One event, decoded: a whole post for the first two kinds, a patch for the others. */
typedef struct communityi_live {
    communityi_live_kind kind;
    const community_post *post;
    communityi_patch *patch;
} communityi_live;

/* COMMUNITYI_LIVE_UNKNOWN: not one of the five. */
communityi_live_kind communityi_live_kind_of(phx_slice name);

/* `payload`: a message's, so known to be valid JSON. *out: free with communityi_live_free; empty on
 * failure. Statuses and *out_reason as
 * communityi_post_decode; the reason is NULL but for a malformed one. */
PHX_MUST_CHECK phx_status communityi_live_decode(const phx_allocator *allocator,
                                                 communityi_live_kind kind, phx_slice payload,
                                                 communityi_live *out, const char **out_reason);
void communityi_live_free(const phx_allocator *allocator, communityi_live *live);

/* PHX_ERROR_NO_MEMORY: the feed is as it was. */
PHX_MUST_CHECK phx_status communityi_live_apply(const communityi_live *live,
                                                communityi_store *store, bool *out_changed);

#endif
