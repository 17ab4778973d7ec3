/* SPDX-License-Identifier: MIT */
/*
 * What tests of the REST API share: a fresh backend for each, calls as one of its users, and the
 * last answer taken apart.
 */
#ifndef TEST_BACKEND_CALLS_H
#define TEST_BACKEND_CALLS_H

#include "client.h"
#include "process.h"

#define POSTS "/api/community/posts"

extern struct backend backend;
/* Stays until the next call. */
extern struct response answer;

/* A cmocka set-up and teardown. */
int start(void **state);
int stop(void **state);

/* Calls as `user`, and returns the status; `key` (or NULL) is the Idempotency-Key. */
int call(const char *user, const char *method, const char *path, const char *body);
int call_with_key(const char *user, const char *method, const char *path, const char *body,
                  const char *key);
/* A text member of the last answer's data; stays until the next use. */
const char *data_text(const char *name);
/* The last answer's posts as "body,body,…"; stays until the next use. */
const char *listed(void);
/* Creates a post; out_path gets its path. */
void create(const char *user, const char *body, char out_path[64]);

#endif
