/* SPDX-License-Identifier: MIT */
/*
 * A client with nothing below it: ports that cost next to nothing, so that what is measured is the
 * SDK alone, from a frame handed in by the transport to the callback. Joins and heartbeats are
 * answered, the clock is the stock one, chance is a fixed sequence.
 */
#ifndef RIG_H
#define RIG_H

#include <community/community.h>

#include "frames.h"

typedef struct rig_text {
    char *text;
    size_t length;
} rig_text;

typedef struct bench_rig {
    phx_poller poller;
    phx_random random;
    phx_transport transport;
    phx_http http;
    uint64_t random_state;
    phx_loop *loop;

    phx_connection *connection; /* NULL: none */
    phx_transport_events events;
    bool is_open;
    rig_text *sent; /* messages that wait for an answer */
    size_t sent_count;

    phx_http_done_fn http_done; /* of the request that waits; NULL: none does */
    void *http_user_data;
    const char *page; /* its answer; NULL: it goes on waiting */
    size_t page_length;

    /* The traffic: so many frames come in a turn, with rising numbers. */
    bench_frames *frames;
    uint32_t channels; /* for so many topics that end in 0000 and so on; 0: for the feed's */
    uint32_t burst;
    uint64_t next_number;
    uint64_t taken; /* changes or messages that callbacks were given */

    community_client *community;
    const community_snapshot *kept; /* the last batch's, as an app keeps it */
} bench_rig;

/* The ports and the loop. allocator: NULL: malloc's. */
void bench_rig_init(bench_rig *rig, const phx_allocator *allocator);
/* A community client with room for max_posts, joined and live behind an empty first page. */
void bench_rig_community(bench_rig *rig, uint32_t max_posts);
/* The same up to the first page's request, for pages of page_posts. */
void bench_rig_community_waiting(bench_rig *rig, uint32_t max_posts, uint32_t page_posts);
/* Releases the community client, if there is one, and the loop. */
void bench_rig_free(bench_rig *rig);

/* One turn of the loop without new frames. */
void bench_rig_settle(bench_rig *rig);
/* So many events, `burst` a turn. */
void bench_rig_events(bench_rig *rig, uint64_t count, uint32_t burst);
/* bench_rig_events through bench_measured; the CPU time of one event. */
double bench_rig_event_ns(bench_rig *rig, uint64_t count, uint32_t burst);

#endif
