/* SPDX-License-Identifier: MIT */
/*
 * The community feed's client. The app reports facts (the tab is visible, the app is in the
 * foreground, the network is up, a user is logged in); the client decides when to be connected,
 * keeps the feed equal to the server's, and says what changed.
 *
 * Pumped by its owner (community_client_poll, community_client_run) or by a thread of its own
 * (community_client_start). Callbacks come on that one thread, in order, with no lock held; any
 * function here may be called inside them.
 */
#ifndef COMMUNITY_CLIENT_H
#define COMMUNITY_CLIENT_H

#include <community/feed.h>
#include <community/storage.h>
#include <phx/client.h>
#include <phx/http.h>
#include <phx/keychain.h>

PHX_NONNULL_BEGIN

typedef struct community_client community_client;
typedef struct community_outbox_event community_outbox_event; /* community/outbox.h */

/* architecture document, section 5. */
typedef enum PHX_ENUM(community_state) {
    COMMUNITY_DISCONNECTED = 0, /* not wanted: a fact is missing */
    COMMUNITY_CONNECTING,       /* wanted; never connected since it became so */
    COMMUNITY_CONNECTED,        /* socket open and channel joined */
    COMMUNITY_RECONNECTING,     /* wanted; was connected, and tries again with backoff */
    COMMUNITY_UNAUTHORIZED,     /* wanted, but the server will not have us until the token or the
                                 * membership changes: see `error`, and community_client_retry */
} PHX_ENUM_NAME(community_state);

/* How the feed relates to the server's list. */
typedef enum PHX_ENUM(community_freshness) {
    COMMUNITY_STALE = 0, /* not connected: the feed is what it was when the connection ended */
    COMMUNITY_SYNCING,   /* connected; what was missed is being fetched */
    COMMUNITY_LIVE,      /* connected; the feed equals the server's */
    COMMUNITY_UNSYNCED,  /* connected; live events arrive, but no api_url to fetch the rest from
                          */
} PHX_ENUM_NAME(community_freshness);

typedef struct community_status {
    uint32_t struct_size;
    community_state state;
    community_freshness freshness;
    /* Since when the feed may miss something, UTC milliseconds; 0: it misses nothing, or was never
     * filled. */
    int64_t stale_since_ms;
    /* What ended the last connection or attempt, or made the last sync fail; status PHX_OK: nothing
     * since the last time all was well. Its message is borrowed: for the callback, or, from
     * community_client_read_status, until the next call of that function. */
    phx_error error;
    /* Attempts that failed since the connection was last stable, and in how long the next one comes
     * (0: under way, or none planned). */
    uint32_t attempts;
    uint32_t next_attempt_in_ms;
    /* The old connection is still being closed, within the close time-out of `connection`: keep
     * pumping, or keep the process from being suspended, until this is false. */
    bool is_closing;
} community_status;

/* Counters since community_client_new. */
typedef struct community_stats {
    uint32_t struct_size;
    uint64_t events; /* live feed events received, duplicates included */
    /* Second copies, and events for posts that the feed does not hold. */
    uint64_t events_without_effect;
    uint64_t malformed; /* frames and payloads that could not be understood */
    uint64_t batches;
    uint64_t connects;    /* connections that were joined */
    uint64_t disconnects; /* of those, how many ended without our doing */
    uint64_t syncs;
    uint64_t pages;
    uint64_t requests; /* REST requests begun */
    uint64_t requests_failed;
} community_stats;

/* An event of the topic that this version does not know. Borrowed. */
typedef struct community_event {
    uint32_t struct_size;
    phx_slice name;
    phx_slice payload; /* JSON text, or bytes if is_binary */
    bool is_binary;
} community_event;

