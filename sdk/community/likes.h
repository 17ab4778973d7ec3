/* SPDX-License-Identifier: MIT */
/*
 * Likes that are shown before the server has answered: what the store holds for such a post is the
 * server's version with the user's like put in or taken out, and that version is kept here to go
 * back to. The server's word, whenever it comes, takes the place of both. Sans-I/O.
 */
#ifndef COMMUNITYI_LIKES_H
#define COMMUNITYI_LIKES_H

#include "community/outbox_queue.h"
#include "community/store.h"

typedef struct communityi_likes {
    const phx_allocator *allocator;
    communityi_store *store;
    phx_slice user_id; /* data NULL: nobody's; nothing is shown early */
    struct communityi_shown_like *first;
} communityi_likes;

void communityi_likes_init(communityi_likes *likes, const phx_allocator *allocator,
                           communityi_store *store, phx_slice user_id);
void communityi_likes_free(communityi_likes *likes);

/* What a toggle of this post's like means, as the feed shows it now. */
communityi_like_wish communityi_likes_wish(const communityi_likes *likes, phx_slice post_id);

/* The server has told of the likes of this post, or (data NULL) of all: the store holds its word.
 */
void communityi_likes_touch(communityi_likes *likes, communityi_outbox *outbox, phx_slice post_id);
/* The server has done a like; `post` is as in its answer, NULL if there was none. */
void communityi_likes_done(communityi_likes *likes, const communityi_outbox_item *item,
                           const community_post *post);
/*
 * Makes the feed show what waits in the outbox, and no more what came to nothing. False: there was
 * not enough memory for some of it, and the feed may show likes that the server does not have.
 */
bool communityi_likes_refresh(communityi_likes *likes, const communityi_outbox *outbox);

#endif
