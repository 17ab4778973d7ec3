/* SPDX-License-Identifier: MIT */
/*
 * The inside of a community_client, shared by the community_*.c files: who owns which member, and
 * what each file offers the others. `lock` guards what any thread may touch; all else is the loop's
 * thread's. Nothing of the app's or of a port's is called with the lock held; the loop's own lock
 * is taken inside it.
 */
#ifndef COMMUNITYI_CLIENT_H
#define COMMUNITYI_CLIENT_H

#include <community/community.h>
#include <phx/channel.h>
#include <pthread.h>

#include "community/lifecycle.h"
#include "community/likes.h"
#include "community/rest_call.h"
#include "community/retry.h"
#include "community/store.h"
#include "community/sync.h"
#include "runtime/community_cache.h"
#include "runtime/community_storage.h"

enum {
    COMMUNITYI_MESSAGE_BYTES = 256
};

/* A REST call or a login that was accepted; one block with its texts. */
typedef struct communityi_operation {
    struct communityi_operation *previous; /* in one of the client's two lists */
    struct communityi_operation *next;
    community_client *client;
    uint64_t id;
    size_t block_bytes;
    bool is_login;     /* call.text is the token */
    bool is_older;     /* wants a page below the feed: the sync asks for it */
    bool is_cancelled; /* under the client's lock */
    bool is_retried;   /* under the client's lock: a failed write is to be queued again */
    bool is_kept;      /* a write for the outbox */
    bool is_counted;   /* among those that the limits are for */
    bool is_in_outbox;
    bool is_dirty;    /* its record is to be written or erased, */
    bool is_urgent;   /* and safe before anything else happens */
    bool is_unkept;   /* it failed, and there was no room for its record: to be written yet */
    bool is_recorded; /* the storage has had a record of it */
    bool is_refresh;  /* its token was refused once */
    uint64_t http_id; /* 0: not with the http port */
    communityi_call call;
    char key_text[COMMUNITYI_KEY_TEXT_BYTES];
    communityi_outbox_item item; /* if it is in the outbox */
    community_done_fn done;
    void (*login_done)(void *user_data, phx_status status);
    void *user_data;
} communityi_operation;

typedef struct communityi_operation_list {
    communityi_operation *first;
    communityi_operation *last;
} communityi_operation_list;

/* What other threads left for the loop's. */
typedef struct communityi_mailbox {
    phx_loop_task task; /* only wakes the loop: the client's turn empties the mailbox */
    bool is_posted;
    uint32_t facts; /* the three that the app reports, COMMUNITYI_FACT_* */
    bool is_probe;
    bool is_retry;
    bool is_logout;
    bool is_cancel; /* some operation is_cancelled */
    uint64_t last_operation_id;
    uint32_t operation_count; /* but for those that are kept */
    uint32_t kept_count;
    size_t kept_bytes;
    bool is_outbox_order; /* some operation is_retried */
    communityi_operation_list waiting;
    communityi_operation_list active;
} communityi_mailbox;

struct community_client {
    phx_allocator allocator;
    phx_loop *loop;
    phx_client *phx;
    phx_keychain phx_keychain; /* gives phx the tokens of `keychain` */
    const phx_keychain *keychain;
    const phx_http *http;
    community_config config; /* callbacks and limits; its pointers to structs are not used */
    char *api_url;           /* NULL: no REST */

    phx_loop_source source;
    bool needs_turn;   /* something came in since the last one */
    uint64_t burst_ms; /* when the first message since then came; 0: none has */
    phx_loop_task release_task;

    communityi_lifecycle lifecycle;
    phx_channel channel; /* {0}: none */
    phx_client_state phx_state;
    bool is_close_ordered; /* phx has yet to act on it */
    bool is_open_delayed;  /* until it has */
    communityi_retry rejoin_retry;
    uint64_t rejoin_at_ms; /* UINT64_MAX: no join is planned */
    uint64_t joined_at_ms;

    communityi_store *store;
    communityi_sync *sync;
    communityi_outbox outbox; /* its items are operations */
    communityi_likes likes;
    bool is_outbox_changed; /* since the list was made */
    char *user_id;          /* NULL: not known */
    uint64_t page_id;       /* of the sync's page that is with the http port; 0: none */
    uint64_t page_http_id;
    phx_error older_error; /* why the page below the feed failed; message: in older_message */
    char older_message[COMMUNITYI_MESSAGE_BYTES];

    communityi_storage storage;
    communityi_cache cache;

