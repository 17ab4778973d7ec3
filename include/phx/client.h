/* SPDX-License-Identifier: MIT */
/*
 * A Phoenix socket: one connection at a time, kept up as long as it is wanted, and the channels on
 * it. Semantics follow phoenix.js 1.8 where this header does not say otherwise.
 */
#ifndef PHX_CLIENT_H
#define PHX_CLIENT_H

#include <phx/keychain.h>
#include <phx/loop.h>
#include <phx/transport.h>

PHX_NONNULL_BEGIN

typedef struct phx_client phx_client;

typedef enum PHX_ENUM(phx_client_state) {
    PHX_CLIENT_DISCONNECTED = 0, /* not wanted: before connect, or after disconnect */
    PHX_CLIENT_CONNECTING,       /* an attempt is under way */
    PHX_CLIENT_CONNECTED,        /* the upgrade is done */
    PHX_CLIENT_WAITING,          /* wanted; the next attempt waits for its time */
    PHX_CLIENT_UNAUTHORIZED,     /* wanted, but the token was refused or is missing; waits for
                                  * phx_client_token_changed or phx_client_connect */
    PHX_CLIENT_CLOSING,          /* disconnecting: the close handshake is under way */
} PHX_ENUM_NAME(phx_client_state);

/* Where the token travels. */
typedef enum PHX_ENUM(phx_token_place) {
    PHX_TOKEN_IN_QUERY = 0,   /* as the parameter `token_parameter` */
    PHX_TOKEN_IN_SUBPROTOCOL, /* Phoenix 1.8's auth_token: out of URLs and access logs */
} PHX_ENUM_NAME(phx_token_place);

typedef enum PHX_ENUM(phx_backoff_kind) {
    /* Exponential with full jitter: a random time up to min(max, base * 2^n). The first retry after
     * a lone drop is fast. After what hits everybody (a close with 1001, 1012 or 1013; an attempt
     * that found nobody listening, or was answered 429 or 5xx) it is up to min(max, spread * 2^n).
     * Attempts are forgotten once the connection has stayed up for stable_ms and a join was
     * answered. */
    PHX_BACKOFF_JITTER = 0,
    /* phoenix.js's table (10, 50, 100, 150, 200, 250, 500, 1000, 2000, then 5000 ms; rejoin 1,
     * 2, 5, then 10 s), without jitter, forgotten when the socket opens. */
    PHX_BACKOFF_STEPPED,
    /* The caller's function. */
    PHX_BACKOFF_CUSTOM,
} PHX_ENUM_NAME(phx_backoff_kind);

typedef struct phx_backoff {
    uint32_t struct_size;
    phx_backoff_kind kind;
    uint32_t base_ms;   /* JITTER; 0: 250 for reconnects, 1000 for rejoins */
    uint32_t max_ms;    /* JITTER; 0: 30000 */
    uint32_t stable_ms; /* JITTER, CUSTOM; 0: 10000 */
    /* JITTER: in place of base_ms, if more, after what hits everybody; 0: 5000. */
    uint32_t spread_ms;
    /* CUSTOM: the wait before attempt `attempt` (1 for the first retry). `error`: what ended the
     * last one, borrowed. Called on the loop's thread; calls nothing of the SDK. */
    uint32_t (*PHX_NULLABLE delay_ms)(void *PHX_NULLABLE user_data, uint32_t attempt,
                                      const phx_error *error);
    void *PHX_NULLABLE user_data;
} phx_backoff;

/* One parameter of the connection's URL, a name and a value; nested ones are named as "a[b]". */
typedef phx_header phx_param;

/* Adds parameters to one connection attempt: see phx_param_list_add. */
typedef struct phx_param_list phx_param_list;

/* Percent-encodes and appends name=value (both copied). PHX_ERROR_NO_MEMORY, PHX_ERROR_TOO_LARGE.
 * Threads: inside on_params only. */
PHX_API PHX_MUST_CHECK phx_status phx_param_list_add(phx_param_list *list, const char *name,
                                                     const char *value);

typedef struct phx_client_status {
    uint32_t struct_size;
    phx_client_state state;
    /* What ended the last connection or attempt; PHX_OK: nothing did, or all has been well since.
     * The message is borrowed: for the callback, or, from phx_client_read_status, until the next
     * call of that function. */
    phx_error error;
    uint32_t attempts;           /* failed since the connection was last stable; 0 while it is up */
    uint32_t next_attempt_in_ms; /* in PHX_CLIENT_WAITING; else 0 */
} phx_client_status;

