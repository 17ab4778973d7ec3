/* SPDX-License-Identifier: MIT */
/*
 * One connection to a database of records: how it is opened and judged, and what is read from and
 * written to it. Knows no files but the path that it opens.
 */
#ifndef COMMUNITYI_SQLITE_DATABASE_H
#define COMMUNITYI_SQLITE_DATABASE_H

#include <community/storage.h>
#include <sqlite3.h>

/* What a database is found to be. */
typedef enum communityi_verdict {
    COMMUNITYI_DATABASE_GOOD,
    COMMUNITYI_DATABASE_DAMAGED, /* or not ours: to be set aside */
    COMMUNITYI_DATABASE_FOREIGN, /* another owner's */
} communityi_verdict;

/* Opens the file, which exists; an empty one becomes the owner's. *out: close with
 * communityi_database_close; NULL unless PHX_OK and good. PHX_ERROR_IO, PHX_ERROR_NO_MEMORY. */
PHX_MUST_CHECK phx_status communityi_database_open(const char *path, const char *owner,
                                                   communityi_verdict *out_verdict, sqlite3 **out);
/* NULL does nothing. is_kept false: what is in the log need not reach the database any more. */
void communityi_database_close(sqlite3 *db, bool is_kept);

/* As the port's functions. */
PHX_MUST_CHECK phx_status communityi_database_read(sqlite3 *db, community_record_fn each,
                                                   void *each_user_data);
PHX_MUST_CHECK phx_status communityi_database_change(sqlite3 *db, const community_record *records,
                                                     size_t count);

#endif
