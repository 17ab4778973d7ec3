/* SPDX-License-Identifier: MIT */
/*
 * The transport port through an HTTP proxy: the tunnel, TLS and pins inside it, everything that a
 * proxy can do instead, and when no proxy must be used.
 */
#include "transport_world.h"

#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "certificates.h"
#include "proxy.h"

/* Known to the proxy only. */
#define HOST "feed.test"

static struct {
    test_certificate *authority;
    test_certificate *good;
    test_certificate *other_host;
} shared;

static int set_up(void **state)
{
    (void)state;
    shared.authority = certificate_new(NULL, NULL, false, false);
    shared.good = certificate_new(shared.authority, HOST, false, false);
    shared.other_host = certificate_new(shared.authority, "localhost", true, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    certificate_free(shared.authority);
    certificate_free(shared.good);
    certificate_free(shared.other_host);
    return 0;
}

/* A client that is told of the proxy. */
static void begin(test_client *client, const test_proxy *proxy, const phx_tls *tls)
{
    const phx_network network = {.struct_size = (uint32_t)sizeof network, .proxy = proxy->url};
    client_init_over(client, transport_under_test(), tls, &network);
}

static void expect_closed(test_client *client, phx_status status, const char *text)
{
    client_wait(client, &client->closed, 1);
    if (client->error.status != status || strstr(client->error_text, text) == NULL) {
        fail_msg("%s: %s", phx_status_name(client->error.status), client->error_text);
    }
    assert_null(strstr(client->error_text, "s3cret"));
    assert_null(strstr(client->error_text, "user"));
}

static void expect_echo(test_client *client)
{
    client_wait(client, &client->opened, 1);
    assert_int_equal(client_send_text(client, "through the proxy"), PHX_OK);
    client_wait(client, &client->messages, 1);
    assert_string_equal((char *)client->received[0].bytes, "through the proxy");
}

static void test_tunnel(void **state)
{
    (void)state;
    test_world world = {0};
    test_proxy proxy;
    test_server *origin = server_start(AF_INET, NULL, play_echo, &world);
    proxy_start(&proxy, PROXY_CONNECTED, server_port(origin));
    begin(&world.client, &proxy, NULL);
    assert_int_equal(client_open_port(&world.client, "ws", HOST, 4321), PHX_OK);
    expect_echo(&world.client);
    assert_ptr_equal(
        strstr(proxy.head, "CONNECT " HOST ":4321 HTTP/1.1\r\nHost: " HOST ":4321\r\n"),
        proxy.head);
    assert_non_null(strstr(proxy.head, PROXY_AUTHORIZATION));
    assert_null(strstr(proxy.head, "s3cret"));
    assert_non_null(strstr(world.request, "\r\nHost: " HOST ":4321\r\n"));
    assert_null(strstr(world.request, "Proxy-"));
    client_close(&world.client, 1000, "");
    client_wait(&world.client, &world.client.closed, 1);
    assert_int_equal(world.client.error.status, PHX_OK);
    assert_int_equal(server_connections(proxy.server), 1);
    client_free(&world.client);
    proxy_stop(&proxy);
    server_stop(origin);
}

/* The TLS inside the tunnel is the server's: its name, its key. */
static void expect_tls(const test_certificate *identity, const phx_tls *tls, phx_status status)
{
    test_world world = {0};
    test_proxy proxy;
    test_server *origin = server_start(AF_INET, identity, play_echo, &world);
    proxy_start(&proxy, PROXY_CONNECTED, server_port(origin));
    begin(&world.client, &proxy, tls);
    assert_int_equal(client_open(&world.client, "wss://" HOST "/socket/websocket"), PHX_OK);
    if (status == PHX_OK) {
        expect_echo(&world.client);
    } else {
        expect_closed(&world.client, status, HOST);
        assert_string_equal(world.request, "");
    }
    assert_non_null(strstr(proxy.head, "CONNECT " HOST ":443 "));
    client_free(&world.client);
    proxy_stop(&proxy);
    server_stop(origin);
}

static void test_tls(void **state)
{
    (void)state;
    phx_tls tls = {.struct_size = (uint32_t)sizeof tls,
                   .ca_pem = certificate_pem(shared.authority)};
    expect_tls(shared.good, &tls, PHX_OK);
    expect_tls(shared.other_host, &tls, PHX_ERROR_TLS_CERTIFICATE);
    expect_tls(shared.good, NULL, PHX_ERROR_TLS_CERTIFICATE);
    const char *const right[] = {certificate_pin(shared.good)};
    const char *const wrong[] = {certificate_pin(shared.other_host)};
    tls.pin_count = 1;
    tls.pins = right;
    expect_tls(shared.good, &tls, PHX_OK);
    tls.pins = wrong;
    expect_tls(shared.good, &tls, PHX_ERROR_TLS_PIN);
}

static void expect_refusal(const char *answer, int http_status, const char *text)
{
    test_client client;
    test_proxy proxy;
    proxy_start(&proxy, answer, 0);
    begin(&client, &proxy, NULL);
    assert_int_equal(client_open_port(&client, "ws", HOST, 80), PHX_OK);
    expect_closed(&client, PHX_ERROR_PROXY, text);
    assert_non_null(strstr(client.error_text, "the proxy localhost:"));
    assert_int_equal(client.error.http_status, http_status);
    client_free(&client);
    proxy_stop(&proxy);
}

static void test_refusals(void **state)
{
    (void)state;
    static char endless[64 * 1024];
    memset(endless, 'x', sizeof endless - 1);
    expect_refusal("HTTP/1.1 407 Who are you?\r\nProxy-Authenticate: Basic\r\n\r\n", 407, "407");
    expect_refusal("HTTP/1.0 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", 403, "403");
    expect_refusal("", 0, "closed");
    expect_refusal("HTTP/1.1 200 OK\r\nVia", 0, "closed");
    expect_refusal("220 mail.test ESMTP\r\n\r\n", 0, "HTTP");
    expect_refusal("HTTP/1.1 2", 0, "closed");
    expect_refusal(endless, 0, "too long");
    expect_refusal(PROXY_CONNECTED "\x81\x01!", 0, "more than");
}

static void test_hangs(void **state)
{
    (void)state;
    test_client client;
    test_proxy proxy;
    proxy_start(&proxy, NULL, 0);
    begin(&client, &proxy, NULL);
    client.request.connect_timeout_ms = 100;
    assert_int_equal(client_open_port(&client, "wss", HOST, 443), PHX_OK);
    expect_closed(&client, PHX_ERROR_TIMEOUT, "the proxy localhost:");
    client_free(&client);
    proxy_stop(&proxy);
}

/* Given up while the proxy is asked, by close and by release. */
static void test_given_up(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        test_client client;
        test_proxy proxy;
        proxy_start(&proxy, NULL, 0);
        begin(&client, &proxy, NULL);
        assert_int_equal(client_open_port(&client, "ws", HOST, 80), PHX_OK);
        while (server_connections(proxy.server) == 0) {
            client_turn(&client);
        }
        client_turn(&client);
        if (i == 0) {
            client_close(&client, 1000, "");
            expect_closed(&client, PHX_ERROR_CANCELLED, "");
        }
        client_free(&client);
        proxy_stop(&proxy);
    }
}

