/* SPDX-License-Identifier: MIT */
/*
 * Presence: who is on a channel, kept equal to what Phoenix.Presence on the server says. A key (a
 * user) has one meta for each of its connections. Semantics are those of phoenix.js's Presence:
 * diffs that come before the state of the current join wait for it. Those that come before its
 * answer are dropped: what they say is in the state, or older.
 */
#ifndef PHX_PRESENCE_H
#define PHX_PRESENCE_H

#include <phx/channel.h>

PHX_NONNULL_BEGIN

/* A key and its metas. Borrowed for the callback, or until the next message on the loop's thread.
 */
typedef struct phx_presence_entry phx_presence_entry;

/* All are loop only. Texts are borrowed with the entry and not terminated by NUL. */
PHX_API phx_slice phx_presence_key(const phx_presence_entry *entry);
PHX_API size_t phx_presence_meta_count(const phx_presence_entry *entry);
/* The JSON object of a meta, as the server wrote it; data NULL beyond the end. */
PHX_API phx_slice phx_presence_meta(const phx_presence_entry *entry, size_t index);
/* The JSON object of the entry's last version as the server wrote it, with members beside "metas"
 * that a server's fetch/2 added; its metas may be older than phx_presence_meta's. */
PHX_API phx_slice phx_presence_json(const phx_presence_entry *entry);

typedef struct phx_presence phx_presence;

typedef struct phx_presence_options {
    uint32_t struct_size;
    const char *PHX_NULLABLE state_event; /* NULL: "presence_state". Copied. */
    const char *PHX_NULLABLE diff_event;  /* NULL: "presence_diff". Copied. */
    /* `current`: what the key had before, NULL for a new one. `joined`: the metas that are new. */
    void (*PHX_NULLABLE on_join)(void *PHX_NULLABLE user_data,
                                 const phx_presence_entry *PHX_NULLABLE current,
                                 const phx_presence_entry *joined) PHX_SENDABLE;
    /* `current`: what the key has left, possibly no meta. `left`: the metas that are gone. */
    void (*PHX_NULLABLE on_leave)(void *PHX_NULLABLE user_data, const phx_presence_entry *current,
                                  const phx_presence_entry *left) PHX_SENDABLE;
    /* After each state or diff, when its joins and leaves were told. */
    void (*PHX_NULLABLE on_sync)(void *PHX_NULLABLE user_data, phx_presence *presence) PHX_SENDABLE;
    /* A state or diff that is malformed (PHX_ERROR_MALFORMED_FRAME), or larger than the bounds
     * (PHX_ERROR_TOO_LARGE), or for which there was no memory, changed nothing; the list may be
     * wrong until the next state. */
    void (*PHX_NULLABLE on_error)(void *PHX_NULLABLE user_data, phx_status status) PHX_SENDABLE;
    void *PHX_NULLABLE user_data;
    void (*PHX_NULLABLE release_user_data)(void *PHX_NULLABLE user_data) PHX_SENDABLE;
    uint32_t max_metas;       /* of all keys together; 0: 10000 */
    size_t max_pending_bytes; /* of diffs that wait for a state; 0: 1048576 */
} phx_presence_options;

PHX_API void phx_presence_options_init_sized(phx_presence_options *options, uint32_t struct_size);
static inline void phx_presence_options_init(phx_presence_options *options)
{
    phx_presence_options_init_sized(options, (uint32_t)sizeof *options);
}

/*
 * Tracks the presences of a channel, until phx_presence_release. When the channel ends the list
 * stays as it was. options: copied. *out_presence: free with phx_presence_release, before the
 * client. PHX_ERROR_NO_MEMORY, PHX_ERROR_QUEUE_FULL, PHX_ERROR_CLOSED; then release_user_data is
 * not called. Threads: any.
 */
PHX_API PHX_MUST_CHECK phx_status
phx_presence_new(phx_client *client, phx_channel channel, const phx_presence_options *options,
                 phx_presence *PHX_NULLABLE *PHX_NONNULL out_presence);

/* Ends it; release_user_data is its last call. NULL does nothing. Threads: loop only, also in a
 * callback of its own. */
PHX_API void phx_presence_release(phx_presence *PHX_NULLABLE presence);

/* The keys that are present, in the order in which they came. Threads: loop only. */
PHX_API size_t phx_presence_count(const phx_presence *presence);
PHX_API const phx_presence_entry *PHX_NULLABLE phx_presence_first(const phx_presence *presence);
PHX_API const phx_presence_entry *PHX_NULLABLE phx_presence_next(const phx_presence_entry *entry);
/* NULL: the key is not present. */
PHX_API const phx_presence_entry *PHX_NULLABLE phx_presence_find(const phx_presence *presence,
                                                                 const char *key);

PHX_NONNULL_END

#endif
