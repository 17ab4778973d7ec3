/* SPDX-License-Identifier: MIT */
/*
 * Live events: one row of the document's table each.
 */
#include "community/live.h"

#include <string.h>

static const struct {
    const char *name;
    communityi_live_kind kind;
} names[] = {
    {"new_post", COMMUNITYI_LIVE_NEW_POST},
    {"post_updated", COMMUNITYI_LIVE_POST_UPDATED},
    {"post_deleted", COMMUNITYI_LIVE_POST_DELETED},
    {"post_likes_updated", COMMUNITYI_LIVE_LIKES_UPDATED},
    {"post_comments_updated", COMMUNITYI_LIVE_COMMENTS_UPDATED},
};

communityi_live_kind communityi_live_kind_of(phx_slice name)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i].name) == name.length &&
            memcmp(names[i].name, name.data, name.length) == 0) {
            return names[i].kind;
        }
    }
    return COMMUNITYI_LIVE_UNKNOWN;
}

phx_status communityi_live_decode(const phx_allocator *allocator, communityi_live_kind kind,
                                  phx_slice payload, communityi_live *out, const char **out_reason)
{
    *out = (communityi_live){.kind = kind};
    *out_reason = NULL;
    switch (kind) {
    case COMMUNITYI_LIVE_NEW_POST:
    case COMMUNITYI_LIVE_POST_UPDATED:
        return communityi_post_decode_checked(allocator, payload, &out->post, out_reason);
    case COMMUNITYI_LIVE_POST_DELETED:
        return communityi_patch_decode(allocator, COMMUNITYI_PATCH_DELETE, payload.data,
                                       payload.length, &out->patch, out_reason);
    case COMMUNITYI_LIVE_LIKES_UPDATED:
        return communityi_patch_decode(allocator, COMMUNITYI_PATCH_LIKES, payload.data,
                                       payload.length, &out->patch, out_reason);
    case COMMUNITYI_LIVE_COMMENTS_UPDATED:
        return communityi_patch_decode(allocator, COMMUNITYI_PATCH_COMMENTS, payload.data,
                                       payload.length, &out->patch, out_reason);
    case COMMUNITYI_LIVE_UNKNOWN:
        break;
    }
    return PHX_ERROR_INVALID_ARGUMENT;
}

void communityi_live_free(const phx_allocator *allocator, communityi_live *live)
{
    community_post_release(live->post);
    if (live->patch != NULL) {
        communityi_patch_free(allocator, live->patch);
    }
    *live = (communityi_live){.kind = live->kind};
}

phx_status communityi_live_apply(const communityi_live *live, communityi_store *store,
                                 bool *out_changed)
{
    *out_changed = false;
    switch (live->kind) {
    case COMMUNITYI_LIVE_NEW_POST:
        return communityi_store_prepend(store, live->post, out_changed);
    case COMMUNITYI_LIVE_POST_UPDATED:
        return communityi_store_replace(store, live->post, out_changed);
    case COMMUNITYI_LIVE_POST_DELETED:
        return communityi_store_remove(store, live->patch->id, live->patch->id_length, out_changed);
    case COMMUNITYI_LIVE_LIKES_UPDATED:
    case COMMUNITYI_LIVE_COMMENTS_UPDATED:
        return communityi_store_patch(store, live->patch, out_changed);
    case COMMUNITYI_LIVE_UNKNOWN:
        break;
    }
    return PHX_ERROR_INVALID_ARGUMENT;
}
