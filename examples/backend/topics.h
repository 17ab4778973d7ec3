/* SPDX-License-Identifier: MIT */
/*
 * The topics that this backend has. echo:* exists for tests only, behind --control.
 */
#ifndef BACKEND_TOPICS_H
#define BACKEND_TOPICS_H

#include "socket.h"

extern const struct topic_kind feed_topic;
extern const struct topic_kind echo_topic;

/* Publishes one of the feed's five events to everybody who has joined it. */
void feed_publish(struct app *app, const char *event, struct slice payload);

#endif
