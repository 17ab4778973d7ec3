/* SPDX-License-Identifier: MIT */
/*
 * The poller on poll(2).
 */
#include "plain_poller.h"

#include "testing.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    MAX_WATCHES = 16
};

struct phx_watch {
    int32_t fd;
    uint32_t events;
    phx_watch_fn fn;
    void *user_data;
};

typedef struct plain_poller {
    phx_poller port;
    int wake[2];
    phx_watch watches[MAX_WATCHES];
} plain_poller;

static phx_status plain_wait(void *user_data, uint32_t timeout_ms)
{
    plain_poller *poller = user_data;
    struct pollfd fds[MAX_WATCHES + 1] = {{.fd = poller->wake[0], .events = POLLIN}};
    for (int i = 0; i < MAX_WATCHES; i++) {
        const phx_watch *watch = &poller->watches[i];
        fds[i + 1].fd = watch->fn != NULL ? watch->fd : -1;
        fds[i + 1].events = (short)(((watch->events & PHX_POLL_READ) != 0 ? POLLIN : 0) |
                                    ((watch->events & PHX_POLL_WRITE) != 0 ? POLLOUT : 0));
    }
    if (poll(fds, MAX_WATCHES + 1, timeout_ms == UINT32_MAX ? -1 : (int)timeout_ms) < 0) {
        return errno == EINTR ? PHX_OK : PHX_ERROR_SYSTEM;
    }
    char bytes[16];
    ssize_t got = fds[0].revents != 0 ? read(poller->wake[0], bytes, sizeof bytes) : 0;
    (void)got;
    for (int i = 0; i < MAX_WATCHES; i++) {
        phx_watch *watch = &poller->watches[i];
        int ready = fds[i + 1].revents;
        if (ready != 0 && watch->fn != NULL && watch->fd == fds[i + 1].fd) {
            uint32_t events = (ready & POLLIN) != 0 ? (uint32_t)PHX_POLL_READ : 0U;
            events |= (ready & POLLOUT) != 0 ? (uint32_t)PHX_POLL_WRITE : 0U;
            events |= (ready & (POLLERR | POLLHUP)) != 0 ? PHX_POLL_ERROR | watch->events : 0U;
            watch->fn(watch->user_data, watch->fd, events);
        }
    }
    return PHX_OK;
}

static void plain_wake(void *user_data)
{
    ssize_t put = write(((plain_poller *)user_data)->wake[1], "", 1);
    (void)put;
}

static phx_status plain_watch(void *user_data, int32_t fd, uint32_t events, phx_watch_fn fn,
                              void *fn_user_data, phx_watch **out_watch)
{
    plain_poller *poller = user_data;
    for (int i = 0; i < MAX_WATCHES; i++) {
        if (poller->watches[i].fn == NULL) {
            poller->watches[i] = (phx_watch){fd, events, fn, fn_user_data};
            *out_watch = &poller->watches[i];
            return PHX_OK;
        }
    }
    *out_watch = NULL;
    return PHX_ERROR_NO_MEMORY;
}

static phx_status plain_modify(void *user_data, phx_watch *watch, uint32_t events)
{
    (void)user_data;
    watch->events = events;
    return PHX_OK;
}

static void plain_unwatch(void *user_data, phx_watch *watch)
{
    (void)user_data;
    watch->fn = NULL;
}

static void plain_release(void *user_data)
{
    plain_poller *poller = user_data;
    (void)close(poller->wake[0]);
    (void)close(poller->wake[1]);
    free(poller);
}

phx_status plain_poller_new(const phx_poller **out)
{
    plain_poller *poller = calloc(1, sizeof *poller);
    assert_non_null(poller);
    assert_int_equal(pipe(poller->wake), 0);
    poller->port = (phx_poller){(uint32_t)sizeof(phx_poller),
                                poller,
                                plain_wait,
                                plain_wake,
                                plain_watch,
                                plain_modify,
                                plain_unwatch,
                                plain_release};
    *out = &poller->port;
    return PHX_OK;
}
