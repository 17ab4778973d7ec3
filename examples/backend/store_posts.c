/* SPDX-License-Identifier: MIT */
/*
 * Posts, likes and comments: their rows, and their JSON as the contract writes it. A deleted post
 * leaves an empty row behind, so that a page may still begin after it.
 */
#include "sql.h"

#include "json.h"

#include <stdio.h>

#define POST_COLUMNS                                                                 \
    "SELECT p.id, p.body, p.inserted_at, p.updated_at, p.author, u.name,"            \
    " (SELECT count(*) FROM comments c WHERE c.post = p.id),"                        \
    " (SELECT count(*) FROM likes l WHERE l.post = p.id),"                           \
    " (SELECT group_concat(user) FROM (SELECT user FROM likes l WHERE l.post = p.id" \
    "   ORDER BY l.rowid))"                                                          \
    " FROM posts p JOIN users u ON u.id = p.author WHERE p.deleted = 0 "

static void append_member(struct bytes *out, const char *name, struct slice text)
{
    bytes_text(out, name);
    json_encode(out, text);
}

static void append_author(struct bytes *out, int64_t id, struct slice name)
{
    bytes_format(out, "\"author\":{\"avatar_url\":\"https://example.com/a/%lld.png\",\"id\":%lld,",
                 (long long)id, (long long)id);
    append_member(out, "\"name\":", name);
    bytes_char(out, '}');
}

void store_append_id(const struct store *store, struct slice id, struct bytes *out)
{
    if (store->first_int_id != 0 && json_integer(id, -1) >= 0) {
        bytes_slice(out, id);
    } else {
        json_encode(out, id);
    }
}

static void append_post(const struct store *store, struct bytes *out, sqlite3_stmt *row)
{
    bytes_char(out, '{');
    append_author(out, sqlite3_column_int64(row, 4), sql_column(row, 5));
    append_member(out, ",\"body\":", sql_column(row, 1));
    bytes_format(out, ",\"comments_count\":%lld", (long long)sqlite3_column_int64(row, 6));
    bytes_text(out, ",\"id\":");
    store_append_id(store, sql_column(row, 0), out);
    append_member(out, ",\"inserted_at\":", sql_column(row, 2));
    bytes_text(out, ",\"liked_by_user_ids\":[");
    bytes_slice(out, sql_column(row, 8));
    bytes_format(out, "],\"likes_count\":%lld", (long long)sqlite3_column_int64(row, 7));
    append_member(out, ",\"updated_at\":", sql_column(row, 3));
    bytes_char(out, '}');
}

/* Ends a query whose last step said `status`: what was appended must be whole. */
static enum store_status finish(sqlite3_stmt *query, enum store_status status,
                                const struct bytes *out)
{
    (void)sqlite3_finalize(query);
    return status == STORE_OK && out->failed ? STORE_FAILED : status;
}

enum store_status store_post(struct store *store, struct slice id, struct bytes *out,
                             int64_t *out_author)
{
    sqlite3_stmt *query = sql(store, POST_COLUMNS "AND p.id = ?1");
    sql_bind_text(query, 1, id);
    const enum store_status status = sql_next(query);
    if (status == STORE_OK) {
        append_post(store, out, query);
        if (out_author != NULL) {
            *out_author = sqlite3_column_int64(query, 4);
        }
    }
    return finish(query, status, out);
}

static enum store_status place_of(struct store *store, struct slice id, int64_t *out_seq)
{
    sqlite3_stmt *query = sql(store, "SELECT seq FROM posts WHERE id = ?1");
    sql_bind_text(query, 1, id);
    const enum store_status status = sql_next(query);
    if (status == STORE_OK) {
        *out_seq = sqlite3_column_int64(query, 0);
    }
    (void)sqlite3_finalize(query);
    return status;
}

enum store_status store_list(struct store *store, int64_t limit, const struct slice *before,
                             struct bytes *out)
{
    int64_t seq = INT64_MAX;
    if (before != NULL) {
        const enum store_status place = place_of(store, *before, &seq);
        if (place != STORE_OK) {
            return place;
        }
    }
    sqlite3_stmt *query = sql(store, POST_COLUMNS "AND p.seq < ?1 ORDER BY p.seq DESC LIMIT ?2");
    sql_bind_int(query, 1, seq);
    sql_bind_int(query, 2, limit);
    bytes_char(out, '[');
    const size_t start = out->len;
    enum store_status status = sql_next(query);
    while (status == STORE_OK) {
        if (out->len > start) {
            bytes_char(out, ',');
        }
        append_post(store, out, query);
        status = sql_next(query);
    }
    bytes_char(out, ']');
    return finish(query, status == STORE_MISSING ? STORE_OK : status, out);
}

/* Deleted posts keep their rows, so that no id comes twice. */
static bool new_post_id(struct store *store, char out_id[UUID_TEXT_SIZE])
{
    if (store->first_int_id == 0) {
        return crypto_uuid(out_id);
    }
    sqlite3_stmt *query = sql(store, "SELECT coalesce(max(seq), 0) FROM posts");
    const bool good = sql_next(query) == STORE_OK;
    if (good) {
        (void)snprintf(out_id, UUID_TEXT_SIZE, "%lld",
                       (long long)(store->first_int_id + sqlite3_column_int64(query, 0)));
    }
    (void)sqlite3_finalize(query);
    return good;
}

