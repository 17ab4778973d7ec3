/* SPDX-License-Identifier: MIT */
/*
 * The poller inside libwebsockets' service loop. That loop waits on its own sockets only, so an
 * epoll poller holds everything else, and its descriptor is adopted as a file that libwebsockets
 * waits for too. It is adopted first and therefore served first: what happened to other descriptors
 * in the same instant is known before libwebsockets acts on its own. See attempt.c, which relies on
 * that.
 */
#include "lws/poller.h"

#include <fcntl.h>
#include <unistd.h>

#include <phx/platform.h>

#include "linux/epoll_poller.h"
#include "lws/connection.h"
#include "support/alloc.h"
#include "support/log.h"

enum {
    /* Sockets on one loop: each client has one, and one more while it reconnects. */
    MAX_DESCRIPTORS = 128,
    /* One message up to this size arrives in one piece, without a copy. It also is a read's size.
     */
    RECEIVE_BYTES = 16 * 1024,
    HEADER_BYTES = 24 * 1024,
};

struct phxi_lws_poller {
    phx_poller port;
    phx_allocator allocator;
    phxi_epoll *epoll;
    struct lws_context *context;
    struct lws_vhost *vhost;
    phxi_lws_vhost *retired;
    lws_sorted_usec_list_t limit; /* ends a wait */
    bool is_waiting;
    bool has_failed;
};

static int on_epoll_ready(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                          size_t length)
{
    (void)user;
    (void)in;
    (void)length;
    if (reason == LWS_CALLBACK_RAW_RX_FILE) {
        phxi_lws_poller *poller = lws_context_user(lws_get_context(wsi));
        if (phxi_epoll_wait(poller->epoll, 0) != PHX_OK) {
            poller->has_failed = true;
        }
    }
    return 0;
}

const char phxi_lws_websocket_protocol[] = "phx";
static const char epoll_protocol[] = "phx-epoll";

/* The first one's function also receives what libwebsockets asks about TLS, whatever the vhost. */
const struct lws_protocols phxi_lws_protocols[] = {
    {.name = phxi_lws_websocket_protocol,
     .callback = phxi_lws_on_event,
     .rx_buffer_size = RECEIVE_BYTES},
    {.name = epoll_protocol, .callback = on_epoll_ready},
    {.name = NULL},
};

/* No pings of libwebsockets' own: Phoenix has heartbeats, and an idle connection must cause no
 * wake-up. */
static const lws_retry_bo_t no_keepalive = {.secs_since_valid_hangup = 0};

/* The time is over before the wait began: libwebsockets would now wait without a limit. */
static void on_limit(lws_sorted_usec_list_t *limit)
{
    phxi_lws_poller *poller = lws_container_of(limit, phxi_lws_poller, limit);
    phxi_epoll_wake(poller->epoll);
}

static void destroy_retired(phxi_lws_poller *poller)
{
    while (poller->retired != NULL) {
        phxi_lws_vhost *retired = poller->retired;
        poller->retired = retired->next;
        lws_vhost_destroy(retired->vhost);
        phxi_free(&poller->allocator, retired);
    }
}

/*
 * lws_service ignores its time-out, so a timer of libwebsockets ends the wait. It cuts the time to
 * whole milliseconds and would come back early to wait for nothing, again and again, hence the 999.
 */
static phx_status wait_for_events(void *user_data, uint32_t timeout_ms)
{
    phxi_lws_poller *poller = user_data;
    if (timeout_ms != 0 && timeout_ms != UINT32_MAX) {
        lws_sul_schedule(poller->context, 0, &poller->limit, on_limit,
                         (lws_usec_t)timeout_ms * LWS_US_PER_MS + 999);
    }
    poller->is_waiting = true;
    int result = lws_service(poller->context, timeout_ms == 0 ? -1 : 0);
    poller->is_waiting = false;
    lws_sul_cancel(&poller->limit);
    destroy_retired(poller);
    return result < 0 || poller->has_failed ? PHX_ERROR_SYSTEM : PHX_OK;
}

static void wake(void *user_data)
{
    phxi_epoll_wake(((phxi_lws_poller *)user_data)->epoll);
}

static phx_status watch(void *user_data, int32_t fd, uint32_t events, phx_watch_fn fn,
                        void *fn_user_data, phx_watch **out_watch)
{
    phxi_lws_poller *poller = user_data;
    return phxi_epoll_watch(poller->epoll, fd, events, fn, fn_user_data, out_watch);
}

static phx_status modify(void *user_data, phx_watch *one, uint32_t events)
{
    return phxi_epoll_modify(((phxi_lws_poller *)user_data)->epoll, one, events);
}

