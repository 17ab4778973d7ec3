/* SPDX-License-Identifier: MIT */
/*
 * The outbox's rules. One list holds all items, in the order of their numbers: those that wait, the
 * one that is being sent, and those that failed.
 */
#include "community/outbox_queue.h"

#include <stdio.h>
#include <string.h>

void communityi_outbox_init(communityi_outbox *outbox, uint32_t expires_ms, bool is_idempotent,
                            uint64_t seed)
{
    *outbox = (communityi_outbox){.expires_ms = expires_ms, .is_idempotent = is_idempotent};
    communityi_retry_init(&outbox->retry, seed);
}

static void link_last(communityi_outbox *outbox, communityi_outbox_item *item)
{
    item->previous = outbox->last;
    item->next = NULL;
    *(outbox->last == NULL ? &outbox->first : &outbox->last->next) = item;
    outbox->last = item;
    outbox->count++;
}

void communityi_outbox_remove(communityi_outbox *outbox, communityi_outbox_item *item)
{
    *(item->previous == NULL ? &outbox->first : &item->previous->next) = item->next;
    *(item->next == NULL ? &outbox->last : &item->next->previous) = item->previous;
    outbox->count--;
}

static void set_failure(communityi_outbox_item *item, phx_status status, const char *reason)
{
    item->status = status;
    (void)snprintf(item->reason, sizeof item->reason, "%s", reason);
}

static bool is_like_of(const communityi_outbox_item *item, phx_slice post_id)
{
    return item->call->kind == COMMUNITYI_CALL_TOGGLE_LIKE &&
           item->call->post_id.length == post_id.length &&
           memcmp(item->call->post_id.data, post_id.data, post_id.length) == 0;
}

communityi_outbox_item *communityi_outbox_last_like(const communityi_outbox *outbox,
                                                    phx_slice post_id)
{
    communityi_outbox_item *item = outbox->last;
    while (item != NULL &&
           (item->outcome != COMMUNITY_OUTCOME_NONE || !is_like_of(item, post_id))) {
        item = item->previous;
    }
    return item;
}

bool communityi_outbox_may_be_sent(const communityi_outbox_item *item)
{
    return item->is_uncertain || item->state == COMMUNITY_OUTBOX_SENDING;
}

static void finish(communityi_outbox_item *item, community_outcome outcome)
{
    item->outcome = outcome;
    item->state = COMMUNITY_OUTBOX_FAILED;
}

/* A toggle that waits behind one that came to nothing would do the opposite of what was meant. */
static void cancel_next_like(const communityi_outbox *outbox, const communityi_outbox_item *failed)
{
    communityi_outbox_item *item = communityi_outbox_last_like(outbox, failed->call->post_id);
    if (item != NULL && !communityi_outbox_may_be_sent(item)) {
        finish(item, COMMUNITY_OUTCOME_CANCELLED);
        set_failure(item, PHX_ERROR_CANCELLED, "the like before it came to nothing");
    }
}

static void settle(const communityi_outbox *outbox, communityi_outbox_item *item,
                   community_outcome outcome)
{
    finish(item, outcome);
    if (outcome != COMMUNITY_OUTCOME_DONE && item->call->kind == COMMUNITYI_CALL_TOGGLE_LIKE) {
        cancel_next_like(outbox, item);
    }
}

void communityi_outbox_end(communityi_outbox *outbox, communityi_outbox_item *item,
                           community_outcome outcome, phx_status status)
{
    /* What is cancelled on its way may have arrived. */
    item->is_uncertain = communityi_outbox_may_be_sent(item);
    set_failure(item, status, phx_status_message(status));
    settle(outbox, item, outcome);
}

static void undo_like(const communityi_outbox *outbox, communityi_outbox_item *item)
{
    communityi_outbox_item *before = communityi_outbox_last_like(outbox, item->call->post_id);
    if (before == NULL || communityi_outbox_may_be_sent(before)) {
        return;
    }
    communityi_outbox_item *const both[] = {before, item};
    for (size_t i = 0; i < 2; i++) {
        finish(both[i], COMMUNITY_OUTCOME_CANCELLED);
        set_failure(both[i], PHX_ERROR_CANCELLED, "undone before it was sent");
    }
}

