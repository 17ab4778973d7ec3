/* SPDX-License-Identifier: MIT */
/*
 * What a Phoenix server answers to a poll or a push:
 * {"status":N,"token":"...","messages":["...",...]}, whatever the HTTP status is.
 */
#ifndef PHXI_LONGPOLL_ANSWER_H
#define PHXI_LONGPOLL_ANSWER_H

#include "wire/json_reader.h"

typedef struct phxi_longpoll_answer {
    int32_t status;        /* 0: there is none */
    phxi_json_token token; /* kind PHXI_JSON_STRING if there is one */
    phx_slice messages;    /* the array; data NULL: there is none */
} phxi_longpoll_answer;

/* Slices point into `body`. A body that is no such object gives status 0 and nothing else. */
void phxi_longpoll_answer_read(const uint8_t *body, size_t length, phxi_longpoll_answer *out);

#endif
