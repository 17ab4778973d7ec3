/* SPDX-License-Identifier: MIT */
/*
 * The facts that a test may wait for: what is now, and what has been counted since the start.
 */
#include "control.h"

#include "conn.h"
#include "route.h"
#include "socket.h"

static void append_status(struct app *app, struct bytes *out)
{
    size_t sockets = 0;
    size_t channels = 0;
    for (struct conn *conn = app->conns; conn != NULL; conn = conn->next) {
        if (conn->socket != NULL && !conn->is_dead) {
            sockets++;
            channels += conn->socket->channel_count;
        }
    }
    const struct counters *counters = &app->counters;
    const struct {
        const char *name;
        uint64_t value;
    } facts[] = {
        {"sockets", sockets},
        {"channels", channels},
        {"requests", counters->requests},
        {"upgrades", counters->upgrades},
        {"longpolls", counters->longpolls},
        {"refused", counters->refused},
        {"messages", counters->messages},
        {"joins", counters->joins},
        {"pushes", counters->pushes},
        {"slow_consumers", counters->slow_consumers},
        {"burst_left", (uint64_t)(app->control.burst.count - app->control.burst.made)},
    };
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        bytes_format(out, "%s\"%s\":%llu", i == 0 ? "{" : ",", facts[i].name,
                     (unsigned long long)facts[i].value);
    }
    bytes_char(out, '}');
}

void control_answer_status(struct conn *conn, const struct http_request *request)
{
    struct bytes json = {0};
    append_status(conn->app, &json);
    route_answer(conn, request, json.failed ? 500 : 200, slice_from(&json));
    bytes_free(&json);
}
