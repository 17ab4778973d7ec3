/* SPDX-License-Identifier: MIT */
/*
 * The storage port: where a client keeps the feed and what the user did between runs. A few kinds
 * of records, each a key and a value, changed in transactions. A stock one on SQLite is in
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

/* Longest key, in bytes. */
#define COMMUNITY_MAX_RECORD_KEY_BYTES 255

typedef struct community_record {
    uint32_t struct_size;
    community_record_kind kind;
    phx_slice key; /* 1 to COMMUNITY_MAX_RECORD_KEY_BYTES bytes; sorts as bytes do. data NULL, in a
                    * change with value.data NULL: all records of the kind are to go */
    phx_slice value; /* data NULL, in a change: the record is to go; it need not be there */
} community_record;

/* Called for each record in the order of kind and key; borrowed. A status but PHX_OK ends the
 * reading. */
typedef phx_status (*community_record_fn)(void *PHX_NULLABLE user_data,
                                          const community_record *record);

/*
 * Whoever fills one in sets struct_size; the struct and its user_data live until release. Every
 * function is called by one thread at a time, the loop's, and returns soon: a transaction holds the
 * posts that changed within two seconds, rarely all of them. A failure is reported by the client
 * and never ends it. Calls of read and change follow an open that succeeded and no wipe since; wipe
 * and release may come at any time.
 */
typedef struct community_storage {
    uint32_t struct_size;
    void *PHX_NULLABLE user_data;
    /* Opens what belongs to `owner` (the user's id; not empty). What belongs to another owner is
     * wiped, what cannot be understood is set aside, and an empty storage is opened in its place:
     * PHX_OK too. *out_note says in static text what was set aside or lost (NULL: nothing).
     * PHX_ERROR_IO (also: somebody else has it open), PHX_ERROR_NO_MEMORY, PHX_ERROR_UNSUPPORTED
     * (this build has no adapter): nothing is open. */
    phx_status (*open)(void *PHX_NULLABLE user_data, const char *owner,
                       const char *PHX_NULLABLE *PHX_NONNULL out_note);
    /* Reads all records. PHX_ERROR_IO, PHX_ERROR_NO_MEMORY, or what `each` returned. `each` calls
     * no function of the port. */
    phx_status (*read)(void *PHX_NULLABLE user_data, community_record_fn each,
                       void *PHX_NULLABLE each_user_data);
    /* Puts and deletes records, in their order, in one transaction: after a crash or a failure all
     * is as it was, or all is done; after PHX_OK it is done for good, also if the power fails.
     * PHX_ERROR_IO (a full disk), PHX_ERROR_NO_MEMORY. */
    phx_status (*change)(void *PHX_NULLABLE user_data, const community_record *records,
                         size_t count);
    /* Forgets everything, what was set aside too, so that nothing of it can be read back, and
     * closes. PHX_OK too when there was nothing. PHX_ERROR_IO: something may be left; closed all
     * the same. */
    phx_status (*wipe)(void *PHX_NULLABLE user_data);
    /* Closes and frees. Last call. NULL: nothing to free. */
    void (*PHX_NULLABLE release)(void *PHX_NULLABLE user_data);
} community_storage;

/* Calls storage->release, if any. For one that no config consumed. NULL does nothing. */
PHX_API void community_storage_release(const community_storage *PHX_NULLABLE storage);

PHX_NONNULL_END

#endif
