/* SPDX-License-Identifier: MIT */
/*
 * The REST API under /api/community: who may do what, what a write publishes, and that a retried
 * write is done once. Knows nothing of SQL or of sockets.
 */
#ifndef BACKEND_REST_H
#define BACKEND_REST_H

#include "conn.h"
#include "http.h"

void rest_handle(struct conn *conn, const struct http_request *request);

/* Creates and publishes a post, as POST /api/community/posts does. */
bool rest_create_post(struct app *app, const struct user *author, struct slice body);

#endif
