/* SPDX-License-Identifier: MIT */
/*
 * The stock adapters. What a build leaves out is still declared, and returns PHX_ERROR_UNSUPPORTED,
 * so that programs link against any build. Clients take these by themselves when a port is NULL.
 */
#ifndef PHX_PLATFORM_H
#define PHX_PLATFORM_H

#include <phx/http.h>
#include <phx/keychain.h>
#include <phx/transport.h>

PHX_NONNULL_BEGIN

/* Static ports; NULL where the build has none. Threads: any. */
PHX_API const phx_clock *PHX_NULLABLE phx_platform_clock(void);
PHX_API const phx_random *PHX_NULLABLE phx_platform_random(void);

/* A poller on epoll(7). For a loop whose transport is not libwebsockets'. *out: consumed by the
 * phx_loop_config that it is put into. PHX_ERROR_UNSUPPORTED, PHX_ERROR_NO_MEMORY,
 * PHX_ERROR_SYSTEM. */
PHX_API PHX_MUST_CHECK phx_status phx_platform_epoll_poller(
    const phx_allocator *PHX_NULLABLE allocator, const phx_poller *PHX_NULLABLE *PHX_NONNULL out);

/* A poller inside libwebsockets' own service loop: what phx_transport_lws needs. Makes
 * libwebsockets set SIGPIPE to be ignored, process-wide, as that library does. Otherwise as above.
 */
PHX_API PHX_MUST_CHECK phx_status phx_platform_lws_poller(
    const phx_allocator *PHX_NULLABLE allocator, const phx_log *PHX_NULLABLE log,
    const phx_poller *PHX_NULLABLE *PHX_NONNULL out);

/* The one of the two that a loop takes when it is given none: epoll's if it is there, unless
 * clients take libwebsockets' transport (phx_platform_transport_kind). */
PHX_API PHX_MUST_CHECK phx_status
phx_platform_poller(const phx_allocator *PHX_NULLABLE allocator, const phx_log *PHX_NULLABLE log,
                    const phx_poller *PHX_NULLABLE *PHX_NONNULL out);

/* WebSocket over libwebsockets, on a loop with that library's poller (else PHX_ERROR_UNSUPPORTED).
 * tls: copied; NULL trusts the system's authorities. network: copied; NULL: no proxy, no
 * compression. *out: consumed by the config that it is put into. PHX_ERROR_IO: the authorities'
 * file cannot be read. PHX_ERROR_INVALID_ARGUMENT: a pin that is none. PHX_ERROR_INVALID_URL: the
 * proxy's. Threads: loop only, or any while the loop is not yet pumped. */
PHX_API PHX_MUST_CHECK phx_status phx_transport_lws(
    phx_loop *loop, const phx_tls *PHX_NULLABLE tls, const phx_network *PHX_NULLABLE network,
    const phx_transport *PHX_NULLABLE *PHX_NONNULL out);

/*
 * WebSocket over libcurl, on any loop: names, addresses (both families at once, RFC 8305), the
 * proxy, authorities and pins as phx_http_curl has them; only the environment's proxy is not taken.
 * Compression is not offered (network->compress: PHX_ERROR_UNSUPPORTED). Text that is not UTF-8
 * ends the connection with 1007 and PHX_ERROR_MALFORMED_FRAME. What a server says with a refusal is
 * told in the error's message, at most 200 bytes of it. Otherwise as phx_http_curl.
 */
PHX_API PHX_MUST_CHECK phx_status phx_transport_curl(
    phx_loop *loop, const phx_tls *PHX_NULLABLE tls, const phx_network *PHX_NULLABLE network,
    const phx_transport *PHX_NULLABLE *PHX_NONNULL out);

/*
 * Which of the two a client takes that is told of this network (NULL: nothing). Unless
 * network->transport names one, libwebsockets where it reads frames in blocks (4.4.5 and later),
 * where messages shall come compressed, or where there is no libcurl; else libcurl, because an
 * older libwebsockets takes each byte by itself and tells 1012 to 1014 from 1002 with difficulty.
 * PHX_TRANSPORT_AUTO: this build has neither. Threads: any.
 */
PHX_API phx_transport_kind phx_platform_transport_kind(const phx_network *PHX_NULLABLE network);

