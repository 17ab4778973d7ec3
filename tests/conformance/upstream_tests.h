/* SPDX-License-Identifier: MIT */
/*
 * What the tests of upstream.h's rows share. A test is named by its row's code and what holds; most
 * drive the engine, with channel 1 on "topic", those about the application's own calls a whole
 * client.
 */
#ifndef UPSTREAM_TESTS_H
#define UPSTREAM_TESTS_H

#include "client_fixture.h"
#include "engine_harness.h"
#include "testing.h"

typedef struct upstream_group {
    const char *file;
    const struct CMUnitTest *tests;
    size_t count;
    int (*run)(void);
} upstream_group;

extern const upstream_group upstream_channel_join;
extern const upstream_group upstream_channel_answer;
extern const upstream_group upstream_channel;
extern const upstream_group upstream_channel_push;
extern const upstream_group upstream_socket;
extern const upstream_group upstream_socket_frame;
extern const upstream_group upstream_socket_connection;
extern const upstream_group upstream_serializer;
extern const upstream_group upstream_presence;

/* *state is an engine_harness, or a client_fixture that was not started yet. */
int upstream_start_engine(void **state);
int upstream_stop_engine(void **state);
int upstream_start_client(void **state);
int upstream_stop_client(void **state);

#define ENGINE_ROW(name) \
    cmocka_unit_test_setup_teardown(name, upstream_start_engine, upstream_stop_engine)
#define CLIENT_ROW(name) \
    cmocka_unit_test_setup_teardown(name, upstream_start_client, upstream_stop_client)
#define UPSTREAM_GROUP(group, rows)                                   \
    static int run_group(void)                                        \
    {                                                                 \
        return cmocka_run_group_tests_name(#group, rows, NULL, NULL); \
    }                                                                 \
    const upstream_group group = {__FILE__, rows, sizeof rows / sizeof rows[0], run_group}

/* The engine again, with a configuration of the test's. */
void upstream_restart(engine_harness *h, const phxi_engine_config *config);
/* Online, and channel 1 is asked to join "topic"; its join_ref is "1". */
void upstream_joining(engine_harness *h);
/* And is joined. What happened is forgotten. */
void upstream_joined(engine_harness *h);
void upstream_reply(engine_harness *h, const char *join_ref, const char *ref, const char *status);
/* The connection is lost, comes back, and what happened is forgotten. */
void upstream_reconnect(engine_harness *h);
/* A client that is online, with "topic" joined; its joins are answered by themselves. */
phx_channel upstream_joined_client(client_fixture *f);

#endif
