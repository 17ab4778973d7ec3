/* SPDX-License-Identifier: MIT */
/*
 * The stock storage: one SQLite database in a file of its own. In a library of its own,
 * libcommunity-sqlite, so that the feed itself needs no SQLite.
 */
#ifndef COMMUNITY_SQLITE_H
#define COMMUNITY_SQLITE_H

#include <community/storage.h>

PHX_NONNULL_BEGIN

/*
 * A storage in the file `path` (copied; its folder exists) and in files beside it whose names begin
 * with it. All have mode 0600; one of another user, or that is no regular file, is refused with
 * PHX_ERROR_IO. One client at a time: while it is open the file is locked, so on Apple's systems it
 * does not belong into an app group's shared container, where a suspended app that holds a lock is
 * ended.
 *
 * A change is durable when it returns: SQLite's write-ahead log with synchronous=FULL, which costs
 * one sequential write and one sync each time, where a rollback journal takes three syncs and two
 * files; the database itself is rewritten once for many changes, so each page wears flash out less
 * often.
 *
 * A file that is damaged, or not of this version, is renamed to PATH.damaged-1 (-2, -3; beyond that
 * it is erased), and an empty one takes its place. Wiping overwrites all these files with zeroes,
 * syncs and removes them; what flash that levels its wear or a file system that copies on writing
 * keeps of them is beyond its reach.
 *
 * Memory and global state are SQLite's own; nothing of them is set here. Returned: consumed by the
 * config that it is put into, or free with community_storage_release. NULL: out of memory.
 * Threads: any.
 */
PHX_API const community_storage *PHX_NULLABLE community_storage_sqlite(const char *path);

PHX_NONNULL_END

#endif
