/* SPDX-License-Identifier: MIT */
/*
 * Ports that fail when told: each stands before another one, counts the calls of its functions and
 * the events that come back, and makes the Nth of one kind fail, or all from the Nth on, with a
 * status that the port's header allows. A port that is used or released after its release ends the
 * program.
 */
#ifndef TORTURE_FAULTS_H
#define TORTURE_FAULTS_H

#include <community/storage.h>
#include <phx/keychain.h>

#include "failing_allocator.h"
#include "fake_http.h"
#include "fake_transport.h"

/* What can fail. */
typedef enum fault_place {
    FAULT_NOWHERE,
    FAULT_ALLOCATION,
    FAULT_TRANSPORT_OPEN,
    FAULT_TRANSPORT_SEND,
    FAULT_TRANSPORT_CLOSED, /* an attempt ends without `opened` */
    FAULT_TRANSPORT_LOST,   /* an open connection ends instead of carrying a frame */
    FAULT_HTTP_SEND,
    FAULT_HTTP_DONE,   /* the request never gets to the server */
    FAULT_HTTP_LOST,   /* the server acts, and its answer gets lost */
    FAULT_HTTP_STATUS, /* the server refuses */
    FAULT_KEYCHAIN_READ,
    FAULT_KEYCHAIN_WRITE,
    FAULT_KEYCHAIN_ERASE,
    FAULT_STORAGE_OPEN,
    FAULT_STORAGE_READ,
    FAULT_STORAGE_CHANGE,
    FAULT_STORAGE_WIPE,
    FAULT_RANDOM_FILL,
    FAULT_CLOCK_MONOTONIC, /* the device slept for an hour */
    FAULT_CLOCK_WALL,      /* the clock was set back by a day */
    FAULT_POLLER_WAIT,
    FAULT_POLLER_WATCH,
    FAULT_POLLER_MODIFY,
    FAULT_PLACE_COUNT
} fault_place;

/* What the header of the port lets this place fail with. */
typedef struct fault_kind {
    const char *name;
    const int32_t *statuses; /* phx_status; FAULT_HTTP_STATUS: HTTP's */
    size_t count;
} fault_kind;

const fault_kind *fault_kind_of(fault_place place);

typedef struct fault_plan {
    fault_place place;
    int32_t status;
    size_t nth;     /* from 1 on */
    bool all_after; /* and all that follow */
} fault_plan;

/* One port's life. */
typedef enum fault_port {
    PORT_TRANSPORT,
    PORT_HTTP,
    PORT_KEYCHAIN,
    PORT_STORAGE,
    PORT_POLLER,
    PORT_COUNT
} fault_port;

typedef struct fault_set {
    failing_allocator allocator;
    fault_plan plan;
    bool is_armed;
    size_t calls[FAULT_PLACE_COUNT]; /* while armed */
    size_t failed;
    uint64_t slept_ms;
    int64_t set_back_ms;
    bool is_given[PORT_COUNT]; /* to the client, which has to release it */
    bool is_released[PORT_COUNT];
    bool is_storage_open;
    phx_transport transport;
    phx_http http;
    phx_keychain keychain;
    community_storage storage;
    phx_clock clock;
    phx_random random;
    phx_poller poller;
    phx_log log;
    size_t log_lines;
    /* What stands behind. */
    const phx_transport *inner_transport;
    const phx_http *inner_http;
    const phx_keychain *inner_keychain;
    const community_storage *inner_storage;
    const phx_clock *inner_clock;
    const phx_random *inner_random;
    const phx_poller *inner_poller;
    fake_server_events inner_server;
    void (*inner_serve)(void *user_data, const fake_request *request, fake_response *response);
    void *inner_serve_user_data;
} fault_set;

void faults_init(fault_set *faults, const fault_plan *plan);
/* From here on calls count and fail; and until here. */
void faults_arm(fault_set *faults);
void faults_disarm(fault_set *faults);
/* Calls that failed, requests for memory included. */
size_t faults_failed(const fault_set *faults);
/* Of the good run. */
size_t faults_calls(const fault_set *faults, fault_place place);
/* Whether the plan could make a call return this status. */
bool faults_explain(const fault_set *faults, phx_status status);

/* Whether what failed is about the token, so that the client may stop and say so. */
bool faults_concern_token(const fault_set *faults);

/* Each returns the port to give to the client. */
const phx_transport *faults_transport(fault_set *faults, const phx_transport *inner);
const phx_http *faults_http(fault_set *faults, const phx_http *inner);
const phx_keychain *faults_keychain(fault_set *faults, const phx_keychain *inner);
const community_storage *faults_storage(fault_set *faults, const community_storage *inner);
const phx_clock *faults_clock(fault_set *faults, const phx_clock *inner);
const phx_random *faults_random(fault_set *faults, const phx_random *inner);
const phx_poller *faults_poller(fault_set *faults, const phx_poller *inner);
const phx_log *faults_log(fault_set *faults);
/* What comes from beyond the fakes. */
void faults_server(fault_set *faults, fake_transport *transport);
void faults_serve(fault_set *faults, fake_http *http);

/* Every port that was given to a client was released; the loop's: its poller was. */
void faults_assert_client_released(const fault_set *faults);
void faults_assert_loop_released(const fault_set *faults);

/* faults_kinds.c and faults_ports.c: whether this call is to fail, and with what. */
int32_t faults_hit(fault_set *faults, fault_place place);

#endif
