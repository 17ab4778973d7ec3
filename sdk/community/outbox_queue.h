/* SPDX-License-Identifier: MIT */
/*
 * The outbox's rules: which write goes next and when, what an answer means for it, when it is given
 * up, and which likes undo each other. Strictly first in, first out, one at a time. Items belong to
 * whoever drives it, so that no input can fail. Sans-I/O; knows neither storage nor requests.
 */
#ifndef COMMUNITYI_OUTBOX_QUEUE_H
#define COMMUNITYI_OUTBOX_QUEUE_H

#include <community/outbox.h>

#include "community/rest_call.h"
#include "community/retry.h"

/* So many answers of 5xx to one write, and it is given up: it must not block the others for a day.
 */
enum {
    COMMUNITYI_OUTBOX_MAX_SERVER_FAILURES = 30
};

/* What a toggle of a like is to come to. The numbers are in records. */
typedef enum communityi_like_wish {
    COMMUNITYI_WISH_UNLIKED = 0,
    COMMUNITYI_WISH_LIKED = 1,
    COMMUNITYI_WISH_UNKNOWN = 2, /* the feed did not show what it was at the time */
} communityi_like_wish;

typedef struct communityi_outbox_item {
    struct communityi_outbox_item *previous;
    struct communityi_outbox_item *next;
    const communityi_call *call; /* outlives the item's stay; its texts have a NUL behind them */
    uint64_t id;                 /* of its request */
    uint64_t number;             /* its place: over restarts, and of no two items the same */
    int64_t created_at_ms;       /* UTC */
    uint64_t expires_at_ms;
    community_outbox_state state;
    community_outcome outcome; /* NONE: none yet */
    bool is_told;              /* the outcome is; whoever drives the outbox sets it */
    bool is_uncertain;         /* an attempt may have reached the server, and has no answer */
    bool is_restored;          /* it waited in the storage of an earlier run */
    communityi_like_wish wish; /* of a like: what the feed is to show */
    bool is_touched; /* of a like: the server has told of the post's likes since it was sent */
    uint32_t server_failures;
    /* Of the last failure. */
    phx_status status;
    int32_t http_status;
    char reason[COMMUNITYI_REST_MESSAGE_BYTES];
} communityi_outbox_item;

typedef struct communityi_outbox {
    uint32_t expires_ms;
    bool is_idempotent;
    communityi_outbox_item *first;
    communityi_outbox_item *last;
    size_t count;
    uint64_t last_number;
    communityi_retry retry;
    bool is_open;         /* there is hope to reach the server */
    bool is_held;         /* its token was refused */
    bool was_hurried;     /* since the last one was sent: its token may be older than that */
    bool is_ordered_wait; /* the server set retry_at_ms */
    uint64_t retry_at_ms;
} communityi_outbox;

void communityi_outbox_init(communityi_outbox *outbox, uint32_t expires_ms, bool is_idempotent,
                            uint64_t seed);

/* A new write, last of all; sets all of *item but call, id and wish. One that undoes a like
 * that was never sent ends with it. */
void communityi_outbox_add(communityi_outbox *outbox, communityi_outbox_item *item, uint64_t now_ms,
                           int64_t wall_ms);
/*
 * One of an earlier run, in the order of the numbers, before any is added: number, created_at_ms,
 * outcome (NONE, or that of a failed one), is_uncertain, wish and the failure are filled. An
 * uncertain one that cannot be sent again without danger ends at once.
 */
void communityi_outbox_restore(communityi_outbox *outbox, communityi_outbox_item *item,
                               uint64_t now_ms, int64_t wall_ms);
/* Takes it out, whatever its state. */
void communityi_outbox_remove(communityi_outbox *outbox, communityi_outbox_item *item);
/* A failed one becomes the last of all, as new but for its texts. */
void communityi_outbox_retry(communityi_outbox *outbox, communityi_outbox_item *item,
                             uint64_t now_ms, int64_t wall_ms);

/* Whether anything may be sent. */
void communityi_outbox_set_open(communityi_outbox *outbox, bool is_open);
/* Something changed for the better: ends a wait, unless the server ordered it, and a hold. */
void communityi_outbox_hurry(communityi_outbox *outbox);
/* Gives up what has expired. */
void communityi_outbox_advance(communityi_outbox *outbox, uint64_t now_ms);
/* When to advance, or to send; UINT64_MAX: never. */
uint64_t communityi_outbox_deadline_ms(const communityi_outbox *outbox);

/* The item whose turn it is; NULL: none now. */
communityi_outbox_item *communityi_outbox_due(const communityi_outbox *outbox, uint64_t now_ms);
/* It is on its way now. */
void communityi_outbox_send(communityi_outbox *outbox, communityi_outbox_item *item);
/* What became of the attempt. */
void communityi_outbox_answer(communityi_outbox *outbox, communityi_outbox_item *item,
                              const community_result *result, uint64_t now_ms);
/* It has this outcome, whatever was before; `status` says why. */
void communityi_outbox_end(communityi_outbox *outbox, communityi_outbox_item *item,
                           community_outcome outcome, phx_status status);

/* One that has come to its outcome and was not told of it; NULL: none. */
communityi_outbox_item *communityi_outbox_next_ended(const communityi_outbox *outbox);
/* Whether one with an outcome stays in the list, as failed, after it was told (is_told). False:
 * remove it. */
bool communityi_outbox_stays(const communityi_outbox_item *item);
/* The oldest that stays as failed; NULL: none. */
communityi_outbox_item *communityi_outbox_oldest_failed(const communityi_outbox *outbox);

/* Whether the server may have it: what a record of it has to say. */
bool communityi_outbox_may_be_sent(const communityi_outbox_item *item);
/* The newest like of this post without an outcome; NULL: none. */
communityi_outbox_item *communityi_outbox_last_like(const communityi_outbox *outbox,
                                                    phx_slice post_id);

#endif