typedef struct community_config {
    uint32_t struct_size;
    /* "wss://HOST/community": "/websocket" and the token are added. Required; copied. */
    const char *PHX_NULLABLE url;
    /* "https://HOST/api/community". NULL: no REST; the feed is then live but unsynced. Copied. */
    const char *PHX_NULLABLE api_url;
    /* Where the token is. Required; consumed, also when community_client_new fails. */
    const phx_keychain *PHX_NULLABLE keychain;

    void (*PHX_NULLABLE on_change)(void *PHX_NULLABLE user_data, const community_batch *batch)
        PHX_SENDABLE;
    void (*PHX_NULLABLE on_status)(void *PHX_NULLABLE user_data, const community_status *status)
        PHX_SENDABLE;
    /* Something was refused, malformed or lost, and the client goes on. */
    void (*PHX_NULLABLE on_error)(void *PHX_NULLABLE user_data, const phx_error *error)
        PHX_SENDABLE;
    void (*PHX_NULLABLE on_event)(void *PHX_NULLABLE user_data, const community_event *event)
        PHX_SENDABLE;
    void *PHX_NULLABLE user_data;
    /* The client's very last call: user_data is not touched any more. */
    void (*PHX_NULLABLE release_user_data)(void *PHX_NULLABLE user_data) PHX_SENDABLE;

    uint32_t max_posts;  /* the feed's capacity, the oldest are dropped; 0: 1000 */
    uint32_t page_posts; /* posts a page in a sync; 0: 50. No more than the server gives at a time:
                          * a page with fewer is taken for the last one */
    uint32_t request_timeout_ms; /* for one REST call; 0: 15000 */
    uint32_t max_requests;       /* REST calls that may be under way or waiting; 0: 64 */
    /* Send the token in the clear to a host that is not this one (ws:, http:). */
    bool allow_insecure;
    /* The token in Phoenix 1.8's auth_token sub-protocol instead of the query. */
    bool token_in_subprotocol;
    /* Connection and reconnection; NULL: phx_client's defaults. Of its members, those that this
     * struct decides (url, keychain, callbacks, ports) are ignored. Copied. */
    const phx_client_config *PHX_NULLABLE connection;
    const phx_tls *PHX_NULLABLE tls; /* copied */

    /* Ports. NULL: the stock ones. The loop is retained; transport and http are consumed. */
    phx_loop *PHX_NULLABLE loop;
    const phx_transport *PHX_NULLABLE transport;
    const phx_http *PHX_NULLABLE http;
    /* For the loop that is made when `loop` is NULL. */
    const phx_loop_config *PHX_NULLABLE loop_config;
    const phx_network *PHX_NULLABLE network; /* for the stock ports; copied */

    /* Where the feed is kept between runs, so that it is there, stale, at the client's first turn
     * and before the network is up. Written behind, within two seconds, and at once when no
     * connection is wanted any more or the client is released; wiped at logout. NULL: nothing is
     * kept. Consumed, also on failure. What it fails at is reported by on_error, and the client
     * goes on. */
    const community_storage *PHX_NULLABLE storage;
    /* Whose feed it is: required with `storage`, not empty; copied. With it, likes are shown at
     * once. What is kept for another user is wiped. A client is one user's: for another, make
     * another. */
    const char *PHX_NULLABLE user_id;

    /* Keep writes that cannot be sent now, and send them later: community/outbox.h. */
    bool has_outbox;
    /* The backend does a write once however often it comes with the same Idempotency-Key: then one
     * whose answer was lost is sent again by itself. There is no way to find that out without the
     * danger of doing something twice, so it has to be said. */
    bool is_backend_idempotent;
    uint32_t outbox_max_items;  /* beyond it a write is refused with PHX_ERROR_QUEUE_FULL; 0: 100 */
    uint32_t outbox_max_bytes;  /* the same, of all texts and ids together; 0: 1 MiB */
    uint32_t outbox_expires_ms; /* what could not be sent for so long is given up; 0: 24 hours */
    /* The outbox's list changed, or a write came to its outcome. */
    void (*PHX_NULLABLE on_outbox)(void *PHX_NULLABLE user_data,
                                   const community_outbox_event *event) PHX_SENDABLE;

    /* Posts that a first fill fetches, at least 10; 0, or more than max_posts: max_posts. Below
     * max_posts, the feed is extended downwards with community_client_load_older. */
    uint32_t initial_posts;

    /* Memory of the connection's flight recorder: see community_client_dump_recording. 0: what
     * `connection` says. */
    size_t recorder_bytes;
} community_config;

PHX_API void community_config_init_sized(community_config *config, uint32_t struct_size);
static inline void community_config_init(community_config *config)
{
    community_config_init_sized(config, (uint32_t)sizeof *config);
}

