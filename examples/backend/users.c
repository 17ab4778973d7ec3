/* SPDX-License-Identifier: MIT */
/*
 * The users of users.h: four seeded ones, whose tokens are known to everybody, and those of the
 * command line.
 */
#include "users.h"

#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static bool put(struct app *app, struct slice name, struct slice token, bool is_member)
{
    struct user user = {.is_member = is_member};
    if (name.len == 0 || name.len >= sizeof(user.name) || token.len == 0) {
        return false;
    }
    (void)snprintf(user.name, sizeof(user.name), "%.*s", (int)name.len, name.data);
    return crypto_sha256(token, user.token_hash) && store_put_user(app->store, &user) == STORE_OK;
}

/* NAME:TOKEN or NAME:TOKEN:member */
static bool put_described(struct app *app, struct slice description)
{
    struct slice rest;
    struct slice role;
    const struct slice name = slice_until(description, ':', &rest);
    const struct slice token = slice_until(rest, ':', &role);
    if ((role.len > 0 && !slice_is(role, "member")) || !put(app, name, token, role.len > 0)) {
        log_line("--add-user wants NAME:TOKEN or NAME:TOKEN:member");
        return false;
    }
    return true;
}

bool users_load(struct app *app)
{
    const bool seeded = put(app, SLICE("Alice"), SLICE("tok-alice"), true) &&
                        put(app, SLICE("Bob"), SLICE("tok-bob"), true) &&
                        put(app, SLICE("Carol"), SLICE("tok-carol"), false) &&
                        put(app, SLICE("Dave"), SLICE("tok-dave"), true);
    if (!seeded) {
        log_line("cannot store the users");
        return false;
    }
    for (size_t i = 0; i < app->options->added_user_count; i++) {
        if (!put_described(app, slice_of(app->options->added_users[i]))) {
            return false;
        }
    }
    return store_users(app->store, &app->users, &app->user_count) == STORE_OK;
}

void users_free(struct app *app)
{
    free(app->users);
    app->users = NULL;
    app->user_count = 0;
}

const struct user *users_by_token(const struct app *app, struct slice token)
{
    uint8_t hash[SHA256_SIZE];
    const struct user *found = NULL;
    if (!crypto_sha256(token, hash)) {
        return NULL;
    }
    for (size_t i = 0; i < app->user_count; i++) {
        if (crypto_equal(hash, app->users[i].token_hash, sizeof(hash))) {
            found = &app->users[i];
        }
    }
    return found;
}

const struct user *users_by_name(const struct app *app, struct slice name)
{
    for (size_t i = 0; i < app->user_count; i++) {
        const struct slice other = slice_of(app->users[i].name);
        if (other.len == name.len && strncasecmp(other.data, name.data, name.len) == 0) {
            return &app->users[i];
        }
    }
    return NULL;
}
