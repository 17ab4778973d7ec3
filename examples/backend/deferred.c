/* SPDX-License-Identifier: MIT */
/*
 * The timers of deferred.h, on libwebsockets' scheduler.
 */
#include "deferred.h"

#include "conn.h"

#include <stdlib.h>

struct deferred {
    struct deferred *next;
    struct socket *socket;
    struct message *message;
    deferred_fn *run;
    lws_sorted_usec_list_t timer;
};

static void on_timer(lws_sorted_usec_list_t *timer)
{
    struct deferred *deferred = lws_container_of(timer, struct deferred, timer);
    struct deferred **link = &deferred->socket->deferred;
    while (*link != deferred) {
        link = &(*link)->next;
    }
    *link = deferred->next;
    deferred->run(deferred->socket, deferred->message);
    free(deferred->message);
    free(deferred);
}

bool deferred_start(struct socket *socket, const struct message *message, uint32_t delay_ms,
                    deferred_fn *run)
{
    struct deferred *deferred = calloc(1, sizeof(*deferred));
    struct message *copy = message_copy(message);
    if (deferred == NULL || copy == NULL) {
        free(deferred);
        free(copy);
        return false;
    }
    deferred->socket = socket;
    deferred->message = copy;
    deferred->run = run;
    deferred->next = socket->deferred;
    socket->deferred = deferred;
    lws_sul_schedule(socket->conn->app->lws, 0, &deferred->timer, on_timer,
                     (lws_usec_t)delay_ms * 1000);
    return true;
}

void deferred_cancel_all(struct socket *socket)
{
    while (socket->deferred != NULL) {
        struct deferred *deferred = socket->deferred;
        socket->deferred = deferred->next;
        lws_sul_schedule(socket->conn->app->lws, 0, &deferred->timer, NULL,
                         LWS_SET_TIMER_USEC_CANCEL);
        free(deferred->message);
        free(deferred);
    }
}
