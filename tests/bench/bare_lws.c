/* SPDX-License-Identifier: MIT */
/*
 * The least that a program on libwebsockets can be, with buffers as large as the SDK's own.
 */
#include "bare_lws.h"

#include <libwebsockets.h>
#include <string.h>

#include "bench.h"

enum {
    RECEIVE_BYTES = 16 * 1024
};

static const char join[] = "[\"1\",\"1\",\"community:feed\",\"phx_join\",{}]";

static void on_message_end(bare_lws *bare)
{
    bare->messages += bare->is_joined ? 1 : 0;
    bare->is_joined = true;
}

static int send_join(struct lws *wsi)
{
    unsigned char frame[LWS_PRE + sizeof join - 1];
    memcpy(frame + LWS_PRE, join, sizeof join - 1);
    return lws_write(wsi, frame + LWS_PRE, sizeof join - 1, LWS_WRITE_TEXT) < 0 ? -1 : 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length)
{
    bare_lws *bare = lws_context_user(lws_get_context(wsi));
    (void)user;
    (void)in;
    (void)length;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        (void)lws_callback_on_writable(wsi);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return bare->is_joined ? -1 : send_join(wsi);
    case LWS_CALLBACK_CLIENT_RECEIVE:
        if (lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0) {
            on_message_end(bare);
        }
        break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        bench_fail("libwebsockets can connect", __FILE__, __LINE__);
    case LWS_CALLBACK_CLIENT_CLOSED:
        bare->connection = NULL;
        break;
    default:
        break;
    }
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "bare", .callback = on_event, .rx_buffer_size = RECEIVE_BYTES},
    {.name = NULL},
};

void bare_lws_init(bare_lws *bare)
{
    *bare = (bare_lws){.context = NULL};
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .gid = -1,
        .uid = -1,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .fd_limit_per_thread = 128,
        .pt_serv_buf_size = RECEIVE_BYTES,
        .user = bare,
    };
    lws_set_log_level(LLL_ERR, NULL);
    bare->context = lws_create_context(&info);
    bench_check(bare->context != NULL);
}

void bare_lws_free(bare_lws *bare)
{
    lws_context_destroy(bare->context);
}

static void serve(bare_lws *bare)
{
    bench_check(lws_service(bare->context, 0) >= 0);
}

void bare_lws_join(bare_lws *bare, uint16_t port)
{
    bare->is_joined = false;
    bare->messages = 0;
    const struct lws_client_connect_info info = {
        .context = bare->context,
        .address = "127.0.0.1",
        .port = port,
        .path = "/community/websocket?token=tok-alice&vsn=2.0.0",
        .host = "127.0.0.1",
        .local_protocol_name = "bare",
        .pwsi = &bare->connection,
    };
    bench_check(lws_client_connect_via_info(&info) != NULL);
    while (!bare->is_joined) {
        serve(bare);
    }
}

void bare_lws_await(bare_lws *bare, uint64_t messages)
{
    while (bare->messages < messages) {
        serve(bare);
    }
}

/* A writable callback once the join is done closes. */
void bare_lws_close(bare_lws *bare)
{
    (void)lws_callback_on_writable(bare->connection);
    while (bare->connection != NULL) {
        serve(bare);
    }
}
