/* SPDX-License-Identifier: MIT */
/*
 * The poller on epoll(7) and eventfd(2). Its descriptor is itself pollable, so that another
 * library's loop can wait for everything that is watched here. Knows nothing of who watches.
 */
#ifndef PHXI_EPOLL_POLLER_H
#define PHXI_EPOLL_POLLER_H

#include <phx/poller.h>
#include <phx/ports.h>

typedef struct phxi_epoll phxi_epoll;

/* PHX_ERROR_NO_MEMORY, PHX_ERROR_SYSTEM: *out is NULL. The allocator is copied. */
PHX_MUST_CHECK phx_status phxi_epoll_new(const phx_allocator *allocator, phxi_epoll **out);

/* Readable as soon as wait() has something to do. */
int phxi_epoll_descriptor(const phxi_epoll *epoll);

/* The port's functions: user_data is the phxi_epoll. */
phx_status phxi_epoll_wait(void *user_data, uint32_t timeout_ms);
void phxi_epoll_wake(void *user_data);
phx_status phxi_epoll_watch(void *user_data, int32_t fd, uint32_t events, phx_watch_fn fn,
                            void *fn_user_data, phx_watch **out_watch);
phx_status phxi_epoll_modify(void *user_data, phx_watch *watch, uint32_t events);
void phxi_epoll_unwatch(void *user_data, phx_watch *watch);
void phxi_epoll_release(void *user_data);

#endif
