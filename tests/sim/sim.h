/* SPDX-License-Identifier: MIT */
/*
 * One run: a model of a Phoenix server and of REST, a community client and a phx_client of its own,
 * on one loop in virtual time, with the faults that the seed chooses.
 */
#ifndef SIM_H
#define SIM_H

#include <community/community.h>
#include <phx/presence.h>

#include "app.h"
#include "fake_storage.h"
#include "faults.h"
#include "memory.h"
#include "testing.h"
#include "verdict.h"
#include "wire_rules.h"

enum {
    SIM_ROOMS = 6,
    SIM_MEMBERS = 5, /* who may be present in a room */
    SIM_POSTS = 150,
    SIM_INSTANCES = 300,
    SIM_SUBSCRIPTIONS = 3,
    SIM_PUSHES = 1500,
    SIM_WRITES = 300,
    SIM_KEYS = 1000
};

/* All tokens begin with it, so that one search finds each. */
#define SIM_TOKEN "zZtokenZz"

typedef struct sim_world sim_world;

/* One of the two clients, as the server sees it. */
typedef struct sim_endpoint {
    sim_world *world;
    fake_transport *transport;
    const fake_keychain *keychain;
    phx_connection *connection; /* NULL: none */
    uint64_t serial;            /* of the connection */
    bool is_accepted;
    bool is_disturbed; /* silence need not be the client's fault */
    uint64_t heard_ms;
    uint64_t refused_before; /* requests for memory, when the connection began */
    sim_wire wire;
    bool is_feed;
    /* Since when no attempt may begin; UINT64_MAX: one may. */
    uint64_t unwanted_since_ms;
} sim_endpoint;

typedef struct sim_room {
    char topic[SIM_TOPIC_BYTES];
    uint32_t last_number;          /* of its events */
    uint32_t members[SIM_MEMBERS]; /* phx_ref of who is present; 0: not */
    uint32_t last_member_ref;
} sim_room;

typedef struct sim_phoenix {
    sim_room rooms[SIM_ROOMS];
    uint32_t token_number;
    char token[32];
    uint64_t down_until_ms;
    /* By the number of the push. */
    uint8_t executed[SIM_PUSHES];
    uint8_t answered_ok[SIM_PUSHES];
    uint8_t answered_error[SIM_PUSHES];
} sim_phoenix;

/* --- what the applications are held to: app_rules.c --- */

typedef struct sim_subscription {
    struct sim_instance *instance;
    phx_subscription id; /* 0: not made */
    uint32_t told;       /* the last number */
    bool is_over;
} sim_subscription;

/* A channel of the application, from its join to its release. */
typedef struct sim_instance {
    sim_world *world;
    uint32_t serial;
    size_t room;
    phx_channel channel;
    phx_channel_state state;
    bool is_told; /* of any state */
    bool is_released;
    bool is_presence_doubtful; /* something was lost for want of memory */
    uint32_t last_number;
    bool is_gapless; /* since last_number, every event has come */
    uint64_t lost;   /* what excuses a gap, when is_gapless became true */
    sim_subscription subscriptions[SIM_SUBSCRIPTIONS];
    size_t subscription_count;
    phx_presence *presence;
} sim_instance;

typedef struct sim_push {
    sim_world *world;
    uint8_t state; /* 0: not accepted; 1: under way; 2: done */
    phx_status outcome;
    uint64_t deadline_ms;
    phx_push_id id;
} sim_push;

void sim_rule_channel(sim_instance *instance, phx_channel_state next);
void sim_rule_message(sim_instance *instance, uint32_t number, uint64_t lost);
void sim_rule_subscription(sim_subscription *subscription, uint32_t number);
void sim_rule_client_status(phx_client_state before, const phx_client_status *next,
                            uint32_t most_ms);
void sim_rule_push_done(sim_push *push, const phx_reply *reply);
void sim_rule_write_told(uint8_t *count, uint32_t number, const char *what);
/* Fails if the text holds a token; NULL is nothing. */
void sim_rule_text(const char *text, const char *where);
void sim_rule_bytes(phx_slice bytes, const char *where);

/* --- the application with channels: channels_app.c, channels_calls.c --- */

typedef struct sim_channels {
    sim_endpoint end;
    fake_transport transport;
    fake_keychain keychain;
    phx_client_config config;
    phx_client *client;
    phx_client_state state;
    uint32_t most_backoff_ms;
    bool is_wanted;
    size_t released;
    uint64_t lost; /* frames that could not be understood */
    sim_instance instances[SIM_INSTANCES];
    size_t instance_count;
    sim_push pushes[SIM_PUSHES];
    size_t push_count;
    size_t depth; /* of calls inside callbacks */
    bool is_ending;
} sim_channels;

void sim_channels_init(sim_world *world);
void sim_channels_step(sim_world *world);
void sim_channels_act(sim_world *world);
void sim_channels_check(sim_world *world);
void sim_channels_calm(sim_world *world);
bool sim_channels_is_settled(sim_world *world);
void sim_channels_end(sim_world *world);
/* channels_calls.c */
void sim_channels_inside(sim_world *world);
uint32_t sim_number_of(phx_slice payload);

