/* SPDX-License-Identifier: MIT */
/*
 * An engine, and beside it what any engine has to keep: which connection lives, which channels and
 * pushes do, what was sent. Every action is checked against it as it is popped, and the whole after
 * each input. Knows nothing of where the inputs come from.
 */
#ifndef ENGINE_WORLD_H
#define ENGINE_WORLD_H

#include "failing_allocator.h"
#include "fuzz.h"
#include "phx/engine.h"

enum {
    WORLD_TOPICS = 40,
    WORLD_CHANNELS = 96, /* over a whole run */
    WORLD_PUSHES = 192,
    WORLD_FRAMES = 64, /* that were sent last */
    WORLD_REFS = 2048
};

typedef struct world_channel {
    uint64_t id;
    size_t topic;
    bool is_live;
    bool is_told;            /* of any state */
    phx_channel_state state; /* as told last */
} world_channel;

typedef struct world_push {
    uint64_t id;
    uint64_t channel_id;
    size_t bytes; /* that it takes of the bound while it is not sent */
    uint64_t ref; /* that it was sent with */
    bool is_pending;
    bool is_sent;
} world_push;

/* A frame that the client sent on the connection that lives. */
typedef struct world_frame {
    size_t topic; /* WORLD_TOPICS: the socket's own */
    uint64_t join_ref;
    uint64_t ref;
    bool is_answered;
} world_frame;

/* What the server is saying, when its message is of the driver's own making. */
typedef struct world_saying {
    bool is_known;
    phx_slice topic;
    uint64_t join_ref; /* 0: null */
    uint64_t ref;
} world_saying;

typedef struct engine_world {
    failing_allocator allocator;
    phxi_engine_config config;
    phxi_engine *engine;
    uint64_t now_ms;
    bool skips_heartbeats; /* the next connection */
    bool is_skipping;      /* this one */

    uint64_t epoch;                   /* of the last attempt */
    bool is_alive;                    /* it was opened and not dropped */
    bool is_open;                     /* and its upgrade is done */
    bool is_closing;                  /* and its close was begun */
    size_t unsent;                    /* bytes given to it and not written */
    bool is_over;                     /* the engine was shut down */
    phx_client_state state;           /* as told last */
    uint64_t join_refs[WORLD_TOPICS]; /* the last join of each topic on it; 0: none */

    world_channel channels[WORLD_CHANNELS];
    size_t channel_count;
    world_push pushes[WORLD_PUSHES];
    size_t push_count;
    world_frame frames[WORLD_FRAMES]; /* a ring */
    size_t frame_count;
    world_saying saying;
    uint64_t refs[WORLD_REFS];
    size_t ref_count;
    phx_join_verdict verdict; /* of the next refusal that a channel's own judge sees */
    /* The transport's answers: how the next attempts and frames fail at once. PHX_OK: they do not.
     */
    phx_status open_fails;
    phx_status send_fails;
    bool has_failed_at_once; /* since the actions were last begun to be carried out */
    bool saw_action;         /* since it was last set to false */
} engine_world;

/* Makes the engine of world->config, which is filled in but for the allocator. False: there was no
 * memory for it. */
bool world_begin(engine_world *world);
/* Shuts the engine down: everything completes, and nothing is left. */
void world_end(engine_world *world);

/* Carries out all that the engine wants and checks what has to hold between two inputs. */
void world_settle(engine_world *world);
/* The same, with all timers run that are due. */
void world_run_due(engine_world *world);

/* The texts of a topic. */
phx_slice world_topic(size_t index);
/* The live channel of a topic; NULL: none. */
world_channel *world_channel_of_topic(engine_world *world, size_t topic);

/* Inputs that change what the world expects. */
void world_join(engine_world *world, size_t topic, uint32_t timeout_ms, phx_overflow overflow,
                bool has_judge);
typedef struct world_push_choice {
    uint64_t channel_id;
    size_t event_bytes;
    size_t payload_bytes; /* beside the push's number */
    bool is_binary;
    uint32_t timeout_ms;
} world_push_choice;
void world_push_to(engine_world *world, const world_push_choice *choice);
void world_opened(engine_world *world, uint64_t epoch);
void world_closed(engine_world *world, uint64_t epoch, const phx_error *error);
void world_written(engine_world *world, uint64_t epoch, size_t length);
/* A copy of the frame that is gone when it returns. */
void world_receive(engine_world *world, uint64_t epoch, phx_frame_kind kind, const void *data,
                   size_t length);

#endif
