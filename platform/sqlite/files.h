/* SPDX-License-Identifier: MIT */
/*
 * The files that a database consists of: who may read them, how they are set aside and how they are
 * erased. Knows nothing of what is in them. No file is opened that SQLite may have open, unless to
 * erase it: closing it would drop the process's locks.
 */
#ifndef COMMUNITYI_SQLITE_FILES_H
#define COMMUNITYI_SQLITE_FILES_H

#include <phx/status.h>

/* Makes an empty file if there is none; sees to it that it is this user's, regular and for nobody
 * else. PHX_ERROR_IO. */
PHX_MUST_CHECK phx_status communityi_files_prepare(const char *path);

/* Renames them to PATH.damaged-N, or erases them if there are enough of these. PHX_ERROR_IO. */
PHX_MUST_CHECK phx_status communityi_files_set_aside(const char *path);

/* Overwrites and removes them, with those that were set aside. PHX_ERROR_IO: as many as could be.
 */
PHX_MUST_CHECK phx_status communityi_files_erase(const char *path);

#endif
