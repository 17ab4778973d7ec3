/* SPDX-License-Identifier: MIT */
/*
 * Timers as an intrusive pairing heap: arming and cancelling allocate nothing and cannot fail.
 * Timers of one deadline fire in the order in which they were armed.
 */
#ifndef PHXI_TIMER_HEAP_H
#define PHXI_TIMER_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct phxi_timer {
    uint64_t deadline_ms;
    uint64_t sequence;
    struct phxi_timer *child;
    struct phxi_timer *sibling;
    struct phxi_timer *back; /* parent of a first child, else the sibling before */
    bool is_armed;
    uint8_t kind; /* its owner's: what it means */
} phxi_timer;

typedef struct phxi_timer_heap {
    phxi_timer *root;
    uint64_t next_sequence;
} phxi_timer_heap;

/* Arms the timer, or moves it if it is armed. */
void phxi_timer_arm(phxi_timer_heap *heap, phxi_timer *timer, uint64_t deadline_ms);
/* Nothing if it is not armed. */
void phxi_timer_cancel(phxi_timer_heap *heap, phxi_timer *timer);
/* The deadline of the earliest; UINT64_MAX: none is armed. */
uint64_t phxi_timer_next_deadline(const phxi_timer_heap *heap);
/* Takes out and returns the earliest that is due at now_ms; NULL: none. */
phxi_timer *phxi_timer_pop_due(phxi_timer_heap *heap, uint64_t now_ms);

#endif