static void unwatch(void *user_data, phx_watch *one)
{
    phxi_epoll_unwatch(((phxi_lws_poller *)user_data)->epoll, one);
}

static void release(void *user_data)
{
    phxi_lws_poller *poller = user_data;
    destroy_retired(poller);
    if (poller->context != NULL) {
        lws_context_destroy(poller->context);
    }
    if (poller->epoll != NULL) {
        phxi_epoll_release(poller->epoll);
    }
    phx_allocator allocator = poller->allocator;
    phxi_free(&allocator, poller);
}

static bool create_context(phxi_lws_poller *poller)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .gid = -1,
        .uid = -1,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .fd_limit_per_thread = MAX_DESCRIPTORS,
        .pt_serv_buf_size = PHXI_LWS_SERVICE_BYTES,
        .max_http_header_data = HEADER_BYTES,
        .timeout_secs = PHXI_LWS_STEP_SECONDS,
        .retry_and_idle_policy = &no_keepalive,
        .user = poller,
    };
    poller->context = lws_create_context(&info);
    if (poller->context == NULL) {
        return false;
    }
    info.options = 0;
    info.vhost_name = "phx";
    info.protocols = phxi_lws_protocols;
    info.extensions = phxi_inflate_extensions;
    info.connect_timeout_secs = PHXI_LWS_STEP_SECONDS;
    info.http_proxy_address = PHXI_LWS_NO_PROXY;
    poller->vhost = lws_create_vhost(poller->context, &info);
    return poller->vhost != NULL;
}

/* libwebsockets closes what it adopts: it gets a duplicate. */
static bool adopt_epoll(phxi_lws_poller *poller)
{
    int fd = fcntl(phxi_epoll_descriptor(poller->epoll), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    lws_sock_file_fd_type descriptor = {.filefd = fd};
    return lws_adopt_descriptor_vhost(poller->vhost, LWS_ADOPT_RAW_FILE_DESC, descriptor,
                                      epoll_protocol, NULL) != NULL;
}

phx_status phx_platform_lws_poller(const phx_allocator *given, const phx_log *log,
                                   const phx_poller **out)
{
    *out = NULL;
    const phx_allocator *allocator = given != NULL ? given : &phxi_default_allocator;
    phxi_lws_poller *poller = phxi_alloc_zero(allocator, sizeof *poller);
    if (poller == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    poller->allocator = *allocator;
    phx_status status = phxi_epoll_new(allocator, &poller->epoll);
    if (status == PHX_OK && (!create_context(poller) || !adopt_epoll(poller))) {
        phxi_log(log, PHX_LOG_ERROR, "lws", "libwebsockets could not be set up");
        status = PHX_ERROR_SYSTEM;
    }
    if (status != PHX_OK) {
        release(poller);
        return status;
    }
    poller->port = (phx_poller){
        .struct_size = (uint32_t)sizeof(phx_poller),
        .user_data = poller,
        .wait = wait_for_events,
        .wake = wake,
        .watch = watch,
        .modify = modify,
        .unwatch = unwatch,
        .release = release,
    };
    *out = &poller->port;
    return PHX_OK;
}

phxi_lws_poller *phxi_lws_poller_of(const phx_loop *loop)
{
    const phx_poller *poller = phx_loop_poller(loop);
    return poller->wait == wait_for_events ? poller->user_data : NULL;
}

struct lws_context *phxi_lws_poller_context(const phxi_lws_poller *poller)
{
    return poller->context;
}

struct lws_vhost *phxi_lws_poller_vhost(const phxi_lws_poller *poller)
{
    return poller->vhost;
}

void phxi_lws_poller_retire(phxi_lws_poller *poller, phxi_lws_vhost *vhost)
{
    vhost->next = poller->retired;
    poller->retired = vhost;
}

void phxi_lws_poller_interrupt(phxi_lws_poller *poller)
{
    if (poller->is_waiting) {
        phxi_epoll_wake(poller->epoll);
    }
}

const phx_allocator *phxi_lws_poller_allocator(const phxi_lws_poller *poller)
{
    return &poller->allocator;
}

void phx_platform_set_lws_log_level(phx_log_level level)
{
    int levels = 0;
    levels |= level >= PHX_LOG_ERROR ? LLL_ERR : 0;
    levels |= level >= PHX_LOG_WARNING ? LLL_WARN : 0;
    levels |= level >= PHX_LOG_INFO ? LLL_NOTICE : 0;
    levels |= level >= PHX_LOG_DEBUG ? LLL_INFO : 0;
    lws_set_log_level(levels, NULL);
}