/* "libwebsockets 4.1.6", "libcurl 7.88.1" and so on, as they are loaded; "none" for
 * PHX_TRANSPORT_AUTO and what this build has not. Written to out[capacity], cut if need be and
 * always terminated; 64 bytes suffice. Threads: any. */
PHX_API void phx_platform_transport_name(phx_transport_kind kind, char *out, size_t capacity);

/* That transport, and a line in the loop's log that says which (PHX_LOG_INFO). On a loop whose
 * poller is not libwebsockets', PHX_TRANSPORT_AUTO comes to libcurl. PHX_ERROR_INVALID_ARGUMENT: a
 * kind that is none. Otherwise as the two functions above. */
PHX_API PHX_MUST_CHECK phx_status phx_platform_transport(
    phx_loop *loop, const phx_tls *PHX_NULLABLE tls, const phx_network *PHX_NULLABLE network,
    const phx_transport *PHX_NULLABLE *PHX_NONNULL out);

/* A loop for it: as phx_loop_new, which takes no account of a network, but with the poller that
 * this transport needs if config has none. What a client does that is given no loop. */
PHX_API PHX_MUST_CHECK phx_status phx_platform_loop_new(
    const phx_loop_config *PHX_NULLABLE config, const phx_network *PHX_NULLABLE network,
    phx_loop *PHX_NULLABLE *PHX_NONNULL out_loop);

/* HTTP over libcurl, on any loop. network: its `compress` is for WebSockets only; NULL: the
 * environment's proxy. Otherwise as above. The process's curl_global_init is the host program's;
 * without one, the first use does it. */
PHX_API PHX_MUST_CHECK phx_status phx_http_curl(phx_loop *loop, const phx_tls *PHX_NULLABLE tls,
                                                const phx_network *PHX_NULLABLE network,
                                                const phx_http *PHX_NULLABLE *PHX_NONNULL out);

/*
 * Phoenix's long polls over any http port, for networks that let no WebSocket through: the URL's
 * ws: or wss: becomes http: or https:, its "/websocket" becomes "/longpoll". What is sent in one
 * turn of the loop is posted together, `written` once the server has taken it, and one POST is
 * under way at a time; up to 16 MiB wait, beyond that send() returns PHX_ERROR_QUEUE_FULL. A binary
 * message goes out as base64; Phoenix answers with text only. A token in the sub-protocols becomes
 * the header X-Phoenix-AuthToken. connect_timeout_ms covers the first answer. Close codes are
 * phoenix.js's: 3410 the session is gone, 1008 forbidden, 1011 the server failed, 1005 (with
 * PHX_ERROR_TIMEOUT) no answer within 20 s. Nothing can tell the server of a close(); it forgets a
 * session that nobody polls. http: consumed, also when this fails; it needs two requests at a time
 * for each connection. *out: as above. PHX_ERROR_NO_MEMORY. Threads: as above.
 */
PHX_API PHX_MUST_CHECK phx_status phx_transport_longpoll(
    phx_loop *loop, const phx_http *http, const phx_transport *PHX_NULLABLE *PHX_NONNULL out);

/*
 * The primary, or the secondary where that does not work: if the primary fails before it is open,
 * is not open within fallback_ms, or, once open, does not answer a Phoenix heartbeat within
 * fallback_ms. `opened` comes when one of them has shown that it carries messages;
 * connect_timeout_ms covers both, so it should be three times fallback_ms or more. Later
 * connections go to the secondary at once if it opened and the primary never answered one. If both
 * fail, the primary's error is reported, unless it was only slow or the secondary was refused the
 * token. primary, secondary: consumed, also when this fails. fallback_ms: phoenix.js takes 2500.
 * *out: as above. PHX_ERROR_NO_MEMORY. Threads: as above.
 */
PHX_API PHX_MUST_CHECK phx_status
phx_transport_fallback(phx_loop *loop, const phx_transport *primary, const phx_transport *secondary,
                       uint32_t fallback_ms, const phx_transport *PHX_NULLABLE *PHX_NONNULL out);

/*
 * libwebsockets writes its own warnings to stderr by default, for the whole process. A program that
 * wants them elsewhere or not at all says so here, once, before its first client; the SDK never
 * does so by itself. level 0: silence. Without libwebsockets: nothing happens.
 */
PHX_API void phx_platform_set_lws_log_level(phx_log_level level);

PHX_NONNULL_END

#endif