    bool is_filled;  /* the feed has been what the server listed, once */
    phx_error error; /* message: in error_message */
    char error_message[COMMUNITYI_MESSAGE_BYTES];
    uint32_t attempts;
    uint64_t next_attempt_at_ms; /* 0: none planned */
    int64_t stale_since_ms;

    pthread_mutex_t lock;
    /* Under the lock. */
    bool is_released;
    communityi_mailbox mailbox;
    const community_snapshot *snapshot;
    const community_outbox *outbox_list;
    community_stats stats;
    community_status published; /* message: in published_message */
    uint64_t published_next_at_ms;
    char published_message[COMMUNITYI_MESSAGE_BYTES];
    char read_message[COMMUNITYI_MESSAGE_BYTES]; /* of the last community_client_read_status */
};

/* community_client.c */
void communityi_client_lock(community_client *client);
void communityi_client_unlock(community_client *client);
/* Whether the app may still be told anything but what it waits for. */
bool communityi_client_is_live(community_client *client);
uint64_t communityi_client_now_ms(const community_client *client);
/* phx has made its last call: the client goes too. */
void communityi_client_end(community_client *client);

/* community_mailbox.c */
void communityi_mailbox_init(community_client *client);
/* With the lock held: sees to it that the loop takes a turn. */
void communityi_mailbox_wake(community_client *client);
/* Does what other threads asked for. */
void communityi_mailbox_empty(community_client *client);

/* community_link.c: the connection. */
PHX_MUST_CHECK phx_status communityi_link_new(community_client *client,
                                              const community_config *config);
void communityi_link_handle(community_client *client, communityi_event event);
void communityi_link_set_fact(community_client *client, communityi_fact fact, bool is_true);
void communityi_link_probe(community_client *client);
void communityi_link_turn(community_client *client, uint64_t now_ms);
uint64_t communityi_link_deadline_ms(const community_client *client);

/* community_feed.c: the feed. */
void communityi_feed_on_message(void *user_data, const phx_message *message);
/* Asks for the page that the sync wants, and gives up one that it does not want any more. */
void communityi_feed_pump(community_client *client);
/* Tells the app what changed. */
void communityi_feed_flush(community_client *client);

/* community_operation.c */
/* A new operation with copies of the texts of `call`, put behind those that wait. Statuses of the
 * public calls. */
PHX_MUST_CHECK phx_status communityi_operation_add(community_client *client,
                                                   const communityi_operation *filled,
                                                   uint64_t *out_id);
/* One of an earlier run, with its texts and its item; it is active. PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status communityi_operation_restore(community_client *client,
                                                       const communityi_operation *filled,
                                                       communityi_operation **out_operation);
/* A fresh Idempotency-Key. PHX_ERROR_SYSTEM. */
PHX_MUST_CHECK phx_status communityi_operation_make_key(communityi_operation *operation);
/* Among those that the limits are for, or not any more. */
void communityi_operation_count_in(communityi_operation *operation);
void communityi_operation_count_out(communityi_operation *operation);
/* Ends one that is active, without a word. */
void communityi_operation_free(communityi_operation *operation);
void communityi_operations_start(community_client *client);
/* Those that wait for the outbox go there, though nothing is to be sent any more. */
void communityi_operations_take_kept(community_client *client);
void communityi_operations_drop_cancelled(community_client *client);
void communityi_operations_close(community_client *client);
/* The first that wants a page below the feed; NULL: none. */
communityi_operation *communityi_operations_older(community_client *client);
/* Its one completion. */
void communityi_operation_complete(communityi_operation *operation,
                                   const communityi_answer *answer);

/* community_older.c */
/* Tells the sync whether a page below the feed is wanted. */
void communityi_older_ask(community_client *client);
/* The page failed as the server said. */
void communityi_older_failed(community_client *client, const phx_error *error);
/* Completes the call that the page was for, once the app has the posts. */
void communityi_older_settle(community_client *client);

/* community_http.c */
/* Reads the token, composes the request, gives it to the http port. PHX_OK: done will come. */
PHX_MUST_CHECK phx_status communityi_http_send(community_client *client,
                                               const communityi_call *call, bool is_refresh,
                                               const char *key_text, phx_http_done_fn done,
                                               void *done_user_data, uint64_t *out_http_id);
/* Whether `status` says that there is no token to send. */
bool communityi_http_is_token_failure(phx_status status);

/* community_status.c */
void communityi_count(community_client *client, uint64_t *counter);
/* What the next status says went wrong. */
void communityi_status_set_error(community_client *client, const phx_error *error);
/* Tells the app, if anything in the status changed. */
void communityi_status_publish(community_client *client);
void communityi_report(community_client *client, phx_status status, const char *message);

#endif
