/* SPDX-License-Identifier: MIT */
/*
 * The stock adapters that this build has none of.
 */
#include <phx/platform.h>

const phx_clock *phx_platform_clock(void)
{
    return NULL;
}

const phx_random *phx_platform_random(void)
{
    return NULL;
}

phx_status phx_platform_poller(const phx_allocator *allocator, const phx_log *log,
                               const phx_poller **out)
{
    (void)allocator;
    (void)log;
    *out = NULL;
    return PHX_ERROR_UNSUPPORTED;
}
