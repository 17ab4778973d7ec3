/* SPDX-License-Identifier: MIT */
/*
 * The poller on epoll(7). A watch that ends while events are being handed out stays allocated until
 * all of them are, because an event that the kernel has already given may still point to it.
 */
#include "linux/epoll_poller.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <phx/platform.h>

#include "support/alloc.h"

enum {
    MAX_EVENTS_A_WAIT = 32
};

struct phx_watch {
    phx_watch *next; /* among the watches, or among the ended ones */
    phx_watch *previous;
    phx_watch_fn fn; /* NULL: ended */
    void *fn_user_data;
    int32_t fd;
    uint32_t events;
};

struct phxi_epoll {
    phx_poller port;
    phx_allocator allocator;
    int epoll_fd;
    int wake_fd;
    bool is_handing_out;
    phx_watch *watches;
    phx_watch *ended;
};

static uint32_t to_epoll(uint32_t events)
{
    return ((events & PHX_POLL_READ) != 0 ? (uint32_t)EPOLLIN : 0U) |
           ((events & PHX_POLL_WRITE) != 0 ? (uint32_t)EPOLLOUT : 0U);
}

/* A hang-up counts as everything that was asked for: whoever waits to read must see the end. */
static uint32_t from_epoll(uint32_t ready, uint32_t asked)
{
    uint32_t events = 0;
    events |= (ready & EPOLLIN) != 0 ? (uint32_t)PHX_POLL_READ : 0U;
    events |= (ready & EPOLLOUT) != 0 ? (uint32_t)PHX_POLL_WRITE : 0U;
    events |= (ready & (EPOLLERR | EPOLLHUP)) != 0 ? PHX_POLL_ERROR | asked : 0U;
    return events;
}

static void free_list(phxi_epoll *epoll, phx_watch **list)
{
    while (*list != NULL) {
        phx_watch *watch = *list;
        *list = watch->next;
        phxi_free(&epoll->allocator, watch);
    }
}

static void drain_wake(phxi_epoll *epoll)
{
    uint64_t count = 0;
    /* Fails only when nothing is in it, which is what is wanted. */
    ssize_t got = read(epoll->wake_fd, &count, sizeof count);
    (void)got;
}

static void hand_out(phxi_epoll *epoll, const struct epoll_event *events, int count)
{
    epoll->is_handing_out = true;
    for (int i = 0; i < count; i++) {
        phx_watch *watch = events[i].data.ptr;
        if (watch == NULL) {
            drain_wake(epoll);
        } else if (watch->fn != NULL) {
            watch->fn(watch->fn_user_data, watch->fd, from_epoll(events[i].events, watch->events));
        }
    }
    epoll->is_handing_out = false;
    free_list(epoll, &epoll->ended);
}

phx_status phxi_epoll_wait(void *user_data, uint32_t timeout_ms)
{
    phxi_epoll *epoll = user_data;
    struct epoll_event events[MAX_EVENTS_A_WAIT];
    int limit = timeout_ms == UINT32_MAX ? -1 : (int)(timeout_ms < INT_MAX ? timeout_ms : INT_MAX);
    int count = epoll_wait(epoll->epoll_fd, events, MAX_EVENTS_A_WAIT, limit);
    if (count < 0) {
        return errno == EINTR ? PHX_OK : PHX_ERROR_SYSTEM;
    }
    hand_out(epoll, events, count);
    return PHX_OK;
}

void phxi_epoll_wake(void *user_data)
{
    const phxi_epoll *epoll = user_data;
    const uint64_t one = 1;
    /* Fails only when the counter is full, and then the wait is woken already. */
    ssize_t put = write(epoll->wake_fd, &one, sizeof one);
    (void)put;
}