/* Counters since phx_client_new; times in ms. */
typedef struct phx_client_metrics {
    uint32_t struct_size;
    uint32_t rtt_last_ms;     /* of the last heartbeat answered; 0: none yet */
    uint32_t rtt_smoothed_ms; /* as TCP smooths it (RFC 6298) */
    uint32_t channels;
    uint32_t pushes_pending; /* accepted and not completed */
    uint64_t queued_bytes;   /* accepted and not yet with the operating system */
    uint64_t frames_in;
    uint64_t frames_out;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t malformed; /* frames that could not be understood */
    uint64_t stale;     /* frames of joins that are over, or of no channel */
    uint64_t attempts;
    uint64_t connects;
    uint64_t drops_by_network; /* connections lost, timeouts, TLS */
    uint64_t drops_by_server;  /* close frames */
    uint64_t drops_by_heartbeat;
    uint64_t refusals; /* upgrades refused */
} phx_client_metrics;

typedef struct phx_client_config {
    uint32_t struct_size;
    /* "wss://HOST/socket"; "/websocket" is added to its path, a query in it is kept. Required;
     * copied. */
    const char *PHX_NULLABLE url;
    /* Where the token is; read at every attempt. NULL: no token. Consumed, also when phx_client_new
     * fails. */
    const phx_keychain *PHX_NULLABLE keychain;
    phx_token_place token_place;
    const char *PHX_NULLABLE token_parameter; /* NULL: "token". Copied. */
    /* Send a token in the clear (ws:) to a host that is not this one. */
    bool allow_insecure;

    /* Parameters of the URL, the same at every attempt. Copied. */
    const phx_param *PHX_NULLABLE params;
    size_t param_count;
    /* And those that are asked for anew at every attempt. Any status but PHX_OK makes the attempt
     * fail with it. */
    phx_status (*PHX_NULLABLE on_params)(void *PHX_NULLABLE user_data, phx_param_list *list)
        PHX_SENDABLE;
    /* Headers of the upgrade request. Copied. */
    const phx_header *PHX_NULLABLE headers;
    size_t header_count;

    void (*PHX_NULLABLE on_status)(void *PHX_NULLABLE user_data, const phx_client_status *status)
        PHX_SENDABLE;
    /* A frame was malformed or something was refused, and the client goes on. */
    void (*PHX_NULLABLE on_error)(void *PHX_NULLABLE user_data, const phx_error *error)
        PHX_SENDABLE;
    void *PHX_NULLABLE user_data;
    /* The client's very last call: user_data is not touched any more. */
    void (*PHX_NULLABLE release_user_data)(void *PHX_NULLABLE user_data) PHX_SENDABLE;

    phx_backoff reconnect;
    phx_backoff rejoin;
    uint32_t connect_timeout_ms;    /* name, TCP, TLS and upgrade; 0: 10000 */
    uint32_t heartbeat_interval_ms; /* 0: 30000; UINT32_MAX: no heartbeats */
    uint32_t heartbeat_timeout_ms;  /* 0: 10000 */
    uint32_t probe_timeout_ms;  /* for a heartbeat after a wake or a change of network; 0: 3000 */
    uint32_t push_timeout_ms;   /* of joins and pushes; 0: 10000 */
    uint32_t close_timeout_ms;  /* how long a disconnect may take; 0: 2000 */
    size_t max_frame_bytes;     /* one message, either way; 0: 4194304 */
    size_t max_queued_bytes;    /* pushes waiting or unsent; 0: 1048576 */
    uint32_t max_queued_pushes; /* pushes accepted and not completed; 0: 1024 */
    uint32_t max_channels;      /* 0: 1000 */
    const phx_tls *PHX_NULLABLE tls; /* for the stock transport; copied */

    /* Ports. NULL: the stock ones. The loop is retained; the transport is consumed. */
    phx_loop *PHX_NULLABLE loop;
    const phx_transport *PHX_NULLABLE transport;
    /* For the loop that is made when `loop` is NULL. */
    const phx_loop_config *PHX_NULLABLE loop_config;
    const phx_network *PHX_NULLABLE network; /* for the stock transport; copied */

    /* Memory of the flight recorder, taken at once: see phx_client_dump_recording. 0: none; less
     * than 16384 counts as that. */
    size_t recorder_bytes;
} phx_client_config;

PHX_API void phx_client_config_init_sized(phx_client_config *config, uint32_t struct_size);
static inline void phx_client_config_init(phx_client_config *config)
{
    phx_client_config_init_sized(config, (uint32_t)sizeof *config);
}