enum store_status store_add_post(struct store *store, int64_t author, struct slice body,
                                 char out_id[UUID_TEXT_SIZE])
{
    char now[TIME_TEXT_SIZE];
    if (!new_post_id(store, out_id)) {
        return STORE_FAILED;
    }
    sql_now(now);
    sqlite3_stmt *add = sql(store, "INSERT INTO posts (id, author, body, inserted_at, updated_at)"
                                   " VALUES (?1, ?2, ?3, ?4, ?4)");
    sql_bind_text(add, 1, slice_of(out_id));
    sql_bind_int(add, 2, author);
    sql_bind_blob(add, 3, body.data, body.len);
    sql_bind_text(add, 4, slice_of(now));
    return sql_run(add);
}

enum store_status store_edit_post(struct store *store, struct slice id, struct slice body)
{
    char now[TIME_TEXT_SIZE];
    sql_now(now);
    sqlite3_stmt *edit =
        sql(store, "UPDATE posts SET body = ?2, updated_at = ?3 WHERE id = ?1 AND deleted = 0");
    sql_bind_text(edit, 1, id);
    sql_bind_blob(edit, 2, body.data, body.len);
    sql_bind_text(edit, 3, slice_of(now));
    return sql_run(edit);
}

static enum store_status run_on(struct store *store, const char *text, struct slice id)
{
    sqlite3_stmt *statement = sql(store, text);
    sql_bind_text(statement, 1, id);
    return sql_run(statement);
}

enum store_status store_delete_post(struct store *store, struct slice id)
{
    const enum store_status status =
        run_on(store, "UPDATE posts SET deleted = 1, body = x'' WHERE id = ?1 AND deleted = 0", id);
    if (status != STORE_OK) {
        return status;
    }
    const bool gone = run_on(store, "DELETE FROM likes WHERE post = ?1", id) != STORE_FAILED &&
                      run_on(store, "DELETE FROM comments WHERE post = ?1", id) != STORE_FAILED;
    return gone ? STORE_OK : STORE_FAILED;
}

enum store_status store_toggle_like(struct store *store, struct slice id, int64_t user)
{
    sqlite3_stmt *unlike = sql(store, "DELETE FROM likes WHERE post = ?1 AND user = ?2");
    sql_bind_text(unlike, 1, id);
    sql_bind_int(unlike, 2, user);
    const enum store_status status = sql_run(unlike);
    if (status != STORE_MISSING) {
        return status;
    }
    sqlite3_stmt *like = sql(store, "INSERT INTO likes (post, user) VALUES (?1, ?2)");
    sql_bind_text(like, 1, id);
    sql_bind_int(like, 2, user);
    return sql_run(like);
}

enum store_status store_likes(struct store *store, struct slice id, struct bytes *out)
{
    sqlite3_stmt *query = sql(store, POST_COLUMNS "AND p.id = ?1");
    sql_bind_text(query, 1, id);
    const enum store_status status = sql_next(query);
    if (status == STORE_OK) {
        bytes_text(out, "{\"id\":");
        store_append_id(store, id, out);
        bytes_text(out, ",\"liked_by_user_ids\":[");
        bytes_slice(out, sql_column(query, 8));
        bytes_format(out, "],\"likes_count\":%lld}", (long long)sqlite3_column_int64(query, 7));
    }
    return finish(query, status, out);
}

enum store_status store_comment(struct store *store, struct slice post, struct slice id,
                                struct bytes *out, int64_t *out_author)
{
    sqlite3_stmt *query = sql(store, "SELECT c.body, c.inserted_at, c.author, u.name"
                                     " FROM comments c JOIN users u ON u.id = c.author"
                                     " WHERE c.id = ?1 AND c.post = ?2");
    sql_bind_text(query, 1, id);
    sql_bind_text(query, 2, post);
    const enum store_status status = sql_next(query);
    if (status == STORE_OK) {
        *out_author = sqlite3_column_int64(query, 2);
        bytes_char(out, '{');
        append_author(out, *out_author, sql_column(query, 3));
        append_member(out, ",\"body\":", sql_column(query, 0));
        append_member(out, ",\"id\":", id);
        append_member(out, ",\"inserted_at\":", sql_column(query, 1));
        bytes_text(out, ",\"post_id\":");
        store_append_id(store, post, out);
        bytes_char(out, '}');
    }
    return finish(query, status, out);
}

enum store_status store_add_comment(struct store *store, struct slice post, int64_t author,
                                    struct slice body, char out_id[UUID_TEXT_SIZE])
{
    char now[TIME_TEXT_SIZE];
    if (!crypto_uuid(out_id)) {
        return STORE_FAILED;
    }
    sql_now(now);
    sqlite3_stmt *add = sql(store, "INSERT INTO comments (id, post, author, body, inserted_at)"
                                   " VALUES (?1, ?2, ?3, ?4, ?5)");
    sql_bind_text(add, 1, slice_of(out_id));
    sql_bind_text(add, 2, post);
    sql_bind_int(add, 3, author);
    sql_bind_blob(add, 4, body.data, body.len);
    sql_bind_text(add, 5, slice_of(now));
    return sql_run(add);
}

enum store_status store_delete_comment(struct store *store, struct slice id)
{
    return run_on(store, "DELETE FROM comments WHERE id = ?1", id);
}

enum store_status store_comments_count(struct store *store, struct slice post, struct bytes *out)
{
    sqlite3_stmt *query = sql(store, "SELECT count(*) FROM comments WHERE post = ?1");
    sql_bind_text(query, 1, post);
    const enum store_status status = sql_next(query);
    if (status == STORE_OK) {
        bytes_format(out, "{\"comments_count\":%lld,", (long long)sqlite3_column_int64(query, 0));
        bytes_text(out, "\"id\":");
        store_append_id(store, post, out);
        bytes_char(out, '}');
    }
    return finish(query, status, out);
}