static void test_no_proxy_there(void **state)
{
    (void)state;
    test_client client;
    phx_network network = {.struct_size = (uint32_t)sizeof network};
    char url[64];
    (void)snprintf(url, sizeof url, "http://user@127.0.0.1:%u/", (unsigned)free_port());
    network.proxy = url;
    client_init_over(&client, transport_under_test(), NULL, &network);
    assert_int_equal(client_open_port(&client, "ws", HOST, 80), PHX_OK);
    expect_closed(&client, PHX_ERROR_CONNECTION_REFUSED, "the proxy 127.0.0.1:");
    client_free(&client);
    network.proxy = "http://nowhere.invalid:3128";
    client_init_over(&client, transport_under_test(), NULL, &network);
    assert_int_equal(client_open_port(&client, "ws", HOST, 80), PHX_OK);
    expect_closed(&client, PHX_ERROR_NAME_NOT_FOUND, "nowhere.invalid");
    client_free(&client);
}

static void refuse_upgrade(test_stream *stream, int index, void *argument)
{
    char head[4096];
    (void)index;
    (void)argument;
    if (stream_read_head(stream, head, sizeof head)) {
        (void)stream_print(stream, "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    }
}

/* What the server says through the proxy is not what the proxy says. */
static void test_upgrade_refused(void **state)
{
    (void)state;
    test_client client;
    test_proxy proxy;
    test_server *origin = server_start(AF_INET, NULL, refuse_upgrade, NULL);
    proxy_start(&proxy, PROXY_CONNECTED, server_port(origin));
    begin(&client, &proxy, NULL);
    assert_int_equal(client_open_port(&client, "ws", HOST, 80), PHX_OK);
    expect_closed(&client, PHX_ERROR_UNAUTHORIZED, HOST);
    assert_int_equal(client.error.http_status, 403);
    client_free(&client);
    proxy_stop(&proxy);
    server_stop(origin);
}

/* Neither a proxy that was given nor one of the environment is between this machine and itself. */
static void test_never_for_loopback(void **state)
{
    (void)state;
    static const char *const hosts[] = {"localhost", "127.0.0.1"};
    test_proxy proxy;
    proxy_start(&proxy, "HTTP/1.1 502 Bad gateway\r\n\r\n", 0);
    assert_int_equal(setenv("http_proxy", proxy.url, 1), 0);
    assert_int_equal(setenv("https_proxy", proxy.url, 1), 0);
    for (size_t i = 0; i < 4; i++) {
        test_world world = {0};
        test_server *origin = server_start(AF_INET, NULL, play_echo, &world);
        if (i < 2) {
            begin(&world.client, &proxy, NULL);
        } else {
            client_init(&world.client, transport_under_test(), NULL);
        }
        assert_int_equal(client_open_port(&world.client, "ws", hosts[i % 2], server_port(origin)),
                         PHX_OK);
        expect_echo(&world.client);
        client_free(&world.client);
        server_stop(origin);
    }
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(unsetenv("https_proxy"), 0);
    assert_int_equal(server_connections(proxy.server), 0);
    proxy_stop(&proxy);
}

static void test_bad_urls(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "proxy:3128",
                                      "https://proxy:3128",
                                      "socks5://proxy:1080",
                                      "http://",
                                      "http://user@",
                                      "http://proxy:0",
                                      "http://proxy:3128/path",
                                      "http://proxy:3128?query",
                                      "http://us%er@proxy:3128",
                                      "http://us%4@proxy:3128",
                                      "http://pro xy:3128"};
    phx_loop *loop = loop_for(transport_under_test());
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const phx_transport *transport = NULL;
        const phx_network network = {.struct_size = (uint32_t)sizeof network, .proxy = bad[i]};
        if (transport_under_test()(loop, NULL, &network, &transport) != PHX_ERROR_INVALID_URL) {
            fail_msg("%s", bad[i]);
        }
        assert_null(transport);
    }
    phx_loop_release(loop);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tunnel),          cmocka_unit_test(test_tls),
        cmocka_unit_test(test_refusals),        cmocka_unit_test(test_hangs),
        cmocka_unit_test(test_given_up),        cmocka_unit_test(test_no_proxy_there),
        cmocka_unit_test(test_upgrade_refused), cmocka_unit_test(test_never_for_loopback),
        cmocka_unit_test(test_bad_urls),
    };
    phx_platform_set_lws_log_level(0);
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
