/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses without blocking the loop: getaddrinfo(3) on short-lived threads. Knows
 * nothing of what the addresses are for.
 */
#ifndef PHXI_RESOLVER_H
#define PHXI_RESOLVER_H

#include <phx/loop.h>

enum {
    PHXI_MAX_ADDRESSES = 8,
    PHXI_ADDRESS_BYTES = 64, /* "fe80::...%interface" and the NUL */
    PHXI_MAX_LOOKUPS = 8,    /* threads at one time, those of cancelled look-ups included */
};

typedef struct phxi_addresses {
    size_t count;
    char text[PHXI_MAX_ADDRESSES][PHXI_ADDRESS_BYTES]; /* numeric */
} phxi_addresses;

typedef struct phxi_resolver phxi_resolver;
typedef struct phxi_lookup phxi_lookup;

/* status: PHX_OK with at least one address, PHX_ERROR_NAME_NOT_FOUND (`reason`: the resolver's own
 * static text), PHX_ERROR_NO_MEMORY. The look-up is over: it must not be cancelled any more. */
typedef void (*phxi_resolved_fn)(void *user_data, phx_status status,
                                 const phxi_addresses *addresses, const char *reason);

/* The loop is borrowed and outlives the resolver. NULL: out of memory. */
phxi_resolver *phxi_resolver_new(phx_loop *loop);
/* All look-ups were cancelled or are over. Waits for no thread. */
void phxi_resolver_free(phxi_resolver *resolver);

/*
 * Looks `host` (copied) up; fn is called later on the loop's thread, unless cancelled.
 * PHX_ERROR_NO_MEMORY, PHX_ERROR_QUEUE_FULL (PHXI_MAX_LOOKUPS are under way), PHX_ERROR_SYSTEM: it
 * never will be.
 */
PHX_MUST_CHECK phx_status phxi_resolve(phxi_resolver *resolver, const char *host,
                                       phxi_resolved_fn fn, void *user_data,
                                       phxi_lookup **out_lookup);

/* fn will not be called. Returns at once; a thread that hangs in the system's resolver ends by
 * itself. */
void phxi_lookup_cancel(phxi_lookup *lookup);

/* Whether host is a numeric address, which needs no look-up. */
bool phxi_is_numeric_address(const char *host);

#endif
