/* SPDX-License-Identifier: MIT */
/*
 * The feed's backend as a model: a list of posts behind a fake transport that speaks Phoenix
 * (serializer 2.0.0) and a fake http that speaks the REST contract. It changes on the test's word
 * or on a request's, and broadcasts each change to every joined connection.
 */
#ifndef FAKE_FEED_H
#define FAKE_FEED_H

#include <community/feed.h>

#include "fake_http.h"
#include "fake_transport.h"

enum {
    FAKE_FEED_MAX_POSTS = 600,
    FAKE_FEED_MAX_CONNECTIONS = 8
};

typedef struct fake_post {
    uint32_t id;
    uint32_t likes;
    uint32_t comments;
    uint32_t rest_liker; /* who likes it by REST, beside the others; 0: nobody */
    char body[48];
} fake_post;

typedef struct fake_subscriber {
    phx_connection *connection; /* NULL: a free place */
    char join_ref[24];          /* "": not joined */
} fake_subscriber;

typedef struct fake_feed {
    fake_poller *poller;
    fake_transport transport;
    fake_http http;
    fake_post posts[FAKE_FEED_MAX_POSTS]; /* newest first */
    size_t count;
    uint32_t last_id;
    fake_subscriber subscribers[FAKE_FEED_MAX_CONNECTIONS];

    /* Who sends broadcasts to whoever is joined; NULL: the feed, to those that joined it. */
    void (*broadcast)(void *user_data, const char *event, const char *payload);
    void *broadcast_user_data;

    const char *token;      /* the only one that is let in */
    bool is_down;           /* nothing answers */
    const char *join_error; /* the response of a refused join, JSON; NULL: joins are answered ok */
    bool is_join_silent;
    bool is_doubling;    /* each broadcast goes out twice */
    bool is_mangling;    /* the next broadcast arrives cut short */
    int32_t rest_status; /* what every request is answered with; 0: as it should be */
    const char *rest_body;
    uint32_t rest_retry_after_ms;
    uint32_t rest_user_id; /* whose like a like by REST toggles; 0: it is one more of somebody's */
    size_t rest_failures_left; /* rest_status holds for so many requests; 0: for all */

    size_t joins;
    size_t leaves;
    size_t heartbeats;
    char last_url[512]; /* of a connection attempt */
} fake_feed;

void fake_feed_init(fake_feed *feed, fake_poller *poller);

/* Each is broadcast. The id of the new post. */
uint32_t fake_feed_create(fake_feed *feed, const char *body);
/* `index`: in posts[]. */
void fake_feed_edit(fake_feed *feed, size_t index, const char *body);
void fake_feed_delete(fake_feed *feed, size_t index);
void fake_feed_like(fake_feed *feed, size_t index);
/* Toggles the like of rest_user_id. */
void fake_feed_toggle_like(fake_feed *feed, size_t index);
void fake_feed_comment(fake_feed *feed, size_t index);

/* To every joined connection: an event, a frame of the test's own, the end. */
void fake_feed_broadcast(fake_feed *feed, const char *event, const char *payload);
void fake_feed_send_raw(fake_feed *feed, const char *text);
/* As a server does that closes or loses the channel's process. */
void fake_feed_send_channel(fake_feed *feed, const char *event);
void fake_feed_drop(fake_feed *feed, int32_t close_code);

size_t fake_feed_joined(const fake_feed *feed);

/* Fails the test unless the snapshot holds exactly the newest `limit` posts, content included. */
void fake_feed_assert_equal(const fake_feed *feed, const community_snapshot *snapshot,
                            size_t limit);
bool fake_feed_is_equal(const fake_feed *feed, const community_snapshot *snapshot, size_t limit);

/* fake_feed_rest.c */
void fake_feed_serve(void *user_data, const fake_request *request, fake_response *response);
int fake_feed_post_json(const fake_post *post, char *out, size_t capacity);

#endif
