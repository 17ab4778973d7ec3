/* SPDX-License-Identifier: MIT */
/*
 * Drives the engine in virtual time and writes down all that it wants done, one line an action, so
 * that a test states what happens as a sequence:
 *
 *   open | open refresh | drop | close 1000 | > FRAME | state NAME | channel ID NAME STATUS
 * RESPONSE | message ID EVENT PAYLOAD | reply ID STATUS RESPONSE | error STATUS
 *
 * Binary frames and payloads are written in hexadecimal behind "0x".
 */
#ifndef ENGINE_HARNESS_H
#define ENGINE_HARNESS_H

#include "failing_allocator.h"
#include "phx/engine.h"

typedef struct engine_harness {
    failing_allocator allocator;
    phxi_engine *engine;
    uint64_t now_ms;
    uint64_t epoch; /* of the last attempt */
    const char *join_payload;
    char lines[256 * 1024];
    size_t length;
} engine_harness;

/* The configuration that harness_start takes: the defaults of phx_client, with phoenix.js's stepped
 * backoff, so that times are exact. */
phxi_engine_config harness_config(engine_harness *harness);
/* config NULL: harness_config. The engine's clock starts at 1000000. */
void harness_start(engine_harness *harness, const phxi_engine_config *config);
/* Also plays the recording of all that happened, which must come out the same, and checks that
 * nothing is left allocated. */
void harness_stop(engine_harness *harness);

/* The same as fixtures of cmocka, with one harness for all tests of a program. `prepare` does not
 * start it: the test does, with a configuration of its own. */
int harness_setup(void **state);
int harness_prepare(void **state);
int harness_teardown(void **state);

/* What happened since the last call is exactly these lines, each ended by '\n'. */
#define harness_expect(harness, expected) harness_expect_at(harness, expected, __FILE__, __LINE__)
void harness_expect_at(engine_harness *harness, const char *expected, const char *file, int line);
/* Forgets what happened. */
void harness_forget(engine_harness *harness);
/* Whether a line that holds `text` happened since the last expect or forget. */
bool harness_saw(const engine_harness *harness, const char *text);

void harness_connect(engine_harness *harness);
void harness_disconnect(engine_harness *harness);
void harness_probe(engine_harness *harness);
void harness_token_changed(engine_harness *harness);
/* The status is the caller's to check. */
phx_status harness_join(engine_harness *harness, uint64_t id, const char *topic);
phx_status harness_push(engine_harness *harness, uint64_t id, uint64_t channel_id,
                        const char *event, const char *payload);
phx_status harness_join_request(engine_harness *harness, const phxi_join_request *request);
phx_status harness_push_request(engine_harness *harness, const phxi_push_request *request);
void harness_leave(engine_harness *harness, uint64_t id);
void harness_rejoin(engine_harness *harness, uint64_t id);
void harness_cancel(engine_harness *harness, uint64_t push_id);

void harness_opened(engine_harness *harness);
/* The connection, or the attempt, ends. */
void harness_closed(engine_harness *harness, phx_status status, int32_t close_code);
void harness_refused(engine_harness *harness, phx_status status, int32_t http_status,
                     uint32_t retry_after_ms);
void harness_receive(engine_harness *harness, const char *text);
void harness_receive_binary(engine_harness *harness, const void *data, size_t length);

/* Lets time pass, running each timer at its own time. */
void harness_advance(engine_harness *harness, uint64_t ms);
/* Time jumps: all timers that became due run at the end of it. */
void harness_sleep(engine_harness *harness, uint64_t ms);

/* connect, opened, and what is said of it forgotten. */
void harness_go_online(engine_harness *harness);

/* Writes down what the engine wants done now; for inputs that the harness has no function for. */
void harness_drain(engine_harness *harness);

phx_client_status harness_status(const engine_harness *harness);

#endif
