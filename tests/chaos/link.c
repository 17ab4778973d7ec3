/* SPDX-License-Identifier: MIT */
/*
 * Passes bytes, ends and failures from one side to the other as the rules allow; see link.h.
 */
#include "link.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct link *link_new(struct relay_rules *rules, int client, int target)
{
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        perror("calloc");
        exit(1);
    }
    link->rules = rules;
    link->fds[UP] = client;
    link->fds[DOWN] = target;
    link->is_connecting = true;
    return link;
}

void link_free(struct link *link, bool with_reset)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};
    for (int side = UP; side < WAYS; side++) {
        if (with_reset) {
            (void)setsockopt(link->fds[side], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        }
        (void)close(link->fds[side]);
    }
    free(link);
}

static bool is_silent(const struct link *link, int way)
{
    return link->is_muted[way] || link->rules->ways[way].silent != 0;
}

static bool wants_read(const struct link *link, int way)
{
    const struct flow *flow = &link->flows[way];
    return !is_silent(link, way) && !link->is_connecting && !flow->is_ended && flow_has_room(flow);
}

static uint64_t write_due_us(const struct link *link, int way)
{
    bool is_waiting = is_silent(link, way) || link->is_connecting || link->is_blocked[way];
    return is_waiting ? UINT64_MAX : flow_due_us(&link->flows[way]);
}

uint64_t link_due_us(const struct link *link)
{
    uint64_t up_us = write_due_us(link, UP);
    uint64_t down_us = write_due_us(link, DOWN);
    return up_us < down_us ? up_us : down_us;
}

/* A muted link ends when its client has gone: nobody is left who could see that. */
static bool is_watched_for_end(const struct link *link, int side)
{
    return side == UP && (link->is_muted[UP] || link->is_muted[DOWN]);
}

/* Without events a descriptor is left out: poll() would report its end again and again. */
struct pollfd link_poll(const struct link *link, int side)
{
    short events = 0;
    if (wants_read(link, side)) {
        events |= POLLIN;
    }
    if (link->is_blocked[!side] || (side == DOWN && link->is_connecting)) {
        events |= POLLOUT;
    }
    if (is_watched_for_end(link, side)) {
        events |= POLLRDHUP;
    }
    return (struct pollfd){.fd = events == 0 ? -1 : link->fds[side], .events = events};
}

static bool finish_connect(struct link *link)
{
    int error = 0;
    socklen_t length = sizeof error;
    link->is_connecting = false;
    (void)getsockopt(link->fds[DOWN], SOL_SOCKET, SO_ERROR, &error, &length);
    link->rules->refused += error != 0 ? 1 : 0;
    return error == 0;
}

static void pass_end(struct link *link, int way)
{
    const struct flow *flow = &link->flows[way];
    if (flow->is_ended && flow_is_empty(flow) && !link->is_shut[way] && !is_silent(link, way)) {
        link->is_shut[way] = true;
        (void)shutdown(link->fds[!way], SHUT_WR);
    }
}

/* False: the link is broken. */
static bool serve_way(struct link *link, int way, const struct pollfd polls[WAYS], uint64_t now_us)
{
    struct relay_rules *rules = link->rules;
    const struct rule *rule = &rules->ways[way];
    struct flow *flow = &link->flows[way];
    if (polls[way].revents != 0 && wants_read(link, way) &&
        !flow_read(flow, rule, link->fds[way], now_us, &rules->seed)) {
        return false;
    }
    link->is_blocked[way] = link->is_blocked[way] && polls[!way].revents == 0;
    if (write_due_us(link, way) <= now_us) {
        enum flow_result result =
            flow_write(flow, rule, link->fds[!way], now_us, &rules->seed, &rules->counters[way]);
        link->is_blocked[way] = result == FLOW_BLOCKED;
        if (result == FLOW_BROKEN) {
            return false;
        }
    }
    pass_end(link, way);
    return true;
}

enum link_state link_serve(struct link *link, const struct pollfd polls[WAYS], uint64_t now_us)
{
    if (link->is_connecting && polls[DOWN].revents != 0 && !finish_connect(link)) {
        return LINK_BROKEN;
    }
    if (is_watched_for_end(link, UP) &&
        (polls[UP].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
        return LINK_ENDED;
    }
    for (int way = UP; way < WAYS; way++) {
        if (!serve_way(link, way, polls, now_us)) {
            return LINK_BROKEN;
        }
    }
    return link->is_shut[UP] && link->is_shut[DOWN] ? LINK_ENDED : LINK_UP;
}
