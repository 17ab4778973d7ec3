/* SPDX-License-Identifier: MIT */
/*
 * The statement helpers of sql.h.
 */
#include "sql.h"

#include "log.h"

#include <stdio.h>
#include <time.h>

static void log_failure(sqlite3 *db, const char *what)
{
    log_line("database: %s: %s", what, sqlite3_errmsg(db));
}

sqlite3_stmt *sql(struct store *store, const char *text)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(store->db, text, -1, &statement, NULL) != SQLITE_OK) {
        log_failure(store->db, "prepare");
    }
    return statement;
}

void sql_bind_text(sqlite3_stmt *statement, int index, struct slice text)
{
    if (statement != NULL) {
        (void)sqlite3_bind_text64(statement, index, text.data, text.len, SQLITE_STATIC,
                                  SQLITE_UTF8);
    }
}

void sql_bind_int(sqlite3_stmt *statement, int index, int64_t value)
{
    if (statement != NULL) {
        (void)sqlite3_bind_int64(statement, index, value);
    }
}

void sql_bind_blob(sqlite3_stmt *statement, int index, const void *data, size_t len)
{
    if (statement != NULL) {
        (void)sqlite3_bind_blob64(statement, index, len > 0 ? data : "", len, SQLITE_STATIC);
    }
}

enum store_status sql_next(sqlite3_stmt *statement)
{
    if (statement == NULL) {
        return STORE_FAILED;
    }
    switch (sqlite3_step(statement)) {
    case SQLITE_ROW:
        return STORE_OK;
    case SQLITE_DONE:
        return STORE_MISSING;
    default:
        log_failure(sqlite3_db_handle(statement), "step");
        return STORE_FAILED;
    }
}

enum store_status sql_run(sqlite3_stmt *statement)
{
    const enum store_status status = sql_next(statement);
    if (status == STORE_FAILED) {
        (void)sqlite3_finalize(statement);
        return STORE_FAILED;
    }
    const int changes = sqlite3_changes(sqlite3_db_handle(statement));
    (void)sqlite3_finalize(statement);
    return changes > 0 ? STORE_OK : STORE_MISSING;
}

struct slice sql_column(sqlite3_stmt *statement, int column)
{
    const char *data = sqlite3_column_blob(statement, column);
    const int len = sqlite3_column_bytes(statement, column);
    return (struct slice){data != NULL ? data : "", data != NULL ? (size_t)len : 0};
}

void sql_now(char out_text[TIME_TEXT_SIZE])
{
    struct timespec now;
    struct tm utc;
    char seconds[24];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(out_text, TIME_TEXT_SIZE, "%.19s.%06uZ", seconds,
                   (unsigned)(now.tv_nsec / 1000) % 1000000U);
}
