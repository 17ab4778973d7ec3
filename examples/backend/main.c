/* SPDX-License-Identifier: MIT */
/*
 * The program: options, database, the event loop with its listening socket, and the end. Of
 * libwebsockets it uses the loop, the sockets, TLS and the timers; HTTP and WebSocket frames are
 * the backend's own, because the answers must be Phoenix's to the byte (see README.md).
 */
#include "conn.h"
#include "log.h"
#include "users.h"
#include "ws.h"

#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 4096,
    FAREWELL_MS = 3000,
    CODE_RESTART = 1012
};

/* What the signal handler touches, and all that it may. */
static volatile sig_atomic_t stop_requested;
static struct lws_context *volatile loop;

static void on_signal(int number)
{
    (void)number;
    stop_requested = 1;
    lws_cancel_service(loop);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct conn **conn = user;
    struct app *app = lws_context_user(lws_get_context(wsi));
    switch (reason) {
    case LWS_CALLBACK_RAW_ADOPT:
        *conn = app->is_stopping ? NULL : conn_new(app, wsi);
        return *conn != NULL ? 0 : -1;
    case LWS_CALLBACK_RAW_RX:
        conn_received(*conn, (struct slice){in, len});
        return 0;
    case LWS_CALLBACK_RAW_WRITEABLE:
        return conn_writable(*conn) ? 0 : -1;
    case LWS_CALLBACK_RAW_CLOSE:
        if (*conn != NULL) {
            conn_free(*conn);
            *conn = NULL;
        }
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {"backend", on_event, sizeof(struct conn *), 65536, 0, NULL, 0},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

/* Whether `address` is one of this machine: libwebsockets takes what it cannot find for all of
 * them, and would listen to the whole network. */
static bool is_own_address(const char *address)
{
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    if (getaddrinfo(address, NULL, &hints, &found) != 0) {
        return false;
    }
    const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool good = fd >= 0 && bind(fd, found->ai_addr, found->ai_addrlen) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    freeaddrinfo(found);
    return good;
}

static bool listen_on(struct app *app)
{
    const struct options *options = app->options;
    struct lws_context_creation_info info;
    memset(&info, 0, sizeof(info));
    info.port = options->port;
    info.iface = options->bind;
    info.protocols = protocols;
    info.user = app;
    info.vhost_name = "backend";
    info.fd_limit_per_thread = CONNECTIONS_MAX;
    info.pt_serv_buf_size = 65536;
    info.listen_accept_role = "raw-skt";
    info.listen_accept_protocol = "backend";
    info.options = LWS_SERVER_OPTION_ADOPT_APPLY_LISTEN_ACCEPT_CONFIG |
                   LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
    if (strchr(options->bind, ':') == NULL) {
        /* Else an IPv4 address would be taken for all addresses, of both families. */
        info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
    }
    if (options->cert != NULL) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.alpn = "http/1.1"; /* the default offers h2, whose role would take the socket over */
        info.ssl_cert_filepath = options->cert;
        info.ssl_private_key_filepath = options->key;
    }
    lws_set_log_level(LLL_ERR, NULL);
    app->lws = lws_create_context(&info);
    loop = app->lws;
    return app->lws != NULL;
}

static void announce(const struct app *app)
{
    const bool is_ipv6 = strchr(app->options->bind, ':') != NULL;
    struct lws_vhost *vhost = lws_get_vhost_by_name(app->lws, "backend");
    (void)printf("listening on %s://%s%s%s:%d\n", app->options->cert != NULL ? "https" : "http",
                 is_ipv6 ? "[" : "", app->options->bind, is_ipv6 ? "]" : "",
                 lws_get_vhost_listen_port(vhost));
    (void)fflush(stdout);
}

static void on_farewell_over(lws_sorted_usec_list_t *timer)
{
    (void)timer;
    loop = NULL;
}

/* As a deploy does: every socket is told that the service restarts. */
static void say_farewell(struct app *app, lws_sorted_usec_list_t *timer)
{
    app->is_stopping = true;
    app->control.is_stalled = false;
    for (struct conn *conn = app->conns; conn != NULL; conn = conn->next) {
        conn->is_held = false;
        if (conn->socket != NULL) {
            ws_close(conn, CODE_RESTART);
        } else {
            conn_end(conn);
        }
    }
    lws_sul_schedule(app->lws, 0, timer, on_farewell_over, (lws_usec_t)FAREWELL_MS * 1000);
}

static void run(struct app *app)
{
    lws_sorted_usec_list_t farewell = {0};
    int status = 0;
    while (status >= 0 && !stop_requested) {
        status = lws_service(app->lws, 0);
    }
    say_farewell(app, &farewell);
    while (status >= 0 && app->conns != NULL && loop != NULL) {
        status = lws_service(app->lws, 0);
    }
    lws_sul_schedule(app->lws, 0, &farewell, NULL, LWS_SET_TIMER_USEC_CANCEL);
}

static void handle_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static int serve(struct app *app)
{
    if (!users_load(app)) {
        return 1;
    }
    if (!is_own_address(app->options->bind)) {
        log_line("cannot listen on %s: it is no address of this machine", app->options->bind);
        return 1;
    }
    if (!listen_on(app)) {
        log_line("cannot listen on %s port %u%s", app->options->bind, app->options->port,
                 app->options->cert != NULL ? " (or the certificate and key are not good)" : "");
        return 1;
    }
    handle_signals();
    announce(app);
    run(app);
    lws_context_destroy(app->lws);
    return 0;
}

int main(int argc, char **argv)
{
    struct options options;
    int status = 0;
    if (!options_parse(argc, argv, &options, &status)) {
        return status;
    }
    struct app app = {.options = &options};
    app.store = store_open(options.db, options.int_ids);
    const bool is_ready = crypto_start() && app.store != NULL;
    status = is_ready ? serve(&app) : 1;
    users_free(&app);
    store_close(app.store);
    crypto_stop();
    return status;
}
