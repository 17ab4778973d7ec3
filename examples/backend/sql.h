/* SPDX-License-Identifier: MIT */
/*
 * SQLite statements in three steps: prepare with sql(), bind by position, then sql_run() or
 * sql_next(). Failures are logged here, once. Only the store's files include this.
 */
#ifndef BACKEND_SQL_H
#define BACKEND_SQL_H

#include "bytes.h"
#include "store.h"

#include <sqlite3.h>

struct store {
    sqlite3 *db;
    int64_t first_int_id; /* 0: posts have UUIDs */
};

enum {
    TIME_TEXT_SIZE = 28
};

/* NULL on failure; every sql_* function below takes NULL and fails. */
sqlite3_stmt *sql(struct store *store, const char *text);
void sql_bind_text(sqlite3_stmt *statement, int index, struct slice text);
void sql_bind_int(sqlite3_stmt *statement, int index, int64_t value);
/* Blobs: bodies may hold NUL, which SQLite's text functions do not promise to keep. */
void sql_bind_blob(sqlite3_stmt *statement, int index, const void *data, size_t len);
/* STORE_OK: a row is there. STORE_MISSING: no more rows. */
enum store_status sql_next(sqlite3_stmt *statement);
/* Runs a statement that changes rows, and frees it. STORE_MISSING when it changed none. */
enum store_status sql_run(sqlite3_stmt *statement);
struct slice sql_column(sqlite3_stmt *statement, int column);
/* Now, in UTC with microseconds, as Ecto writes a utc_datetime_usec. */
void sql_now(char out_text[TIME_TEXT_SIZE]);

#endif
