/* SPDX-License-Identifier: MIT */
/*
 * Opening the database, transactions, users and stored answers; posts and comments are in
 * store_posts.c. Write-ahead log with synchronous=NORMAL: a killed process loses nothing, and no
 * write waits for the disk.
 */
#include "sql.h"

#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ANSWER_SECONDS = 24 * 60 * 60,
    ANSWERS_MAX = 10000
};

static const char schema[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA foreign_keys = ON;"
    "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE "
    "NOCASE,"
    "  is_member INTEGER NOT NULL, token_hash BLOB NOT NULL UNIQUE);"
    "CREATE TABLE IF NOT EXISTS posts (seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  id TEXT NOT NULL UNIQUE, author INTEGER NOT NULL REFERENCES users(id), body BLOB NOT NULL,"
    "  inserted_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE IF NOT EXISTS likes (post TEXT NOT NULL, user INTEGER NOT NULL,"
    "  UNIQUE (post, user));"
    "CREATE TABLE IF NOT EXISTS comments (id TEXT PRIMARY KEY, post TEXT NOT NULL,"
    "  author INTEGER NOT NULL REFERENCES users(id), body BLOB NOT NULL, inserted_at TEXT NOT "
    "NULL);"
    "CREATE INDEX IF NOT EXISTS comments_of_post ON comments (post);"
    "CREATE TABLE IF NOT EXISTS answers (seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  user INTEGER NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL,"
    "  status INTEGER NOT NULL, body BLOB NOT NULL, at INTEGER NOT NULL, UNIQUE (user, key));";

static bool execute(struct store *store, const char *text)
{
    char *message = NULL;
    const bool good = sqlite3_exec(store->db, text, NULL, NULL, &message) == SQLITE_OK;
    if (!good) {
        log_line("database: %s", message != NULL ? message : sqlite3_errmsg(store->db));
    }
    sqlite3_free(message);
    return good;
}

struct store *store_open(const char *path, int64_t first_int_id)
{
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return NULL;
    }
    store->first_int_id = first_int_id;
    if (sqlite3_open(path, &store->db) != SQLITE_OK) {
        log_line("database: cannot open %s: %s", path, sqlite3_errmsg(store->db));
        store_close(store);
        return NULL;
    }
    (void)sqlite3_busy_timeout(store->db, 2000);
    if (!execute(store, schema)) {
        store_close(store);
        return NULL;
    }
    return store;
}

void store_close(struct store *store)
{
    if (store != NULL) {
        (void)sqlite3_close(store->db);
        free(store);
    }
}

bool store_begin(struct store *store)
{
    return execute(store, "BEGIN IMMEDIATE");
}

bool store_commit(struct store *store)
{
    if (execute(store, "COMMIT")) {
        return true;
    }
    store_rollback(store);
    return false;
}

void store_rollback(struct store *store)
{
    (void)execute(store, "ROLLBACK");
}

enum store_status store_put_user(struct store *store, const struct user *user)
{
    sqlite3_stmt *put = sql(store, "INSERT INTO users (name, is_member, token_hash)"
                                   " VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE"
                                   " SET is_member = ?2, token_hash = ?3");
    sql_bind_text(put, 1, slice_of(user->name));
    sql_bind_int(put, 2, user->is_member ? 1 : 0);
    sql_bind_blob(put, 3, user->token_hash, sizeof(user->token_hash));
    return sql_run(put);
}

static bool read_user(sqlite3_stmt *row, struct user *out)
{
    const struct slice name = sql_column(row, 1);
    const struct slice hash = sql_column(row, 3);
    *out = (struct user){.id = sqlite3_column_int64(row, 0),
                         .is_member = sqlite3_column_int(row, 2) != 0};
    if (name.len >= sizeof(out->name) || hash.len != sizeof(out->token_hash)) {
        return false;
    }
    memcpy(out->name, name.data, name.len);
    memcpy(out->token_hash, hash.data, hash.len);
    return true;
}

enum store_status store_users(struct store *store, struct user **out_users, size_t *out_count)
{
    struct bytes users = {0};
    struct user user;
    sqlite3_stmt *query =
        sql(store, "SELECT id, name, is_member, token_hash FROM users ORDER BY id");
    enum store_status status = sql_next(query);
    while (status == STORE_OK) {
        if (read_user(query, &user)) {
            bytes_append(&users, &user, sizeof(user));
        }
        status = sql_next(query);
    }
    (void)sqlite3_finalize(query);
    if (status == STORE_FAILED || users.failed) {
        bytes_free(&users);
        return STORE_FAILED;
    }
    *out_count = users.len / sizeof(user);
    *out_users = (struct user *)(void *)users.data;
    return STORE_OK;
}

enum store_status store_answer(struct store *store, int64_t user, struct slice key,
                               struct answer *out)
{
    sqlite3_stmt *query = sql(store, "SELECT status, body, fingerprint FROM answers"
                                     " WHERE user = ?1 AND key = ?2 AND at > ?3");
    sql_bind_int(query, 1, user);
    sql_bind_text(query, 2, key);
    sql_bind_int(query, 3, (int64_t)time(NULL) - ANSWER_SECONDS);
    enum store_status status = sql_next(query);
    if (status == STORE_OK) {
        const struct slice fingerprint = sql_column(query, 2);
        out->status = sqlite3_column_int(query, 0);
        bytes_slice(&out->body, sql_column(query, 1));
        if (out->body.failed || fingerprint.len != sizeof(out->fingerprint)) {
            status = STORE_FAILED;
        } else {
            memcpy(out->fingerprint, fingerprint.data, fingerprint.len);
        }
    }
    (void)sqlite3_finalize(query);
    return status;
}

static bool forget_answers(struct store *store, int64_t now)
{
    sqlite3_stmt *forget = sql(
        store, "DELETE FROM answers WHERE at <= ?1 OR seq <= (SELECT max(seq) FROM answers) - ?2");
    sql_bind_int(forget, 1, now - ANSWER_SECONDS);
    sql_bind_int(forget, 2, ANSWERS_MAX);
    return sql_run(forget) != STORE_FAILED;
}

enum store_status store_put_answer(struct store *store, int64_t user, struct slice key,
                                   const struct answer *answer)
{
    const int64_t now = (int64_t)time(NULL);
    sqlite3_stmt *put = sql(store, "INSERT OR REPLACE INTO answers"
                                   " (user, key, fingerprint, status, body, at)"
                                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    sql_bind_int(put, 1, user);
    sql_bind_text(put, 2, key);
    sql_bind_blob(put, 3, answer->fingerprint, sizeof(answer->fingerprint));
    sql_bind_int(put, 4, answer->status);
    sql_bind_blob(put, 5, answer->body.data, answer->body.len);
    sql_bind_int(put, 6, now);
    const enum store_status status = sql_run(put);
    return status == STORE_OK && !forget_answers(store, now) ? STORE_FAILED : status;
}
