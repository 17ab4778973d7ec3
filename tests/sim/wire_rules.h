/* SPDX-License-Identifier: MIT */
/*
 * What a client may say on one connection, and when: the rules of phoenix.js that a server can see.
 * Knows nothing of transports, faults or time.
 */
#ifndef SIM_WIRE_RULES_H
#define SIM_WIRE_RULES_H

#include "wire/envelope.h"

enum {
    SIM_WIRE_TOPICS = 16,
    SIM_TOPIC_BYTES = 32
};

/* The last join of a topic on this connection. */
typedef struct sim_wire_join {
    char topic[SIM_TOPIC_BYTES];
    uint64_t join_ref;
    bool is_answered; /* ok, and handed over */
    bool is_left;     /* by the client */
    bool is_over;     /* for the server: refused, crashed, closed, and handed over */
} sim_wire_join;

typedef struct sim_wire {
    uint64_t last_ref;
    sim_wire_join joins[SIM_WIRE_TOPICS];
    size_t count;
} sim_wire;

/* NULL: the frame is in order, and taken into account. Else what is wrong with it.
 * `may_be_missing`: a leave may have been lost for want of memory. */
const char *sim_wire_take(sim_wire *wire, const phxi_envelope *frame, bool may_be_missing);

/* NULL: there was none. */
sim_wire_join *sim_wire_find(sim_wire *wire, phx_slice topic);
/* Whether a broadcast reaches it. */
bool sim_wire_is_joined(const sim_wire_join *join);
/* 0: no ref. */
uint64_t sim_wire_ref(phx_slice text);
bool sim_wire_is(phx_slice slice, const char *text);

/* A client's binary push, decoded. False: it is none. */
bool sim_wire_decode_binary(const uint8_t *data, size_t length, phxi_envelope *out);

#endif
