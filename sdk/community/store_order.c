/* SPDX-License-Identifier: MIT */
/*
 * The heaviest increasing subsequence, by a Fenwick tree of maxima over the old places.
 */
#include "community/store_order.h"

#include <string.h>

/* The lowest bit that is set. */
static size_t lowest_bit(size_t value)
{
    return value & (~value + 1);
}

/* The total of the sequence that ends at `element`, from 1 on; 0 is the empty one. */
static size_t total_of(const communityi_order *elements, size_t element)
{
    return element == 0 ? 0 : elements[element - 1].total;
}

/* The element at which the heaviest sequence within the places 1 to `place` ends. */
static size_t heaviest_until(const communityi_order *elements, const size_t *best, size_t place)
{
    size_t heaviest = 0;
    for (; place > 0; place -= lowest_bit(place)) {
        if (total_of(elements, best[place]) > total_of(elements, heaviest)) {
            heaviest = best[place];
        }
    }
    return heaviest;
}

static void offer(const communityi_order *elements, size_t *best, size_t old_count, size_t element)
{
    for (size_t place = elements[element - 1].place; place <= old_count;
         place += lowest_bit(place)) {
        if (total_of(elements, element) > total_of(elements, best[place])) {
            best[place] = element;
        }
    }
}

void communityi_order_keep(communityi_order *elements, size_t count, size_t *best, size_t old_count)
{
    memset(best, 0, (old_count + 1) * sizeof *best);
    for (size_t i = 0; i < count; i++) {
        communityi_order *element = &elements[i];
        element->is_kept = false;
        if (element->place > 0) {
            element->before = heaviest_until(elements, best, element->place - 1);
            element->total = total_of(elements, element->before) + element->weight;
            offer(elements, best, old_count, i + 1);
        }
    }
    size_t at = heaviest_until(elements, best, old_count);
    for (; at > 0; at = elements[at - 1].before) {
        elements[at - 1].is_kept = true;
    }
}