phx_status phxi_epoll_watch(void *user_data, int32_t fd, uint32_t events, phx_watch_fn fn,
                            void *fn_user_data, phx_watch **out_watch)
{
    phxi_epoll *epoll = user_data;
    *out_watch = NULL;
    phx_watch *watch = phxi_alloc_zero(&epoll->allocator, sizeof *watch);
    if (watch == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    struct epoll_event event = {.events = to_epoll(events), .data.ptr = watch};
    if (epoll_ctl(epoll->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        phxi_free(&epoll->allocator, watch);
        return PHX_ERROR_SYSTEM;
    }
    watch->fn = fn;
    watch->fn_user_data = fn_user_data;
    watch->fd = fd;
    watch->events = events;
    watch->next = epoll->watches;
    if (watch->next != NULL) {
        watch->next->previous = watch;
    }
    epoll->watches = watch;
    *out_watch = watch;
    return PHX_OK;
}

phx_status phxi_epoll_modify(void *user_data, phx_watch *watch, uint32_t events)
{
    phxi_epoll *epoll = user_data;
    struct epoll_event event = {.events = to_epoll(events), .data.ptr = watch};
    if (epoll_ctl(epoll->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) != 0) {
        return PHX_ERROR_SYSTEM;
    }
    watch->events = events;
    return PHX_OK;
}

void phxi_epoll_unwatch(void *user_data, phx_watch *watch)
{
    phxi_epoll *epoll = user_data;
    /* Fails only for a descriptor that its owner has closed already, and then nothing is to be
     * done. */
    (void)epoll_ctl(epoll->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    if (watch->previous != NULL) {
        watch->previous->next = watch->next;
    } else {
        epoll->watches = watch->next;
    }
    if (watch->next != NULL) {
        watch->next->previous = watch->previous;
    }
    if (!epoll->is_handing_out) {
        phxi_free(&epoll->allocator, watch);
        return;
    }
    watch->fn = NULL;
    watch->next = epoll->ended;
    epoll->ended = watch;
}

void phxi_epoll_release(void *user_data)
{
    phxi_epoll *epoll = user_data;
    free_list(epoll, &epoll->watches);
    free_list(epoll, &epoll->ended);
    if (epoll->wake_fd >= 0) {
        (void)close(epoll->wake_fd);
    }
    if (epoll->epoll_fd >= 0) {
        (void)close(epoll->epoll_fd);
    }
    phx_allocator allocator = epoll->allocator;
    phxi_free(&allocator, epoll);
}

int phxi_epoll_descriptor(const phxi_epoll *epoll)
{
    return epoll->epoll_fd;
}

static bool open_descriptors(phxi_epoll *epoll)
{
    epoll->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    epoll->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    return epoll->epoll_fd >= 0 && epoll->wake_fd >= 0 &&
           epoll_ctl(epoll->epoll_fd, EPOLL_CTL_ADD, epoll->wake_fd, &event) == 0;
}

phx_status phxi_epoll_new(const phx_allocator *allocator, phxi_epoll **out)
{
    *out = NULL;
    phxi_epoll *epoll = phxi_alloc_zero(allocator, sizeof *epoll);
    if (epoll == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    epoll->allocator = *allocator;
    if (!open_descriptors(epoll)) {
        phxi_epoll_release(epoll);
        return PHX_ERROR_SYSTEM;
    }
    epoll->port = (phx_poller){
        .struct_size = (uint32_t)sizeof(phx_poller),
        .user_data = epoll,
        .wait = phxi_epoll_wait,
        .wake = phxi_epoll_wake,
        .watch = phxi_epoll_watch,
        .modify = phxi_epoll_modify,
        .unwatch = phxi_epoll_unwatch,
        .release = phxi_epoll_release,
    };
    *out = epoll;
    return PHX_OK;
}

phx_status phx_platform_epoll_poller(const phx_allocator *allocator, const phx_poller **out)
{
    *out = NULL;
    phxi_epoll *epoll = NULL;
    phx_status status =
        phxi_epoll_new(allocator != NULL ? allocator : &phxi_default_allocator, &epoll);
    if (status == PHX_OK) {
        *out = &epoll->port;
    }
    return status;
}
