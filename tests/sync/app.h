/* SPDX-License-Identifier: MIT */
/*
 * An app around a community_client in virtual time: writes down what it is told, and keeps a copy
 * of the feed from the batches alone, which every batch's snapshot must equal.
 */
#ifndef APP_H
#define APP_H

#include <community/community.h>

#include "fake_feed.h"
#include "fake_keychain.h"

typedef struct test_app {
    fake_poller poller;
    fake_feed server;
    fake_keychain keychain;
    community_config config; /* may be changed before app_start */
    phx_loop *loop;
    community_client *client;

    /* "state/freshness " for each status, "batch " for each batch, "error NAME ", "event NAME ". */
    char log[16384];
    size_t log_length;
    const community_post *replica[FAKE_FEED_MAX_POSTS + 16];
    size_t replica_count;
    community_status status;
    size_t batches;
    size_t errors;
    size_t resets;
    size_t released;
    /* Called at the end of each callback; NULL: nothing. */
    void (*in_callback)(struct test_app *app, const char *which);
} test_app;

/* The world, the server with `posts` posts, and a configuration. */
void app_init(test_app *app, uint64_t seed, size_t posts);
/* The same, with an allocator. */
void app_init_with(test_app *app, const phx_allocator *allocator, uint64_t seed, size_t posts);
/* And a log. */
void app_init_logged(test_app *app, const phx_allocator *allocator, const phx_log *log,
                     uint64_t seed, size_t posts);
/* The client; and makes it visible. */
void app_start(test_app *app);
void app_new(test_app *app);
/* All of it up to a feed that is live and equal to the server's, with the log forgotten. */
void app_go_live(test_app *app, size_t posts);
/* Releases it, if the test has not, and checks that everything was given back. */
void app_stop(test_app *app);
/* The same, but for the loop: what follows may be the next client on it. */
void app_end_client(test_app *app);

void app_run(test_app *app, uint32_t ms);
/* Forgets the log. */
void app_forget(test_app *app);
#define app_expect(app, expected) app_expect_at(app, expected, __FILE__, __LINE__)
void app_expect_at(test_app *app, const char *expected, const char *file, int line);

community_stats app_stats(test_app *app);
bool app_is_in_sync(test_app *app);

#endif