/*
 * Makes a client; nothing is connected until it is visible and pumped.
 * *out_client: free with community_client_release.
 * PHX_ERROR_INVALID_ARGUMENT: url or keychain, or the storage's user_id, is missing.
 * PHX_ERROR_INVALID_URL. PHX_ERROR_INSECURE: ws: or http: to another host without allow_insecure.
 * PHX_ERROR_UNSUPPORTED: a port is NULL and this build has no stock one. PHX_ERROR_NO_MEMORY,
 * PHX_ERROR_SYSTEM. On failure release_user_data is not called. Threads: any.
 */
PHX_API PHX_MUST_CHECK phx_status community_client_new(
    const community_config *config, community_client *PHX_NULLABLE *PHX_NONNULL out_client);

/*
 * Ends it: the connection is closed, every request that is under way completes with
 * PHX_ERROR_CLOSED, and release_user_data is called last, all on the loop's thread. When the client
 * pumps itself and this is not one of its callbacks, all that has happened when the call returns;
 * otherwise soon after. NULL does nothing. Threads: any, once.
 */
PHX_API void community_client_release(community_client *PHX_NULLABLE client);

/* phx_loop_poll, phx_loop_run, phx_loop_start, phx_loop_stop of the client's loop. */
PHX_API PHX_MUST_CHECK phx_status community_client_poll(community_client *client,
                                                        uint32_t timeout_ms);
PHX_API PHX_MUST_CHECK phx_status community_client_run(community_client *client);
PHX_API PHX_MUST_CHECK phx_status community_client_start(community_client *client);
PHX_API void community_client_stop(community_client *client);

/* The client's loop, borrowed: to watch a descriptor of one's own on it. Threads: any. */
PHX_API phx_loop *community_client_loop(community_client *client);

/*
 * The facts. At first: not visible, in the foreground, network up, logged in. A connection is
 * wanted exactly when all four hold. Reporting one twice is harmless; `is_up` reported again as
 * true says that the network changed, and makes the client probe the connection. Never fail.
 * Threads: any.
 */
PHX_API void community_client_set_visible(community_client *client, bool is_visible);
PHX_API void community_client_set_foreground(community_client *client, bool is_foreground);
PHX_API void community_client_set_network(community_client *client, bool is_up);

/* The user logged in: stores the token (copied, wiped after use) in the keychain.
 * PHX_ERROR_INVALID_ARGUMENT: empty, or not visible ASCII. PHX_ERROR_TOO_LARGE,
 * PHX_ERROR_QUEUE_FULL (logins count in max_requests), PHX_ERROR_NO_MEMORY, PHX_ERROR_CLOSED. done:
 * called exactly once if it was accepted, with PHX_OK, the keychain's status, or
 * PHX_ERROR_CANCELLED; NULL: nobody asks. Threads: any. */
PHX_API PHX_MUST_CHECK phx_status community_client_login(
    community_client *client, const char *token, size_t token_length,
    void (*PHX_NULLABLE done)(void *PHX_NULLABLE user_data, phx_status status) PHX_SENDABLE,
    void *PHX_NULLABLE user_data);

/* The user logged out: disconnects, erases the token, empties the feed (a reset), wipes the
 * storage, cancels every request. Never fails; a keychain that cannot be erased, or a storage that
 * cannot be wiped, is reported by on_error. Threads: any. */
PHX_API void community_client_logout(community_client *client);

/* Leaves COMMUNITY_UNAUTHORIZED, or a wait for the next attempt, and tries at once: the token or
 * the membership changed, or the user asked for it. Never fails. Threads: any. */
PHX_API void community_client_retry(community_client *client);

/* The feed now; free with community_snapshot_release. Never NULL. Threads: any. */
PHX_API const community_snapshot *community_client_snapshot(community_client *client);

/* out->struct_size is set by the caller, to its sizeof (0: this header's): so much is written.
 * Threads: any; the status's `message` as said at community_status, so from one thread at a time.
 */
PHX_API void community_client_read_status(community_client *client, community_status *out_status);
PHX_API void community_client_read_stats(community_client *client, community_stats *out_stats);

/* As phx_client_dump_recording, of the feed's connection: what is recorded and what never is, the
 * threads and the statuses. Since 0.1. */
PHX_API PHX_MUST_CHECK phx_status community_client_dump_recording(community_client *client,
                                                                  phx_recording_write_fn write,
                                                                  void *PHX_NULLABLE user_data);

PHX_NONNULL_END

#endif
