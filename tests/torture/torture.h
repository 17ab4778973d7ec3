/* SPDX-License-Identifier: MIT */
/*
 * What a scenario is: a play of one client with its world, which arms the faults, and holds what
 * has to be true whatever failed. The driver plays it once for each fault.
 *
 * A play: make the client; do the script; then the faults stop. Left alone for a while, the client
 * reaches what was asked of it, or says in its status that it will not. Told again what is wanted,
 * it reaches it. After its release nothing is left.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include "faults.h"
#include "testing.h"

typedef enum torture_mode {
    TORTURE_ALONE, /* the Nth call fails */
    TORTURE_ON,    /* the Nth and all that follow, until the script is over */
    TORTURE_END,   /* the same, and until the client is released */
    TORTURE_MODE_COUNT
} torture_mode;

typedef struct torture_run {
    fault_set faults;
    torture_mode mode;
    size_t failed_polls; /* what the app was told so: nothing came meanwhile */
} torture_run;

typedef struct torture_scenario {
    const char *name;
    void (*play)(torture_run *run, const void *script);
    const void *script;
    bool is_slow; /* takes real time, or much of it */
} torture_scenario;

/* Each is a list that ends with a NULL name: torture_phx.c and so on. */
extern const torture_scenario torture_phx_scenarios[];
extern const torture_scenario torture_feed_scenarios[];
extern const torture_scenario torture_outbox_scenarios[];
extern const torture_scenario torture_network_scenarios[];

/* The run failed: says so and how to repeat it, and ends the program. */
_Noreturn void torture_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define torture_check(condition, ...)  \
    do {                               \
        if (!(condition)) {            \
            torture_fail(__VA_ARGS__); \
        }                              \
    } while (0)

/* A call that returned `status` is explained: it worked, or something that was made to fail did. */
void torture_check_status(const torture_run *run, phx_status status, const char *call);

/* Lets virtual time pass. A poller that cannot wait costs its time all the same. */
void torture_pass(torture_run *run, fake_poller *poller, phx_loop *loop, uint32_t ms);

#endif
