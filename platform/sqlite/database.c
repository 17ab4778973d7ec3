/* SPDX-License-Identifier: MIT */
/*
 * The file is not trusted: its schema has to be ours to the letter and its pages have to pass
 * SQLite's check before anything is read, and triggers and views are off. The owner is a record of
 * a kind that nobody reads.
 */
#include "sqlite/database.h"

#include <string.h>

#define SCHEMA                                                        \
    "CREATE TABLE records(kind INTEGER NOT NULL, key BLOB NOT NULL, " \
    "value BLOB NOT NULL, PRIMARY KEY(kind, key)) WITHOUT ROWID"
#define OWNER_KIND "0"
#define OWNER_KEY "x'00'"

/* locking_mode before the first access, so that no shared memory is needed; secure_delete, so that
 * deleted records do not stay in free pages; nothing goes to temporary files. */
static const char before_first_access[] = "PRAGMA locking_mode=EXCLUSIVE;"
                                          "PRAGMA secure_delete=ON;"
                                          "PRAGMA temp_store=MEMORY;"
                                          "PRAGMA cell_size_check=ON;";
/* 256 pages: a megabyte of log. */
static const char once_it_is_ours[] = "PRAGMA journal_mode=WAL;"
                                      "PRAGMA synchronous=FULL;"
                                      "PRAGMA wal_autocheckpoint=256;"
                                      "BEGIN EXCLUSIVE; COMMIT;";
static const char create[] = "BEGIN IMMEDIATE;" SCHEMA ";PRAGMA user_version=1;";

static phx_status status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return PHX_OK;
    case SQLITE_NOMEM:
        return PHX_ERROR_NO_MEMORY;
    default:
        return PHX_ERROR_IO;
    }
}

