/* SPDX-License-Identifier: MIT */
/*
 * The storage port: where a client keeps the feed and what the user did between runs. A few kinds
 * of records, each a text key and a value, changed in transactions. A stock one on SQLite is in
 * community/sqlite.h.
 */
#ifndef COMMUNITY_STORAGE_H
#define COMMUNITY_STORAGE_H

#include <phx/status.h>

PHX_NONNULL_BEGIN

typedef enum PHX_ENUM(community_record_kind) {
    COMMUNITY_RECORD_META = 1, /* facts of the client's own, each by its name */
    COMMUNITY_RECORD_POST = 2, /* posts of the feed, by their place */
    COMMUNITY_RECORD_OUTBOX =
        3, /* what the user did and the server has not answered, by its number */
} PHX_ENUM_NAME(community_record_kind);

typedef struct community_record {
    uint32_t struct_size;
    community_record_kind kind;
    phx_slice key;   /* at most 255 bytes; sorts as bytes do */
    phx_slice value; /* data NULL, in a change: the record is to go */
} community_record;

/* Called for each record in the order of kind and key; borrowed. A status but PHX_OK ends the
 * reading. */
typedef phx_status (*community_record_fn)(void *PHX_NULLABLE user_data,
                                          const community_record *record);

/*
 * Every function is called on the loop's thread and returns soon: a transaction is a few hundred
 * small records at most. A failure is reported by the client and never ends it.
 */
typedef struct community_storage {
    uint32_t struct_size;
    void *PHX_NULLABLE user_data;
    /* Opens what belongs to `owner` (the user's id). What belongs to another owner, or cannot be
     * read, is set aside or wiped, and an empty storage is opened in its place: then PHX_OK too,
     * with *out_note saying so in static text (NULL: nothing to say). PHX_ERROR_IO,
     * PHX_ERROR_NO_MEMORY: nothing is open. */
    phx_status (*open)(void *PHX_NULLABLE user_data, const char *owner,
                       const char *PHX_NULLABLE *PHX_NONNULL out_note);
    /* Reads all records. PHX_ERROR_IO, PHX_ERROR_NO_MEMORY, or what `each` returned. */
    phx_status (*read)(void *PHX_NULLABLE user_data, community_record_fn each,
                       void *PHX_NULLABLE each_user_data);
    /* Puts and deletes records in one transaction: after a crash or a failure all are there, or
     * none. PHX_ERROR_IO (a full disk), PHX_ERROR_NO_MEMORY. */
    phx_status (*change)(void *PHX_NULLABLE user_data, const community_record *records,
                         size_t count);
    /* Forgets everything, so that nothing can be read from the medium any more, and closes. */
    phx_status (*wipe)(void *PHX_NULLABLE user_data);
    /* Closes and frees. Last call. NULL: nothing to free. */
    void (*PHX_NULLABLE release)(void *PHX_NULLABLE user_data);
} community_storage;

PHX_NONNULL_END

#endif