/* --- the application with a feed: feed_app.c, rest.c --- */

typedef struct sim_write {
    uint8_t accepted;
    uint8_t done;
    uint8_t told;
    uint32_t told_run; /* after how many restarts */
    uint8_t executed;
    community_outcome outcome;
    phx_status status;
} sim_write;

typedef struct sim_feed {
    sim_endpoint end;
    fake_storage storage;
    bool has_outbox;
    bool has_storage;
    bool is_idempotent;
    bool facts[4]; /* visible, foreground, network, logged in */
    community_state state;
    size_t asked; /* calls that were accepted */
    size_t answered;
    community_request last; /* of them */
    sim_write writes[SIM_WRITES];
    uint32_t write_count;
    uint32_t restarts;
    struct {
        char key[64];
        int32_t status;
    } keys[SIM_KEYS];
    size_t key_count;
    void (*on_status)(void *user_data, const community_status *status);
    void (*on_error)(void *user_data, const phx_error *error);
    void (*on_change)(void *user_data, const community_batch *batch);
} sim_feed;

void sim_feed_init(sim_world *world);
void sim_feed_step(sim_world *world);
void sim_feed_check(sim_world *world);
void sim_feed_calm(sim_world *world);
bool sim_feed_is_settled(sim_world *world);
void sim_feed_end(sim_world *world);
void sim_feed_restart(sim_world *world);
/* rest.c */
void sim_rest_serve(void *user_data, const fake_request *request, fake_response *response);
uint32_t sim_write_number(const char *text, size_t length);

/* --- the server: phoenix.c, phoenix_answers.c, phoenix_send.c --- */

void sim_phoenix_init(sim_world *world);
void sim_phoenix_attach(sim_endpoint *endpoint);
void sim_phoenix_frame(sim_endpoint *endpoint, const phxi_envelope *frame);
/* What the server does of its own accord, and what befalls it. */
void sim_phoenix_step(sim_world *world);
void sim_phoenix_drop(sim_endpoint *endpoint, bool is_any_code);
void sim_phoenix_change_token(sim_world *world, bool is_known);
void sim_phoenix_broadcast(sim_world *world, const char *topic, const char *event,
                           const char *payload);

typedef enum sim_effect {
    SIM_NO_EFFECT,
    SIM_ACCEPT, /* no frame: the upgrade */
    SIM_JOINED,
    SIM_OVER
} sim_effect;

typedef struct sim_message {
    sim_effect effect; /* when it is handed over, on the join of... */
    phx_slice topic;
    uint64_t join_ref;
    bool is_binary;
    phx_slice bytes;
} sim_message;

/* Hands it over delay_ms later, if the connection is still the same then. */
void sim_phoenix_send(sim_endpoint *endpoint, uint32_t delay_ms, const sim_message *message);
void sim_phoenix_send_text(sim_endpoint *endpoint, const char *text);
/* What follows a join's answer. */
void sim_phoenix_joined(sim_endpoint *endpoint, const char *topic, uint64_t join_ref);

/* --- the run: run.c --- */

struct sim_world {
    test_app app; /* first: the callbacks of its client get its address */
    uint64_t seed;
    uint64_t random;
    sim_plan plan;
    bool is_calm;
    bool is_tracing;
    uint64_t trace_hash;
    sim_memory memory;
    phx_log log;
    sim_phoenix phoenix;
    sim_feed feed;
    sim_channels channels;
    sim_coverage coverage;
};

/* Whether the fault happens, at one opportunity; counted. */
bool sim_happens(sim_world *world, sim_fault_kind kind);
void sim_count(sim_world *world, sim_fault_kind kind);
size_t sim_below(sim_world *world, size_t limit);
/* What happened, into the hash of the run and, if it is traced, to standard output. */
void sim_note(sim_world *world, const char *what, uint64_t a, uint64_t b);
void sim_note_bytes(sim_world *world, const char *what, const void *bytes, size_t length);

typedef struct sim_result {
    uint64_t seeds;
    uint64_t virtual_ms;
    uint64_t checks;
    uint64_t trace_hash; /* of several: all mixed, in any order */
    uint64_t peak_bytes;
    sim_coverage coverage;
} sim_result;

void sim_run(uint64_t seed, bool is_tracing, sim_result *out_result);
void sim_result_add(sim_result *sum, const sim_result *more);

/* --- recordings: recording.c --- */

typedef struct sim_recording_options {
    const char *path; /* with .feed and .rooms behind it; NULL: no files */
    bool is_played;
} sim_recording_options;

extern sim_recording_options sim_recording;

/* For each client's configuration; 0: none is made. Its memory counts, so that a run that is short
 * of it may go another way with a recorder than without. */
size_t sim_recorder_bytes(const sim_world *world);
/* While both clients live: what was recorded comes out again, bit for bit. */
void sim_recording_play(sim_world *world);
void sim_recording_write(sim_world *world);
/* run.c: the files of the run that fails. */
void sim_run_failed(void);

/* Called when all is well, before the end is checked; for the self-test. NULL: nothing. */
extern void (*sim_sabotage)(sim_world *world);

/* self_test.c: how many wrongs were not caught. */
size_t sim_self_test(void);

#endif