/*
 * Makes a client; it does nothing until phx_client_connect and being pumped.
 * *out_client: free with phx_client_release. PHX_ERROR_INVALID_ARGUMENT: no url, or a port without
 * its functions. PHX_ERROR_INVALID_URL. PHX_ERROR_INSECURE: a keychain, and ws: to another host
 * without allow_insecure. PHX_ERROR_UNSUPPORTED: a port is NULL and this build has no stock one.
 * PHX_ERROR_NO_MEMORY, PHX_ERROR_SYSTEM. On failure release_user_data is not called.
 * Threads: any; with a `loop` that is being pumped, that loop's only.
 */
PHX_API PHX_MUST_CHECK phx_status phx_client_new(const phx_client_config *config,
                                                 phx_client *PHX_NULLABLE *PHX_NONNULL out_client);

/*
 * Ends it: the connection is dropped (a close frame is what phx_client_disconnect sends), pushes
 * complete with PHX_ERROR_CLOSED, channels end, and release_user_data is called last, all on the
 * loop's thread. When the client pumps itself and this is not one of its callbacks, all that has
 * happened when the call returns; otherwise soon after. NULL does nothing. Threads: any, once.
 */
PHX_API void phx_client_release(phx_client *PHX_NULLABLE client);

/* phx_loop_poll, phx_loop_run, phx_loop_start, phx_loop_stop of the client's loop. */
PHX_API PHX_MUST_CHECK phx_status phx_client_poll(phx_client *client, uint32_t timeout_ms);
PHX_API PHX_MUST_CHECK phx_status phx_client_run(phx_client *client);
PHX_API PHX_MUST_CHECK phx_status phx_client_start(phx_client *client);
PHX_API void phx_client_stop(phx_client *client);

/* The client's loop, borrowed. Threads: any. */
PHX_API phx_loop *phx_client_loop(phx_client *client);

/* Wants a connection: tries at once if none is up or under way, also after a refusal and while
 * waiting for the next attempt. Channels that were joined are joined again. Never fails. Threads:
 * any. */
PHX_API void phx_client_connect(phx_client *client);

/* Wants none: final until phx_client_connect. Leaves nothing behind on the server but a clean close
 * with 1000, within close_timeout_ms. Pushes under way complete with PHX_ERROR_DISCONNECTED.
 * Channels stay, and are joined again by the next connect. Never fails. Threads: any. */
PHX_API void phx_client_disconnect(phx_client *client);

/* The device woke, or the network changed: sends a heartbeat at once with probe_timeout_ms to live,
 * or makes the waiting attempt now. Never fails. Threads: any. */
PHX_API void phx_client_probe(phx_client *client);

/* The keychain has another token, or the one that was pending: leaves PHX_CLIENT_UNAUTHORIZED and
 * tries at once. A connection that is up stays. Never fails. Threads: any. */
PHX_API void phx_client_token_changed(phx_client *client);

/* out->struct_size is set by the caller, to its sizeof (0: this header's): so much is written.
 * Threads: any; the status's `message` as said at phx_client_status, so from one thread at a time.
 */
PHX_API void phx_client_read_status(phx_client *client, phx_client_status *out_status);
PHX_API void phx_client_read_metrics(phx_client *client, phx_client_metrics *out_metrics);

/* Takes a part of a recording, borrowed for the call. Any status but PHX_OK ends the dump with it.
 */
typedef phx_status (*phx_recording_write_fn)(void *PHX_NULLABLE user_data, const uint8_t *data,
                                             size_t length);

/*
 * Writes the flight recorder's recording: the last that came in from the application, the network
 * and the clock, so that `community replay` computes from it, step by step, what this client did.
 * The client goes on recording. In it are times, ids and refs, topics and events, lengths, states,
 * status and close codes, and limits of the configuration. Not in it are tokens, URLs, headers,
 * parameters, texts of errors, and of payloads of joins, pushes, replies and messages anything but
 * their length; so keep secrets out of topics and events.
 * write: called several times before this returns; calls nothing of the SDK. user_data: its own.
 * PHX_ERROR_UNSUPPORTED: recorder_bytes was 0. Else what `write` returned.
 * Threads: the loop's, in a callback too; one that pumps itself, between its polls. From another
 * thread, phx_loop_post a task that calls it. Since 0.1.
 */
PHX_API PHX_MUST_CHECK phx_status phx_client_dump_recording(phx_client *client,
                                                            phx_recording_write_fn write,
                                                            void *PHX_NULLABLE user_data);

PHX_NONNULL_END

#endif
