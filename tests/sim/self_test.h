/* SPDX-License-Identifier: MIT */
/*
 * Wrong conduct, and what is to be said of it.
 */
#ifndef SIM_SELF_TEST_H
#define SIM_SELF_TEST_H

#include "sim.h"

typedef struct sim_wrong {
    const char *name;
    void (*commit)(void);
    const char *verdict; /* a part of it */
} sim_wrong;

extern const sim_wrong sim_wire_wrongs[];
extern const size_t sim_wire_wrong_count;

#endif
