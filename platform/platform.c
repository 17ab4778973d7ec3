/* SPDX-License-Identifier: MIT */
/*
 * What every build has: in place of each adapter that is left out, functions that say so.
 */
#include <phx/platform.h>

#include "mbedtls/digest.h"

void phx_keychain_release(const phx_keychain *keychain)
{
    if (keychain != NULL && keychain->release != NULL) {
        keychain->release(keychain->user_data);
    }
}

#ifndef PHX_HAS_POSIX
const phx_clock *phx_platform_clock(void)
{
    return NULL;
}

const phx_keychain *phx_keychain_env(const char *name)
{
    (void)name;
    return NULL;
}

const phx_keychain *phx_keychain_file(const char *path)
{
    (void)path;
    return NULL;
}
#endif

#ifndef PHX_HAS_EPOLL
phx_status phx_platform_epoll_poller(const phx_allocator *allocator, const phx_poller **out)
{
    (void)allocator;
    *out = NULL;
    return PHX_ERROR_UNSUPPORTED;
}
#endif

#ifndef PHX_HAS_MBEDTLS
const phx_random *phx_platform_random(void)
{
    return NULL;
}

phx_status phxi_digest_text(const void *bytes, size_t length, char out[PHXI_DIGEST_TEXT_BYTES])
{
    (void)bytes;
    (void)length;
    out[0] = '\0';
    return PHX_ERROR_UNSUPPORTED;
}
#endif

#ifndef PHX_HAS_LWS
phx_status phx_platform_lws_poller(const phx_allocator *allocator, const phx_log *log,
                                   const phx_poller **out)
{
    (void)allocator;
    (void)log;
    *out = NULL;
    return PHX_ERROR_UNSUPPORTED;
}

phx_status phx_transport_lws(phx_loop *loop, const phx_tls *tls, const phx_network *network,
                             const phx_transport **out)
{
    (void)loop;
    (void)tls;
    (void)network;
    *out = NULL;
    return PHX_ERROR_UNSUPPORTED;
}

void phx_platform_set_lws_log_level(phx_log_level level)
{
    (void)level;
}
#endif

#ifndef PHX_HAS_CURL
phx_status phx_transport_curl(phx_loop *loop, const phx_tls *tls, const phx_network *network,
                              const phx_transport **out)
{
    (void)loop;
    (void)tls;
    (void)network;
    *out = NULL;
    return PHX_ERROR_UNSUPPORTED;
}

phx_status phx_http_curl(phx_loop *loop, const phx_tls *tls, const phx_network *network,
                         const phx_http **out)
{
    (void)loop;
    (void)tls;
    (void)network;
    *out = NULL;
    return PHX_ERROR_UNSUPPORTED;
}
#endif
