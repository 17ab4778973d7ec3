/* SPDX-License-Identifier: MIT */
/*
 * From bytes to the part of the program that answers them: parses one HTTP request and hands it to
 * the socket's upgrade, the REST API or the control endpoint.
 */
#ifndef BACKEND_ROUTE_H
#define BACKEND_ROUTE_H

#include "conn.h"
#include "http.h"

/* Takes one request; returns how many bytes it was, 0 while it is not whole (or is to wait). */
size_t route_input(struct conn *conn, struct slice in);

/* Answers with a JSON body, and closes if the request or the status wants it. */
void route_answer(struct conn *conn, const struct http_request *request, int status,
                  struct slice json);
/* Answers {"errors":{"detail": …}}. */
void route_error(struct conn *conn, const struct http_request *request, int status,
                 const char *detail);

#endif
