/* SPDX-License-Identifier: MIT */
/*
 * When to be connected: the app's facts and the connection's events in, a state and what to do out.
 * One table holds every transition, and one function writes the state. Knows no time, no network
 * and no feed.
 */
#ifndef COMMUNITYI_LIFECYCLE_H
#define COMMUNITYI_LIFECYCLE_H

#include <community/client.h>

/* A connection is wanted exactly when all of them hold. */
typedef enum communityi_fact {
    COMMUNITYI_FACT_VISIBLE = 1 << 0,
    COMMUNITYI_FACT_FOREGROUND = 1 << 1,
    COMMUNITYI_FACT_NETWORK = 1 << 2,
    COMMUNITYI_FACT_LOGGED_IN = 1 << 3,
    COMMUNITYI_FACTS_ALL = (1 << 4) - 1,
} communityi_fact;

typedef enum communityi_event {
    COMMUNITYI_EVENT_WANTED,   /* the last missing fact came true */
    COMMUNITYI_EVENT_UNWANTED, /* the first fact became false */
    COMMUNITYI_EVENT_JOINED,   /* socket open and channel joined */
    COMMUNITYI_EVENT_LOST,     /* the socket or the channel went, or an attempt failed */
    COMMUNITYI_EVENT_REFUSED,  /* token refused or missing, or join refused for good */
    COMMUNITYI_EVENT_RETRY,    /* the app says that something changed */
    COMMUNITYI_EVENT_COUNT,
} communityi_event;

enum {
    COMMUNITYI_STATE_COUNT = COMMUNITY_UNAUTHORIZED + 1
};

/* What a transition demands; or-ed. */
typedef enum communityi_action {
    COMMUNITYI_DO_NOTHING = 0,
    COMMUNITYI_DO_OPEN = 1 << 0,    /* join the channel and connect the socket */
    COMMUNITYI_DO_CLOSE = 1 << 1,   /* leave the channel and disconnect the socket */
    COMMUNITYI_DO_TRY_NOW = 1 << 2, /* end whatever wait there is before the next attempt */
    COMMUNITYI_DO_SYNC = 1 << 3,    /* subscribed anew: fetch what was missed */
    COMMUNITYI_DO_PAUSE = 1 << 4,   /* not subscribed any more: the feed is stale */
} communityi_action;

typedef struct communityi_lifecycle {
    community_state state;
    uint32_t facts;
} communityi_lifecycle;

/* Not visible, in the foreground, network up, logged in; disconnected. */
void communityi_lifecycle_init(communityi_lifecycle *lifecycle);

/* Each returns the actions, COMMUNITYI_DO_* or-ed, of the transition that it caused. */
uint32_t communityi_lifecycle_set_fact(communityi_lifecycle *lifecycle, communityi_fact fact,
                                       bool is_true);
uint32_t communityi_lifecycle_handle(communityi_lifecycle *lifecycle, communityi_event event);

#endif
