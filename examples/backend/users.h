/* SPDX-License-Identifier: MIT */
/*
 * Who is asking: a user by token or by name. Tokens are compared as SHA-256 hashes, all of them
 * each time, in constant time. Knows nothing of what a user may do.
 */
#ifndef BACKEND_USERS_H
#define BACKEND_USERS_H

#include "app.h"

/* Puts the seeded users and those of --add-user into the store, and loads all. */
bool users_load(struct app *app);
void users_free(struct app *app);

/* NULL when no user has that token or name. */
const struct user *users_by_token(const struct app *app, struct slice token);
const struct user *users_by_name(const struct app *app, struct slice name);

#endif
