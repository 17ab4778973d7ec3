/* SPDX-License-Identifier: MIT */
/*
 * A fleet of clients, each a real engine, and one server that goes away and comes back, all in one
 * simulation of discrete events. What it is for: how many attempts a second hit the server, and how
 * long it takes until all are back, by the policy of reconnecting.
 */
#ifndef FLEET_H
#define FLEET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    FLEET_MAX_NODES = 4,
    FLEET_MAX_STEPS = 12,
    FLEET_EVENT_MS = 60000, /* when the server first goes away */
    FLEET_MAX_SECONDS = 900,
};

/* How a client behaves. */
typedef struct fleet_policy {
    const char *name;
    bool is_stepped; /* the stepped tables; else the defaults of phx_client */
    uint32_t heartbeat_timeout_ms;
    uint16_t final_close_code;
    uint32_t connect_timeout_ms;
    bool reads_http; /* sees the status and the Retry-After of a refused upgrade */
} fleet_policy;

typedef enum fleet_node_state {
    FLEET_UP,
    FLEET_REFUSING, /* resets what comes */
    FLEET_WARMING,  /* a balancer answers 503 with Retry-After */
    FLEET_SILENT,   /* no packet is answered */
} fleet_node_state;

/* What happens to a node. A node that stops being up loses its connections: with close_code in
 * batches, or without any sign if it falls silent. */
typedef struct fleet_step {
    uint32_t after_ms; /* FLEET_EVENT_MS */
    int32_t node;      /* -1: all of them */
    fleet_node_state state;
    int32_t close_code;
    uint32_t batch_percent; /* of all clients, closed each two seconds; 0: all at once */
    uint32_t retry_after_ms;
} fleet_step;

typedef struct fleet_scenario {
    const char *name;
    const char *title;
    uint32_t nodes;
    bool drops_syns; /* a full backlog lets a SYN fall, else resets it */
    uint32_t step_count;
    fleet_step steps[FLEET_MAX_STEPS];
} fleet_scenario;

extern const fleet_policy fleet_policies[];
extern const uint32_t fleet_policy_count;
extern const fleet_scenario fleet_scenarios[];
extern const uint32_t fleet_scenario_count;

typedef struct fleet_options {
    uint32_t clients;
    uint32_t handshakes_per_second; /* of all nodes together */
    uint32_t joins_per_second;
    uint32_t backlog; /* handshakes that may wait, of all nodes together */
    uint64_t seed;
} fleet_options;

/* One virtual second; connected and joined: at its end. */
typedef struct fleet_second {
    uint32_t attempts;
    uint32_t accepted;
    uint32_t refused;
    uint32_t connected;
    uint32_t joined;
} fleet_second;

typedef struct fleet_result {
    uint32_t seconds;
    fleet_second second[FLEET_MAX_SECONDS];
    uint32_t peak_attempts; /* in a second, since the server went away, as all that follow */
    uint64_t attempts;
    uint64_t wasted;        /* attempts that ended in no join */
    uint32_t most_attempts; /* of one client */
    uint64_t back_99_ms;    /* after FLEET_EVENT_MS; UINT64_MAX: never */
    uint64_t back_all_ms;
    uint32_t stuck;            /* clients that are not joined in the end */
    uint64_t bytes_per_client; /* of the engine's memory, all joined and idle */
} fleet_result;

/* False: out of memory. */
bool fleet_run(const fleet_options *options, const fleet_policy *policy,
               const fleet_scenario *scenario, fleet_result *out);

/* `results`: scenario by scenario, policy by policy. */
void fleet_write_table(FILE *file, const fleet_options *options, const fleet_result *results);
void fleet_write_csv(FILE *file, const fleet_result *results);
void fleet_write_plot(FILE *file, const fleet_options *options, const fleet_result *results);

#endif
