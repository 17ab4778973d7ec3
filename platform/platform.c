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

phx_status phx_transport_lws(phx_loop *loop, const phx_tls *tls, const phx_transport **out)
{
    (void)loop;
    (void)tls;
    *out = NULL;
    return PHX_ERROR_UNSUPPORTED;
}

void phx_keychain_release(const phx_keychain *keychain)
{
    if (keychain != NULL && keychain->release != NULL) {
        keychain->release(keychain->user_data);
    }
}
