/* SPDX-License-Identifier: MIT */
/*
 * What is kept on disk, in SQLite: users, posts, likes, comments and the answers to writes that
 * carried an idempotency key. It hands posts and comments out as JSON, ready to be sent. Knows
 * nothing of sockets, HTTP or who may do what.
 */
#ifndef BACKEND_STORE_H
#define BACKEND_STORE_H

#include "bytes.h"
#include "crypto.h"

#include <stdint.h>

struct store;

enum store_status {
    STORE_OK,
    STORE_MISSING, /* there is no such row */
    STORE_FAILED,  /* SQLite or memory refused; the cause is in the log */
};

struct user {
    int64_t id;
    bool is_member;
    uint8_t token_hash[SHA256_SIZE];
    char name[64];
};

/* A write's stored answer. `fingerprint` tells a retry from another request under the same key. */
struct answer {
    int status;
    struct bytes body;
    uint8_t fingerprint[SHA256_SIZE];
};

/* Opens or creates `path` (":memory:" for none). New posts get UUIDs as ids, or integers from
 * `first_int_id` on if that is not 0. NULL on failure, with the cause in the log. */
struct store *store_open(const char *path, int64_t first_int_id);
void store_close(struct store *store);

bool store_begin(struct store *store);
bool store_commit(struct store *store);
void store_rollback(struct store *store);

/* Adds a user or gives the one of that name a new token and membership. */
enum store_status store_put_user(struct store *store, const struct user *user);
/* All users, in the order of their ids; *out_users is to be freed with free(). */
enum store_status store_users(struct store *store, struct user **out_users, size_t *out_count);

/* A post as the contract writes it: appends its JSON; *out_author (may be NULL) gets the author. */
enum store_status store_post(struct store *store, struct slice id, struct bytes *out,
                             int64_t *out_author);
/* Appends a post's id as JSON: a string, or, if posts are numbered, the integer that it is. */
void store_append_id(const struct store *store, struct slice id, struct bytes *out);
/* The `limit` newest posts, or those that follow the post `before` (a deleted one still marks its
 * place; an unknown one is STORE_MISSING), as a JSON array. */
enum store_status store_list(struct store *store, int64_t limit, const struct slice *before,
                             struct bytes *out);
enum store_status store_add_post(struct store *store, int64_t author, struct slice body,
                                 char out_id[UUID_TEXT_SIZE]);
enum store_status store_edit_post(struct store *store, struct slice id, struct slice body);
enum store_status store_delete_post(struct store *store, struct slice id);
enum store_status store_toggle_like(struct store *store, struct slice id, int64_t user);
/* Appends {"id", "likes_count", "liked_by_user_ids"}. */
enum store_status store_likes(struct store *store, struct slice id, struct bytes *out);

enum store_status store_comment(struct store *store, struct slice post, struct slice id,
                                struct bytes *out, int64_t *out_author);
enum store_status store_add_comment(struct store *store, struct slice post, int64_t author,
                                    struct slice body, char out_id[UUID_TEXT_SIZE]);
enum store_status store_delete_comment(struct store *store, struct slice id);
/* Appends {"id", "comments_count"}. */
enum store_status store_comments_count(struct store *store, struct slice post, struct bytes *out);

/* Answers older than a day, and all but the newest 10,000, are forgotten when one is put. */
enum store_status store_answer(struct store *store, int64_t user, struct slice key,
                               struct answer *out);
enum store_status store_put_answer(struct store *store, int64_t user, struct slice key,
                                   const struct answer *answer);

#endif
