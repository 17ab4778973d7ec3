/* SPDX-License-Identifier: MIT */
/*
 * A community_client on stage: with the app, the server and the outbox's book of tests/sync behind
 * ports that fail, and a book of every call that it accepted.
 */
#ifndef TORTURE_FEED_PLAY_H
#define TORTURE_FEED_PLAY_H

#include "../sync/outbox_rig.h"
#include "fake_storage.h"
#include "torture.h"

enum {
    FEED_CALLS = 64
};

struct feed_play;

/* A REST call or a login. */
typedef struct feed_call {
    struct feed_play *play;
    bool is_accepted;
    size_t done;
    phx_status status;
    bool is_outcome_unknown;
    char body[32]; /* of a new post; "": it is something else */
} feed_call;

typedef struct feed_play {
    rig world; /* first: the app's callbacks get its address */
    torture_run *run;
    test_app *app; /* the rig's; its client is NULL where one could not be made */
    fake_storage medium;
    feed_call calls[FEED_CALLS];
    size_t call_count;
    bool is_accepted[RIG_ITEMS]; /* what the outbox accepted, by the number of the item */
    size_t clients;              /* that were made */
    bool is_visible;             /* the present one was told */
} feed_play;

typedef struct feed_script {
    size_t posts;
    bool has_storage;
    bool has_outbox;
    bool ignores_keys;                  /* the backend does a write as often as it comes */
    void (*configure)(feed_play *play); /* NULL: nothing to add */
    void (*act)(feed_play *play);
    /* What is true in the end beside a feed that is live and equal to the server's; NULL: nothing.
     */
    void (*check)(feed_play *play);
} feed_script;

/* The play of each feed_script. */
void feed_play_script(torture_run *run, const void *script);

/* All of these do nothing while there is no client. */
void feed_pass(feed_play *play, uint32_t ms);
void feed_set_visible(feed_play *play, bool is_visible);
void feed_create(feed_play *play);
void feed_login(feed_play *play, const char *token);
/* The book's place for a call that the script makes itself, for done and user_data; and what it
 * returned. */
feed_call *feed_call_new(feed_play *play);
void feed_call_done(void *user_data, const community_result *result);
void feed_call_made(feed_call *call, phx_status status, const char *what);
/* Something is written into the outbox. */
void feed_write(feed_play *play, uint32_t number);
/* The client ends, and another begins with the same storage and server. */
void feed_restart(feed_play *play);

#endif
