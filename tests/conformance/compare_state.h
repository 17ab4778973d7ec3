/* SPDX-License-Identifier: MIT */
/*
 * What the comparison of one script keeps between steps, shared by its two halves: what went over
 * the wire (compare_wire.c) and what the application saw (compare.c).
 */
#ifndef COMPARE_STATE_H
#define COMPARE_STATE_H

#include "compare.h"
#include "refs.h"
#include "subject.h"

typedef struct push_record {
    uint64_t due_ms;  /* when it times out, counted from the push */
    bool is_buffered; /* it was not sent at once */
    bool is_excused;  /* it ended by a rule: what phoenix.js says of it later does not count */
} push_record;

typedef struct conf_comparison {
    conf_subject subject;
    conf_refs refs;
    rule_id without;
    push_record pushes[SUBJECT_MAX_PUSHES];
    const char *topics[SUBJECT_MAX_CHANNELS];
    const char *channel_states[SUBJECT_MAX_CHANNELS]; /* phoenix.js's */
    bool was_errored[SUBJECT_MAX_CHANNELS];           /* before the step */
    size_t channel_count;
    const char *socket_state; /* phoenix.js's */
    uint64_t step_began_ms;
    conf_divergence *divergence;
} conf_comparison;

bool compare_applies(const conf_comparison *comparison, rule_id rule);
/* Notes the divergence; false, for the caller to return. */
bool compare_differs(conf_comparison *comparison, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *compare_text(const cJSON *array, int index);
size_t compare_number(const cJSON *array, int index);

/* What went over the wire in this step. */
bool compare_wire(conf_comparison *comparison, const cJSON *step, const cJSON *effects);

#endif