static void start_life(communityi_outbox *outbox, communityi_outbox_item *item, uint64_t now_ms,
                       int64_t wall_ms)
{
    item->number = ++outbox->last_number;
    item->created_at_ms = wall_ms;
    item->expires_at_ms = now_ms + outbox->expires_ms;
    item->state = COMMUNITY_OUTBOX_PENDING;
    item->outcome = COMMUNITY_OUTCOME_NONE;
    item->is_told = false;
    item->is_restored = false;
    item->server_failures = 0;
    item->http_status = 0;
    set_failure(item, PHX_OK, "");
}

void communityi_outbox_add(communityi_outbox *outbox, communityi_outbox_item *item, uint64_t now_ms,
                           int64_t wall_ms)
{
    item->is_uncertain = false;
    item->is_touched = false;
    start_life(outbox, item, now_ms, wall_ms);
    if (item->call->kind == COMMUNITYI_CALL_TOGGLE_LIKE) {
        undo_like(outbox, item);
    }
    link_last(outbox, item);
}

void communityi_outbox_retry(communityi_outbox *outbox, communityi_outbox_item *item,
                             uint64_t now_ms, int64_t wall_ms)
{
    /* Behind a refusal and an expiry there is nothing that could be doubled. */
    item->is_uncertain = item->is_uncertain && item->outcome == COMMUNITY_OUTCOME_UNKNOWN;
    communityi_outbox_remove(outbox, item);
    start_life(outbox, item, now_ms, wall_ms);
    link_last(outbox, item);
}

/* The wall clock may have been set back meanwhile, and then no time has passed. */
static uint64_t time_left_ms(const communityi_outbox *outbox, int64_t created_at_ms,
                             int64_t wall_ms)
{
    uint64_t age_ms = wall_ms > created_at_ms ? (uint64_t)wall_ms - (uint64_t)created_at_ms : 0;
    return age_ms < outbox->expires_ms ? outbox->expires_ms - age_ms : 0;
}

void communityi_outbox_restore(communityi_outbox *outbox, communityi_outbox_item *item,
                               uint64_t now_ms, int64_t wall_ms)
{
    item->is_touched = false;
    item->server_failures = 0;
    item->http_status = 0;
    item->is_told = item->outcome != COMMUNITY_OUTCOME_NONE;
    item->is_restored = true;
    item->state = item->is_told ? COMMUNITY_OUTBOX_FAILED : COMMUNITY_OUTBOX_PENDING;
    item->expires_at_ms = now_ms + time_left_ms(outbox, item->created_at_ms, wall_ms);
    if (outbox->last_number < item->number) {
        outbox->last_number = item->number;
    }
    link_last(outbox, item);
    if (!item->is_told && item->is_uncertain && !outbox->is_idempotent) {
        set_failure(item, PHX_ERROR_CONNECTION_LOST, "the program ended before the answer came");
        settle(outbox, item, COMMUNITY_OUTCOME_UNKNOWN);
    }
}

void communityi_outbox_set_open(communityi_outbox *outbox, bool is_open)
{
    outbox->is_open = is_open;
}

void communityi_outbox_hurry(communityi_outbox *outbox)
{
    outbox->is_held = false;
    outbox->was_hurried = true;
    if (!outbox->is_ordered_wait) {
        outbox->retry_at_ms = 0;
        communityi_retry_reset(&outbox->retry);
    }
}

void communityi_outbox_advance(communityi_outbox *outbox, uint64_t now_ms)
{
    for (communityi_outbox_item *item = outbox->first; item != NULL; item = item->next) {
        if (item->state != COMMUNITY_OUTBOX_PENDING || now_ms < item->expires_at_ms) {
            continue;
        }
        if (item->status == PHX_OK) {
            set_failure(item, PHX_ERROR_TIMEOUT, "it could not be sent in time");
        }
        /* A backend that knows writes again gets one although its record could not say so. */
        bool may_be_done = item->is_uncertain || (item->is_restored && outbox->is_idempotent);
        settle(outbox, item, may_be_done ? COMMUNITY_OUTCOME_UNKNOWN : COMMUNITY_OUTCOME_EXPIRED);
    }
}

/* The first that has no outcome; it alone may be sent. */
static communityi_outbox_item *head(const communityi_outbox *outbox)
{
    communityi_outbox_item *item = outbox->first;
    while (item != NULL && item->outcome != COMMUNITY_OUTCOME_NONE) {
        item = item->next;
    }
    return item;
}

static bool can_send(const communityi_outbox *outbox, const communityi_outbox_item *item)
{
    return item != NULL && item->state == COMMUNITY_OUTBOX_PENDING && outbox->is_open &&
           !outbox->is_held;
}

