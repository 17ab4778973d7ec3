/* SPDX-License-Identifier: MIT */
/*
 * A phx_client on stage: with the world of client_world.h behind ports that fail, and a book of
 * what it accepted and what became of it.
 */
#ifndef TORTURE_PHX_PLAY_H
#define TORTURE_PHX_PLAY_H

#include <phx/presence.h>

#include "client_world.h"
#include "longpoll_server.h"
#include "torture.h"

enum {
    PLAY_CHANNELS = 3,
    PLAY_PUSHES = 64
};

typedef enum play_carrier {
    OVER_WEBSOCKET,
    OVER_LONGPOLL,
    OVER_FALLBACK /* from a WebSocket to long polls */
} play_carrier;

typedef struct play_channel {
    struct phx_play *play;
    phx_channel id; /* 0: the client did not accept it, or it is over */
    phx_channel_state state;
    bool is_wanted;
    size_t accepted;
    size_t released;
    size_t messages;
} play_channel;

typedef struct play_push {
    struct phx_play *play;
    bool is_accepted;
    size_t done;
    phx_status status;
    char payload[32];
} play_push;

typedef struct phx_play {
    client_world world; /* first: the fakes' callbacks get its address */
    torture_run *run;
    phx_loop *loop;
    phx_client *client;
    longpoll_server longpoll;
    play_channel channels[PLAY_CHANNELS];
    play_push pushes[PLAY_PUSHES];
    size_t push_count;
    size_t errors; /* on_error */
    size_t drops;  /* times that the client was no longer connected */
    phx_client_state state;
    bool is_wanted;    /* a connection */
    const char *token; /* the only one that the server lets in; NULL: any */
    phx_presence *presence;
    phx_channel tracked;
    size_t presence_errors;
} phx_play;

typedef struct phx_script {
    play_carrier carrier;
    void (*configure)(phx_play *play); /* NULL: nothing to add */
    void (*act)(phx_play *play);
    /* What is true once the client was told again what is wanted; NULL: nothing beyond that it is
     * connected and joined. */
    void (*check)(phx_play *play);
} phx_script;

/* The play of each phx_script. */
void phx_play_script(torture_run *run, const void *script);

void play_pass(phx_play *play, uint32_t ms);
void play_connect(phx_play *play);
void play_disconnect(phx_play *play);
/* Channel `index`, "room:0" and so on. */
void play_join(phx_play *play, size_t index);
void play_leave(phx_play *play, size_t index);
/* Its number in pushes[]; PLAY_PUSHES: it was not accepted. */
size_t play_send(phx_play *play, size_t index, const char *event, uint32_t timeout_ms);
/* The server sends, if it still has a connection. */
void play_say(phx_play *play, const char *frame);
void play_drop(phx_play *play, int32_t close_code);

#endif
