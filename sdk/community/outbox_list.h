/* SPDX-License-Identifier: MIT */
/*
 * The outbox as an app sees it: a list of one block, copied out of the items.
 */
#ifndef COMMUNITYI_OUTBOX_LIST_H
#define COMMUNITYI_OUTBOX_LIST_H

#include "community/outbox_queue.h"

/* The items now but those that have an outcome and are not failed ones; one reference, the
 * caller's. NULL: out of memory. */
const community_outbox *communityi_outbox_list_new(const phx_allocator *allocator,
                                                   const communityi_outbox *outbox);

/* One item as the app sees it, its texts borrowed. */
community_outbox_item communityi_outbox_show(const communityi_outbox_item *item);

#endif