uint64_t communityi_outbox_deadline_ms(const communityi_outbox *outbox)
{
    uint64_t deadline_ms = can_send(outbox, head(outbox)) ? outbox->retry_at_ms : UINT64_MAX;
    for (const communityi_outbox_item *item = outbox->first; item != NULL; item = item->next) {
        if (item->state == COMMUNITY_OUTBOX_PENDING && item->expires_at_ms < deadline_ms) {
            deadline_ms = item->expires_at_ms;
        }
    }
    return deadline_ms;
}

communityi_outbox_item *communityi_outbox_due(const communityi_outbox *outbox, uint64_t now_ms)
{
    communityi_outbox_item *item = head(outbox);
    return can_send(outbox, item) && now_ms >= outbox->retry_at_ms ? item : NULL;
}

void communityi_outbox_send(communityi_outbox *outbox, communityi_outbox_item *item)
{
    outbox->was_hurried = false;
    item->state = COMMUNITY_OUTBOX_SENDING;
    item->is_touched = false;
}

static void wait(communityi_outbox *outbox, uint32_t at_least_ms, uint64_t now_ms)
{
    uint32_t delay_ms = communityi_retry_delay_ms(&outbox->retry);
    outbox->is_ordered_wait = at_least_ms > 0;
    outbox->retry_at_ms = now_ms + (delay_ms > at_least_ms ? delay_ms : at_least_ms);
}

static bool is_token_failure(phx_status status)
{
    return status == PHX_ERROR_UNAUTHORIZED || status == PHX_ERROR_NO_TOKEN ||
           status == PHX_ERROR_KEYCHAIN || status == PHX_ERROR_KEYCHAIN_PERMISSIONS;
}

/* NONE: it is to be sent again. */
static community_outcome judge(const communityi_outbox *outbox, communityi_outbox_item *item,
                               const community_result *result)
{
    phx_status status = result->error.status;
    if (status == PHX_OK) {
        return COMMUNITY_OUTCOME_DONE;
    }
    if (result->is_outcome_unknown) {
        item->is_uncertain = true;
        item->server_failures += status == PHX_ERROR_SERVER ? 1 : 0;
        bool is_hopeless = !outbox->is_idempotent || !phx_status_is_retryable(status) ||
                           item->server_failures >= COMMUNITYI_OUTBOX_MAX_SERVER_FAILURES;
        return is_hopeless ? COMMUNITY_OUTCOME_UNKNOWN : COMMUNITY_OUTCOME_NONE;
    }
    bool is_later = is_token_failure(status) || phx_status_is_retryable(status);
    return is_later ? COMMUNITY_OUTCOME_NONE : COMMUNITY_OUTCOME_REFUSED;
}

void communityi_outbox_answer(communityi_outbox *outbox, communityi_outbox_item *item,
                              const community_result *result, uint64_t now_ms)
{
    item->state = COMMUNITY_OUTBOX_PENDING;
    item->http_status = result->error.http_status;
    community_outcome outcome = judge(outbox, item, result);
    set_failure(item, result->error.status,
                outcome == COMMUNITY_OUTCOME_DONE ? "" : result->error.message);
    if (outcome == COMMUNITY_OUTCOME_NONE) {
        outbox->is_held = is_token_failure(result->error.status) && !outbox->was_hurried;
        wait(outbox, result->error.retry_after_ms, now_ms);
        return;
    }
    outbox->retry_at_ms = 0;
    outbox->is_ordered_wait = false;
    communityi_retry_reset(&outbox->retry);
    settle(outbox, item, outcome);
}

communityi_outbox_item *communityi_outbox_next_ended(const communityi_outbox *outbox)
{
    communityi_outbox_item *item = outbox->first;
    while (item != NULL && (item->outcome == COMMUNITY_OUTCOME_NONE || item->is_told)) {
        item = item->next;
    }
    return item;
}

bool communityi_outbox_stays(const communityi_outbox_item *item)
{
    communityi_call_kind kind = item->call->kind;
    bool has_text = kind == COMMUNITYI_CALL_CREATE_POST || kind == COMMUNITYI_CALL_EDIT_POST ||
                    kind == COMMUNITYI_CALL_CREATE_COMMENT;
    return has_text && item->outcome != COMMUNITY_OUTCOME_DONE &&
           item->outcome != COMMUNITY_OUTCOME_CANCELLED;
}

communityi_outbox_item *communityi_outbox_oldest_failed(const communityi_outbox *outbox)
{
    communityi_outbox_item *item = outbox->first;
    while (item != NULL && !item->is_told) {
        item = item->next;
    }
    return item;
}
