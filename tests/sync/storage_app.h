/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the client with a storage share: an app that is started again on the same
 * medium.
 */
#ifndef STORAGE_APP_H
#define STORAGE_APP_H

#include "app.h"
#include "fake_storage.h"

extern test_app storage_app;
extern fake_storage storage_medium;

/* An empty medium, a server with `posts` posts, and a configuration. */
void storage_start_first(size_t posts);
/* A client of the same user on the same medium, and of the same server, an hour later. */
void storage_start_again(void);
void storage_stop(void);
/* All of it, with a client that goes live in between. */
void storage_run_once(size_t posts);

/* What is stored is the feed that the app sees. */
void storage_assert_stored(void);
/* Since when it says that the feed is stale. */
int64_t storage_time(void);

#endif
