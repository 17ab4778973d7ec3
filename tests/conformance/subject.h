/* SPDX-License-Identifier: MIT */
/*
 * Our engine as the subject of a script: one call a step, and what it did in that step. Knows
 * nothing of phoenix.js and of rules. Time begins at 0 and moves only by a step.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "failing_allocator.h"
#include "phx/engine.h"

enum {
    SUBJECT_MAX_CHANNELS = 64,
    SUBJECT_MAX_PUSHES = 256,
    SUBJECT_MAX_EFFECTS = 512,
};

typedef enum effect_kind {
    EFFECT_OPEN,    /* an attempt begins */
    EFFECT_FRAME,   /* data: text, or binary */
    EFFECT_CLOSE,   /* number: the close code */
    EFFECT_OUTCOME, /* number: the push; text: the reply's status; status */
    EFFECT_MESSAGE, /* number: the channel; text: the event; data: the payload */
} effect_kind;

typedef struct conf_effect {
    effect_kind kind;
    uint64_t at_ms; /* since the script's begin */
    size_t number;
    phx_status status;
    bool is_binary;
    char *text; /* both allocated, and ended by NUL */
    char *data;
    size_t length;
} conf_effect;

typedef struct conf_subject {
    failing_allocator allocator;
    phxi_engine *engine;
    uint64_t now_ms;
    uint64_t epoch;
    bool is_up;               /* the connection that is there was reported open */
    int64_t close_latency_ms; /* of the close that is asked for next; < 0: it never ends */
    uint64_t closes_at_ms;    /* UINT64_MAX: no close is under way */
    char *params[SUBJECT_MAX_CHANNELS];
    phx_channel_state channels[SUBJECT_MAX_CHANNELS];
    conf_effect effects[SUBJECT_MAX_EFFECTS]; /* of the step */
    size_t effect_count;
} conf_subject;

/* The profile in which the engine does as phoenix.js does. */
phxi_engine_config subject_phoenix_js(void);
/* What phx_client takes, with phoenix.js's backoff, so that times are exact. */
phxi_engine_config subject_defaults(void);

void subject_start(conf_subject *subject, const phxi_engine_config *config);
/* Whether all memory was given back. */
bool subject_stop(conf_subject *subject);
/* Forgets the effects of the step before. */
void subject_begin_step(conf_subject *subject);

void subject_connect(conf_subject *subject);
void subject_disconnect(conf_subject *subject, int64_t latency_ms);
void subject_opened(conf_subject *subject);
void subject_closed(conf_subject *subject, int32_t close_code);
void subject_received(conf_subject *subject, phx_frame_kind kind, const void *data, size_t length);
void subject_advance(conf_subject *subject, uint64_t ms);
void subject_join(conf_subject *subject, size_t channel, const char *topic, const char *params,
                  uint32_t timeout_ms);
/* payload: text, or bytes. A push that is refused is an outcome. */
void subject_push(conf_subject *subject, size_t push, size_t channel, const char *event,
                  phx_slice payload, bool is_binary, uint32_t timeout_ms);
void subject_leave(conf_subject *subject, size_t channel);

phx_client_state subject_state(const conf_subject *subject);

#endif
