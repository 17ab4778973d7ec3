/* SPDX-License-Identifier: MIT */
/*
 * The pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986), merged in two passes without
 * recursion: the number of timers must not show on the stack.
 */
#include "support/timer_heap.h"

static bool is_before(const phxi_timer *a, const phxi_timer *b)
{
    return a->deadline_ms < b->deadline_ms ||
           (a->deadline_ms == b->deadline_ms && a->sequence < b->sequence);
}

/* Both are roots without siblings, or NULL. */
static phxi_timer *merge(phxi_timer *a, phxi_timer *b)
{
    if (a == NULL || b == NULL) {
        return a == NULL ? b : a;
    }
    if (is_before(b, a)) {
        phxi_timer *swap = a;
        a = b;
        b = swap;
    }
    b->sibling = a->child;
    b->back = a;
    if (a->child != NULL) {
        a->child->back = b;
    }
    a->child = b;
    return a;
}

static phxi_timer *detach(phxi_timer *timer)
{
    phxi_timer *next = timer->sibling;
    timer->sibling = NULL;
    timer->back = NULL;
    return next;
}

/* Merges a list of siblings into one root: pairs from left to right, then the pairs from the last.
 */
static phxi_timer *merge_siblings(phxi_timer *first)
{
    phxi_timer *pairs = NULL;
    while (first != NULL) {
        phxi_timer *a = first;
        phxi_timer *b = detach(a);
        first = b == NULL ? NULL : detach(b);
        phxi_timer *pair = merge(a, b);
        pair->sibling = pairs;
        pairs = pair;
    }
    phxi_timer *root = NULL;
    while (pairs != NULL) {
        phxi_timer *next = detach(pairs);
        root = merge(root, pairs);
        pairs = next;
    }
    return root;
}

void phxi_timer_cancel(phxi_timer_heap *heap, phxi_timer *timer)
{
    if (!timer->is_armed) {
        return;
    }
    timer->is_armed = false;
    phxi_timer *children = merge_siblings(timer->child);
    timer->child = NULL;
    if (timer == heap->root) {
        heap->root = children;
        return;
    }
    if (timer->back->child == timer) {
        timer->back->child = timer->sibling;
    } else {
        timer->back->sibling = timer->sibling;
    }
    if (timer->sibling != NULL) {
        timer->sibling->back = timer->back;
    }
    (void)detach(timer);
    heap->root = merge(heap->root, children);
}

void phxi_timer_arm(phxi_timer_heap *heap, phxi_timer *timer, uint64_t deadline_ms)
{
    phxi_timer_cancel(heap, timer);
    timer->deadline_ms = deadline_ms;
    timer->sequence = heap->next_sequence++;
    timer->child = NULL;
    timer->sibling = NULL;
    timer->back = NULL;
    timer->is_armed = true;
    heap->root = merge(heap->root, timer);
}

uint64_t phxi_timer_next_deadline(const phxi_timer_heap *heap)
{
    return heap->root == NULL ? UINT64_MAX : heap->root->deadline_ms;
}

phxi_timer *phxi_timer_pop_due(phxi_timer_heap *heap, uint64_t now_ms)
{
    phxi_timer *timer = heap->root;
    if (timer == NULL || timer->deadline_ms > now_ms) {
        return NULL;
    }
    phxi_timer_cancel(heap, timer);
    return timer;
}
