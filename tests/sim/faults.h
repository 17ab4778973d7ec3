/* SPDX-License-Identifier: MIT */
/*
 * The faults that a run may meet, each with how likely it can be made, and what of them and of the
 * states was really reached: a kind that never fires shows a simulator that tests less than it
 * says.
 */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, most per mille at each opportunity, text). */
#define SIM_FAULTS(X)                                          \
    /* at every step */                                        \
    X(DROP, 30, "connection dropped")                          \
    X(HALF_OPEN, 8, "link half open")                          \
    X(STALL, 20, "link stalled")                               \
    X(SLOW_CONSUMER, 15, "server reads slowly")                \
    X(CHANNEL_CRASH, 20, "channel crashed")                    \
    X(CHANNEL_CLOSE, 10, "channel closed by the server")       \
    X(SLEEP, 6, "device slept")                                \
    X(WALL_JUMP, 15, "wall clock jumped")                      \
    X(TOKEN_EXPIRED, 8, "token expired")                       \
    X(KEYCHAIN_FAILED, 8, "keychain failed")                   \
    X(TOKEN_PENDING, 8, "token pending")                       \
    X(MALFORMED_FRAME, 30, "malformed frame")                  \
    X(STRAY_FRAME, 20, "frame of nobody")                      \
    X(SERVER_DOWN, 6, "server down")                           \
    X(STORAGE_FAILED, 15, "storage failed")                    \
    X(RESTART, 5, "client restarted")                          \
    X(FACT, 60, "fact changed")                                \
    X(OUT_OF_MEMORY, 30, "memory refused")                     \
    /* at every opportunity */                                 \
    X(HANDSHAKE_REFUSED, 200, "handshake refused")             \
    X(HANDSHAKE_FAILED, 150, "handshake failed")               \
    X(HANDSHAKE_SILENT, 60, "handshake not answered")          \
    X(HANDSHAKE_SLOW, 100, "handshake slow")                   \
    X(OPEN_FAILED, 60, "transport could not begin")            \
    X(SEND_FAILED, 4, "transport could not send")              \
    X(REPLY_LATE, 100, "reply late")                           \
    X(REPLY_DOUBLED, 100, "reply doubled")                     \
    X(REPLY_REORDERED, 100, "reply overtaken")                 \
    X(REPLY_LOST, 40, "reply lost")                            \
    X(JOIN_REFUSED, 150, "join refused")                       \
    X(JOIN_SLOW, 60, "join held the socket up")                \
    X(EVENT_MANGLED, 15, "event cut short")                    \
    X(EVENT_DOUBLED, 60, "event doubled")                      \
    X(REST_UNSENT, 60, "request not sent")                     \
    X(REST_LOST_BEFORE, 60, "request lost")                    \
    X(REST_LOST_AFTER, 60, "answer lost")                      \
    X(REST_FAILED, 60, "request failed (5xx)")                 \
    X(REST_LIMITED, 40, "request limited (429)")               \
    X(REST_REFUSED, 40, "request refused (4xx)")               \
    X(REST_UNAUTHORIZED, 15, "request refused (401)")          \
    X(REST_GARBAGE, 20, "answer is no JSON")                   \
    /* what the application runs into; no chance of its own */ \
    X(QUEUE_FULL, 0, "queue full")                             \
    X(CALL_INSIDE, 0, "call inside a callback")

typedef enum sim_fault_kind {
#define SIM_FAULT_ENUMERATOR(name, per_mille, text) SIM_##name,
    SIM_FAULTS(SIM_FAULT_ENUMERATOR)
#undef SIM_FAULT_ENUMERATOR
    SIM_FAULT_KINDS
} sim_fault_kind;

enum {
    SIM_CLIENT_STATES = 6,
    SIM_CHANNEL_STATES = 6,
    SIM_COMMUNITY_STATES = 5,
    SIM_FRESHNESSES = 3,
    SIM_CLOSE_CODES = 19,
    SIM_HTTP_STATUSES = 16,
    SIM_FAILURES = 10,
    SIM_OUTCOMES = 6
};

extern const int32_t sim_close_codes[SIM_CLOSE_CODES];
extern const int32_t sim_http_statuses[SIM_HTTP_STATUSES];
extern const int32_t sim_failures[SIM_FAILURES]; /* phx_status of an attempt that failed */

/* What was reached; sums over seeds and processes, so all of it is counters. */
typedef struct sim_coverage {
    uint64_t faults[SIM_FAULT_KINDS];
    uint64_t client_states[SIM_CLIENT_STATES];
    uint64_t drops[SIM_CLIENT_STATES]; /* in each state of phx_client */
    uint64_t channel_states[SIM_CHANNEL_STATES];
    uint64_t community_states[SIM_COMMUNITY_STATES];
    uint64_t freshnesses[SIM_FRESHNESSES];
    uint64_t close_codes[SIM_CLOSE_CODES];
    uint64_t http_statuses[SIM_HTTP_STATUSES];
    uint64_t failures[SIM_FAILURES];
    uint64_t outcomes[SIM_OUTCOMES]; /* of writes */
} sim_coverage;

/* Which faults a seed has, and how often. */
typedef struct sim_plan {
    uint32_t per_mille[SIM_FAULT_KINDS];
} sim_plan;

void sim_plan_choose(sim_plan *plan, uint64_t *random);

const char *sim_fault_text(sim_fault_kind kind);
void sim_coverage_add(sim_coverage *sum, const sim_coverage *more);
uint64_t sim_coverage_faults(const sim_coverage *coverage);
/* Prints every counter; how many are still 0 that should not be. */
size_t sim_coverage_print(const sim_coverage *coverage, bool only_missing);

#endif
