/* SPDX-License-Identifier: MIT */
/*
 * The program's state in one place: what every request and every message may need. All of it
 * lives on the one thread of the event loop.
 */
#ifndef BACKEND_APP_H
#define BACKEND_APP_H

#include "control.h"
#include "options.h"
#include "store.h"

#include <stdint.h>

struct conn;
struct lws_context;

struct counters {
    uint64_t requests;
    uint64_t upgrades;
    uint64_t longpolls;
    uint64_t refused;
    uint64_t messages;
    uint64_t joins;
    uint64_t pushes;
    uint64_t slow_consumers;
};

struct app {
    const struct options *options;
    struct lws_context *lws;
    struct store *store;
    struct user *users;
    size_t user_count;
    struct conn *conns;
    struct control control;
    struct counters counters;
    bool is_stopping;
};

#endif
