/* SPDX-License-Identifier: MIT */
/*
 * What presence has to be, with plain lists: keys in order, each with a list of refs, changed as
 * phoenix.js's Presence does it.
 */
#ifndef PRESENCE_MODEL_H
#define PRESENCE_MODEL_H

#include "fuzz.h"

enum {
    MAX_METAS = 24,
    MAX_KEYS = 32,
    MAX_PENDING = 64
};

typedef struct key {
    char *name;
    size_t name_length;
    char *refs[MAX_METAS + 1]; /* terminated: refs here hold no NUL */
    size_t ref_count;
} key;

typedef struct key_list {
    key keys[MAX_KEYS];
    size_t count;
} key_list;

typedef struct presence_model {
    key_list present;
    bool is_synced;
    phx_slice pending[MAX_PENDING];
    size_t pending_count;
    size_t pending_bytes;
} presence_model;

/* A good document is applied. False: the model cannot follow, by its own bounds. */
bool presence_model_state(presence_model *model, phx_slice json);
bool presence_model_diff(presence_model *model, phx_slice json);
/* Frees what is present. */
void presence_model_clear(presence_model *model);

#endif
