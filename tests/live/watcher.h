/* SPDX-License-Identifier: MIT */
/*
 * A community_client under observation: pumped until a fact holds, its batches replayed onto a list
 * of its own, so that a test compares what an app would have on its screen with what the server
 * lists.
 */
#ifndef LIVE_WATCHER_H
#define LIVE_WATCHER_H

#include <community/community.h>

enum {
    WATCHER_MAX_POSTS = 20000
};

typedef struct feed_watcher {
    community_client *client;
    community_status status;
    char error[256];
    const community_post *posts[WATCHER_MAX_POSTS];
    size_t post_count;
    size_t batches;
    size_t errors;
    bool is_released;
} feed_watcher;

/* The configuration that connects to the backend on this port as the owner of `token`, which must
 * outlive the watcher. `host`: "127.0.0.1", "[::1]" or "localhost". */
typedef struct watcher_options {
    const char *host;
    int port;
    const char *token;
    bool is_tls;
    const phx_tls *tls;
    bool token_in_subprotocol;
    bool without_rest;
    uint32_t page_posts;
    const phx_client_config *connection;
    void (*configure)(community_config *config); /* the last word; NULL: none */
} watcher_options;

void watcher_start(feed_watcher *watcher, const watcher_options *options);
/* Goes away as an app does: not visible, until disconnected; then releases. */
void watcher_stop(feed_watcher *watcher);

/* Pumps until the condition holds; fails the test after 20 s. */
void watcher_pump_until(feed_watcher *watcher,
                        bool (*holds)(feed_watcher *watcher, void *user_data), void *user_data,
                        const char *what);
void watcher_await_state(feed_watcher *watcher, community_state state);
/* Disconnected, and the old connection closed. */
void watcher_await_away(feed_watcher *watcher);
void watcher_await_live(feed_watcher *watcher);
void watcher_await_count(feed_watcher *watcher, size_t count);

/* Checks that the replayed list is the client's snapshot, and that both are what the server lists,
 * post by post, content included. */
void watcher_check_equals_server(feed_watcher *watcher, int port, const char *token);

#endif
