/* SPDX-License-Identifier: MIT */
/*
 * One REST call on its way, and the function of each route. A function sets the status and the
 * answer; of a write also the event to publish. rest.c does the rest. Only those two include this.
 */
#ifndef BACKEND_REST_CALLS_H
#define BACKEND_REST_CALLS_H

#include "app.h"
#include "http.h"

struct rest_call {
    struct app *app;
    const struct http_request *request;
    const struct user *user;
    struct slice post; /* ids from the path */
    struct slice item;
    int status;
    bool is_replayed;
    struct bytes answer; /* JSON */
    const char *event;
    struct bytes event_payload;
};

typedef void rest_fn(struct rest_call *call);

/* {"errors":{"detail": text}}, or {"errors":{member: [text]}} for a field. */
void rest_error(struct rest_call *call, int status, const char *member, const char *text);

rest_fn rest_list;
rest_fn rest_create;
rest_fn rest_show;
rest_fn rest_edit;
rest_fn rest_delete;
rest_fn rest_like;
rest_fn rest_add_comment;
rest_fn rest_delete_comment;

#endif
