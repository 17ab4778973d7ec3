/* SPDX-License-Identifier: MIT */
/*
 * One connection through the relay: two sockets and a flow each way. It must not know of commands,
 * or of other connections.
 */
#ifndef CHAOS_LINK_H
#define CHAOS_LINK_H

#include <poll.h>

#include "flow.h"

/* Sides and ways: what comes from the client goes up, what comes from the target goes down. */
enum way {
    UP,
    DOWN,
    WAYS
};

/* What all links of a relay share. */
struct relay_rules {
    struct rule ways[WAYS];
    struct flow_counters counters[WAYS];
    uint64_t seed;
    uint64_t refused; /* by the target */
};

struct link {
    struct relay_rules *rules;
    int fds[WAYS];
    struct flow flows[WAYS]; /* flows[UP]: from fds[UP] to fds[DOWN] */
    bool is_muted[WAYS];     /* carries nothing that way any more, whatever the rules say */
    bool is_blocked[WAYS];   /* that flow's receiver takes nothing now */
    bool is_shut[WAYS];      /* that flow's end was passed on */
    bool is_connecting;
};

/* Takes both descriptors; fds[DOWN] is being connected. Exits if there is no memory. */
struct link *link_new(struct relay_rules *rules, int client, int target);
/* with_reset: both sides see RST instead of FIN. */
void link_free(struct link *link, bool with_reset);

/* What to wait for on one side, and until when. */
struct pollfd link_poll(const struct link *link, int side);
uint64_t link_due_us(const struct link *link);

enum link_state {
    LINK_UP,
    LINK_ENDED,
    LINK_BROKEN
};

enum link_state link_serve(struct link *link, const struct pollfd polls[WAYS], uint64_t now_us);

#endif
