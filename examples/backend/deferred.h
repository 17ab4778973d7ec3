/* SPDX-License-Identifier: MIT */
/*
 * Something to do with a message later: the timers of one socket, which end with it.
 */
#ifndef BACKEND_DEFERRED_H
#define BACKEND_DEFERRED_H

#include "socket.h"

typedef void deferred_fn(struct socket *socket, const struct message *message);

/* Calls `run` with a copy of `message` after `delay_ms`. False when memory is out. */
bool deferred_start(struct socket *socket, const struct message *message, uint32_t delay_ms,
                    deferred_fn *run);
void deferred_cancel_all(struct socket *socket);

#endif