static bool is_damage(int code)
{
    int primary = code & 0xff;
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

static int execute(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* Whether the one row that `sql` gives, with `text` bound, is a true number. */
static int ask(sqlite3 *db, const char *sql, const char *text, bool *out_is_so)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK && text != NULL) {
        code = sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    *out_is_so = code == SQLITE_ROW && sqlite3_column_int(statement, 0) != 0;
    code = code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
    (void)sqlite3_finalize(statement);
    return code;
}

static int connect(const char *path, sqlite3 **out)
{
    int code = sqlite3_open_v2(
        path, out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
    static const int switches[][2] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                      {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                                      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}};
    for (size_t i = 0; code == SQLITE_OK && i < sizeof switches / sizeof switches[0]; i++) {
        code = sqlite3_db_config(*out, switches[i][0], switches[i][1], NULL);
    }
    /* The log stays when the database is closed: whoever wipes finds it. */
    int is_kept = 1;
    if (code == SQLITE_OK) {
        code = execute(*out, before_first_access);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_file_control(*out, NULL, SQLITE_FCNTL_PERSIST_WAL, &is_kept);
    }
    return code;
}

static int take_owner(sqlite3 *db, const char *owner)
{
    sqlite3_stmt *statement = NULL;
    int code = execute(db, create);
    if (code == SQLITE_OK) {
        code = sqlite3_prepare_v2(
            db, "INSERT INTO records VALUES(" OWNER_KIND "," OWNER_KEY ",CAST(?1 AS BLOB))", -1,
            &statement, NULL);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_bind_text(statement, 1, owner, -1, SQLITE_STATIC);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_DONE ? execute(db, "COMMIT") : code;
}

static int judge_schema(sqlite3 *db, bool *out_is_empty, bool *out_is_ours)
{
    *out_is_ours = false;
    int code = ask(db, "SELECT count(*) = 0 FROM sqlite_schema", NULL, out_is_empty);
    if (code == SQLITE_OK) {
        code = ask(db,
                   "SELECT count(*) = 1 AND max(sql) = ?1 AND "
                   "(SELECT user_version FROM pragma_user_version) = 1 FROM sqlite_schema",
                   SCHEMA, out_is_ours);
    }
    return code;
}

static int judge_content(sqlite3 *db, const char *owner, communityi_verdict *out)
{
    bool is_whole = false;
    bool is_owner = false;
    int code = ask(db, "SELECT quick_check = 'ok' FROM pragma_quick_check(1)", NULL, &is_whole);
    if (code == SQLITE_OK && is_whole) {
        code = ask(db,
                   "SELECT value = CAST(?1 AS BLOB) FROM records WHERE kind = " OWNER_KIND
                   " AND key = " OWNER_KEY,
                   owner, &is_owner);
    }
    *out = !is_whole   ? COMMUNITYI_DATABASE_DAMAGED
           : !is_owner ? COMMUNITYI_DATABASE_FOREIGN
                       : COMMUNITYI_DATABASE_GOOD;
    return code;
}

static int judge(sqlite3 *db, const char *owner, communityi_verdict *out)
{
    bool is_empty = false;
    bool is_ours = false;
    *out = COMMUNITYI_DATABASE_GOOD;
    int code = judge_schema(db, &is_empty, &is_ours);
    if (code == SQLITE_OK && !is_empty && !is_ours) {
        *out = COMMUNITYI_DATABASE_DAMAGED;
        return code;
    }
    if (code == SQLITE_OK) {
        code = execute(db, once_it_is_ours);
    }
    if (code == SQLITE_OK) {
        code = is_empty ? take_owner(db, owner) : judge_content(db, owner, out);
    }
    return code;
}

phx_status communityi_database_open(const char *path, const char *owner,
                                    communityi_verdict *out_verdict, sqlite3 **out)
{
    sqlite3 *db = NULL;
    *out = NULL;
    *out_verdict = COMMUNITYI_DATABASE_GOOD;
    int code = connect(path, &db);
    if (code == SQLITE_OK) {
        code = judge(db, owner, out_verdict);
    }
    if (is_damage(code)) {
        *out_verdict = COMMUNITYI_DATABASE_DAMAGED;
        code = SQLITE_OK;
    }
    if (code == SQLITE_OK && *out_verdict == COMMUNITYI_DATABASE_GOOD) {
        *out = db;
    } else {
        communityi_database_close(db, false);
    }
    return status_of(code);
}

void communityi_database_close(sqlite3 *db, bool is_kept)
{
    if (db != NULL && !is_kept) {
        (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    (void)sqlite3_close(db);
}

static phx_slice blob_of(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);
    int length = sqlite3_column_bytes(statement, column);
    return (phx_slice){data != NULL ? data : "", data != NULL ? (size_t)length : 0};
}

phx_status communityi_database_read(sqlite3 *db, community_record_fn each, void *each_user_data)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(
        db, "SELECT kind, key, value FROM records WHERE kind > " OWNER_KIND " ORDER BY kind, key",
        -1, &statement, NULL);
    phx_status status = status_of(code);
    while (status == PHX_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const community_record record = {
            .struct_size = (uint32_t)sizeof record,
            .kind = sqlite3_column_int(statement, 0),
            .key = blob_of(statement, 1),
            .value = blob_of(statement, 2),
        };
        status = each(each_user_data, &record);
    }
    (void)sqlite3_finalize(statement);
    return status == PHX_OK ? status_of(code) : status;
}

typedef enum change_kind {
    CHANGE_PUT,
    CHANGE_DELETE,
    CHANGE_DELETE_KIND,
    CHANGE_COUNT
} change_kind;

static int apply(sqlite3 *db, sqlite3_stmt **statements, const community_record *record)
{
    static const char *const sql[CHANGE_COUNT] = {
        [CHANGE_PUT] = "INSERT OR REPLACE INTO records VALUES(?1, ?2, ?3)",
        [CHANGE_DELETE] = "DELETE FROM records WHERE kind = ?1 AND key = ?2",
        [CHANGE_DELETE_KIND] = "DELETE FROM records WHERE kind = ?1",
    };
    change_kind kind = record->key.data == NULL     ? CHANGE_DELETE_KIND
                       : record->value.data == NULL ? CHANGE_DELETE
                                                    : CHANGE_PUT;
    int code = SQLITE_OK;
    if (statements[kind] == NULL) {
        code = sqlite3_prepare_v2(db, sql[kind], -1, &statements[kind], NULL);
    }
    sqlite3_stmt *statement = statements[kind];
    if (code == SQLITE_OK) {
        code = sqlite3_bind_int(statement, 1, record->kind);
    }
    if (code == SQLITE_OK && kind != CHANGE_DELETE_KIND) {
        code =
            sqlite3_bind_blob64(statement, 2, record->key.data, record->key.length, SQLITE_STATIC);
    }
    if (code == SQLITE_OK && kind == CHANGE_PUT) {
        code = sqlite3_bind_blob64(statement, 3, record->value.data, record->value.length,
                                   SQLITE_STATIC);
    }
    if (code == SQLITE_OK) {
        (void)sqlite3_step(statement);
        code = sqlite3_reset(statement); /* gives the step's code, SQLITE_OK for SQLITE_DONE */
    }
    return code;
}

phx_status communityi_database_change(sqlite3 *db, const community_record *records, size_t count)
{
    sqlite3_stmt *statements[CHANGE_COUNT] = {NULL};
    int code = execute(db, "BEGIN IMMEDIATE");
    for (size_t i = 0; code == SQLITE_OK && i < count; i++) {
        code = apply(db, statements, &records[i]);
    }
    for (size_t i = 0; i < CHANGE_COUNT; i++) {
        (void)sqlite3_finalize(statements[i]);
    }
    if (code == SQLITE_OK) {
        code = execute(db, "COMMIT");
    }
    if (code != SQLITE_OK && sqlite3_get_autocommit(db) == 0) {
        (void)execute(db, "ROLLBACK");
    }
    return status_of(code);
}
