/* SPDX-License-Identifier: MIT */
/*
 * The outbox: what the user did and the server has not answered yet. With
 * community_config.has_outbox, a write of community/rest.h that cannot be sent now is kept instead
 * of failing, over restarts too if there is a storage, and sent when the server can be reached
 * again.
 *
 * Writes go one at a time, in the order of the calls, as long as the network is up, the app is in
 * the foreground and a user is logged in; the tab need not be visible, since REST has connections
 * of its own. What does not get through is tried again after 1 to 30 s, and at once when the feed
 * is joined, the app reports the network, or community_client_retry or community_client_login is
 * called. A refused token holds all until one of these; a server that asks for time (Retry-After)
 * gets it.
 *
 * A like is shown in the feed at once if config.user_id says whose it is, and taken back if it
 * comes to nothing. A second toggle before the first was sent undoes it: both are cancelled, and
 * nothing is sent. A toggle that waits behind one that failed is cancelled too, since it would do
 * the opposite of what was meant.
 */
#ifndef COMMUNITY_OUTBOX_H
#define COMMUNITY_OUTBOX_H

#include <community/rest.h>

PHX_NONNULL_BEGIN

typedef enum PHX_ENUM(community_write_kind) {
    COMMUNITY_WRITE_CREATE_POST = 1,
    COMMUNITY_WRITE_EDIT_POST,
    COMMUNITY_WRITE_DELETE_POST,
    COMMUNITY_WRITE_TOGGLE_LIKE,
    COMMUNITY_WRITE_CREATE_COMMENT,
    COMMUNITY_WRITE_DELETE_COMMENT,
} PHX_ENUM_NAME(community_write_kind);

typedef enum PHX_ENUM(community_outbox_state) {
    COMMUNITY_OUTBOX_PENDING = 1, /* waits for its turn, or for the next attempt */
    COMMUNITY_OUTBOX_SENDING,
    COMMUNITY_OUTBOX_FAILED, /* has its outcome: nothing more happens unless the user retries */
} PHX_ENUM_NAME(community_outbox_state);

/* What became of a write; each that was accepted has exactly one, and one more each time it is
   retried; also one that was cancelled before it came into the list. The end of the client is no
   outcome: without a storage, what waits then ends with its call's PHX_ERROR_CLOSED. */
typedef enum PHX_ENUM(community_outcome) {
    COMMUNITY_OUTCOME_NONE = 0,
    COMMUNITY_OUTCOME_DONE,
    COMMUNITY_OUTCOME_REFUSED, /* the server said no, or it cannot be sent at all: see the error */
    /* It could not be sent in time; the server never saw it. */
    COMMUNITY_OUTCOME_EXPIRED,
    COMMUNITY_OUTCOME_CANCELLED, /* by the user, by a logout, or undone by a later like */
    /* The answer was lost, and the server may have done it. Only where it could not be sent again
     * without the danger of doing it twice, or was sent again until it expired: see
     * config.is_backend_idempotent, with which it is also what becomes of a write that expired
     * after a restart, since it may have been sent while the storage could not be written. */
    COMMUNITY_OUTCOME_UNKNOWN,
} PHX_ENUM_NAME(community_outcome);

/* One write. Texts are UTF-8, followed by a NUL byte that `length` does not count; absent ones
   are "". */
typedef struct community_outbox_item {
    uint32_t struct_size;
    community_write_kind kind;
    uint64_t id; /* of the community_request; a restart gives another */
    community_outbox_state state;
    community_outcome outcome; /* of a failed one; else NONE */
    phx_slice post_id;
    phx_slice comment_id;
    phx_slice body;
    int64_t created_at_ms; /* UTC milliseconds */
    /* Why it failed, or why the last attempt did; PHX_OK and "" when there was none. */
    phx_status status;
    phx_slice reason;
} community_outbox_item;

/* What waits, oldest first, and what failed, at one moment. Immutable, reference-counted. Posts,
 * edits and comments that failed stay until the user cancels or retries them, so that their text is
 * not lost; when the outbox is full, the oldest of these give way. Deletions and likes leave at
 * once. */
typedef struct community_outbox community_outbox;

/* Threads: any. */
PHX_API size_t community_outbox_count(const community_outbox *outbox);
/* Borrowed from the outbox; NULL beyond the end. Threads: any. */
PHX_API const community_outbox_item *PHX_NULLABLE
community_outbox_item_at(const community_outbox *outbox, size_t index);
/* One more reference; returns `outbox`. Threads: any. */
PHX_API const community_outbox *community_outbox_retain(const community_outbox *outbox);
/* One reference less. NULL does nothing. Threads: any. */
PHX_API void community_outbox_release(const community_outbox *PHX_NULLABLE outbox);

/* What config.on_outbox is told; borrowed for the callback. */
typedef struct community_outbox_event {
    uint32_t struct_size;
    /* NONE: only the list changed. Else `item` has come to its outcome, whether or not its call's
     * done was told as well: that of an earlier run of the program has no other way. */
    community_outcome outcome;
    const community_outbox_item *PHX_NULLABLE item;
    const community_result *PHX_NULLABLE result;
    const community_outbox *outbox; /* the list now */
} community_outbox_event;

/* The outbox now; empty without has_outbox. What was only just asked for is in it with the loop's
 * next turn. Free with community_outbox_release. Never NULL. Threads: any. */
PHX_API const community_outbox *community_client_outbox(community_client *client);

/*
 * Of the item `id`; ids that are unknown or stale do nothing. Never fail. Threads: any.
 * cancel: as community_client_cancel; one that failed leaves the list, without another outcome.
 * retry: one that failed is queued again, as the last, under a new idempotency key; one whose
 * outcome is unknown under its old key, and it is for the user to say that it may be done twice if
 * the backend ignores keys.
 */
PHX_API void community_client_cancel_outbox_item(community_client *client, uint64_t id);
PHX_API void community_client_retry_outbox_item(community_client *client, uint64_t id);

PHX_NONNULL_END

#endif
