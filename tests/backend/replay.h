/* SPDX-License-Identifier: MIT */
/*
 * One transcript's replay: it says the client's side of each record to a backend and compares what
 * comes back with the server's side.
 */
#ifndef TEST_BACKEND_REPLAY_H
#define TEST_BACKEND_REPLAY_H

#include "client.h"
#include "process.h"

#include <cjson/cJSON.h>

struct replay {
    struct backend *backend;
    struct client client;
    bool is_connected;
    bool backend_ended; /* by a signal that the transcript wanted */
    const char *token;  /* of an {"ev":"open"} */
    const char *vsn;
    int percent; /* of the recorded time that the client's frames keep; 0: none */
    uint64_t started_ms;
    char post_recorded[64]; /* the last post's id, in the transcript and here */
    char post_id[64];
    char comment_id[64];
    char session_recorded[1024]; /* a long-poll session's token, in the transcript and here */
    char session[1024];
    char fault[2048]; /* why a record failed */
};

/* False when the record does not go as it is written. */
bool replay_record(struct replay *replay, const cJSON *record);
bool replay_send_hex(struct replay *replay, const char *hex);
void replay_end(struct replay *replay);

#endif
