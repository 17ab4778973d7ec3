/* SPDX-License-Identifier: MIT */
/*
 * The transport port's contract over TLS: who is trusted, and what is said about who is not.
 */
#include "certificates.h"
#include "client.h"
#include "testing.h"
#include "websocket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct test_world {
    test_certificate *authority;
    test_certificate *other_authority;
    test_certificate *good;
    test_certificate *expired;
    test_certificate *other_host;
} test_world;

static test_world shared;
static const char *const no_pins[1];

static int set_up(void **state)
{
    (void)state;
    shared.authority = certificate_new(NULL, NULL, false, false);
    shared.other_authority = certificate_new(NULL, NULL, false, false);
    shared.good = certificate_new(shared.authority, "localhost", true, false);
    shared.expired = certificate_new(shared.authority, "localhost", true, true);
    shared.other_host = certificate_new(shared.authority, "example.invalid", false, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    certificate_free(shared.authority);
    certificate_free(shared.other_authority);
    certificate_free(shared.good);
    certificate_free(shared.expired);
    certificate_free(shared.other_host);
    return 0;
}

static void echo(test_stream *stream, int index, void *argument)
{
    test_frame one;
    (void)index;
    (void)argument;
    if (!ws_accept(stream, NULL, "")) {
        return;
    }
    while (ws_receive(stream, &one)) {
        (void)ws_send(stream, one.is_final, one.opcode, one.bytes, one.length);
        bool is_close = one.opcode == OP_CLOSE;
        free(one.bytes);
        if (is_close) {
            return;
        }
    }
}

static void count_bytes(test_stream *stream, int index, void *argument)
{
    char bytes[4096];
    long got;
    (void)index;
    while ((got = stream_read(stream, bytes, sizeof bytes)) > 0) {
        *(long *)argument += got;
    }
}

static void hang_up(test_stream *stream, int index, void *argument)
{
    (void)stream;
    (void)index;
    (void)argument;
}

static phx_tls trusting(const test_certificate *authority)
{
    return (phx_tls){.struct_size = (uint32_t)sizeof(phx_tls),
                     .ca_pem = certificate_pem(authority),
                     .pins = no_pins};
}

/* Connects and expects PHX_OK (open) or the status of the failure. */
static void expect(const test_certificate *identity, const phx_tls *tls, const char *host,
                   phx_status status, const char *text)
{
    test_client client;
    int family = host[0] == '[' ? AF_INET6 : AF_INET;
    test_server *server = server_start(family, identity, echo, NULL);
    client_init(&client, transport_under_test(), tls);
    assert_int_equal(client_open_port(&client, "wss", host, server_port(server)), PHX_OK);
    client_wait(&client, status == PHX_OK ? &client.opened : &client.closed, 1);
    if (status == PHX_OK) {
        assert_int_equal(client_send_text(&client, "over TLS"), PHX_OK);
        client_wait(&client, &client.messages, 1);
        assert_string_equal((char *)client.received[0].bytes, "over TLS");
    } else if (client.error.status != status || strstr(client.error_text, text) == NULL) {
        fail_msg("%s: %s", phx_status_name(client.error.status), client.error_text);
    }
    client_free(&client);
    server_stop(server);
}

static void test_trusted(void **state)
{
    (void)state;
    phx_tls tls = trusting(shared.authority);
    expect(shared.good, &tls, "localhost", PHX_OK, "");
    expect(shared.good, &tls, "127.0.0.1", PHX_OK, "");
    expect(shared.good, &tls, "[::1]", PHX_OK, "");
}

static void test_authorities_from_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/phx-ca-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    /* The right one is the second in the file. */
    assert_true(dprintf(fd, "%s\n%s", certificate_pem(shared.other_authority),
                        certificate_pem(shared.authority)) > 0);
    phx_tls tls = {.struct_size = (uint32_t)sizeof tls, .ca_file = path};
    expect(shared.good, &tls, "localhost", PHX_OK, "");
    assert_int_equal(ftruncate(fd, 0), 0);
    phx_loop *loop = loop_for(transport_under_test());
    const phx_transport *transport = NULL;
    assert_int_equal(transport_under_test()(loop, &tls, NULL, &transport),
                     PHX_ERROR_INVALID_ARGUMENT);
    (void)close(fd);
    (void)unlink(path);
    assert_int_equal(transport_under_test()(loop, &tls, NULL, &transport), PHX_ERROR_IO);
    assert_null(transport);
    phx_loop_release(loop);
}

static void test_not_trusted(void **state)
{
    (void)state;
    phx_tls tls = trusting(shared.other_authority);
    expect(shared.good, &tls, "localhost", PHX_ERROR_TLS_CERTIFICATE, "issuer certificate");
    expect(shared.good, NULL, "localhost", PHX_ERROR_TLS_CERTIFICATE, "issuer certificate");
    tls = trusting(shared.authority);
    expect(shared.expired, &tls, "localhost", PHX_ERROR_TLS_CERTIFICATE, "expired");
    expect(shared.other_host, &tls, "localhost", PHX_ERROR_TLS_CERTIFICATE, "another host");
    expect(shared.other_host, &tls, "127.0.0.1", PHX_ERROR_TLS_CERTIFICATE, "another host");
    expect(shared.other_host, &tls, "[::1]", PHX_ERROR_TLS_CERTIFICATE, "another host");
}

