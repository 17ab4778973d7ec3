/* SPDX-License-Identifier: MIT */
/*
 * Which posts may stay where they are when the feed becomes another list: the heaviest sequence
 * whose order is the same in both. Pure.
 */
#ifndef COMMUNITYI_STORE_ORDER_H
#define COMMUNITYI_STORE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One element of the new list. */
typedef struct communityi_order {
    size_t place;   /* in the old list, from 1 on; 0: it was not in it. No place twice */
    uint8_t weight; /* what keeping it saves */
    bool is_kept;   /* the outcome */
    size_t total;   /* working memory: the heaviest sequence that ends here, */
    size_t before;  /* and the element before this one in it, from 1 on; 0: none */
} communityi_order;

/* Sets is_kept in elements[count]. best[old_count + 1] is working memory. O(count log old_count).
 */
void communityi_order_keep(communityi_order *elements, size_t count, size_t *best,
                           size_t old_count);

#endif