static void test_pins(void **state)
{
    (void)state;
    phx_tls tls = trusting(shared.authority);
    const char *const right[] = {certificate_pin(shared.other_host), certificate_pin(shared.good)};
    tls.pins = right;
    tls.pin_count = 2;
    expect(shared.good, &tls, "localhost", PHX_OK, "");
    tls.pin_count = 1;
    expect(shared.good, &tls, "localhost", PHX_ERROR_TLS_PIN, "pinned");
    /* A right pin does not make up for a wrong authority. */
    tls = trusting(shared.other_authority);
    tls.pins = right;
    tls.pin_count = 2;
    expect(shared.good, &tls, "localhost", PHX_ERROR_TLS_CERTIFICATE, "issuer certificate");
}

/* The token is in the request: a server with the wrong key must not see a byte of it. */
static void test_wrong_pin_gets_no_request(void **state)
{
    (void)state;
    long seen = 0;
    test_client client;
    phx_tls tls = trusting(shared.authority);
    const char *const wrong[] = {certificate_pin(shared.other_host)};
    tls.pins = wrong;
    tls.pin_count = 1;
    test_server *server = server_start(AF_INET, shared.good, count_bytes, &seen);
    client_init(&client, transport_under_test(), &tls);
    assert_int_equal(client_open_port(&client, "wss", "localhost", server_port(server)), PHX_OK);
    client_wait(&client, &client.closed, 1);
    assert_int_equal(client.error.status, PHX_ERROR_TLS_PIN);
    client_free(&client);
    server_stop(server);
    assert_int_equal(seen, 0);
}

static void test_bad_pins(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "sha256/short",
                                      "sha1/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", NULL};
    phx_loop *loop = loop_for(transport_under_test());
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const phx_transport *transport = NULL;
        phx_tls tls = {.struct_size = (uint32_t)sizeof tls, .pins = &bad[i], .pin_count = 1};
        assert_int_equal(transport_under_test()(loop, &tls, NULL, &transport),
                         PHX_ERROR_INVALID_ARGUMENT);
    }
    phx_loop_release(loop);
}

static void test_server_without_tls(void **state)
{
    (void)state;
    test_client client;
    phx_tls tls = trusting(shared.authority);
    test_server *server = server_start(AF_INET, NULL, hang_up, NULL);
    client_init(&client, transport_under_test(), &tls);
    assert_int_equal(client_open_port(&client, "wss", "localhost", server_port(server)), PHX_OK);
    client_wait(&client, &client.closed, 1);
    assert_int_equal(client.error.status, PHX_ERROR_TLS);
    client_free(&client);
    server_stop(server);
}

static void close_for_restart(test_stream *stream, int index, void *argument)
{
    (void)index;
    (void)argument;
    if (ws_accept(stream, NULL, "") && ws_send_text(stream, "going down") &&
        ws_send_close(stream, 1012, "")) {
        stream_drain(stream);
    }
}

static void test_close_code(void **state)
{
    (void)state;
    test_client client;
    phx_tls tls = trusting(shared.authority);
    test_server *server = server_start(AF_INET, shared.good, close_for_restart, NULL);
    client_init(&client, transport_under_test(), &tls);
    assert_int_equal(client_open_port(&client, "wss", "localhost", server_port(server)), PHX_OK);
    client_wait(&client, &client.closed, 1);
    assert_int_equal(client.messages, 1);
    assert_int_equal(client.error.close_code, 1012);
    client_free(&client);
    server_stop(server);
}

/* Two transports of one loop do not share whom they trust. */
static void test_two_transports(void **state)
{
    (void)state;
    test_client client;
    test_client stranger;
    const phx_transport *second = NULL;
    phx_tls tls = trusting(shared.authority);
    phx_tls other = trusting(shared.other_authority);
    test_server *server = server_start(AF_INET, shared.good, echo, NULL);
    client_init(&client, transport_under_test(), &tls);
    assert_int_equal(transport_under_test()(client.loop, &other, NULL, &second), PHX_OK);
    client_init_on(&stranger, client.loop, second);
    assert_int_equal(client_open_port(&stranger, "wss", "localhost", server_port(server)), PHX_OK);
    assert_int_equal(client_open_port(&client, "wss", "localhost", server_port(server)), PHX_OK);
    client_wait(&client, &client.opened, 1);
    client_wait(&stranger, &stranger.closed, 1);
    assert_int_equal(stranger.error.status, PHX_ERROR_TLS_CERTIFICATE);
    client_release(&stranger);
    second->release(second->user_data);
    assert_int_equal(client_send_text(&client, "still here"), PHX_OK);
    client_wait(&client, &client.messages, 1);
    client_free(&client);
    server_stop(server);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trusted),
        cmocka_unit_test(test_authorities_from_a_file),
        cmocka_unit_test(test_not_trusted),
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_wrong_pin_gets_no_request),
        cmocka_unit_test(test_bad_pins),
        cmocka_unit_test(test_server_without_tls),
        cmocka_unit_test(test_close_code),
        cmocka_unit_test(test_two_transports),
    };
    phx_platform_set_lws_log_level(0);
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
